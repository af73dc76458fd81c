"""The pods behind Services: addresses that pods see, Services that lose their pods, networks of pods."""

from collections.abc import Iterator
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import UNKNOWN, Props
from tests.unit.plan.rules.builders import NETWORKS

Json = dict[str, Any]
DIRECT = {keys.SERVICE_DIRECT_ACCESS: "true"}
LOCAL: Json = {"externalTrafficPolicy": "Local"}
PATCH = f"{resource_types.SERVICE}Patch"


def service(annotations: Json | None = None, kind: str = "LoadBalancer", **spec: Any) -> Json:
    return {"metadata": {"name": "web", "annotations": annotations or {}}, "spec": {"type": kind, **spec}}


def changed(type_: str, old: Json, new: Json) -> Iterator[tuple[str, str, str]]:
    """Rule, severity and sentence of each finding on one updated resource."""
    step = Step(f"urn:pulumi:dev::demo::{type_}::web", type_, Op.UPDATE, old, new)
    for finding in registry.plan_findings(Plan([step])):
        yield finding.rule.id, finding.severity.value, f"{finding.path}: {finding.message}"


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
@pytest.mark.parametrize("after", [{}, {"externalTrafficPolicy": "Cluster"}])
def test_a_service_that_leaves_the_local_policy_hides_the_clients(kind: str, after: Json) -> None:
    ((rule, severity, text),) = changed(
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
        (service(**LOCAL), service(DIRECT)),
        (service(DIRECT, **LOCAL), service(DIRECT)),
    ],
)
def test_the_policy_may_change_where_pods_see_their_clients(before: Json, after: Json) -> None:
    assert not list(changed(resource_types.SERVICE, before, after))


@pytest.mark.parametrize(("after", "rule"), [("Cluster", "source-address-lost"), (None, "not-judged")])
def test_a_patch_of_the_policy_is_a_warning(after: str | None, rule: str) -> None:
    new = {"spec": {"externalTrafficPolicy": after} if after else {}}
    assert [found[:2] for found in changed(PATCH, {"spec": LOCAL}, new)] == [(rule, "warning")]


def listening(before: Json, **protocols: list[str]) -> Json:
    """A Service on port 80, with the protocols of its listeners."""
    stated = (
        "{" + ", ".join(f'"{port[1:]}": {{"protocol": {names}}}' for port, names in protocols.items()) + "}"
    )
    annotations = before | {keys.SERVICE_PROTOCOLS: stated.replace("'", '"')}
    return service(annotations, ports=[{"port": 80}], **({} if before else LOCAL))


@pytest.mark.parametrize("mode", [DIRECT, {}], ids=["direct", "local"])
def test_a_listener_for_requests_hides_the_clients(mode: Json) -> None:
    ((rule, severity, text),) = changed(
        resource_types.SERVICE, listening(mode, p80=["TCP_SSL"]), listening(mode, p80=["HTTP", "HTTPS"])
    )
    assert (rule, severity) == ("source-address-lost", "error")
    assert text.startswith(
        f"web.{keys.SERVICE_PROTOCOLS}: HTTP, HTTPS on port 80 instead of a TCP or UDP listener"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (listening(DIRECT, p80=["HTTP"]), listening(DIRECT, p80=["HTTPS"])),
        (listening(DIRECT, p80=["TCP"]), listening(DIRECT, p80=["TCP", "UDP"])),
        (listening(DIRECT, p80=["TCP"]), listening(DIRECT, p80=["TCP"], p443=["HTTPS"])),
        (
            service({keys.SERVICE_PROTOCOLS: "{}"}, ports=[{"port": 80}]),
            service({keys.SERVICE_PROTOCOLS: '{"80": {"protocol": ["HTTP"]}}'}, ports=[{"port": 80}]),
        ),
    ],
    ids=["requests before", "no requests", "a new port", "pods saw no clients"],
)
def test_protocols_that_hide_no_client_that_pods_saw(before: Json, after: Json) -> None:
    assert not [
        rule for rule, _, _ in changed(resource_types.SERVICE, before, after) if rule == "source-address-lost"
    ]


def test_an_annotation_that_is_no_json_is_reported_by_its_own_rule() -> None:
    before, after = listening(DIRECT, p80=["TCP"]), listening(DIRECT, p80=["TCP"])
    after["metadata"]["annotations"][keys.SERVICE_PROTOCOLS] = '{"80": '
    assert [rule for rule, _, _ in changed(resource_types.SERVICE, before, after)] == ["annotation-value"]


def pods(network: str = "tke-route-eni", port: str = "http", **labels: str) -> Json:
    annotations = {NETWORKS: network} if network else {}
    containers = [{"name": "main", "ports": [{"containerPort": 8080, "name": port}]}]
    template = {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {"containers": containers},
    }
    return {"metadata": {"name": "web"}, "spec": {"replicas": 2, "template": template}}


def findings(*steps: Step) -> list[str]:
    rules = ("no-backends", "backend-networks")
    found = [item for item in registry.several_findings(Plan(steps)) if item.rule.id in rules]
    assert all(item.urn == steps[0].urn and item.severity.value == "warning" for item in found)
    return [f"{item.rule.id}: {item.path}: {item.head}" for item in found]


def step(type_: str, name: str, old: Props, new: Props, op: Op | None = None) -> Step:
    what = op or (Op.CREATE if not old else Op.DELETE if not new else Op.SAME if old == new else Op.UPDATE)
    return Step(f"urn:pulumi:dev::demo::{type_}::{name}", type_, what, old, new)


def front(annotations: Json | None = None, **spec: Any) -> Json:
    return service(annotations, selector={"app": "web"}, ports=[{"port": 80, "targetPort": "http"}], **spec)


def behind(before: Json, after: Json, old: Json | None = None, new: Json | None = None) -> list[str]:
    """The findings on a Service `front` and its pods, before and after."""
    first, second = front() if old is None else old, front() if new is None else new
    return findings(
        step(resource_types.SERVICE, "front", first, second),
        step(resource_types.DEPLOYMENT, "web", before, after),
    )


WEB = pods(app="web")


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (
            pods(app="shop"),
            "front.spec.selector: Service default/web selects no pods of this program any more",
        ),
        (
            pods(port="web", app="web"),
            "front.spec.ports[http]: Service default/web is no port of the pods any more",
        ),
    ],
)
def test_a_service_that_loses_its_pods_is_named(after: Json, sentence: str) -> None:
    assert behind(WEB, after) == [f"no-backends: {sentence}"]


def test_pods_under_another_name_and_label_leave_the_service_too() -> None:
    replaced = step(resource_types.DEPLOYMENT, "web", WEB, pods(app="shop"), Op.REPLACE)
    assert len(findings(step(resource_types.SERVICE, "front", front(), front()), replaced)) == 1


@pytest.mark.parametrize(
    "after",
    [
        {},
        WEB,
        pods(app="web", slot="green"),
        pods(app=UNKNOWN),
        {"metadata": {"name": "web"}, "spec": {"template": UNKNOWN}},
        {"metadata": {"name": "web"}, "spec": UNKNOWN},
    ],
    ids=["deleted", "same", "more labels", "a label", "the template", "the spec"],
)
def test_pods_that_stay_behind_their_service_or_are_not_known(after: Json) -> None:
    assert behind(WEB, after) == []


def test_other_pods_take_over_and_other_namespaces_do_not_count() -> None:
    other = step(resource_types.DEPLOYMENT, "other", {}, WEB)
    elsewhere = WEB | {"metadata": {"name": "web", "namespace": "shop"}}
    steps = (
        step(resource_types.SERVICE, "front", front(), front()),
        step(resource_types.DEPLOYMENT, "web", WEB, pods(app="shop")),
    )
    assert findings(*steps, other) == []
    assert len(findings(*steps, step(resource_types.DEPLOYMENT, "elsewhere", {}, elsewhere))) == 1


@pytest.mark.parametrize(
    "service",
    [front(), service(ports=[{"port": 80}]), service(selector={"app": UNKNOWN})],
    ids=["another selector", "no selector", "not known"],
)
def test_a_changed_or_hidden_selector_is_no_matter_of_the_pods(service: Json) -> None:
    assert behind(pods(app="shop"), pods(app="shop"), front(), service) == []


@pytest.mark.parametrize("kind", ["service", "ingress"])
def test_overlay_pods_behind_new_direct_access_are_named(kind: str) -> None:
    overlay = pods("", app="web")
    expected = (
        "backend-networks: front: pods of Deployment web have no addresses of container subnets, and stand"
        " behind direct access: the overlay (GlobalRouter)"
    )
    if kind == "service":
        assert behind(overlay, overlay, front(), front(DIRECT)) == [expected]
        assert behind(overlay, overlay, front(DIRECT), front(DIRECT)) == []
        return
    rules = [{"http": {"paths": [{"backend": {"service": {"name": "web"}}}]}}]
    ingress = {
        "metadata": {"name": "web", "annotations": {keys.INGRESS_DIRECT_ACCESS: "true"}},
        "spec": {"rules": rules},
    }
    assert findings(
        step(resource_types.SERVICE, "front", front(), front()),
        step(resource_types.DEPLOYMENT, "web", overlay, overlay),
        step(resource_types.INGRESS, "web", {}, ingress),
    ) == [expected]


def test_two_networks_behind_direct_access_are_named() -> None:
    steps = [
        step(resource_types.SERVICE, "front", front(DIRECT), front(DIRECT)),
        step(resource_types.DEPLOYMENT, "web", WEB, WEB),
    ]
    both = "VPC-CNI and the overlay (GlobalRouter) are the networks of the pods of Deployment web"
    mixed = step(resource_types.DEPLOYMENT, "more", {}, pods("", app="web"))
    assert findings(*steps, mixed) == [f"backend-networks: front: {both} behind direct access"]
    unchanged = step(resource_types.DEPLOYMENT, "more", mixed.new, mixed.new)
    assert findings(*steps, unchanged) == []


@pytest.mark.parametrize("before", ["", "tke-bridge"])
def test_pods_that_get_container_addresses_behind_direct_access_are_two_networks_for_a_while(
    before: str,
) -> None:
    (text,) = behind(pods(before, app="web"), WEB, front(DIRECT), front(DIRECT))
    assert text.endswith("behind direct access in the rollout")
    assert behind(pods(before, app="web"), WEB, front(DIRECT), front()) == []


def test_pods_that_leave_or_are_not_known_are_no_matter_of_direct_access() -> None:
    assert behind(WEB, pods("", app="web"), front(DIRECT), front(DIRECT)) == []  # `pods-leave-eni`
    assert behind(WEB, pods(UNKNOWN, app="web"), front(DIRECT), front(DIRECT)) == []
