"""Causes with their consequences: findings below a cause, and findings that are causes themselves."""

from collections.abc import Mapping
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.unit.review.previews import PREFIX, preview, resource
from tests.unit.review.recordings import commented, judged, parsed, recorded

CLUSTER = {"clusterMaxPodNum": 64}
PROVIDER = f"{PREFIX}{resource_types.PROVIDERS}kubernetes::kube"


def urn(type_: str, name: str) -> str:
    return f"{PREFIX}{type_}::{name}"


def step(
    type_: str,
    name: str,
    op: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any] | None,
    why: list[str],
    **sources: str,
) -> dict[str, Any]:
    made = resource(type_, name, op, old, new)
    made["replaceReasons"] = why
    for key in ("oldState", "newState"):
        if key in made:
            made[key]["propertyDependencies"] = {name: [source] for name, source in sources.items()}
    return made


def cluster(name: str = "cluster", op: str = "replace") -> dict[str, Any]:
    return step(
        resource_types.CLUSTER,
        name,
        op,
        CLUSTER,
        None if op == "delete" else {"clusterMaxPodNum": 128},
        ["clusterMaxPodNum"],
    )


def pool(
    name: str, why: list[str], *, of: str = "cluster", op: str = "replace", **changed: Any
) -> dict[str, Any]:
    old = {"clusterId": "cls-00000001", "desiredCapacity": 2, "retryPolicy": "A"}
    new = None if op == "delete" else {**old, "clusterId": UNKNOWN, **changed}
    return step(resource_types.NODE_POOL, name, op, old, new, why, clusterId=urn(resource_types.CLUSTER, of))


def causes(*steps: dict[str, Any]) -> dict[str, list[str]]:
    """Path of each cause's first finding → paths of its consequences."""
    found = judged(preview(*steps)).causes
    return {item.cause.first.path: [finding.path for finding in item.cause.consequences] for item in found}


def test_pools_replaced_with_their_cluster_are_below_the_cluster() -> None:
    assert causes(cluster(), pool("a", ["clusterId"]), pool("b", ["clusterId"])) == {"cluster": ["a", "b"]}


def test_a_pool_of_another_reason_has_a_cause_of_its_own() -> None:
    assert causes(cluster(), pool("a", ["retryPolicy"], clusterId="cls-00000001", retryPolicy="B")) == {
        "cluster": [],
        "a": [],
    }


@pytest.mark.parametrize("why", [["clusterId", "retryPolicy"], ["clusterId"]])
def test_a_pool_with_a_reason_beside_its_cluster_is_no_mere_consequence(why: list[str]) -> None:
    """The engine may name the cluster alone, because the provider stops at the first reason."""
    assert causes(cluster(), pool("a", why, retryPolicy="B")) == {"cluster": [], "a": []}


def test_two_clusters_are_two_causes() -> None:
    found = causes(
        cluster("one"), cluster("two"), pool("a", ["clusterId"], of="one"), pool("b", ["clusterId"], of="two")
    )
    assert found == {"one": ["a"], "two": ["b"]}


def test_a_chain_ends_at_its_first_link() -> None:
    endpoint = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
    kube = step(
        f"{resource_types.PROVIDERS}kubernetes",
        "kube",
        "replace",
        {"kubeconfig": "a"},
        {"kubeconfig": UNKNOWN},
        ["kubeconfig"],
        kubeconfig=urn(endpoint, "end"),
    )
    end = step(
        endpoint,
        "end",
        "replace",
        {"clusterId": "c"},
        {"clusterId": UNKNOWN},
        ["clusterId"],
        clusterId=urn(resource_types.CLUSTER, "cluster"),
    )
    data = step(
        resource_types.STATEFUL_SET,
        "db",
        "replace",
        {"metadata": {"name": "db"}},
        {"metadata": {"name": "db"}},
        [],
    )
    data["provider"] = f"{PROVIDER}::{UNKNOWN}"
    assert causes(cluster(), end, kube, data) == {"cluster": ["db"]}
    renamed = step(
        resource_types.STATEFUL_SET,
        "db",
        "replace",
        {"metadata": {"name": "db"}},
        {"metadata": {"name": "db2"}},
        [],
    )
    renamed["provider"] = f"{PROVIDER}::{UNKNOWN}"
    assert causes(cluster(), end, kube, renamed) == {"cluster": [], "db": []}


def test_a_name_that_changes_beside_a_new_subnet_id_is_a_cause_of_its_own() -> None:
    """Both are in `metadata`, and the engine records sources for top-level properties only."""
    subnet = step(
        resource_types.SUBNET,
        "net",
        "replace",
        {"cidrBlock": "10.0.0.0/24"},
        {"cidrBlock": "10.0.1.0/24"},
        ["cidrBlock"],
    )
    key = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
    old = {
        "metadata": {"name": "front", "annotations": {key: "subnet-00000001"}},
        "spec": {"type": "LoadBalancer"},
    }
    new = {"metadata": {"name": "front", "annotations": {key: UNKNOWN}}, "spec": {"type": "LoadBalancer"}}
    front = step(
        resource_types.SERVICE,
        "front",
        "replace",
        old,
        new,
        [f'metadata.annotations["{key}"]'],
        metadata=urn(resource_types.SUBNET, "net"),
    )
    assert causes(subnet, front) == {"net": ["front"]}
    other = {"metadata": {"name": "other", "annotations": {key: UNKNOWN}}, "spec": {"type": "LoadBalancer"}}
    assert causes(
        subnet,
        step(
            resource_types.SERVICE,
            "front",
            "replace",
            old,
            other,
            ["metadata.name"],
            metadata=urn(resource_types.SUBNET, "net"),
        ),
    ) == {
        "net": [],
        "front": [],
    }


def test_a_pool_deleted_with_its_cluster_is_below_the_cluster() -> None:
    assert causes(cluster(op="delete"), pool("a", [], op="delete")) == {"cluster": ["a"]}


def test_a_pool_that_leaves_while_its_cluster_is_rebuilt_has_a_cause_of_its_own() -> None:
    assert causes(cluster(), pool("a", [], op="delete")) == {"cluster": [], "a": []}


def test_a_ring_of_resources_ends() -> None:
    one = step(
        resource_types.NODE_POOL,
        "a",
        "replace",
        {"clusterId": "x"},
        {"clusterId": UNKNOWN},
        ["clusterId"],
        clusterId=urn(resource_types.NODE_POOL, "b"),
    )
    two = step(
        resource_types.NODE_POOL,
        "b",
        "replace",
        {"clusterId": "x"},
        {"clusterId": UNKNOWN},
        ["clusterId"],
        clusterId=urn(resource_types.NODE_POOL, "a"),
    )
    assert causes(one, two)


def test_two_reasons_in_a_recording_stay_two() -> None:
    found = {item.cause.first.path for item in judged(recorded("raw-everything.json")).causes if item.blocks}
    assert {"vpc", "cluster", "pool-ap-guangzhou-6", "db", "front.spec.type"} == found


def test_the_headline_counts_rows() -> None:
    body = commented(recorded("raw-cluster-replaced.json")).body
    assert "dangerous. 1 danger with 5 consequences; 10 changes" in body
    assert body.count("\n- ⛔") == 1


def test_zones_without_free_addresses_are_below_the_pods_that_do_not_fit() -> None:
    """Two counts of missing addresses, by zone and by pods: the count by zone is the consequence."""
    assert causes(*parsed("raw-replicas.json")["steps"]) == {"cluster": ["ap-guangzhou-4", "ap-guangzhou-6"]}
    assert "addresses too few" not in commented(recorded("raw-replicas.json")).body
