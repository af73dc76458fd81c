"""The policy pack on the real engine: dangerous programs of raw resources are stopped, in review's words."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulumi_tke_hybrid.plan.engine_steps import Secrets
from pulumi_tke_hybrid.plan.model import Plan
from pulumi_tke_hybrid.plan.preview_json import read
from pulumi_tke_hybrid.plan.rules import coverage, registry
from pulumi_tke_hybrid.policies import FOLDER
from pulumi_tke_hybrid.policies.pack_of_rules import sentence
from pulumi_tke_hybrid.tke.rule import Severity
from tests.engine.stacks import PROGRAMS, configure, stack
from tests.lab.lab import Lab
from tests.lab.pulumi_cli import PulumiProject, Result

PACK = ("--policy-pack", str(FOLDER))
PHANTOM = "cluster.eniSubnetIds: eniSubnetIds would not switch VPC-CNI on in the new cluster"
UNCOVERED = (
    "pool-ap-guangzhou-7: ap-guangzhou-7 has no container subnet (zones with a container subnet:"
    " ap-guangzhou-4, ap-guangzhou-6)"
)
PASSWORD = "planted-91c2"


@pytest.fixture
def project(lab: Lab) -> Iterator[PulumiProject]:
    with stack(lab, PROGRAMS / "raw_network", "policies", {"stage": 1, "unprotected": "true"}) as made:
        made.config_set("nodePassword", PASSWORD, secret=True)
        yield made


def reported(result: Result) -> str:
    """The messages of the policy pack."""
    return result.stdout[result.stdout.index("Policies:") :]


def blocking(event_log: Path) -> list[str]:
    """The dangers that `tke-hybrid review` reports for the same run."""
    with event_log.open("rb") as file:
        plan = Plan(read(file, event_log.name, Secrets()).steps)
    found = (*registry.change_findings(plan), *coverage.findings(plan))
    return [sentence(finding) for finding in found if finding.rule.severity is Severity.ERROR]


def test_a_phantom_hybrid_and_an_uncovered_zone_are_stopped(
    lab: Lab, project: PulumiProject, tmp_path: Path
) -> None:
    configure(project, {"change": "phantom+uncovered"})
    stopped = project.preview(*PACK, check=False)
    assert stopped.exit_code != 0
    assert "[mandatory]  phantom-hybrid" in reported(stopped)
    assert "[mandatory]  zone-uncovered" in reported(stopped)
    assert PHANTOM in reported(stopped)
    assert UNCOVERED in reported(stopped)
    assert "state-before" not in reported(stopped)
    assert PASSWORD not in stopped.output

    advisory = tmp_path / "advisory.json"
    advisory.write_text(json.dumps({"phantom-hybrid": "advisory", "zone-uncovered": "disabled"}))
    passed = project.preview(*PACK, "--policy-pack-config", str(advisory))
    assert "[advisory]  phantom-hybrid" in reported(passed)
    assert UNCOVERED not in reported(passed)

    assert project.up(*PACK, check=False).exit_code != 0
    assert lab.calls("CreateCluster") == []


def test_changes_of_a_running_network_are_stopped_in_the_words_of_the_review(
    project: PulumiProject, tmp_path: Path
) -> None:
    project.up()
    configure(project, {"stage": 2})
    project.change_environment({"PULUMI_DEBUG_COMMANDS": "true"})  # else there is no --event-log
    try:
        assert "[mandatory]" not in reported(project.up(*PACK))
        configure(
            project, {"change": "list-empty+direct-off+leave-eni+pool-gone"}
        )  # resources, and one resource that leaves; the others are recorded
        events = tmp_path / "events.json"
        stopped = project.preview(*PACK, "--event-log", str(events), check=False)
        assert stopped.exit_code != 0
        expected = blocking(events)
        assert len(expected) >= 4
        assert [said for said in expected if said not in reported(stopped)] == []
    finally:
        configure(project, {"change": "destroy"})
        project.up(check=False)
