"""The article's four results (A1 to A4): which client each pod sees, measured by `tke-hybrid verify` on the
lab's real packets."""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from tests import COMMAND
from tests.lab.lab import ROOT, Lab

SECONDS = 60


@dataclass(frozen=True)
class Case:
    """One of the four cases: a path to the pods, a client, and the article's access log."""

    name: str
    way: str
    front: str
    client: str
    seen: str
    verdict: str


CASES = (
    Case(
        "A1", "GlobalRouter, Service", "--service=default/nginx-gr", "10.0.0.3", "192.168.0.65", "SNAT_NODE"
    ),
    Case(
        "A2",
        "ENI Deployment, direct Service",
        "--service=default/nginx-deploy",
        "10.0.0.13",
        "10.0.0.13",
        "PRESERVED",
    ),
    Case(
        "A3",
        "ENI Deployment, direct Ingress",
        "--ingress=default/nginx-deploy",
        "10.0.0.3",
        "10.0.0.3",
        "PRESERVED",
    ),
    Case(
        "A4",
        "ENI StatefulSet, direct Service",
        "--service=default/nginx-sts",
        "10.0.0.3",
        "10.0.0.3",
        "PRESERVED",
    ),
)


@dataclass(frozen=True)
class Measured:
    """The command's result, and its exit code."""

    case: Case
    peers: tuple[str, ...]
    verdict: str
    code: int
    complaint: str = ""

    @property
    def as_expected(self) -> bool:
        """The page showed the expected address and nothing else, and the command's exit code agreed."""
        kept = self.case.verdict == "PRESERVED"
        fits = self.peers == (self.case.seen,) if kept else self.case.seen in self.peers
        return fits and self.verdict == self.case.verdict and self.code == (0 if kept else 2)


def measure(lab: Lab) -> list[Measured]:
    """All four, at the same time: each is a client of its own machine."""
    subnets = [f"--subnet={subnet['zone']}={subnet['cidr_block']}" for subnet in _eni_subnets(lab)]
    with tempfile.TemporaryDirectory(prefix="article-", dir=lab.directory) as directory:
        kubeconfig = Path(directory) / "kubeconfig"
        kubeconfig.touch(0o600)
        kubeconfig.write_text(lab.kubeconfig(lab.cluster_id()))
        running = [(case, _start(lab, case, [f"--kubeconfig={kubeconfig}", *subnets])) for case in CASES]
        try:
            return [_result(case, process) for case, process in running]
        finally:
            for _, process in running:
                process.kill()
                process.wait()


def table(results: Iterable[Measured]) -> Table:
    """One line for each case: the article's value, and the measured value."""
    made = Table("", "way", "client", "the article's pods saw", "ours saw", "verdict", "exit code")
    for result in results:
        case = result.case
        made.add_row(
            case.name,
            case.way,
            case.client,
            case.seen,
            ", ".join(result.peers) or result.complaint,
            result.verdict,
            str(result.code),
        )
    return made


def _eni_subnets(lab: Lab) -> list[dict[str, Any]]:
    state = lab.state()
    (cluster,) = state["clusters"].values()
    return [state["subnets"][subnet] for subnet in cluster["vpc_cni"]["subnet_ids"]]


def _start(lab: Lab, case: Case, options: Sequence[str]) -> "subprocess.Popen[str]":
    command = [
        *lab.client(case.client),
        COMMAND,
        "verify",
        case.front,
        *options,
        "--json=-",
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _result(case: Case, process: "subprocess.Popen[str]") -> Measured:
    try:
        output, errors = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Measured(case, (), "", -1, f"not done within {SECONDS} s")
    if not output:
        return Measured(case, (), "", process.returncode, (errors.strip().splitlines() or ["no output"])[-1])
    report: dict[str, Any] = json.loads(output)
    peers = sorted({peer for pod in report["pods"] for peer in pod["peers"]})
    return Measured(case, tuple(peers), str(report["verdict"]), process.returncode)
