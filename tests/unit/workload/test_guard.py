"""What a component stores of a workload: ids that a preview does not know any more."""

from typing import Any

import pulumi
import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from pulumi_tke_hybrid.workload.guard import fingerprint, with_defaults
from tests.unit.workloads import SUBNET, made, refusals

EXISTING = {"kind": "existing", "loadBalancerId": "lb-11111111"}
INTERNAL = {"kind": "internal", "subnetId": "subnet-11111111"}
IDS = {
    "exposure.security_groups[0]": "sg-11111111",
    "nominated_subnets[0]": "subnet-22222222",
    "ports[0].certificate_id": "AbCd1234",
}


def state(**more: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "namespace": "default",
        "network": "eni",
        "direct": True,
        "service": {"kind": "none"},
        "allowAddressChange": False,
        **more,
    }


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, _: found.append(text))
    return found


def refused(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return refusals(state(**before), state(**after))


@pytest.mark.parametrize(
    ("front", "known", "name", "path"),
    [
        ("service", EXISTING, "loadBalancerId", "exposure.load_balancer_id"),
        ("ingress", EXISTING, "loadBalancerId", "ingress.exposure.load_balancer_id"),
        ("service", INTERNAL, "subnetId", "exposure.subnet_id"),
        ("ingress", INTERNAL, "subnetId", "ingress.exposure.subnet_id"),
    ],
)
def test_a_lost_id_is_refused_at_preview_with_the_known_id(
    front: str, known: dict[str, str], name: str, path: str
) -> None:
    lost = {**known, name: UNKNOWN}
    (line,) = refused({front: known}, {front: lost})
    assert line.startswith(
        f"{path}: is not known any more, and was {known[name]}; what it comes from is replaced or lost; a"
        " load balancer"
    )
    assert f"keep {known[name]}" in line
    assert "set allow_address_change=True" in line
    assert refused({front: known}, {front: lost, "allowAddressChange": True}) == []
    assert refused({front: known}, {front: known}) == []
    # No value was known before: a first `up`, or a failed `up`.
    assert refused({front: lost}, {front: lost}) == []
    assert refused({front: {"kind": "none"}}, {front: lost}) == []


def test_a_lost_id_is_a_warning_where_another_load_balancer_is_allowed(
    warnings: list[str],
) -> None:
    lost = {
        "service": {**EXISTING, "loadBalancerId": UNKNOWN},
        "ingress": {**INTERNAL, "subnetId": UNKNOWN},
        "allowAddressChange": True,
    }
    assert refused({"service": EXISTING, "ingress": INTERNAL}, lost) == []
    assert warnings == [
        (
            "exposure.load_balancer_id: is not known any more, and was lb-11111111; what it comes from is"
            " replaced or lost"
        ),
        (
            "ingress.exposure.subnet_id: is not known any more, and was subnet-11111111; what it comes from"
            " is replaced or lost"
        ),
    ]
    refused({"service": EXISTING}, {"service": EXISTING, "allowAddressChange": True})
    assert len(warnings) == 2


def test_another_kind_of_load_balancer_is_one_finding() -> None:
    (line,) = refused({"service": INTERNAL}, {"service": {**EXISTING, "loadBalancerId": UNKNOWN}})
    assert line.startswith("exposure.kind: existing instead of internal; ")


@pytest.mark.parametrize("path", IDS)
def test_a_lost_id_that_may_change_in_place_is_a_warning(path: str, warnings: list[str]) -> None:
    assert refused({"ids": IDS}, {"ids": {**IDS, path: UNKNOWN}}) == []
    assert warnings == [
        f"{path}: is not known any more, and was {IDS[path]}; what it comes from is replaced or lost"
    ]
    refused({"ids": IDS}, {"ids": IDS})
    refused({}, {"ids": {path: UNKNOWN}})
    assert len(warnings) == 1


def test_the_component_stores_every_id() -> None:
    graph = made(
        exposure=tke.public(security_groups=["sg-11111111"]),
        nominated_subnets=["subnet-22222222"],
        ports=[{"port": 443, "protocol": "TCP_SSL", "certificate_id": "AbCd1234"}],
        ingress={
            "exposure": {"kind": "public", "security_groups": ["sg-33333333"]},
            "certificate_id": "EfGh5678",
        },
    )
    assert graph.named("w").inputs["ids"] == {
        **IDS,
        "ingress.exposure.security_groups[0]": "sg-33333333",
        "ingress.certificate_id": "EfGh5678",
    }
    assert "ids" not in made().named("w").inputs


def test_a_workload_has_a_component_and_three_objects() -> None:
    names = [resource.name for resource in made(exposure=tke.existing_clb("lb-12345678")).resources]
    assert names[0] == "cluster"
    assert names[1] == "w"
    assert sorted(names[2:]) == ["w-deployment", "w-pdb", "w-service"]


STORED = {"name": "w", "service": {"kind": "internal", "subnetId": SUBNET}}
DEFAULTS = {
    "namespace": "default",
    "selector": {"app.kubernetes.io/name": "w"},
    "network": "eni",
    "direct": True,
    "serviceAnnotations": {},
    "ingressAnnotations": {},
    "allowAddressChange": False,
}
"""Inputs that earlier versions of the package have stored."""


def test_a_component_stores_no_default_and_nothing_that_its_objects_hold() -> None:
    explicit = {"namespace": "default", "network": "eni", "direct": True, "allow_address_change": False}
    for more in ({}, explicit, {"replicas": 5, "env": {"A": "b"}}):
        assert made(**more).named("w").inputs == STORED


def test_stored_defaults_and_absent_ones_are_the_same() -> None:
    assert refusals({**STORED, **DEFAULTS}, STORED) == []
    assert refusals(STORED, {**STORED, **DEFAULTS}) == []
    assert fingerprint(with_defaults(STORED)) == fingerprint({**STORED, **DEFAULTS})


@pytest.mark.parametrize(
    ("changed", "start"),
    [
        ({"namespace": "shop"}, "namespace: shop instead of default; "),
        ({"selector": {"app": "shop"}}, "selector: app=shop instead of app.kubernetes.io/name=w; "),
        ({"network": "global_route"}, "network: 'global_route' instead of 'eni' while the load balancer"),
        (
            {"serviceAnnotations": {"service.kubernetes.io/service.extensiveParameters": "{}"}},
            "service_annotations['service.kubernetes.io/service.extensiveParameters']: ",
        ),
    ],
)
def test_a_change_from_or_to_a_default_is_refused(changed: dict[str, Any], start: str) -> None:
    (line,) = refusals(STORED, {**STORED, **changed})
    assert line.startswith(start)
    assert len(refusals({**STORED, **changed}, STORED)) == 1
