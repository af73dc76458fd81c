"""The steady load measures: each way in which a request can fail is counted, with its cause. And the parts of
the lab that it relies on."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator

import pytest

from tests.lab.controllers.backend_syncs import BackendSyncs
from tests.lab.controllers.security_groups import let_in, rules_of
from tests.lab.load import SteadyLoad
from tests.lab.load.report import Report
from tests.lab.world import Listener, LoadBalancer, SecurityGroup, World

BODY = b"Hostname: web-1\nIP: 127.0.0.1\n\n"
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY


def good(conn: socket.socket) -> None:
    conn.sendall(OK)


def unavailable(conn: socket.socket) -> None:
    conn.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\n503\n")


def stranger(conn: socket.socket) -> None:
    conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n<html>")


def half(conn: socket.socket) -> None:
    conn.sendall(OK[:-12])


def headless(conn: socket.socket) -> None:
    conn.sendall(b"HTTP/1.1 200 OK\r\nConn")


def ending(conn: socket.socket) -> None:
    """Close without an answer."""


def silent(conn: socket.socket) -> None:
    time.sleep(0.6)


def resetting(conn: socket.socket) -> None:
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextlib.contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Generator[int]:
    listener = socket.create_server(("127.0.0.1", 0))

    def one(conn: socket.socket) -> None:
        with conn:
            conn.recv(1000)
            answer(conn)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                conn, _ = listener.accept()
                threading.Thread(target=one, args=(conn,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def loaded(port: int) -> Report:
    with SteadyLoad([], "127.0.0.1", port, rate=50, patience=0.3) as load:
        time.sleep(0.6)
    return load.report


def test_good_answers_are_no_failures_and_name_their_pod() -> None:
    with serving(good) as port:
        report = loaded(port)
    assert report.failures == ()
    assert report.sent > 5
    assert report.answered == {"web-1": report.sent}


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (unavailable, "status"),
        (stranger, "wrong body"),
        (half, "wrong body"),
        (headless, "not HTTP"),
        (ending, "cut short"),
        (silent, "timed out"),
        (resetting, "reset"),
    ],
)
def test_every_other_answer_is_a_failure_with_its_cause(
    answer: Callable[[socket.socket], None], cause: str
) -> None:
    with serving(answer) as port:
        report = loaded(port)
    assert report.sent == len(report.failures) > 5
    assert {failure.cause for failure in report.failures} == {cause}
    assert cause in str(report)


def test_a_closed_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    report = loaded(port)
    assert {failure.cause for failure in report.failures} == {"refused"}
    assert report.sent == len(report.failures)


def test_the_load_never_leaves_the_machine() -> None:
    with pytest.raises(RuntimeError, match="only loopback"), SteadyLoad([], "192.0.2.1", 80):
        pass


def test_a_load_that_ended_before_its_block_is_an_error() -> None:
    with (
        serving(good) as port,
        pytest.raises(RuntimeError, match="before what it was beside"),
        SteadyLoad([], "127.0.0.1", port, seconds=0.2),
    ):
        time.sleep(1.0)


def listeners(*addresses: str) -> list[Listener]:
    return [Listener("TCP", 80, [(address, 8080) for address in addresses])]


def test_a_load_balancer_has_the_listeners_of_the_start_of_its_sync() -> None:
    world, now = World(load_balancer_sync_seconds=2.0), [100.0]
    syncs, balancer = (
        BackendSyncs(world, lambda: now[0]),
        LoadBalancer("lb-1", "cls-1", "service/shop/web", "10.0.8.8", "", True, False),
    )
    assert not syncs.carry(balancer, listeners("a"), True)
    assert syncs.due_in() == 2.0
    now[0] += 1.9
    assert not syncs.carry(balancer, listeners("b"), True)
    assert balancer.listeners == []
    now[0] += 0.1
    assert syncs.carry(balancer, listeners("b"), True)
    assert (balancer.listeners, balancer.direct) == (listeners("a"), True)
    # The next one begins only now, and takes as long again.
    assert not syncs.carry(balancer, listeners("b"), True)
    now[0] += 2.0
    assert syncs.carry(balancer, listeners("b"), True)
    assert balancer.listeners == listeners("b")
    assert syncs.due_in() is None


def test_a_sync_takes_no_time_by_default() -> None:
    balancer = LoadBalancer("lb-1", "cls-1", "service/shop/web", "10.0.8.8", "", True, False)
    assert BackendSyncs(World(), time.monotonic).carry(balancer, listeners("a"), False)
    assert balancer.listeners == listeners("a")


def test_the_first_fitting_rule_of_a_security_group_decides() -> None:
    def group(*lines: tuple[str, str, str]) -> SecurityGroup:
        ingress: list[dict[str, object]] = [
            {"Action": action, "CidrBlock": cidr, "Protocol": "TCP", "Port": port}
            for action, cidr, port in lines
        ]
        return SecurityGroup("sg-1", "eni", "", "0", "ap-guangzhou", ingress=ingress)

    rules = tuple(rules_of([group(("DROP", "10.0.0.3/32", "80"), ("ACCEPT", "10.0.0.0/16", "80,8000-8100"))]))
    assert let_in(rules, "10.0.0.4", 80)
    assert let_in(rules, "10.0.0.4", 8080)
    assert not let_in(rules, "10.0.0.4", 81)
    assert not let_in(rules, "10.0.0.3", 80)
    assert not let_in(rules, "192.0.2.1", 80)
    assert not let_in((), "10.0.0.4", 80)
    assert let_in(None, "192.0.2.1", 81)
