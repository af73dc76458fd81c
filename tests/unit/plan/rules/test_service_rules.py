"""Services and Ingresses that are changed in place. Fixed annotations are in tests/cases/reported."""

from collections.abc import Iterator
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import SECRET, UNKNOWN

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


def test_another_selector_is_named_with_both_sides() -> None:
    ((rule, severity, text),) = found(
        resource_types.SERVICE,
        service(selector={"app": "web"}),
        service(selector={"app": "web", "slot": "green"}),
    )
    assert (rule, severity) == ("selector-changed", "warning")
    assert "web.spec.selector: app=web,slot=green instead of app=web; " in text


def test_a_selector_that_stays_is_no_finding() -> None:
    before = service(selector={"app": "web"})
    assert not list(found(resource_types.SERVICE, before, service(selector={"app": "web"})))


@pytest.mark.parametrize("after", [{"app": UNKNOWN}, UNKNOWN, SECRET])
def test_a_selector_that_the_preview_does_not_show_is_named(after: Any) -> None:
    ((rule, _, text),) = found(
        resource_types.SERVICE, service(selector={"app": "web"}), service(selector=after)
    )
    assert rule == "not-judged"
    assert "a value that the preview does not show) is not judged" in text


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
        ([WEB, TLS], [TLS, {**WEB, "name": "http"}], ""),
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


PATCH = f"{resource_types.SERVICE}Patch"


def test_fields_that_a_patch_gives_up_are_named_as_not_judged() -> None:
    ((rule, _, text),) = found(PATCH, service(ports=[WEB], selector={"app": "web"}), service())
    assert rule == "not-judged"
    assert "web: spec.ports (removed), spec.selector.app (web → none) are not judged" in text


def test_fields_that_a_patch_keeps_are_compared() -> None:
    before, after = (
        {"spec": {"selector": {"app": name}, "ports": [port]}} for name, port in (("a", WEB), ("b", TLS))
    )
    assert [rule for rule, _, _ in found(PATCH, before, after)] == ["selector-changed", "port-closed"]


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
    assert [rule for rule, _, _ in found(INGRESS, to("web"), to(UNKNOWN))] == ["not-judged"]


BACKEND = {"service": {"name": "web"}}


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ({"defaultBackend": BACKEND}, {}, "web.spec.rules: other requests is no longer served"),
        (
            {"defaultBackend": BACKEND},
            {"defaultBackend": {"service": {"name": "shop"}}},
            "web.spec.rules[other requests]: shop instead of web",
        ),
        ({"tls": [{"secretName": "a"}]}, {}, "web.spec.tls: HTTPS 443 is no longer served"),
    ],
)
def test_requests_that_an_ingress_no_longer_takes_or_sends_elsewhere(
    before: Json, after: Json, sentence: str
) -> None:
    texts = [text for _, _, text in found(INGRESS, ingress() | {"spec": before}, ingress() | {"spec": after})]
    assert any(text.startswith(sentence) for text in texts)


def test_listeners_of_an_ingress_that_the_annotation_closes() -> None:
    def listening(ports: str) -> Json:
        return {"metadata": {"name": "web", "annotations": {keys.INGRESS_LISTEN_PORTS: ports}}, "spec": {}}

    ((rule, _, text),) = found(
        INGRESS, listening('[{"HTTP": 80}, {"HTTPS": 443}]'), listening('[{"HTTP": 80.0}]')
    )
    assert rule == "port-closed"
    assert text.startswith(f"web.{keys.INGRESS_LISTEN_PORTS}: HTTPS 443 is no longer served")
    assert not list(found(INGRESS, listening('[{"HTTP": 80}]'), listening('[{"HTTP": 80}, {"HTTPS": 443}]')))
