"""Fields that no rule reads, and values that the preview does not show: each is named, and no other field."""

from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import SECRET, UNKNOWN

Json = dict[str, Any]
SERVICE, INGRESS, DEPLOYMENT = resource_types.SERVICE, resource_types.INGRESS, resource_types.DEPLOYMENT
HIDDEN = "a value that the preview does not show"
SETTINGS = "service.cloud.tencent.com/tke-service-config"


def named(type_: str, old: Json, new: Json, op: Op = Op.UPDATE, **more: Any) -> list[str]:
    """The values of the findings on fields that are not judged."""
    step = Step(f"urn:pulumi:dev::demo::{type_}::it", type_, op, old, new, **more)
    found = [item for item in registry.plan_findings(Plan([step])) if item.rule.id == "not-judged"]
    assert all(item.urn == step.urn and item.severity.value == "warning" for item in found)
    return [part for item in found for part in item.value.split("), ")]


def front(annotations: Json | None = None, **spec: Any) -> Json:
    return {
        "metadata": {"name": "it", "annotations": annotations or {}},
        "spec": {"type": "LoadBalancer", **spec},
    }


def pods(annotations: Any, **spec: Any) -> Json:
    return {
        "spec": {"template": {"metadata": {"annotations": annotations}, "spec": {"containers": []}}, **spec}
    }


PORT: Json = {"port": 80, "targetPort": 8080}
PATH: Json = {
    "path": "/",
    "pathType": "Prefix",
    "backend": {"service": {"name": "web", "port": {"number": 80}}},
}


def routes(**fields: Any) -> Json:
    return {
        "metadata": {"name": "it"},
        "spec": {"rules": [{"host": "a.b", "http": {"paths": [PATH | fields]}}]},
    }


UNREAD: list[tuple[str, Json, Json, str]] = [
    (SERVICE, front(), front(sessionAffinity="ClientIP"), "spec.sessionAffinity (none → ClientIP)"),
    (
        SERVICE,
        front(loadBalancerSourceRanges=["10.0.0.0/8"]),
        front(),
        "spec.loadBalancerSourceRanges (removed)",
    ),
    (
        SERVICE,
        front(ports=[PORT]),
        front(ports=[PORT | {"targetPort": 90}]),
        "spec.ports[TCP 80].targetPort (8080 → 90)",
    ),
    (SERVICE, front(), front({SETTINGS: "slow"}), f"metadata.annotations.{SETTINGS} (none → slow)"),
    (SERVICE, front(type="NodePort"), front(type="ClusterIP"), "spec.type (NodePort → ClusterIP)"),
    (INGRESS, routes(), routes(pathType="Exact"), "spec.rules[a.b/].pathType (Prefix → Exact)"),
    (
        INGRESS,
        {"spec": {"tls": [{"secretName": "a"}]}},
        {"spec": {"tls": [{"secretName": "b"}]}},
        "spec.tls (changed)",
    ),
    (resource_types.VPC, {"dnsServers": ["10.0.0.2"]}, {"dnsServers": ["10.0.0.3"]}, "dnsServers (changed)"),
    (resource_types.SUBNET, {}, {"routeTableId": "rtb-11111111"}, "routeTableId (none → rtb-11111111)"),
    (
        resource_types.ENDPOINT,
        {"clusterIntranet": True},
        {"clusterIntranet": False},
        "clusterIntranet (true → false)",
    ),
    (
        resource_types.CLUSTER,
        {"clusterVersion": "1.30"},
        {"clusterVersion": "1.32"},
        "clusterVersion (1.30 → 1.32)",
    ),
    (resource_types.LOAD_BALANCER, {"bandwidth": 100}, {"bandwidth": 1}, "bandwidth (100 → 1)"),
    (resource_types.NODE_POOL, {}, {"taints": [{"key": "a", "effect": "NoExecute"}]}, "taints (added)"),
    (
        resource_types.NODE_POOL,
        {"autoScalingConfig": {"instanceType": "S5.MEDIUM4", "orderlySecurityGroupIds": ["sg-a"]}},
        {"autoScalingConfig": {"instanceType": "S5.LARGE8", "orderlySecurityGroupIds": ["sg-b"]}},
        "autoScalingConfig.orderlySecurityGroupIds (changed)",
    ),
    ("pulumi:providers:tencentcloud", {"region": "ap-a"}, {"region": "ap-b"}, "region (ap-a → ap-b)"),
    ("pulumi:providers:kubernetes", {}, {"context": "prod"}, "context (none → prod)"),
    (
        DEPLOYMENT,
        pods({keys.NETWORKS: "tke-route-eni"}),
        pods({keys.NETWORKS: "tke-bridge,tke-route-eni"}),
        f"spec.template.metadata.annotations.{keys.NETWORKS} (tke-route-eni → tke-bridge,tke-route-eni)",
    ),
]


@pytest.mark.parametrize(
    ("type_", "old", "new", "field"), UNREAD, ids=[each[3].split(" (")[0] for each in UNREAD]
)
def test_a_field_that_no_rule_reads_is_named(type_: str, old: Json, new: Json, field: str) -> None:
    assert [text.rstrip(")") for text in named(type_, old, new)] == [field.rstrip(")")]
    assert named(type_, new, new) == []


HARMLESS: list[tuple[str, Json, Json]] = [
    (SERVICE, front(ports=[PORT]), front(ports=[PORT | {"name": "http"}])),
    (SERVICE, front({"owner": "a"}), front({"owner": "b"})),
    (SERVICE, {"metadata": {"labels": {"a": "b"}}}, {"metadata": {"labels": {"a": "c"}}}),
    (DEPLOYMENT, pods({"owner": "a"}, replicas=2), pods({"owner": "b"}, replicas=3)),
    (DEPLOYMENT, pods({}, minReadySeconds=1), pods({}, minReadySeconds=2)),
    (
        resource_types.CLUSTER,
        {"clusterName": "a", "__defaults": []},
        {"clusterName": "b", "__defaults": ["x"]},
    ),
    (resource_types.NODE_POOL, {"maxSize": 3, "labels": {}}, {"maxSize": 5, "labels": {"a": "b"}}),
    (resource_types.CLUSTER, {"eniSubnetIds": ["subnet-a"]}, {"eniSubnetIds": ["subnet-a", UNKNOWN]}),
    ("pulumi:providers:tencentcloud", {"secretKey": SECRET}, {"secretKey": UNKNOWN}),
    (
        "kubernetes:policy/v1:PodDisruptionBudget",
        {"spec": {"minAvailable": 1}},
        {"spec": {"minAvailable": 2}},
    ),
]


@pytest.mark.parametrize(("type_", "old", "new"), HARMLESS)
def test_a_field_without_effect_on_traffic_is_not_named(type_: str, old: Json, new: Json) -> None:
    assert named(type_, old, new) == []


DIRECT = f"metadata.annotations.{keys.SERVICE_DIRECT_ACCESS}"
ON = front({keys.SERVICE_DIRECT_ACCESS: "true"})


@pytest.mark.parametrize("hidden", [UNKNOWN, SECRET])
@pytest.mark.parametrize(
    ("type_", "old", "path", "field"),
    [
        (SERVICE, ON, ("metadata", "annotations", keys.SERVICE_DIRECT_ACCESS), f"{DIRECT} (true → {HIDDEN}"),
        (SERVICE, front(), ("spec", "type"), f"spec.type (LoadBalancer → {HIDDEN}"),
        (SERVICE, front(), ("spec",), f"spec (a longer value → {HIDDEN}"),
        (
            SERVICE,
            front(externalTrafficPolicy="Local"),
            ("spec", "externalTrafficPolicy"),
            "spec.externalTrafficPolicy",
        ),
        (
            DEPLOYMENT,
            pods({keys.NETWORKS: "tke-route-eni"}),
            ("spec", "template"),
            "spec.template (a longer value",
        ),
        (DEPLOYMENT, pods({}, replicas=2), ("spec", "replicas"), f"spec.replicas (2 → {HIDDEN}"),
        (
            resource_types.CLUSTER,
            {"eniSubnetIds": ["subnet-a"]},
            ("eniSubnetIds",),
            "eniSubnetIds (a longer value",
        ),
        (
            resource_types.NODE_POOL,
            {"desiredCapacity": 3},
            ("desiredCapacity",),
            f"desiredCapacity (3 → {HIDDEN}",
        ),
    ],
)
def test_a_value_that_becomes_hidden_is_named(
    type_: str, old: Json, path: tuple[str, ...], field: str, hidden: str
) -> None:
    def replaced(value: Any, rest: tuple[str, ...]) -> Any:
        return {**value, rest[0]: replaced(value.get(rest[0], {}), rest[1:])} if rest else hidden

    (text,) = named(type_, old, replaced(old, path))
    assert text.startswith(field)


@pytest.mark.parametrize(
    ("type_", "props", "diff", "field"),
    [
        (SERVICE, front({SETTINGS: SECRET}), [f'metadata.annotations["{SETTINGS}"]'], "metadata.annotations"),
        (SERVICE, front(selector=SECRET), ["spec", "spec.selector"], "spec.selector (secret"),
        (SERVICE, front(selector=SECRET), ["spec"], "spec.selector (secret"),
        (DEPLOYMENT, pods({}, replicas=SECRET), ["spec.replicas"], "spec.replicas (secret"),
        (resource_types.CLUSTER, {"eniSubnetIds": [SECRET]}, ["eniSubnetIds"], "eniSubnetIds (secret"),
    ],
)  # fmt: skip
def test_a_secret_that_the_provider_reports_as_changed_is_named(
    type_: str, props: Json, diff: list[str], field: str
) -> None:
    (text,) = named(type_, props, props, diff_keys=diff)
    assert text.startswith(field)


def test_a_secret_beside_the_reported_field_is_not_named() -> None:
    props = front({SETTINGS: SECRET}, selector=SECRET)
    assert (
        named(SERVICE, props, props, diff_keys=["spec", "spec.ports", 'metadata.labels["a"]', "metadata"])
        == []
    )


@pytest.mark.parametrize(
    ("type_", "props", "field"),
    [
        (
            SERVICE,
            {"spec": {"externalTrafficPolicy": "Cluster"}},
            "spec.externalTrafficPolicy (none → Cluster",
        ),
        (SERVICE, front({keys.SERVICE_DIRECT_ACCESS: "false"}) | {"spec": {}}, f"{DIRECT} (none → false"),
        (DEPLOYMENT, {"spec": {"replicas": 0}}, "spec.replicas (none → 0"),
        (
            DEPLOYMENT,
            pods({keys.NETWORKS: "tke-bridge"}),
            f"spec.template.metadata.annotations.{keys.NETWORKS} (none",
        ),
    ],
)
def test_each_field_of_a_new_patch_is_named(type_: str, props: Json, field: str) -> None:
    (text,) = named(f"{type_}Patch", {}, props, Op.CREATE)
    assert text.startswith(field)


def test_a_new_patch_of_labels_is_not_named() -> None:
    assert named(f"{SERVICE}Patch", {}, {"metadata": {"labels": {"a": "b"}}}, Op.CREATE) == []


@pytest.mark.parametrize("hidden", [UNKNOWN, SECRET])
def test_new_pods_that_the_preview_does_not_show_are_named(hidden: str) -> None:
    (text,) = named(DEPLOYMENT, {}, {"spec": {"template": hidden}}, Op.CREATE)
    assert text.startswith("spec.template (none")
    assert named(DEPLOYMENT, {}, pods({keys.NETWORKS: "tke-route-eni"}), Op.CREATE) == []


def test_a_resource_that_follows_a_replaced_cluster_is_not_named() -> None:
    before, after = (
        {"clusterId": given, "clusterIntranet": given != UNKNOWN} for given in ("cls-aaaaaaaa", UNKNOWN)
    )
    assert named(resource_types.ENDPOINT, before, after) == []
