"""Annotations of raw objects that exclude each other, that TKE does not know, or whose values TKE cannot
read."""

from typing import Any

import pytest

from tests.cases.reported.reviewed import Preview, load, retyped, reviewed, states

S, T = "service.cloud.tencent.com/", "ingress.cloud.tencent.com/"
SUBNET, EXISTING = (
    "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid",
    "service.kubernetes.io/tke-existed-lbid",
)
CHARGE = "service.kubernetes.io/qcloud-loadbalancer-internet-charge-type"
BANDWIDTH = "service.kubernetes.io/qcloud-loadbalancer-internet-max-bandwidth-out"
PARAMETERS = "service.kubernetes.io/service.extensiveParameters"
A_SUBNET, A_BALANCER, BY_TRAFFIC = "subnet-aaaaaaaa", "lb-aaaaaaaa", "TRAFFIC_POSTPAID_BY_HOUR"
SERVICE, INGRESS = "core/v1:Service", "networking.k8s.io/v1:Ingress"


def made(
    kind: str, annotations: dict[str, Any], *, before: dict[str, Any] | None = None, **spec: Any
) -> Preview:
    """The object is created with the annotations; with `before` it had others."""
    preview = load("fixed-annotation-subnet")
    for side, state in states(preview, "front"):
        state["inputs"]["metadata"]["annotations"] = annotations if side == "newState" else before
        state["inputs"]["spec"] |= spec
    for step in preview["steps"]:
        if step["urn"].endswith("::front") and before is None:
            step["op"] = "create"
            del step["oldState"]
    return retyped(preview, "kubernetes:core/v1:Service", f"kubernetes:{kind}")


def found(preview: Preview, prefix: str = "annotation-") -> list[str]:
    return [
        f"{item['rule']} {item['severity']} {item['message']}"
        for item in reviewed(preview)[1]
        if item["rule"].startswith(prefix)
    ]


CONFLICTS = [
    (SERVICE, {f"{S}tke-service-config-auto": "true", f"{S}tke-service-config": "mine"}),
    (SERVICE, {EXISTING: A_BALANCER, SUBNET: A_SUBNET}),
    (SERVICE, {EXISTING: A_BALANCER, BANDWIDTH: "10"}),
    (SERVICE, {EXISTING: A_BALANCER, PARAMETERS: "{}"}),
    (SERVICE, {EXISTING: A_BALANCER, f"{S}pass-to-target": "true"}),
    (SERVICE, {SUBNET: A_SUBNET, CHARGE: BY_TRAFFIC}),
    (SERVICE, {SUBNET: A_SUBNET, "kubernetes.io/service.internetMaxBandwidthOut": "10"}),
    (SERVICE, {f"{S}cross-region-id": "ap-guangzhou"}),
    (INGRESS, {"kubernetes.io/ingress.existLbId": A_BALANCER, "kubernetes.io/ingress.subnetId": A_SUBNET}),
    (
        INGRESS,
        {"kubernetes.io/ingress.subnetId": A_SUBNET, "kubernetes.io/ingress.internetChargeType": BY_TRAFFIC},
    ),
    (INGRESS, {"kubernetes.io/ingress.rule-mix": "true", "kubernetes.io/ingress.rule-mix-both": "true"}),
    (INGRESS, {f"{T}auto-rewrite": "true", "kubernetes.io/ingress.rule-mix-both": "true"}),
    (INGRESS, {f"{T}tke-service-config-auto": "true", f"{T}tke-service-config": "mine"}),
    (INGRESS, {f"{T}enable-group": "true"}),
    (INGRESS, {"kubernetes.io/ingress.http-rules": "[]"}),
]


@pytest.mark.parametrize(
    ("kind", "annotations"), CONFLICTS, ids=[" + ".join(annotations) for _, annotations in CONFLICTS]
)
def test_annotations_that_do_not_go_together(kind: str, annotations: dict[str, Any]) -> None:
    (said,) = found(made(kind, annotations))
    assert said.startswith("annotation-conflict warning ")


def test_a_certificate_in_two_places() -> None:
    annotations = {f"{T}certificate": "[]"}
    assert found(made(INGRESS, annotations)) == []
    (said,) = found(made(INGRESS, annotations, tls=[{"secretName": "certificate"}]))
    assert "beside spec.tls" in said


HARMLESS = [
    (SERVICE, {f"{S}tke-service-config-auto": "false", f"{S}tke-service-config": "mine"}),
    (SERVICE, {EXISTING: A_BALANCER, f"{S}cross-region-id": "ap-guangzhou", f"{S}direct-access": "true"}),
    (
        SERVICE,
        {SUBNET: A_SUBNET, f"{S}pass-to-target": "true", f"{S}security-groups": "sg-aaaaaaaa,sg-bbbbbbbb"},
    ),
    (
        SERVICE,
        {
            "service.kubernetes.io/topology-mode": "Auto",
            "prometheus.io/scrape": "yes",
            "example.com/direct-access": "maybe",
        },
    ),
    (
        INGRESS,
        {
            "kubernetes.io/ingress.existLbId": A_BALANCER,
            f"{T}enable-group": "true",
            f"{T}auto-rewrite": "false",
        },
    ),
    (
        INGRESS,
        {
            "kubernetes.io/ingress.rule-mix": "true",
            "kubernetes.io/ingress.http-rules": "[]",
            f"{T}rewrite-support": "true",
        },
    ),
    (
        INGRESS,
        {
            "kubernetes.io/ingress.class": "nginx",
            "kubernetes.io/ingress.allow-http": "false",
            f"{T}direct-access": "True",
        },
    ),
]


@pytest.mark.parametrize(
    ("kind", "annotations"), HARMLESS, ids=[" + ".join(annotations) for _, annotations in HARMLESS]
)
def test_annotations_that_go_together(kind: str, annotations: dict[str, Any]) -> None:
    assert found(made(kind, annotations)) == []


def test_a_finding_of_the_state_before_the_change_is_not_repeated() -> None:
    annotations = {
        EXISTING: A_BALANCER,
        SUBNET: A_SUBNET,
        f"{S}direct-acess": "true",
        f"{S}pass-to-target": "yes",
    }
    assert found(made(SERVICE, {**annotations, "a": "b"}, before=annotations)) == []


MISSPELT = [
    (SERVICE, f"{S}direct-acess", f"{S}direct-access"),
    (SERVICE, f"{S}Direct-Access", f"{S}direct-access"),
    (SERVICE, "service.kubernetes.io/direct-access", f"{S}direct-access"),
    (SERVICE, "service.kubernetes.io/qcloud-loadbalancer-internal-subnet-id", SUBNET),
    (SERVICE, f"{S}tke-existed-lbid", EXISTING),
    (SERVICE, "service.kubernetes.io/tke-existing-lbid", EXISTING),
    (SERVICE, "service.cloud.tencent.cn/direct-access", f"{S}direct-access"),
    (SERVICE, f"{T}direct-access", f"{S}direct-access"),
    (INGRESS, f"{S}direct-access", f"{T}direct-access"),
    (INGRESS, "kubernetes.io/ingress.subnetID", "kubernetes.io/ingress.subnetId"),
    (INGRESS, "kubernetes.io/ingress.existLbID", "kubernetes.io/ingress.existLbId"),
    (INGRESS, f"{T}auto-rewrites", f"{T}auto-rewrite"),
]


@pytest.mark.parametrize(("kind", "key", "meant"), MISSPELT, ids=[key for _, key, _ in MISSPELT])
def test_a_key_that_tke_does_not_read_comes_with_the_nearest_known_key(
    kind: str, key: str, meant: str
) -> None:
    (said,) = found(made(kind, {key: "true"}))
    assert said.startswith("annotation-unknown warning ")
    assert meant in said


def test_a_key_under_the_prefix_that_resembles_none_is_a_note() -> None:
    (said,) = found(made(SERVICE, {f"{S}something-quite-new": "1"}))
    assert said.startswith("annotation-unknown note is not known here")


VALUES = [
    (SERVICE, f"{S}direct-access", "True"),
    (SERVICE, f"{S}pass-to-target", "yes"),
    (SERVICE, PARAMETERS, "{'VipIsp': 'CTCC'}"),
    (SERVICE, SUBNET, "subnet-1"),
    (SERVICE, EXISTING, A_SUBNET),
    (SERVICE, CHARGE, "BY_TRAFFIC"),
    (SERVICE, BANDWIDTH, "10M"),
    (SERVICE, BANDWIDTH, "4096"),
    (SERVICE, f"{S}security-groups", "sg-aaaaaaaa;sg-bbbbbbbb"),
    (INGRESS, "kubernetes.io/ingress.rule-mix", "TRUE"),
    (INGRESS, f"{T}listen-ports", "80,443"),
]


@pytest.mark.parametrize(("kind", "key", "value"), VALUES, ids=[f"{key}={value}" for _, key, value in VALUES])
def test_a_value_that_tke_cannot_read(kind: str, key: str, value: str) -> None:
    (said,) = found(made(kind, {key: value}), "annotation-value")
    assert repr(value) in said


def test_annotations_of_pods_are_looked_at_where_they_are_read() -> None:
    template = {
        "metadata": {"annotations": {"tke.cloud.tencent.com/network": "tke-route-eni"}},
        "spec": {"containers": []},
    }
    (said,) = found(made("apps/v1:DaemonSet", {}, template=template))
    assert "did you mean tke.cloud.tencent.com/networks?" in said
    (said,) = found(
        made("apps/v1:DaemonSet", {"tke.cloud.tencent.com/networks": "tke-route-eni"}, template={})
    )
    assert "is on the DaemonSet itself" in said
