"""The governing Service and the pod management policy of a StatefulSet."""

from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.unit.workloads import made
from tests.unit.workloads import refusals as refused


def stateful(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = made(kind="statefulset", **more).named("w-statefulset").inputs["spec"]
    return found


def test_the_program_sets_governing_service_and_pod_management_policy() -> None:
    assert stateful()["serviceName"] == "w"
    assert "podManagementPolicy" not in stateful()
    spec = stateful(service_name="w-peers", pod_management_policy="Parallel")
    assert (spec["serviceName"], spec["podManagementPolicy"]) == ("w-peers", "Parallel")


def test_headless_service_makes_a_headless_service() -> None:
    assert made(kind="statefulset", service_name="peers").of_type(":Service") == made(
        kind="statefulset"
    ).of_type(":Service")
    for more, name in (({}, "w-headless"), ({"service_name": "peers"}, "peers")):
        graph = made(kind="statefulset", headless_service=True, **more)
        service = graph.named("w-headless").inputs
        assert service["metadata"]["name"] == name
        assert service["spec"] == {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {"app.kubernetes.io/name": "w"},
            "ports": [{"name": "port-0", "port": 80, "protocol": "TCP", "targetPort": 80}],
        }
        assert graph.named("w-statefulset").inputs["spec"]["serviceName"] == name


@pytest.mark.parametrize(
    "more", [{"service_name": "peers"}, {"headless_service": True}, {"pod_management_policy": "Parallel"}]
)
def test_inputs_of_a_statefulset_are_refused_for_a_deployment(more: dict[str, Any]) -> None:
    with pytest.raises(tke.InvalidInputs, match=f"{next(iter(more))}: needs kind='statefulset'; "):
        made(**more)


def state(**more: Any) -> dict[str, Any]:
    found = {
        "service": {"kind": "none"},
        "name": "w",
        "namespace": "default",
        "volumeClaims": [],
        "serviceName": "w",
        "podManagementPolicy": "OrderedReady",
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("before", "after", "start"),
    [
        (
            {},
            {"serviceName": "peers"},
            "service_name: peers instead of w; Kubernetes cannot change it in place",
        ),
        (
            {},
            {"podManagementPolicy": "Parallel"},
            "pod_management_policy: Parallel instead of OrderedReady; Kubernetes cannot",
        ),
        # Stacks of a library that did not remember either.
        (
            {"serviceName": None, "podManagementPolicy": None},
            {"serviceName": "peers"},
            "service_name: peers instead of w; ",
        ),
        (
            {"serviceName": None, "podManagementPolicy": None},
            {"podManagementPolicy": "Parallel"},
            "pod_management_policy: Parallel instead",
        ),
    ],
)
def test_a_change_of_governing_service_or_policy_is_refused(
    before: dict[str, Any], after: dict[str, Any], start: str
) -> None:
    (line,) = refused(state(**before), state(**after))
    assert line.startswith(start)
    assert refused(state(**before), state()) == []


def test_another_object_and_an_unknown_value_are_not_compared() -> None:
    assert refused(state(), state(name="x", serviceName="x")) == []
    assert refused(state(), state(serviceName=UNKNOWN)) == []
