"""The client of the steady load: a program inside one of the lab's network namespaces.

The client opens connections at a steady rate, and does not wait for earlier answers: a waiting client would
send less while the answers are slow. The client stops at the end of its input or of its time, and prints a
report.
"""

import argparse
import asyncio
import errno
import ipaddress
import json
import sys
import time
from pathlib import Path

from tests.lab.packets import names
from tests.lab.packets.http1 import BadMessage, read_head

MAX_RATE, MAX_SECONDS, MAX_OPEN = 200, 900, 400
ANSWER_SECONDS = 5.0
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH)
_LINE = b"Hostname: "


class Bad(Exception):
    """An answer that is not the pods'."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


def cause_of(error: BaseException) -> str:
    if isinstance(error, Bad):
        return error.cause
    if isinstance(error, asyncio.TimeoutError):  # before OSError, which it is on newer Pythons
        return "timed out"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionResetError):
        return "reset"
    if isinstance(error, OSError) and error.errno in _UNREACHABLE:
        return "unreachable"
    return "timed out" if isinstance(error, OSError) and error.errno == errno.ETIMEDOUT else "cut short"


async def answering_pod(host: str, port: int) -> str:
    """Send one request on a new connection. Return the name of the pod in the answer."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head, body = await read_head(reader), await reader.read(-1)
    except BadMessage as error:
        raise Bad("not HTTP", str(error)) from error
    finally:
        writer.close()
    if head is None:
        raise Bad("cut short", "the connection ended without an answer")
    if " 200 " not in f"{head.first} ":
        raise Bad("status", head.first)
    if not body.startswith(_LINE) or not body.endswith(b"\n\n"):
        raise Bad("wrong body", repr(body[:80]))
    return body[len(_LINE) :].split(b"\n", 1)[0].decode()


class Client:
    def __init__(self, host: str, port: int, rate: float, patience: float) -> None:
        self._host, self._port, self._pause, self._patience = host, port, 1 / rate, patience
        self._begin = time.monotonic()
        self._open: set[asyncio.Task[None]] = set()
        self._sent, self._slowest = 0, 0.0
        self._failures: list[dict[str, object]] = []
        self._answered: dict[str, int] = {}

    async def run(self, seconds: float, ended: asyncio.Event) -> None:
        self._begin = time.monotonic()
        while not ended.is_set() and time.monotonic() - self._begin < seconds:
            self._sent += 1
            if len(self._open) < MAX_OPEN:
                task = asyncio.create_task(self._one(time.monotonic() - self._begin))
                self._open.add(task)
                task.add_done_callback(self._open.discard)
            else:
                self._fail(
                    time.monotonic() - self._begin, "not sent", f"{MAX_OPEN} requests wait for their answers"
                )
            # By the clock, so that a late wake-up does not lower the rate.
            await asyncio.sleep(max(self._begin + self._sent * self._pause - time.monotonic(), 0))
        await asyncio.gather(*self._open)

    async def _one(self, at: float) -> None:
        begin = time.monotonic()
        try:
            pod = await asyncio.wait_for(answering_pod(self._host, self._port), self._patience)
        except (OSError, EOFError, Bad, asyncio.TimeoutError) as error:
            self._fail(at, cause_of(error), str(error) or type(error).__name__)
        else:
            self._answered[pod] = self._answered.get(pod, 0) + 1
            self._slowest = max(self._slowest, time.monotonic() - begin)

    def _fail(self, at: float, cause: str, detail: str) -> None:
        self._failures.append({"at": round(at, 3), "cause": cause, "detail": detail})

    def report(self) -> dict[str, object]:
        return {
            "sent": self._sent,
            "seconds": round(time.monotonic() - self._begin, 3),
            "failures": sorted(self._failures, key=lambda failure: float(str(failure["at"]))),
            "answered": self._answered,
            "slowest": round(self._slowest, 4),
        }


def allowed(host: str) -> bool:
    """Whether the host is loopback, or is reached from a namespace of the lab: no packet of the load leaves
    this machine."""
    if ipaddress.ip_address(host).is_loopback:
        return True
    here = Path("/proc/self/ns/net").stat().st_ino
    return any((names.NAMESPACES / name).stat().st_ino == here for name in names.existing())


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=float, default=40.0, help="new connections a second")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument(
        "--patience", type=float, default=ANSWER_SECONDS, help="seconds until a request counts as timed out"
    )
    options = parser.parse_args()
    if not 0 < options.rate <= MAX_RATE or not 0 < options.seconds <= MAX_SECONDS:
        parser.error(f"at most {MAX_RATE} a second for {MAX_SECONDS} s")
    if not allowed(options.host):
        parser.error(f"{options.host}: only loopback, and what is inside of the lab's network namespaces")
    client, ended, loop = (
        Client(options.host, options.port, options.rate, options.patience),
        asyncio.Event(),
        asyncio.get_running_loop(),
    )
    loop.add_reader(sys.stdin, ended.set)
    await client.run(options.seconds, ended)
    loop.remove_reader(sys.stdin)
    print(json.dumps(client.report()))


if __name__ == "__main__":
    asyncio.run(main())
