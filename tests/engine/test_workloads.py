"""What a cluster makes of every allowed combination, and that it stays quiet."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.stacks import PROGRAMS, stack
from tests.engine.workload_table import Json, cases, golden, read_back
from tests.lab.cluster_view import client
from tests.lab.lab import Lab
from tests.lab.pulumi_cli import PulumiProject

GOLDEN = Path(__file__).with_name("golden") / "workloads.yaml"
FAST = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


@pytest.fixture(scope="module")
def cluster(lab: Lab) -> Iterator[str]:
    with stack(lab, PROGRAMS / "zones", "workloads", {"zones": ["ap-guangzhou-4", "ap-guangzhou-6"], "workload": "false"}) as made:
        made.up()
        yield str(made.outputs()["clusterId"])


@pytest.fixture(scope="module")
def subnet(lab: Lab, cluster: str) -> str:
    return min(name for name, item in lab.state()["subnets"].items() if item["name"].startswith("nodes-"))


@pytest.fixture
def own(lab: Lab) -> Iterator[Callable[[], str]]:
    with lab.own_load_balancers() as make:
        yield make


@pytest.fixture
def project(lab: Lab, cluster: str, own: Callable[[], str]) -> Iterator[PulumiProject]:
    environment = {"LAB_KUBECONFIG": lab.kubeconfig(cluster), "WORKLOADS": "{}", **FAST}
    with stack(lab, PROGRAMS / "workloads", "workloads", {"clusterId": cluster}, environment) as made:
        yield made


def describe(project: PulumiProject, workloads: dict[str, Json]) -> None:
    project.change_environment({"WORKLOADS": json.dumps(workloads)})


def test_every_allowed_combination_is_in_the_cluster_as_reviewed_and_quiet(
    lab: Lab, cluster: str, subnet: str, own: Callable[[], str], project: PulumiProject
) -> None:
    """After a change that was reviewed: UPDATE_GOLDEN=1."""
    table = {f"case-{number}": case for number, case in enumerate(cases())}
    describe(project, {name: case.args(subnet, own) for name, case in table.items()})
    project.up()
    kube = client(lab.kubeconfig(cluster))
    words = {subnet: "SUBNET", **{name: "BALANCER" for name, item in lab.state()["load_balancers"].items() if item["user_made"]}}
    text = golden({case.title: read_back(kube, name, words) for name, case in table.items()})
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()
    project.preview("--expect-no-changes")
    project.run("refresh", "--yes")
    project.preview("--expect-no-changes")
