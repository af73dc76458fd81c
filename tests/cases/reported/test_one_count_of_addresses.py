"""The preview of a workload and `capacity` count the same: what does not fit for one is refused by the
other."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.cli.commands import app
from tests.unit.capacity.stacks import FOUR, Json, cluster, preview, workload
from tests.unit.programs import run
from tests.unit.workloads import workload as component

POOL = {"zone": FOUR, "size": 3, "instanceType": "S5.LARGE8"}
BLOCK = "10.0.64.0/24"


def facts(**more: Any) -> dict[str, Any]:
    zones = {FOUR: [{"subnetId": "subnet-44444444", "cidrBlock": BLOCK}]}
    return {
        "clusterId": "cls-12345678",
        "staticIp": True,
        "zones": zones,
        "nodePools": [POOL],
        "podsPerNode": 64,
        **more,
    }


def exit_code(tmp_path: Path, replicas: int) -> int:
    path = tmp_path / "plan.json"
    made: Json = cluster(eniSubnets=[{"zone": FOUR, "cidrBlock": BLOCK}], nodePools={"a": POOL})
    path.write_text(json.dumps(preview([], [made, workload("web", replicas, surge=0)])))
    return CliRunner().invoke(app, ["capacity", "--preview", str(path)]).exit_code


def test_pods_beyond_the_nodes_are_refused_though_the_subnet_has_addresses(tmp_path: Path) -> None:
    line = (
        "replicas: 200 pods need as many ENI addresses, and the nodes of the container subnets take 81; add"
        " nodes"
    )
    with pytest.raises(tke.InvalidInputs, match=line):
        run(lambda: component(replicas=200, cluster_facts=facts()))
    assert exit_code(tmp_path, 200) == 2


@pytest.mark.parametrize(("pods_per_node", "room"), [(16, 39), (32, 81), (None, 81)])
def test_a_node_takes_no_more_pods_than_its_kubelet(pods_per_node: int | None, room: int) -> None:
    """S5.LARGE8 has 27 ENI addresses for pods; with `cluster_max_pod_num=16` its kubelet takes 13."""
    told = facts(podsPerNode=pods_per_node)
    with pytest.raises(
        tke.InvalidInputs,
        match=f"replicas: {room + 1} pods need as many ENI addresses, and the nodes .* take {room};",
    ):
        run(lambda: component(replicas=room + 1, rollout=tke.RolloutArgs(max_surge=0), cluster_facts=told))
    run(lambda: component(replicas=room, rollout=tke.RolloutArgs(max_surge=0), cluster_facts=told))


def test_nodes_that_the_autoscaler_may_make_count() -> None:
    run(
        lambda: component(replicas=100, cluster_facts=facts(nodePools=[{**POOL, "minSize": 1, "maxSize": 5}]))
    )
