"""The report of a verification on a terminal, as Markdown and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from pulumi_tke_hybrid.cli import result
from pulumi_tke_hybrid.cli.process import ExitCode
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.backends import Backends, Coverage, Results, results
from pulumi_tke_hybrid.verify.cluster_snapshot import ContainerSubnets
from pulumi_tke_hybrid.verify.probe import Progress
from pulumi_tke_hybrid.verify.report import Verification, as_result
from pulumi_tke_hybrid.verify.run_command import verify
from pulumi_tke_hybrid.verify.verdict import Addresses, Case, Verdict
from tests.unit.verify.objects import FakeKube, good_pods, pod
from tests.unit.verify.runs import CLIENT, OPTIONS, run, seeing


@pytest.mark.parametrize(("columns", "whole"), [("", True), ("80", False)])
def test_names_and_addresses_are_complete_in_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str, whole: bool
) -> None:
    monkeypatch.setattr("os.isatty", lambda _: False)
    monkeypatch.setenv("COLUMNS", columns)
    kube = FakeKube(pods=[pod("web-deployment-7b9c6d5f4-x2v8q", "10.0.0.4", "10.0.64.2")])
    result.show(
        as_result(verify(replace(OPTIONS, structure_only=True), lambda: kube, Progress())), result.console()
    )
    result.show(as_result(run(seeing({}), kube)), result.console())
    shown = capsys.readouterr().out
    assert (
        all(name in shown for name in ("ap-guangzhou-4", "web-deployment-7b9c6d5f4-x2v8q", "10.0.64.2"))
        is whole
    )
    assert "\u2026" not in shown
    assert max(map(len, shown.splitlines())) <= int(columns or result.WIDTH_OF_A_LOG)


def test_tables_hold_no_control_sequences_of_the_cluster(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    kube = FakeKube(pods=[pod("web-\x1b[31m", "10.0.0.4", "10.0.64.2\x1b[32m"), good_pods()[1]])
    subnets = ContainerSubnets.of(
        ClusterFacts.of({"zones": {"ap-\x1b[33m": [{"cidrBlock": "10.0.72.0/22"}]}})
    )
    console = result.console()
    result.show(as_result(verify(replace(OPTIONS, structure_only=True), lambda: kube, Progress())), console)
    result.show(
        as_result(run(seeing({}), kube, subnets=subnets, coverage=Coverage(zones=["ap-\x1b[33m"]))), console
    )
    shown = capsys.readouterr().out
    assert "web-?[31m" in shown
    assert "\x1b" not in shown


def test_reports_escape_the_text_of_pods() -> None:
    evil = Answer(problem="x | y <script> `rm` \x1b[31m\n@all [link](http://evil)")
    found = results({evil: 1}, Backends(), Case(Addresses(), CLIENT), Coverage())
    outcome = Verification("http://10.0.8.10:80/", CLIENT, False, found)
    text = result.as_markdown(as_result(outcome))
    assert "\x1b" not in text
    assert "<script>" not in text
    assert "x \\| y" in text
    assert "\\[link\\]" in text
    assert "\\@\u200ball" in text  # a code host would mention them without the space of no width
    data = json.loads(result.as_json(as_result(outcome)))
    assert (data["exitCode"], data["verdict"], data["pods"][0]["pod"]) == (3, "UNKNOWN", "(no name)")


def test_the_markdown_names_a_bad_zone_first() -> None:
    outcome = run(seeing({"web-1": "192.168.0.129"}))
    lines: Sequence[str] = result.as_markdown(as_result(outcome)).splitlines()
    assert lines[0] == "<!-- tke-hybrid:verify -->"
    assert lines[1].startswith("### ⛔ SNAT\\_NODE in ap-guangzhou-6")
    assert "| ap-guangzhou-4 | 1/1 | PRESERVED |" in lines
    assert "| ap-guangzhou-6 | 1/1 | SNAT\\_NODE |" in lines


@pytest.mark.parametrize(
    ("verdict", "accepted", "code"),
    [
        (Verdict.PRESERVED, False, ExitCode.FINE),
        (Verdict.HEADER_ONLY, True, ExitCode.FINE),
        (Verdict.HEADER_ONLY, False, ExitCode.NOT_FINE),
        (Verdict.UNKNOWN, True, ExitCode.COULD_NOT_TELL),
        (Verdict.SNAT_LB, True, ExitCode.NOT_FINE),
        (SimpleNamespace(client_lost=False), True, ExitCode.COULD_NOT_TELL),
    ],
    ids=str,
)
def test_only_a_proven_client_is_fine(verdict: Any, accepted: bool, code: ExitCode) -> None:
    """The last case is a verdict that a later version adds."""
    found = Verification("", "", accepted, Results(verdict))
    assert found.measured is code
