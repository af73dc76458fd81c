"""Sockets that live in another network namespace than the process that serves them; part of the stand-in
network."""

import asyncio
import concurrent.futures
import ctypes
import os
import socket
from collections.abc import Callable
from typing import TypeVar

from tests.lab.packets.names import NAMESPACES

T = TypeVar("T")
_CLONE_NEWNET = 0x40000000
_IP_TRANSPARENT = 19
_IP_BIND_ADDRESS_NO_PORT = 24
_BACKLOG = 512


class Namespaces:
    """One thread enters a namespace to make a socket, and leaves. The socket stays in that namespace."""

    def __init__(self) -> None:
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "namespaces")
        self._libc = ctypes.CDLL(None, use_errno=True)

    async def within(self, namespace: str, make: Callable[[], T]) -> T:
        """Return the result of `make`, called in the namespace; an empty name is the lab's own namespace."""
        if not namespace:
            return make()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._enter, namespace, make)

    def _enter(self, namespace: str, make: Callable[[], T]) -> T:
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            there = os.open(NAMESPACES / namespace, os.O_RDONLY | os.O_CLOEXEC)
            try:
                self._switch(there)
            finally:
                os.close(there)
            try:
                return make()
            finally:
                # The thread always leaves: a thread inside would keep a deleted namespace alive.
                self._switch(home)
        finally:
            os.close(home)

    def _switch(self, namespace: int) -> None:
        if self._libc.setns(namespace, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"setns: {os.strerror(number)}")


def listening(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def datagram(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    return made


def outgoing(source: str) -> socket.socket:
    """A socket that will connect from `source`, also if `source` is no address of this machine."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        made.setsockopt(socket.SOL_IP, _IP_TRANSPARENT, 1)
        made.setsockopt(socket.SOL_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.bind((source, 0))
    except OSError:
        made.close()
        raise
    return made
