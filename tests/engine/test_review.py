"""Each dangerous change, made in the lab by the vendor's raw resources: `tke-hybrid review` finds it, and its
gate stops what blocks."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pulumi_tke_hybrid.cli.process import ExitCode
from pulumi_tke_hybrid.plan.rules import every_rule
from pulumi_tke_hybrid.tke.rule import Severity
from tests import COMMAND
from tests.engine.stacks import PROGRAMS, configure, stack
from tests.lab.lab import Lab
from tests.lab.pulumi_cli import PulumiProject

PASSWORD, IN_ENV = "planted-7f3a", "planted-Secret-7f3a"
CASES: dict[str, tuple[set[str], ExitCode]] = {
    "": (set(), ExitCode.FINE),
    "image": (set(), ExitCode.FINE),
    "group+claim+masquerade+restart+deletion-protection+replicas": (
        {
            "security-group-narrowed",
            "kept-address-off",
            "gr-source-address",
            "ipamd-restart",
            "protection-off",
            "addresses-short",
            "eni-pods-fit",
        },
        ExitCode.FINE,
    ),
    "list-shrinks+direct-off+leave-eni+uncovered+machines": (
        {"pod-subnet-leaves", "direct-access-off", "pods-leave-eni", "zone-uncovered", "node-pool-rebuilt"},
        ExitCode.NOT_FINE,
    ),
    "list-empty+service-renamed+deployment": (
        {"pod-network-off", "balancer-replaced", "deployment-replaced"},
        ExitCode.NOT_FINE,
    ),
    "reclaim+service-type+node-range": (
        {"refused-update", "direct-access-off", "range-changed", "node-pool-rebuilt"},
        ExitCode.NOT_FINE,
    ),
    # The API server's dry run refuses it, which ends the preview: what the engine had not come to by then is
    # not in it.
    "statefulset": ({"statefulset-replaced"}, ExitCode.NOT_FINE),
    "cluster-pods": (
        {
            "cluster-rebuilt",
            "phantom-hybrid",
            "node-pool-rebuilt",
            "statefulset-replaced",
            "balancer-replaced",
        },
        ExitCode.NOT_FINE,
    ),
    "vpc-range": (
        set(),
        ExitCode.PREVIEW_FAILED,
    ),  # the engine itself refuses it, because a subnet is protected
    "crash": (set(), ExitCode.PREVIEW_FAILED),
}


@pytest.fixture(scope="module")
def project(lab: Lab) -> Iterator[PulumiProject]:
    with stack(
        lab, PROGRAMS / "raw_network", "review", {"stage": 1, "change": ""}
    ) as made:  # explicit, because a killed run leaves its own values
        made.config_set("nodePassword", PASSWORD, secret=True)
        made.up()
        configure(made, {"stage": 2})
        made.up()
        try:
            yield made
        finally:
            configure(made, {"change": "destroy", "unprotected": "true"})
            made.up()


def reviewed(project: PulumiProject, folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, digest and comment of a review that makes the preview itself."""
    digest, comment = folder / "digest.json", folder / "comment.md"
    command = [
        COMMAND, "review", "--run", "--stack", project.stack, "--cwd",
        str(project.root),
        "--json", str(digest), "--markdown", str(comment), *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, env=project.environment(), capture_output=True, text=True, check=False)
    said = comment.read_text() + digest.read_text() + done.stdout
    assert PASSWORD not in said
    assert IN_ENV not in said
    return done.returncode, json.loads(digest.read_text()), comment.read_text()


@pytest.mark.parametrize("change", CASES)
def test_a_dangerous_change_is_found_and_stopped(
    lab: Lab, project: PulumiProject, tmp_path: Path, change: str
) -> None:
    lab.reset_calls()
    configure(project, {"change": change})
    rules, code = CASES[change]
    ended, digest, comment = reviewed(project, tmp_path)
    assert {finding["rule"] for finding in digest["findings"]} == rules
    assert ended == code
    assert bool(rules & {rule.id for rule in every_rule().values() if rule.severity is Severity.ERROR}) == (
        code is ExitCode.NOT_FINE
    )
    first = "\n".join(comment.splitlines()[:25])
    assert all(f"[{rule}]" in first for rule in rules)
    assert [call["action"] for call in lab.calls() if call["write"]] == []


def test_an_accepted_danger_passes_and_the_comment_names_the_acceptance(
    project: PulumiProject, tmp_path: Path
) -> None:
    configure(project, {"change": "direct-off"})
    (code,) = {finding["acceptCode"] for finding in reviewed(project, tmp_path)[1]["findings"]}
    assert reviewed(project, tmp_path, "--labels", f"bug,tke-hybrid/accept:{code}")[0] == ExitCode.FINE
    assert f"accepted by label tke-hybrid/accept:{code}" in (tmp_path / "comment.md").read_text().replace(
        "\u200b", ""
    )


def test_a_phantom_hybrid_is_stopped_before_a_resource_exists(
    lab: Lab, project: PulumiProject, tmp_path: Path
) -> None:
    other = lab.project(project.root)
    other.stack_init("phantom")
    try:
        other.config_set("nodePassword", PASSWORD, secret=True)
        configure(other, {"stage": 1, "change": "phantom"})
        ended, digest, _ = reviewed(other, tmp_path)
    finally:
        (project.root / "Pulumi.phantom.yaml").unlink(missing_ok=True)
    assert (ended, [finding["rule"] for finding in digest["findings"]]) == (
        ExitCode.NOT_FINE,
        ["phantom-hybrid"],
    )
