"""The pods' TCP tables: the kernel's own lines, which connections are ours, and kubectl as a program that may do anything."""

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pulumi_tke_hybrid.console.errors import WrongUse
from pulumi_tke_hybrid.proof import pod_tables
from pulumi_tke_hybrid.proof.errors import CannotVerify
from pulumi_tke_hybrid.proof.outcome import ExitCode, Outcome
from pulumi_tke_hybrid.proof.pod_tables import Kubectl, ports_of
from pulumi_tke_hybrid.proof.progress import Silent
from pulumi_tke_hybrid.proof.tcp_table import Ends, established, ours
from pulumi_tke_hybrid.proof.verdict import Verdict
from pulumi_tke_hybrid.proof.verify import verify
from tests.unit.proof.objects import FakeKube, pod, service
from tests.unit.proof.test_verify import WANTED

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
def connected(family: socket.AddressFamily, host: str, to: str) -> Generator[tuple[socket.socket, socket.socket]]:
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
def test_a_real_connection_is_in_the_real_table(family: socket.AddressFamily, host: str, to: str, table: str) -> None:
    try:
        with connected(family, host, to) as (server, client):
            text = Path(f"/proc/net/{table}").read_text(encoding="ascii")
            port = server.getsockname()[1]
            assert established(text, {port}) == {Ends(to, port, to, client.getsockname()[1])}
            assert established(text, {1}) == set()
    except OSError as error:
        assert family is socket.AF_INET6, "IPv4 is everywhere"
        pytest.skip(f"no IPv6: {error.strerror}")


def test_only_what_is_new_stays_and_ends_with_ours_is_ours() -> None:
    idle: dict[str, set[Ends]] = {"a": set(), "b": set()}
    held = {"a": {CLIENT}, "b": set[Ends]()}
    assert ours(idle, [held, held], idle, OWN, False) == [("a", "10.0.0.3")]
    assert ours(idle, [{"a": {PROBE}}, {"a": {PROBE}}], idle, OWN, False) == [("a", "192.168.0.65")]
    assert ours(held, [held, held], idle, OWN, False) == [], "was there before"
    assert ours(idle, [held, held], held, OWN, False) == [], "stays"
    assert ours(idle, [held, idle], idle, OWN, False) == [], "a health check: short"
    assert ours(idle, [held, held], {}, OWN, False) == [], "not read again"


def test_among_others_only_our_own_address_and_port_is_certain() -> None:
    idle: dict[str, set[Ends]] = {"a": set()}
    both = {"a": {CLIENT, PROBE}}
    assert ours(idle, [both, both], idle, OWN, False) == [("a", "10.0.0.3")]
    one = {"a": {PROBE}}
    two = [*OWN, ("10.0.0.3", 40001)]
    assert ours(idle, [one, one], idle, two, False) == []
    assert ours(idle, [one, one], idle, two, True) == [("a", "192.168.0.65")], "the other one is in the pod that cannot be read"


def test_the_pods_ports_are_the_services_target_ports() -> None:
    named = pod("web-0", "10.0.0.4", "10.0.64.2")
    named["spec"]["containers"] = [{"ports": [{"name": "http", "containerPort": 8080}]}]
    assert ports_of([service()], named) == {80}
    assert ports_of(
        [service(ports=[{"port": 80, "targetPort": "http"}, {"port": 81, "targetPort": 9}, {"port": 1, "targetPort": "x"}])], named
    ) == {8080, 9}


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only program on PATH; writes down its arguments."""
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def does(program: Path, script: str) -> None:
    program.write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin\necho "$@" >> "$0.calls"\n{script}\n')
    program.chmod(0o755)


def test_kubectl_is_told_which_cluster_and_pod(kubectl: Path) -> None:
    does(kubectl, f"printf '%s' '{HEAD}'; echo 'cat: /proc/net/tcp6: No such file or directory' >&2; exit 1")
    said = asyncio.run(Kubectl(Path("/k/config"), "blue").table("shop", "web-0"))
    assert said == HEAD
    called = (kubectl.parent / "kubectl.calls").read_text()
    assert called == "exec --kubeconfig /k/config --context blue -n shop web-0 -- cat /proc/net/tcp /proc/net/tcp6\n"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'exec: \"cat\": executable file not found in $PATH' >&2; exit 1", 'could not be read with cat: exec: "cat": executable'),
        ("printf '\\033[31m' >&2; head -c 100000 /dev/zero >&2", "could not be read with cat: .{0,200}$"),
        ("exit 0", "no table came"),
        ("exec sleep 30", "gave no table within 0.1 s"),
        ("head -c 9000000 /dev/zero", "longer than 8388608 bytes"),
    ],
)
def test_what_kubectl_may_do_instead_is_said(kubectl: Path, script: str, words: str) -> None:
    does(kubectl, script)
    started = time.monotonic()
    with pytest.raises(CannotVerify, match=words) as refused:
        asyncio.run(Kubectl(timeout=0.1 if "sleep" in script else 10).table("shop", "web-0"))
    assert time.monotonic() - started < 5
    assert "\x1b" not in str(refused.value)


def run(port: int, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Outcome:
    """Two pods that are this machine: one table is the machine's own, or whatever kubectl says."""
    monkeypatch.setattr(pod_tables, "SETTLE", 0.02)
    monkeypatch.setattr(pod_tables, "PAUSE", 0.02)
    kube = FakeKube(services={"web": service(ports=[{"port": 80, "targetPort": port}])})
    plan = replace(WANTED.plan, deadline=4, concurrency=2)
    wanted = replace(WANTED, url=f"tcp://127.0.0.1:{port}", plan=plan, kubectl=Kubectl(timeout=2), **changes)
    return verify(wanted, lambda: kube, Silent())


@contextlib.contextmanager
def listening() -> Generator[int]:
    """A server that never says a word, nor accepts: the kernel does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield server.getsockname()[1]


@linux
def test_both_pods_are_seen_while_connections_are_held(kubectl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    does(kubectl, "exec cat /proc/net/tcp")
    with listening() as port:
        outcome = run(port, monkeypatch)
    assert outcome.exit_code is ExitCode.PROVEN
    assert outcome.results is not None
    assert {(one.pod, one.peers) for one in outcome.results.pods} == {("web-0", ("127.0.0.1",)), ("web-1", ("127.0.0.1",))}
    assert not outcome.traps


@linux
def test_a_pod_without_cat_is_unknown_with_the_reason(kubectl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    does(kubectl, "case \"$*\" in *web-1*) echo 'no cat here' >&2; exit 1;; esac; exec cat /proc/net/tcp")
    with listening() as port:
        outcome = run(port, monkeypatch)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert outcome.results is not None
    assert {one.pod: one.verdict for one in outcome.results.pods} == {"web-0": Verdict.PRESERVED, "web-1": Verdict.UNKNOWN}
    assert "no cat here" in outcome.results.pods[1].reason


def test_no_pod_that_can_be_read_is_unknown_without_any_traffic(kubectl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    does(kubectl, "echo 'no cat here' >&2; exit 1")
    outcome = run(1, monkeypatch)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert outcome.results is not None
    assert all(one.verdict is Verdict.UNKNOWN and "no cat here" in one.reason for one in outcome.results.pods)
    assert (len(outcome.results.pods), outcome.sent.requests, list(outcome.traps)) == (2, 0, [])


def test_connections_that_no_table_shows_prove_nothing(kubectl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    does(kubectl, f"printf '%s' '{HEAD}'")
    with listening() as port:
        outcome = run(port, monkeypatch)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert "layer 7" in outcome.traps[0].message


def test_nobody_listening_is_not_ready(kubectl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    does(kubectl, f"printf '%s' '{HEAD}'")
    outcome = run(1, monkeypatch)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert [trap.name for trap in outcome.traps] == ["not ready"]


def test_no_kubectl_and_wrong_use_are_said(kubectl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotVerify, match="needs kubectl, and there is none on PATH"):
        run(1, monkeypatch)
    with pytest.raises(WrongUse, match="needs --service"):
        run(1, monkeypatch, front=None)
