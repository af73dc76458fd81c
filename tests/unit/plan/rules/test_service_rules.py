"""Services and Ingresses that are changed in place. Fixed annotations are in tests/cases/reported."""

from collections.abc import Iterator
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import UNKNOWN

Json = dict[str, Any]
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
DIRECT = {keys.SERVICE_DIRECT_ACCESS: "true"}
LOCAL: Json = {"externalTrafficPolicy": "Local"}
WEB, TLS, DNS = {"port": 80}, {"port": 443, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}


def service(annotations: Json | None = None, kind: str = "LoadBalancer", **spec: Any) -> Json:
    return {"metadata": {"name": "web", "annotations": annotations or {}}, "spec": {"type": kind, **spec}}


def ingress(*routes: tuple[str, str]) -> Json:
    rules = [{"host": host, "http": {"paths": [{"path": path}]}} for host, path in routes]
    return {"metadata": {"name": "web"}, "spec": {"rules": rules}}


def found(type_: str, old: Json, new: Json, op: Op = Op.UPDATE) -> Iterator[tuple[str, str, str]]:
    """Rule, severity and sentence of each finding on one step."""
    step = Step(f"urn:pulumi:dev::demo::{type_}::web", type_, op, old, new)
    for finding in registry.plan_findings(Plan([step])):
        yield finding.rule.id, finding.severity.value, f"{finding.path}: {finding.message}"


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
@pytest.mark.parametrize("after", [{}, {"externalTrafficPolicy": "Cluster"}])
def test_a_service_that_leaves_the_local_policy_hides_the_clients(kind: str, after: Json) -> None:
    ((rule, severity, text),) = found(
        resource_types.SERVICE, service(kind=kind, **LOCAL), service(kind=kind, **after)
    )
    assert (rule, severity) == ("source-address-lost", "error")
    assert "web.spec.externalTrafficPolicy: Cluster" in text
    assert "instead of Local; certain" in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (service(), service(**LOCAL)),
        (service(**LOCAL), service(**LOCAL)),
        (service(**LOCAL), service(externalTrafficPolicy=UNKNOWN)),
        (service(**LOCAL), service(DIRECT)),
        (service(DIRECT, **LOCAL), service(DIRECT)),
        (service(kind="NodePort", **LOCAL), service(kind="ClusterIP")),
    ],
)
def test_the_policy_may_change_where_pods_see_their_clients(before: Json, after: Json) -> None:
    assert not list(found(resource_types.SERVICE, before, after))


def test_another_selector_is_named_with_both_sides() -> None:
    ((rule, severity, text),) = found(
        resource_types.SERVICE,
        service(selector={"app": "web"}),
        service(selector={"app": "web", "slot": "green"}),
    )
    assert (rule, severity) == ("selector-changed", "warning")
    assert "web.spec.selector: app=web,slot=green instead of app=web; " in text


@pytest.mark.parametrize("after", [{"app": "web"}, {"app": UNKNOWN}, UNKNOWN])
def test_a_selector_that_stays_or_is_not_known_is_no_finding(after: Any) -> None:
    assert not list(found(resource_types.SERVICE, service(selector={"app": "web"}), service(selector=after)))


def test_a_service_without_a_selector_selects_no_pods() -> None:
    ((_, _, text),) = found(resource_types.SERVICE, service(selector={"app": "web"}), service())
    assert "web.spec.selector: no selector instead of app=web; " in text


@pytest.mark.parametrize(
    ("before", "after", "closed"),
    [
        ([WEB, TLS], [WEB], "TCP 443"),
        ([WEB, TLS, DNS], [TLS], "TCP 80, UDP 53"),
        ([WEB], [{"port": 81}], "TCP 80"),
        ([DNS], [{**DNS, "protocol": "TCP"}], "UDP 53"),
        ([{"port": 80.0}], [WEB, TLS], ""),
        ([WEB, TLS], [TLS, {**WEB, "targetPort": 8080, "name": "http"}], ""),
        ([WEB, TLS], [{"port": UNKNOWN}], ""),
        ([WEB], UNKNOWN, ""),
    ],
)
def test_a_port_that_a_service_loses_is_named(before: Any, after: Any, closed: str) -> None:
    texts = [
        text for rule, _, text in found(resource_types.SERVICE, service(ports=before), service(ports=after))
        if rule == "port-closed"
    ]  # fmt: skip
    assert [text.split(" is no longer")[0] for text in texts] == (
        [f"web.spec.ports: {closed}"] if closed else []
    )


def test_a_host_or_path_that_an_ingress_loses_is_named() -> None:
    before = ingress(("shop.example.com", "/"), ("shop.example.com", "/api"), ("old.example.com", "/"))
    ((rule, _, text),) = found(INGRESS, before, ingress(("shop.example.com", "/"), ("new.example.com", "/")))
    assert rule == "port-closed"
    assert "web.spec.rules: shop.example.com/api, old.example.com/ is no longer served" in text


def test_a_patch_that_gives_fields_up_is_not_compared() -> None:
    patch = f"{resource_types.SERVICE}Patch"
    assert not list(found(patch, service(ports=[WEB], selector={"app": "web"}), service()))


def test_a_replaced_service_has_the_finding_of_the_replacement_alone() -> None:
    before, after = service(ports=[WEB], **LOCAL), service(ports=[TLS])
    assert [rule for rule, _, _ in found(resource_types.SERVICE, before, after, Op.REPLACE)] == [
        "balancer-replaced"
    ]


@pytest.mark.parametrize(
    "shape", [lambda name: {"service": {"name": name}}, lambda name: {"serviceName": name}]
)
def test_a_path_that_goes_to_another_service_is_named(shape: Any) -> None:
    def to(name: Any) -> Json:
        paths = [{"path": "/", "backend": shape(name)}, {"path": "/api", "backend": shape("api")}]
        return {
            "metadata": {"name": "web"},
            "spec": {"rules": [{"host": "shop.example.com", "http": {"paths": paths}}]},
        }

    ((rule, severity, text),) = found(INGRESS, to("web"), to("web-2"))
    assert (rule, severity) == ("selector-changed", "warning")
    assert "web.spec.rules[shop.example.com/]: web-2 instead of web; " in text
    assert not list(found(INGRESS, to("web"), to("web")))
    assert not list(found(INGRESS, to("web"), to(UNKNOWN)))
