"""What may not change about a workload, and the sentence that a preview shows."""

from typing import Any

import pytest

from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.unit.workloads import refusals

PUBLIC = {"kind": "public", "chargeType": "TRAFFIC_POSTPAID_BY_HOUR", "bandwidth": 10}
INTERNAL = {"kind": "internal", "subnetId": "subnet-11111111"}
EXISTING = {"kind": "existing", "loadBalancerId": "lb-11111111"}
NONE = {"kind": "none"}


def state(**more: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "namespace": "default",
        "network": "eni",
        "direct": True,
        "service": INTERNAL,
        "allowAddressChange": False,
        **more,
    }


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (
            {"service": PUBLIC},
            {"service": INTERNAL},
            "exposure.kind: internal instead of public; a load balancer cannot change between",
        ),
        (
            {"service": PUBLIC},
            {"service": EXISTING},
            "exposure.kind: existing instead of public; a load balancer cannot change between",
        ),
        (
            {"service": PUBLIC},
            {"service": NONE},
            "exposure.kind: none instead of public; a load balancer cannot change between",
        ),
        (
            {"service": EXISTING},
            {"service": INTERNAL},
            "exposure.kind: internal instead of existing; a load balancer cannot change",
        ),
        (
            {"service": INTERNAL},
            {"service": {**INTERNAL, "subnetId": "subnet-22222222"}},
            (
                "exposure.subnet_id: subnet-22222222 instead of subnet-11111111; a load balancer cannot"
                " change its subnet"
            ),
        ),
        (
            {"service": EXISTING},
            {"service": {**EXISTING, "loadBalancerId": "lb-22222222"}},
            (
                "exposure.load_balancer_id: lb-22222222 instead of lb-11111111; a load balancer cannot change"
                " which one it is"
            ),
        ),
        (
            {"service": PUBLIC},
            {"service": {**PUBLIC, "chargeType": "BANDWIDTH_POSTPAID_BY_HOUR"}},
            (
                "exposure.charge_type: BANDWIDTH_POSTPAID_BY_HOUR instead of TRAFFIC_POSTPAID_BY_HOUR; a load"
                " balancer cannot change its"
            ),
        ),
        (
            {"service": PUBLIC},
            {"service": {**PUBLIC, "bandwidth": 20}},
            "exposure.bandwidth: 20 instead of 10; a load balancer cannot change its bandwidth",
        ),
        (
            {"ingress": PUBLIC},
            {"ingress": INTERNAL},
            "ingress.exposure.kind: internal instead of public; a load balancer cannot change",
        ),
        (
            {"ingress": PUBLIC},
            {},
            "ingress.exposure.kind: none instead of public; a load balancer cannot change between",
        ),
        ({}, {"name": "shop"}, "name: shop instead of web; the objects' name cannot change in place"),
        (
            {},
            {"namespace": "shop"},
            "namespace: shop instead of default; their namespace cannot change in place",
        ),
    ],
)
def test_a_change_that_would_cost_the_address_is_refused_until_allowed(
    before: dict[str, Any], after: dict[str, Any], what: str
) -> None:
    (line,) = refusals(state(**before), state(**after))
    assert line.startswith(what)
    assert "set allow_address_change=True to have it replaced, with a new address and a gap" in line
    assert refusals(state(**before), state(**after, allowAddressChange=True)) == []
    assert refusals(state(**before), state(**before)) == []


def test_a_load_balancer_may_come_and_a_name_without_one_may_change() -> None:
    assert refusals(state(service=NONE), state(service=PUBLIC)) == []
    assert refusals(state(service=NONE), state(service=NONE, name="shop")) == []


OWN, DEFAULT = {"app": "web", "tier": "front"}, {"app.kubernetes.io/name": "web"}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (DEFAULT, OWN, "app=web,tier=front instead of app.kubernetes.io/name=web"),
        (OWN, DEFAULT, "app.kubernetes.io/name=web instead of app=web,tier=front"),
        (OWN, {"app": "web"}, "app=web instead of app=web,tier=front"),
        (OWN, {**OWN, "tier": "back"}, "app=web,tier=back instead of app=web,tier=front"),
        (
            OWN,
            {"app": UNKNOWN, "tier": "back"},
            "app=(not known yet),tier=back instead of app=web,tier=front",
        ),
    ],
    ids=["given", "left out", "fewer", "another value", "another value beside an unknown one"],
)
def test_the_labels_by_which_pods_are_found_never_change_under_one_name(
    old: Any, new: Any, what: str
) -> None:
    before = what.split(" instead of ")[1]
    for more in ({}, {"service": NONE}, {"allowAddressChange": True}):
        assert refusals(state(selector=old, **more), state(selector=new, **more)) == [
            f"selector: {what}; Kubernetes cannot change it in place: the Service would select no pod, and"
            f" all pods would stop before others start; go back to {before}, or make another workload of"
            " another name beside it, move the clients, and remove this one"
        ]


def test_other_objects_and_unknown_labels_have_no_other_selector() -> None:
    assert refusals(state(selector=OWN), state(selector=dict(reversed(OWN.items())))) == []
    assert refusals(state(selector=OWN), state(selector={"app": "web", "tier": UNKNOWN})) == []
    assert refusals(state(selector=OWN), state(selector=UNKNOWN)) == []
    renamed = {"name": "shop", "selector": {"app.kubernetes.io/name": "shop"}, "allowAddressChange": True}
    assert refusals(state(selector=DEFAULT), state(**renamed)) == []
    earlier = {"network": "eni", "direct": True, "exposure": "public"}  # a stack of an earlier version
    assert refusals(earlier, state(selector=OWN)) == []


def claims(storage: object = "10Gi", **more: object) -> list[object]:
    return [{"metadata": {"name": "data", **more}, "spec": {"resources": {"requests": {"storage": storage}}}}]


@pytest.mark.parametrize("other", [claims("20Gi"), claims(labels={"a": "b"}), [*claims(), *claims()], []])
def test_the_volumes_of_a_statefulset_never_change_under_one_name(other: list[object]) -> None:
    (line,) = refusals(state(volumeClaims=claims()), state(volumeClaims=other))
    assert line.startswith(
        "volume_claims: are others than the StatefulSet was made with; Kubernetes cannot change them in place"
    )
    assert (
        refusals(
            state(volumeClaims=claims(), service=NONE), state(volumeClaims=other, service=NONE, name="shop")
        )
        == []
    )
    assert refusals(state(volumeClaims=other), state(volumeClaims=other)) == []
    assert refusals(state(), state(volumeClaims=other)) == []  # a stack of before, or a Deployment


def test_unknown_volumes_are_not_refused() -> None:
    assert refusals(state(volumeClaims=claims()), state(volumeClaims=UNKNOWN)) == []
    assert refusals(state(volumeClaims=claims()), state(volumeClaims=claims(UNKNOWN))) == []


def test_an_unknown_value_is_not_refused() -> None:
    assert (
        refusals(state(service=PUBLIC), state(service={**PUBLIC, "bandwidth": UNKNOWN}, name=UNKNOWN)) == []
    )


def test_the_first_preview_of_a_workload_refuses_nothing() -> None:
    assert refusals({}, state()) == []


ENI, BY_NODE_PORT = {"network": "eni", "direct": True}, {"network": "eni", "direct": False}
OVERLAY, OVERLAY_DIRECT = (
    {"network": "global_route", "direct": False},
    {"network": "global_route", "direct": True},
)


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [
        (OVERLAY, ENI, "1. network='eni', direct=False; 2. network='eni', direct=True"),
        (ENI, OVERLAY, "1. network='eni', direct=False; 2. network='global_route', direct=False"),
        (
            OVERLAY_DIRECT,
            ENI,
            (
                "1. network='global_route', direct=False; 2. network='eni', direct=False; 3. network='eni',"
                " direct=True"
            ),
        ),
        (
            ENI,
            OVERLAY_DIRECT,
            (
                "1. network='eni', direct=False; 2. network='global_route', direct=False; 3."
                " network='global_route', direct=True"
            ),
        ),
        (OVERLAY, BY_NODE_PORT, None),
        (BY_NODE_PORT, ENI, None),
        (ENI, BY_NODE_PORT, None),
        (BY_NODE_PORT, OVERLAY, None),
        (OVERLAY, OVERLAY_DIRECT, None),
    ],
)
def test_pods_change_their_network_only_behind_node_ports(
    before: dict[str, Any], after: dict[str, Any], steps: str | None
) -> None:
    lines = refusals(state(**before), state(**after))
    if steps is None:
        assert lines == []
    else:
        assert lines == [
            f"network: '{after['network']}' instead of '{before['network']}' while the load balancer sends to"
            " pods; backends of both networks cannot stand behind one direct load balancer, clients would be"
            f" dropped; take these steps, each with an up of its own: {steps}"
        ]


def test_without_a_load_balancer_the_network_changes_at_once() -> None:
    assert refusals(state(service=NONE, **OVERLAY), state(service=NONE, **ENI)) == []
