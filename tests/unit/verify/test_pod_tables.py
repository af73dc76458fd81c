"""The pods' TCP tables: the kernel's own lines, and the recognition of held connections."""

import contextlib
import socket
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from pulumi_tke_hybrid.verify.pod_tables import Ends, established, held_connections, ports_of
from tests.unit.verify.objects import pod, service

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = " 00000000:00000000 00:00000000 00000000     0        0 26218 1 0000000000000000 20 4 30 10 -1\n"
CLIENT = Ends("10.0.64.2", 80, "10.0.0.3", 40000)
PROBE = Ends("10.0.64.2", 80, "192.168.0.65", 50000)
OWN = [("10.0.0.3", 40000)]
linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc/net/tcp is Linux's")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("   0: 0240000A:0050 0300000A:9C40 01", CLIENT),
        ("  12: 0000000000000000FFFF00000240000A:0050 0000000000000000FFFF00000300000A:9C40 01", CLIENT),
        (
            "   3: B80D0120000000000000000001000000:0050 B80D0120000000000000000002000000:0051 01",
            Ends("2001:db8::1", 80, "2001:db8::2", 81),
        ),
        ("   0: 0240000A:0050 0300000A:9C40 08", None),
        ("   0: 00000000:0050 00000000:0000 0A", None),
        ("   0: 0240000A:0051 0300000A:9C40 01", None),
        ("   0: 0240000A:0050 0300000A 01", None),
        ("cat: /proc/net/tcp6: No such file or directory", None),
        ("   0: 0240000A0:0050 \x1b[31m", None),
    ],
)
def test_lines_of_the_kernel(line: str, expected: Ends | None) -> None:
    assert established(HEAD + line + REST + HEAD, {80}) == ({expected} if expected else set())


@contextlib.contextmanager
def connected(
    family: socket.AddressFamily, host: str, to: str
) -> Generator[tuple[socket.socket, socket.socket]]:
    with socket.socket(family) as server, socket.socket(family if to == host else socket.AF_INET) as client:
        if to != host:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind((host, 0))
        server.listen(1)
        client.connect((to, server.getsockname()[1]))
        with server.accept()[0]:
            yield server, client


@linux
@pytest.mark.parametrize(
    ("family", "host", "to", "table"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1", "tcp"),
        (socket.AF_INET6, "::1", "::1", "tcp6"),
        (socket.AF_INET6, "::", "127.0.0.1", "tcp6"),
    ],
)
def test_a_real_connection_is_in_the_real_table(
    family: socket.AddressFamily, host: str, to: str, table: str
) -> None:
    try:
        with connected(family, host, to) as (server, client):
            text = Path(f"/proc/net/{table}").read_text(encoding="ascii")
            port = server.getsockname()[1]
            assert established(text, {port}) == {Ends(to, port, to, client.getsockname()[1])}
            assert established(text, {1}) == set()
    except OSError as error:
        assert family is socket.AF_INET6, "IPv4 is everywhere"
        pytest.skip(f"no IPv6: {error.strerror}")


def test_only_connections_that_start_and_end_with_the_held_connections_match() -> None:
    idle: dict[str, set[Ends]] = {"a": set(), "b": set()}
    held = {"a": {CLIENT}, "b": set[Ends]()}
    assert held_connections(idle, [held, held], idle, OWN, False) == [("a", "10.0.0.3")]
    assert held_connections(idle, [{"a": {PROBE}}, {"a": {PROBE}}], idle, OWN, False) == [
        ("a", "192.168.0.65")
    ]
    assert held_connections(held, [held, held], idle, OWN, False) == [], "was there before"
    assert held_connections(idle, [held, held], held, OWN, False) == [], "stays"
    assert held_connections(idle, [held, idle], idle, OWN, False) == [], "a health check: short"
    assert held_connections(idle, [held, held], {}, OWN, False) == [], "not read again"


def test_with_further_matches_only_our_own_address_and_port_counts() -> None:
    idle: dict[str, set[Ends]] = {"a": set()}
    both = {"a": {CLIENT, PROBE}}
    assert held_connections(idle, [both, both], idle, OWN, False) == [("a", "10.0.0.3")]
    one = {"a": {PROBE}}
    two = [*OWN, ("10.0.0.3", 40001)]
    assert held_connections(idle, [one, one], idle, two, False) == []
    assert held_connections(idle, [one, one], idle, two, True) == [("a", "192.168.0.65")], (
        "the other one is in the pod that cannot be read"
    )


def test_ports_of_a_pod_are_the_target_ports_of_the_services() -> None:
    named = pod("web-0", "10.0.0.4", "10.0.64.2")
    named["spec"]["containers"] = [{"ports": [{"name": "http", "containerPort": 8080}]}]
    assert ports_of([service()], named) == {80}
    assert ports_of(
        [
            service(
                ports=[
                    {"port": 80, "targetPort": "http"},
                    {"port": 81, "targetPort": 9},
                    {"port": 1, "targetPort": "x"},
                ]
            )
        ],
        named,
    ) == {8080, 9}
