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
