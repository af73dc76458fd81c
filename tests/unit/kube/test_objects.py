"""Kubernetes objects with missing or strange fields."""

import pytest

from pulumi_tke_hybrid.kube import objects
from pulumi_tke_hybrid.tke import keys


@pytest.mark.parametrize(
    ("labels", "region", "zone"),
    [
        ({keys.ZONE_LABEL: "100004"}, "ap-guangzhou", "ap-guangzhou-4"),
        ({keys.ZONE_LABEL: "160001"}, "ap-chengdu", "ap-chengdu-1"),
        ({keys.ZONE_LABEL: "100004"}, "", "100004"),
        ({keys.ZONE_LABEL: "100004", keys.CBS_ZONE_LABEL: "ap-guangzhou-4"}, "", "ap-guangzhou-4"),
        ({keys.ZONE_LABEL: ""}, "", None),
        ({}, "ap-guangzhou", None),
    ],
)
def test_the_zone_of_a_node(labels: dict[str, str], region: str, zone: str | None) -> None:
    assert objects.zone_of_node({"metadata": {"labels": labels}}, region) == zone


def test_a_dual_stack_pod_has_two_addresses() -> None:
    pod = {"status": {"podIP": "10.0.64.5", "podIPs": [{"ip": "10.0.64.5"}, {"ip": "fd00::5"}, "strange"]}}
    assert objects.pod_addresses(pod) == ("10.0.64.5", "fd00::5")
    assert objects.pod_address(pod) == "10.0.64.5"


@pytest.mark.parametrize("item", [{}, {"metadata": None, "spec": [], "status": "?"}])
def test_missing_and_strange_fields_read_as_empty(item: dict[str, object]) -> None:
    assert (objects.name_of(item), objects.namespace_of(item), objects.node_of(item)) == ("", "default", "")
    assert (objects.pod_address(item), objects.internal_address(item), objects.pod_ranges(item)) == (
        "",
        "",
        [],
    )
    assert not objects.being_deleted(item)
    assert not objects.is_virtual(item)
    assert objects.condition(item, "Ready") == ""


@pytest.mark.parametrize(
    ("kind", "super_node", "virtual"),
    [("eklet", True, True), ("external", False, True), ("S5.LARGE8", False, False)],
)
def test_super_and_registered_nodes_have_no_eni(kind: str, super_node: bool, virtual: bool) -> None:
    node = {"metadata": {"labels": {keys.INSTANCE_TYPE_LABEL: kind}}}
    assert (objects.is_super_node(node), objects.is_virtual(node)) == (super_node, virtual)
