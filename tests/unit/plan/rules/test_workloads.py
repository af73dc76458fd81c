"""Rules on workloads and their load balancers: unknown annotations, and a load balancer of the user."""

from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.unit.plan.rules.builders import (
    CLAIM,
    NETWORKS,
    found,
    pods,
    service,
    step,
    update,
)

NOT_KNOWN_AS_A_WHOLE: list[dict[str, Any]] = [
    {
        "metadata": {"annotations": UNKNOWN},
        "spec": {"type": "LoadBalancer", "template": {"metadata": {"annotations": UNKNOWN}}},
    },
    {"metadata": UNKNOWN, "spec": {"type": "LoadBalancer", "template": {"metadata": UNKNOWN}}},
    {"metadata": UNKNOWN, "spec": {"type": "LoadBalancer", "template": UNKNOWN}},
    {"metadata": UNKNOWN, "spec": UNKNOWN},
]


@pytest.mark.parametrize("new", NOT_KNOWN_AS_A_WHOLE, ids=["annotations", "metadata", "template", "spec"])
def test_unknown_annotations_are_not_removed_annotations(new: dict[str, Any]) -> None:
    assert found(update(resource_types.SERVICE, service("LoadBalancer", direct="true"), new)) == []
    assert found(update(resource_types.DEPLOYMENT, pods({NETWORKS: "tke-route-eni"}), new)) == []
    assert (
        found(update(resource_types.STATEFUL_SET, pods({NETWORKS: "tke-route-eni", CLAIM: "Never"}), new))
        == []
    )


def test_a_load_balancer_of_the_user_keeps_its_address_in_the_finding() -> None:
    (finding,) = registry.step_findings(
        step(
            resource_types.SERVICE,
            Op.REPLACE,
            service("LoadBalancer", existing="lb-12345678"),
            service("LoadBalancer", existing="lb-12345678"),
        )
    )
    assert "lb-12345678 and its address stay" in finding.message


ON_ENI = {NETWORKS: "tke-route-eni"}


@pytest.mark.parametrize(
    ("type_", "annotations", "severity"),
    [
        (resource_types.DEPLOYMENT, ON_ENI, "error"),
        (f"{resource_types.DEPLOYMENT}Patch", ON_ENI, "error"),
        (resource_types.STATEFUL_SET, ON_ENI, "error"),
        ("kubernetes:apps.kruise.io/v1alpha1:CloneSet", ON_ENI, "error"),
        (resource_types.DEPLOYMENT, {}, "warning"),
    ],
)
def test_a_workload_that_loses_its_last_pod_is_named(
    type_: str, annotations: dict[str, str], severity: str
) -> None:
    (finding,) = registry.step_findings(update(type_, pods(annotations, 3), pods(annotations, 0)))
    assert (finding.rule.id, finding.severity.value) == ("workload-deleted", severity)
    assert "would have no pods, and its 3 pods" in finding.message


@pytest.mark.parametrize(("before", "after"), [(3, 1), (0, 0), (0, 3)])
def test_a_workload_that_keeps_or_gets_a_pod_is_no_finding(before: int, after: int) -> None:
    assert not list(
        registry.step_findings(update(resource_types.DEPLOYMENT, pods(ON_ENI, before), pods(ON_ENI, after)))
    )


def test_pods_that_move_to_the_network_of_their_node_leave_eni() -> None:
    before, after = pods(ON_ENI), pods(ON_ENI)
    after["spec"]["template"]["spec"] = {"hostNetwork": True}
    (finding,) = registry.step_findings(update(resource_types.DEPLOYMENT, before, after))
    assert finding.rule.id == "pods-leave-eni"
    assert "and get the addresses of their nodes" in finding.message
    assert found(update(resource_types.DEPLOYMENT, after, after)) == []


@pytest.mark.parametrize(
    ("before", "after", "gained"),
    [
        ("tke-bridge", "tke-route-eni", None),
        ("tke-bridge", "", None),
        ("tke-route-eni", "tke-route-eni,tke-bridge", None),
        ("tke-route-eni,tke-bridge", "tke-bridge", "overlay addresses (GlobalRouter)"),
        ("tke-route-eni", "tke-direct-eni", "addresses of another kind of ENI"),
        ("tke-direct-eni", "", "overlay addresses (GlobalRouter)"),
    ],
)
def test_pods_leave_the_container_subnets_by_network_and_not_by_the_text_of_the_annotation(
    before: str, after: str, gained: str | None
) -> None:
    new = pods({NETWORKS: after} if after else {})
    steps = registry.step_findings(update(resource_types.DEPLOYMENT, pods({NETWORKS: before}), new))
    left = [finding for finding in steps if finding.rule.id == "pods-leave-eni"]
    assert bool(left) is (gained is not None)
    assert all(f"and get {gained}, and" in finding.message for finding in left)


def test_an_own_load_balancer_outlives_its_service() -> None:
    own = service("LoadBalancer", existing="lb-12345678")
    (finding,) = registry.step_findings(step(resource_types.SERVICE, Op.DELETE, own, {}))
    assert finding.head == "the Service would be deleted"
    assert "lb-12345678 and its address stay" in finding.message
    (finding,) = registry.step_findings(
        update(resource_types.SERVICE, own, service("ClusterIP", existing="lb-12345678"))
    )
    assert "the listeners of load balancer lb-12345678 are deleted" in finding.message
    assert "the load balancer and its address stay" in finding.message
