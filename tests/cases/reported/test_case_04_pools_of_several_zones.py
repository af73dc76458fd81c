"""Each zone of a node pool counts, for each kind of pool."""

import json
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from tests.bridged_tokens import bridged
from tests.cases.reported.reviewed import Preview, load, messages, retyped
from tests.unit.review.recordings import judged

POOL = "pool-ap-guangzhou-7"


def _as(preview: Preview, token: str, inputs: dict[str, Any]) -> Preview:
    """The preview with another kind of pool in the same subnets."""
    changed = retyped(preview, f"{resource_types.NODE_POOL}::{POOL}", f"{token}::{POOL}")
    (step,) = [step for step in changed["steps"] if step["urn"].endswith(f"::{POOL}")]
    known = step["newState"]["inputs"]
    step["newState"] |= {"type": token, "inputs": {"clusterId": known["clusterId"], **inputs}}
    urns = step["newState"]["propertyDependencies"]["subnetIds"]
    step["newState"]["propertyDependencies"] = {
        "clusterId": step["newState"]["propertyDependencies"]["clusterId"]
    } | dict.fromkeys(inputs, urns)
    return changed


def _subnets(preview: Preview) -> list[str]:
    (step,) = [step for step in preview["steps"] if step["urn"].endswith(f"::{POOL}")]
    found: list[str] = step["newState"]["inputs"]["subnetIds"]
    return found


def _zones(preview: Preview) -> dict[str, tuple[int, bool]]:
    (stack,) = judged(json.dumps(preview).encode()).stacks
    return {zone.name: (zone.nodes_after, zone.nodes_worked_out) for zone in stack.zones}


def test_the_second_zone_of_a_pool_has_no_container_subnet() -> None:
    preview = load("pool-in-two-zones")
    (line,) = messages(preview, "zone-uncovered")
    assert line.startswith(f"{POOL}: ap-guangzhou-7 has no container subnet")


def test_the_nodes_are_shared_out_and_marked() -> None:
    assert _zones(load("pool-in-two-zones")) == {
        "ap-guangzhou-4": (3, True),
        "ap-guangzhou-6": (1, False),
        "ap-guangzhou-7": (2, True),
    }


@pytest.mark.parametrize("token", [resource_types.NODE_POOL, bridged(resource_types.NODE_POOL)])
def test_the_order_of_the_subnets_does_not_matter(token: str) -> None:
    preview = load("pool-in-two-zones")
    turned = _as(preview, token, {"subnetIds": _subnets(preview)[::-1], "desiredCapacity": 4})
    assert len(messages(turned, "zone-uncovered")) == 1
    assert _zones(turned)["ap-guangzhou-7"] == (2, True)


@pytest.mark.parametrize("token", [resource_types.NATIVE_NODE_POOL, bridged(resource_types.NATIVE_NODE_POOL)])
def test_a_native_pool(token: str) -> None:
    preview = load("pool-in-two-zones")
    native = _as(preview, token, {"native": {"subnetIds": _subnets(preview), "replicas": 5}})
    assert len(messages(native, "zone-uncovered")) == 1
    assert sum(nodes for nodes, _ in _zones(native).values()) == 1 + 1 + 5


@pytest.mark.parametrize(
    "token", [resource_types.SERVERLESS_NODE_POOL, bridged(resource_types.SERVERLESS_NODE_POOL)]
)
def test_super_nodes_name_their_subnets(token: str) -> None:
    preview = load("pool-in-two-zones")
    pool = _as(
        preview,
        token,
        {
            "serverlessNodes": [
                {"displayName": str(at), "subnetId": one} for at, one in enumerate(_subnets(preview))
            ]
        },
    )
    assert len(messages(pool, "zone-uncovered")) == 1
    assert _zones(pool)["ap-guangzhou-7"][0] == 1


@pytest.mark.parametrize("token", [resource_types.SCALE_WORKER, bridged(resource_types.SCALE_WORKER)])
def test_a_scale_worker(token: str) -> None:
    preview = load("pool-in-two-zones")
    late = next(one for one in _subnets(preview) if not one.startswith("subnet-"))
    worker = _as(
        preview, token, {"workerConfig": {"subnetId": late, "count": 2, "availabilityZone": "ap-guangzhou-7"}}
    )
    assert len(messages(worker, "zone-uncovered")) == 1
    assert _zones(worker)["ap-guangzhou-7"] == (2, False)


def test_a_zone_that_is_added_to_the_list_of_a_native_pool() -> None:
    preview = load("pool-in-two-zones")
    subnets = _subnets(preview)
    native = _as(preview, resource_types.NATIVE_NODE_POOL, {"native": {"subnetIds": subnets, "replicas": 4}})
    (step,) = [step for step in native["steps"] if step["urn"].endswith(f"::{POOL}")]
    known = [one for one in subnets if one.startswith("subnet-")]
    step["oldState"] = {
        **step["newState"],
        "id": "np-12345678",
        "inputs": {**step["newState"]["inputs"], "native": {"subnetIds": known, "replicas": 4}},
    }
    step["op"] = "update"
    native["changeSummary"] = {"create": 1, "update": 1, "same": 18}
    (line,) = messages(native, "zone-uncovered")
    assert "ap-guangzhou-7" in line


def test_subnets_of_one_zone_are_not_shared_out() -> None:
    preview = load("pool-in-two-zones")
    (known,) = [one for one in _subnets(preview) if one.startswith("subnet-")]
    pool = _as(preview, resource_types.NODE_POOL, {"subnetIds": [known], "desiredCapacity": 4})
    assert _zones(pool)["ap-guangzhou-4"] == (5, False)


def test_a_subnet_whose_zone_is_not_in_the_preview_is_named() -> None:
    preview = load("pool-in-two-zones")
    (known,) = [one for one in _subnets(preview) if one.startswith("subnet-")]
    pool = _as(
        preview, resource_types.NODE_POOL, {"subnetIds": [known, "subnet-elsewher"], "desiredCapacity": 4}
    )
    (line,) = messages(pool, "not-judged", severity="warning")
    assert line.startswith(
        f"{POOL}: subnet-elsewher is the subnet of its nodes, and the preview does not have the zone of this"
        " subnet"
    )
    assert _zones(pool)["ap-guangzhou-4"] == (3, True)


def test_a_container_subnet_of_another_stack_may_cover_the_zone() -> None:
    preview = load("pool-in-two-zones")
    for step in preview["steps"]:
        if step["urn"].endswith("::cluster"):
            for side in ("oldState", "newState"):
                step[side]["inputs"]["eniSubnetIds"].append("subnet-elsewher")
    assert messages(preview, "zone-uncovered") == []
    (line,) = messages(preview, "not-judged", severity="warning")
    assert line.startswith(f"{POOL}: subnet-elsewher may or may not be container subnets of ap-guangzhou-7")
