"""Who stands behind what a plan replaces or deletes."""

from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import references, registry
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import UNKNOWN

SECRET = "kubernetes:core/v1:Secret"
CONFIG = "kubernetes:cloud.tencent.com/v1alpha1:TkeServiceConfig"
PROTOCOLS, SETTINGS = (
    "service.cloud.tencent.com/specify-protocol",
    "service.cloud.tencent.com/tke-service-config",
)


def step(kind: str, name: str, op: Op, old: dict[str, Any], new: dict[str, Any], **more: Any) -> Step:
    return Step(f"urn:pulumi:dev::demo::{kind}::{name}", kind, op, old, new, **more)


def found(*steps: Step) -> list[tuple[str, str]]:
    return [(finding.severity.value, finding.head) for finding in references.still_in_use(Plan(steps))]


def lost(kind: str, op: Op = Op.DELETE, **more: Any) -> Step:
    return step(
        kind, "lost", op, {"name": "a"}, {} if op is Op.DELETE else {"name": "b"}, id="id-aaaaaaaa", **more
    )


USERS = [
    (
        resource_types.SUBNET,
        step(resource_types.NODE_POOL, "pool", Op.SAME, {}, {"subnetIds": ["id-aaaaaaaa"]}),
        "NodePool pool",
    ),
    (
        resource_types.SUBNET,
        step(resource_types.ENDPOINT, "api", Op.SAME, {}, {"clusterIntranetSubnetId": "id-aaaaaaaa"}),
        "ClusterEndpoint api",
    ),
    (
        resource_types.SECURITY_GROUP,
        step(resource_types.NODE_POOL, "pool", Op.SAME, {}, {"config": {"groupIds": ["id-aaaaaaaa"]}}),
        "NodePool pool",
    ),
    (
        resource_types.SECURITY_GROUP,
        step(resource_types.LOAD_BALANCER, "clb", Op.UPDATE, {}, {"securityGroups": ["id-aaaaaaaa"]}),
        "Instance clb",
    ),
    (
        resource_types.CERTIFICATE,
        step(SECRET, "tls", Op.SAME, {}, {"stringData": {"qcloud_cert_id": "id-aaaaaaaa"}}),
        "Secret tls",
    ),
]


@pytest.mark.parametrize(
    ("kind", "user", "named"), USERS, ids=[f"{kind}-{named}" for kind, _, named in USERS]
)
def test_a_resource_that_names_the_lost_id_is_in_the_finding(kind: str, user: Step, named: str) -> None:
    ((severity, head),) = found(lost(kind), user)
    assert severity == "error"
    assert named in head


def test_a_certificate_that_its_users_follow_is_a_warning_and_not_where_one_keeps_the_old_id() -> None:
    renewed = lost(resource_types.CERTIFICATE, Op.REPLACE)
    follows = step(
        SECRET,
        "tls",
        Op.UPDATE,
        {"stringData": {"qcloud_cert_id": "id-aaaaaaaa"}},
        {"stringData": {"qcloud_cert_id": UNKNOWN}},
        sources={"stringData": [renewed.urn]},
    )
    keeps = step(SECRET, "other", Op.SAME, {}, {"stringData": {"qcloud_cert_id": "id-aaaaaaaa"}})
    assert [severity for severity, _ in found(renewed, follows)] == ["warning"]
    assert [severity for severity, _ in found(renewed, follows, keeps)] == ["error"]


@pytest.mark.parametrize(
    "left",
    [lost(resource_types.LOAD_BALANCER, Op.LEAVE), lost(resource_types.LOAD_BALANCER, Op.REPLACE, left=True)],
)
def test_a_resource_that_stays_in_the_cloud_is_not_lost(left: Step) -> None:
    assert (
        found(
            left,
            step(
                resource_types.SERVICE,
                "web",
                Op.SAME,
                {},
                {"metadata": {"annotations": {"a": "id-aaaaaaaa"}}},
            ),
        )
        == []
    )


def test_a_resource_that_only_stores_properties_is_no_user() -> None:
    guard = step(
        "pulumi-python:dynamic/tke-hybrid:WorkloadGuard",
        "guard",
        Op.SAME,
        {},
        {"service": {"loadBalancerId": "id-aaaaaaaa"}},
    )
    assert found(lost(resource_types.LOAD_BALANCER), guard) == []


def named(kind: str, name: str, op: Op = Op.DELETE, *, namespace: str = "default") -> Step:
    props = {"metadata": {"name": name, "namespace": namespace}}
    return step(kind, name, op, props, {} if op is Op.DELETE else props)


def service(**annotations: Any) -> Step:
    props = {
        "metadata": {"name": "web", "namespace": "default", "annotations": annotations},
        "spec": {"type": "LoadBalancer"},
    }
    return step(resource_types.SERVICE, "web", Op.SAME, props, props)


TLS = {"metadata": {"name": "shop", "namespace": "default"}, "spec": {"tls": [{"secretName": "tls"}]}}
SHOP = step(resource_types.INGRESS, "shop", Op.SAME, TLS, TLS)
ROUTES = {"metadata": TLS["metadata"], "spec": {"defaultBackend": {"service": {"name": "nodes"}}}}
ROUTED = step(resource_types.INGRESS, "routed", Op.SAME, ROUTES, ROUTES)


@pytest.mark.parametrize(
    ("gone", "user"),
    [
        (named(CONFIG, "mine"), service(**{SETTINGS: "mine"})),
        (named(SECRET, "tls"), service(**{PROTOCOLS: '{"443":{"protocol":["TCP_SSL"],"tls":"tls"}}'})),
        (named(SECRET, "tls"), SHOP),
        (named(resource_types.SERVICE, "nodes"), ROUTED),
    ],
    ids=["a configuration", "a Secret of a Service", "a Secret of an Ingress", "a Service of an Ingress"],
)
def test_objects_that_a_front_names_are_not_deleted_unnoticed(gone: Step, user: Step) -> None:
    ((severity, head),) = found(gone, user)
    assert severity == "error"
    assert "would be deleted" in head


def test_a_secret_that_is_replaced_under_its_name_is_a_warning() -> None:
    assert [severity for severity, _ in found(named(SECRET, "tls", Op.REPLACE), SHOP)] == ["warning"]


@pytest.mark.parametrize(
    "gone",
    [
        named(SECRET, "tls", namespace="other"),
        named(SECRET, "other"),
        named("kubernetes:core/v1:ConfigMap", "tls"),
    ],
    ids=["another namespace", "another name", "another kind"],
)
def test_objects_that_no_front_names_may_go(gone: Step) -> None:
    assert found(gone, SHOP) == []


def test_a_service_that_gets_another_name_is_lost_to_its_ingress() -> None:
    before, after = (
        {"metadata": {"name": name}, "spec": {"type": "NodePort"}} for name in ("nodes", "nodes-2")
    )
    ((severity, head),) = found(step(resource_types.SERVICE, "nodes", Op.REPLACE, before, after), ROUTED)
    assert (severity, head) == (
        "error",
        "Service default/nodes would be deleted; named by Ingress default/shop",
    )


def on_balancer(
    name: str, before: tuple[str, ...] | None, *after: str, balancer: str = "lb-aaaaaaaa"
) -> Step:
    """A Service of an own load balancer with ports such as `TCP 80`."""

    def props(ports: tuple[str, ...] | None) -> dict[str, Any]:
        listed = [{"protocol": port.split()[0], "port": int(port.split()[1])} for port in ports or ()]
        metadata = {"name": name, "annotations": {keys.SERVICE_EXISTING_LB: balancer}}
        return {"metadata": metadata, "spec": {"type": "LoadBalancer", "ports": listed}} if ports else {}

    op = Op.CREATE if before is None else Op.SAME if before == after else Op.UPDATE
    return step(resource_types.SERVICE, name, op, props(before), props(after))


def taken(*steps: Step) -> list[str]:
    found = [item for item in registry.several_findings(Plan(steps)) if item.rule.id == "listener-taken"]
    assert all(item.severity.value == "warning" for item in found)
    return [f"{item.path}: {item.head}" for item in found]


FIRST = on_balancer("web", ("TCP 80",), "TCP 80")


@pytest.mark.parametrize(
    "second", [on_balancer("shop", None, "TCP 80"), on_balancer("shop", ("TCP 81",), "TCP 80")]
)
def test_a_listener_that_two_services_want_is_named(second: Step) -> None:
    assert taken(FIRST, second) == [
        "shop.spec.ports: TCP 80 on load balancer lb-aaaaaaaa is also a port of Service default/web"
    ]


@pytest.mark.parametrize(
    "second",
    [
        on_balancer("shop", ("TCP 80",), "TCP 80"),
        on_balancer("shop", None, "UDP 80"),
        on_balancer("shop", None, "TCP 81"),
        on_balancer("shop", None, "TCP 80", balancer="lb-bbbbbbbb"),
    ],
    ids=["no change", "another protocol", "another port", "another load balancer"],
)
def test_listeners_that_do_not_meet(second: Step) -> None:
    assert taken(FIRST, second) == []
