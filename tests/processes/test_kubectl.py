"""kubectl, which reads the pods' TCP tables, as a program with any behaviour."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pulumi_tke_hybrid.cli.process import CouldNotTell, ExitCode, WrongUse
from pulumi_tke_hybrid.verify import pod_tables
from pulumi_tke_hybrid.verify.backends import PodResult
from pulumi_tke_hybrid.verify.pod_tables import Kubectl
from pulumi_tke_hybrid.verify.probe import Progress
from pulumi_tke_hybrid.verify.report import Verification
from pulumi_tke_hybrid.verify.run_command import verify
from pulumi_tke_hybrid.verify.verdict import Verdict
from tests.unit.verify.objects import FakeKube, service
from tests.unit.verify.runs import OPTIONS
from tests.unit.verify.test_pod_tables import HEAD, linux


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only program on PATH; logs its arguments."""
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def does(program: Path, script: str) -> None:
    program.write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin\necho "$@" >> "$0.calls"\n{script}\n')
    program.chmod(0o755)


def test_kubectl_gets_the_cluster_and_the_pod(kubectl: Path) -> None:
    does(kubectl, f"printf '%s' '{HEAD}'; echo 'cat: /proc/net/tcp6: No such file or directory' >&2; exit 1")
    said = asyncio.run(Kubectl(Path("/k/config"), "blue").table("shop", "web-0"))
    assert said == HEAD
    called = (kubectl.parent / "kubectl.calls").read_text()
    assert (
        called
        == "exec --kubeconfig /k/config --context blue -n shop web-0 -- cat /proc/net/tcp /proc/net/tcp6\n"
    )


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "echo 'exec: \"cat\": executable file not found in $PATH' >&2; exit 1",
            "could not be read with cat: the image has no cat",
        ),
        (
            "echo 'token hunter2' >&2; exit 1",
            "no table came; `kubectl exec web-0 -- cat /proc/net/tcp` shows why$",
        ),
        (
            "echo 'token hunter2' >&2; echo 'Error from server (Forbidden): pods/exec' >&2; exit 1",
            "needs create on pods/exec$",
        ),
        (
            "echo 'hunter2; error: getting credentials: exec: exit 1' >&2; exit 1",
            "the credential helper of the kubeconfig failed$",
        ),
        ("printf '\\033[31m' >&2; head -c 100000 /dev/zero >&2", "could not be read with cat: .{0,200}$"),
        ("exit 0", "no table came"),
        ("exec sleep 30", "gave no table within 0.1 s"),
        ("head -c 9000000 /dev/zero", "longer than 8388608 bytes"),
    ],
)
def test_a_failure_of_kubectl_has_a_reason(kubectl: Path, script: str, words: str) -> None:
    does(kubectl, script)
    started = time.monotonic()
    with pytest.raises(CouldNotTell, match=words) as refused:
        asyncio.run(Kubectl(timeout=0.1 if "sleep" in script else 10).table("shop", "web-0"))
    assert time.monotonic() - started < 5
    assert "\x1b" not in str(refused.value)
    assert "hunter2" not in str(refused.value)


def run(port: int, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Verification:
    """Verify two pods that are this machine: their table is the machine's own, or the output of kubectl."""
    monkeypatch.setattr(pod_tables, "SETTLE", 0.02)
    monkeypatch.setattr(pod_tables, "PAUSE", 0.02)
    kube = FakeKube(services={"web": service(ports=[{"port": 80, "targetPort": port}])})
    plan = replace(OPTIONS.plan, deadline=4, concurrency=2)
    wanted = replace(OPTIONS, url=f"tcp://127.0.0.1:{port}", plan=plan, kubectl=Kubectl(timeout=2), **changes)
    return verify(wanted, lambda: kube, Progress())


@contextlib.contextmanager
def listening() -> Generator[int]:
    """Run a server that neither sends nor accepts; the kernel accepts."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield server.getsockname()[1]


def held(
    kubectl: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> tuple[Verification, PodResult, PodResult]:
    """Return the verification and the results of the two pods where kubectl runs the script."""
    does(kubectl, script)
    with listening() as port:
        outcome = run(port, monkeypatch)
    assert outcome.results is not None
    first, second = outcome.results.pods
    assert (first.pod, second.pod) == ("web-0", "web-1")
    assert (first.verdict, first.peers) == (Verdict.PRESERVED, ("127.0.0.1",))
    return outcome, first, second


@linux
def test_both_pods_are_seen_while_connections_are_held(
    kubectl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, first, second = held(kubectl, monkeypatch, "exec cat /proc/net/tcp")
    assert outcome.exit_code is ExitCode.FINE
    assert (second.verdict, second.peers) == (first.verdict, first.peers)
    assert not outcome.caveats


@linux
def test_a_pod_without_cat_is_unknown_with_the_reason(kubectl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "case \"$*\" in *web-1*) echo 'exec failed: cat: executable file not found' >&2; exit 1;; esac; exec"
        " cat /proc/net/tcp"
    )
    outcome, _, second = held(kubectl, monkeypatch, script)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert second.verdict is Verdict.UNKNOWN
    assert "the image has no cat" in second.reason


def test_without_a_readable_pod_the_verdict_is_unknown_without_traffic(
    kubectl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    does(kubectl, "echo 'exec failed: cat: executable file not found' >&2; exit 1")
    outcome = run(1, monkeypatch)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert outcome.results is not None
    assert all(
        one.verdict is Verdict.UNKNOWN and "the image has no cat" in one.reason
        for one in outcome.results.pods
    )
    assert (len(outcome.results.pods), outcome.traffic.requests, list(outcome.caveats)) == (2, 0, [])


def test_connections_that_no_table_shows_prove_nothing(
    kubectl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    does(kubectl, f"printf '%s' '{HEAD}'")
    with listening() as port:
        outcome = run(port, monkeypatch)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert "layer 7" in outcome.caveats[0].message


def test_a_port_without_a_server_is_not_ready(kubectl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    does(kubectl, f"printf '%s' '{HEAD}'")
    outcome = run(1, monkeypatch)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert [caveat.rule.id for caveat in outcome.caveats] == ["not-ready"]


def test_a_missing_kubectl_and_wrong_use_are_refused(kubectl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CouldNotTell, match="needs kubectl, and there is none on PATH"):
        run(1, monkeypatch)
    with pytest.raises(WrongUse, match="needs --service"):
        run(1, monkeypatch, frontend=None)
