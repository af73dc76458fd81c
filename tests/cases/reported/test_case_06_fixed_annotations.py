"""Annotations that TKE reads only when it makes a load balancer change on a raw Service or Ingress."""

import json
from typing import Any

import pytest

from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.cases.reported.reviewed import Preview, load, messages, retyped, reviewed, states

SUBNET = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
SERVICE_KEYS = {
    SUBNET: ("subnet-aaaaaaaa", "subnet-bbbbbbbb"),
    "service.kubernetes.io/tke-existed-lbid": ("lb-aaaaaaaa", "lb-bbbbbbbb"),
    "service.kubernetes.io/qcloud-loadbalancer-internet-charge-type": (
        "TRAFFIC_POSTPAID_BY_HOUR",
        "BANDWIDTH_POSTPAID_BY_HOUR",
    ),
    "service.kubernetes.io/qcloud-loadbalancer-internet-max-bandwidth-out": ("10", "20"),
    "service.kubernetes.io/service.extensiveParameters": (
        '{"ZoneId":"ap-guangzhou-4"}',
        '{"ZoneId":"ap-guangzhou-6"}',
    ),
    "service.cloud.tencent.com/cross-region-id": ("ap-guangzhou", "ap-shanghai"),
    "service.cloud.tencent.com/cross-vpc-id": ("vpc-aaaaaaaa", "vpc-bbbbbbbb"),
    "kubernetes.io/service.internetMaxBandwidthOut": ("10", "20"),
}
INGRESS_KEYS = {
    "kubernetes.io/ingress.subnetId": ("subnet-aaaaaaaa", "subnet-bbbbbbbb"),
    "kubernetes.io/ingress.existLbId": ("lb-aaaaaaaa", "lb-bbbbbbbb"),
    "kubernetes.io/ingress.internetChargeType": ("TRAFFIC_POSTPAID_BY_HOUR", "BANDWIDTH_POSTPAID_BY_HOUR"),
    "kubernetes.io/ingress.internetMaxBandwidthOut": ("10", "20"),
    "kubernetes.io/ingress.extensiveParameters": ('{"VipIsp":"CTCC"}', '{"VipIsp":"CMCC"}'),
    "ingress.cloud.tencent.com/cross-region-id": ("ap-guangzhou", "ap-shanghai"),
    "ingress.cloud.tencent.com/cross-vpc-id": ("vpc-aaaaaaaa", "vpc-bbbbbbbb"),
    "ingress.cloud.tencent.com/enable-group": ("true", "false"),
}
INGRESSES = ("networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1")


def changed(
    before: dict[str, Any], after: dict[str, Any], kind: str = "core/v1:Service", **spec: tuple[Any, Any]
) -> Preview:
    preview = load("fixed-annotation-subnet")
    for side, state in states(preview, "front"):
        old = side == "oldState"
        state["inputs"]["metadata"]["annotations"] = before if old else after
        state["inputs"]["spec"] |= {name: pair[0 if old else 1] for name, pair in spec.items()}
    return retyped(preview, "kubernetes:core/v1:Service", f"kubernetes:{kind}")


def test_another_subnet_is_a_danger_with_both_values() -> None:
    preview = load("fixed-annotation-subnet")
    (said,) = messages(preview, "fixed-annotation")
    assert said.startswith(f"front.{SUBNET}: subnet-an0ther0 instead of subnet-s3c0bo30")
    assert reviewed(preview)[0] == 2


def test_internal_to_public_is_a_danger_and_an_exposure() -> None:
    preview = load("fixed-annotation-internal-to-public")
    (said,) = messages(preview, "fixed-annotation")
    assert said.startswith(f"front.{SUBNET}: no value instead of subnet-s3c0bo30")
    (widened,) = messages(preview, "exposure-widened")
    assert widened.startswith(
        "front: from an internal load balancer (subnet-s3c0bo30) to a public load balancer"
    )
    assert reviewed(preview)[0] == 2


CHANGES = [
    *(
        (kind, key, pair)
        for kind in ("core/v1:Service", "core/v1:ServicePatch")
        for key, pair in SERVICE_KEYS.items()
    ),
    *((f"{version}:Ingress", key, pair) for version in INGRESSES for key, pair in INGRESS_KEYS.items()),
]


@pytest.mark.parametrize(("kind", "key", "pair"), CHANGES, ids=[f"{kind}-{key}" for kind, key, _ in CHANGES])
def test_every_fixed_key_that_changes_comes_or_goes(kind: str, key: str, pair: tuple[str, str]) -> None:
    one, other = pair
    for before, after in (
        ({key: one}, {key: other}),
        ({key: one}, {}),
        ({}, {key: one}),
        ({key: one}, {key: UNKNOWN}),
    ):
        (said,) = messages(changed(before, after, kind), "fixed-annotation")
        assert said.startswith(f"front.{key}: ")
        assert f"instead of {before.get(key, 'no value')}" in said


def test_annotations_that_are_not_known_as_a_whole_are_named() -> None:
    preview = changed({SUBNET: "subnet-aaaaaaaa"}, {})
    for side, state in states(preview, "front"):
        if side == "newState":
            state["inputs"]["metadata"]["annotations"] = UNKNOWN
    (said,) = messages(preview, "fixed-annotation")
    assert "known only during the update" in said


def test_a_patch_that_leaves_the_program_takes_its_annotations_away() -> None:
    preview = changed({SUBNET: "subnet-aaaaaaaa"}, {}, "core/v1:ServicePatch")
    for step in preview["steps"]:
        if step["urn"].endswith("::front"):
            step["op"] = "delete"
            del step["newState"]
    assert messages(preview, "fixed-annotation")


HARMLESS: dict[str, Preview] = {
    "another spelling of the same JSON": changed(
        {"service.kubernetes.io/service.extensiveParameters": '{"VipIsp":"CTCC","ZoneId":"a"}'},
        {"service.kubernetes.io/service.extensiveParameters": '{ "ZoneId": "a",\n "VipIsp": "CTCC" }'},
    ),
    "an empty value is none": changed({SUBNET: ""}, {}),
    "a key that TKE reads always": changed(
        {SUBNET: "subnet-aaaaaaaa", "service.cloud.tencent.com/modification-protection": "false"},
        {SUBNET: "subnet-aaaaaaaa", "service.cloud.tencent.com/modification-protection": "true"},
    ),
    "no load balancer before": changed({}, {SUBNET: "subnet-aaaaaaaa"}, type=("ClusterIP", "LoadBalancer")),
    "no load balancer afterwards": changed(
        {SUBNET: "subnet-aaaaaaaa"}, {}, type=("LoadBalancer", "ClusterIP")
    ),
    "never one": changed({SUBNET: "subnet-aaaaaaaa"}, {}, type=("ClusterIP", "ClusterIP")),
    "an Ingress of nginx": changed(
        {"kubernetes.io/ingress.class": "nginx", "kubernetes.io/ingress.subnetId": "subnet-aaaaaaaa"},
        {"kubernetes.io/ingress.class": "nginx"},
        "networking.k8s.io/v1:Ingress",
    ),
    "a kind of its own without TKE's annotations": changed(
        {"a": "b"}, {"a": "c"}, "serving.knative.dev/v1:Service"
    ),
}


def test_another_kind_with_annotations_of_tke_has_a_load_balancer_too() -> None:
    key = "kubernetes.io/ingress.subnetId"
    preview = changed({key: "subnet-aaaaaaaa"}, {key: "subnet-bbbbbbbb"}, "example.com/v1:Front")
    assert messages(preview, "fixed-annotation")[0].startswith(
        f"front.{key}: subnet-bbbbbbbb instead of subnet-aaaaaaaa"
    )


@pytest.mark.parametrize("name", HARMLESS)
def test_an_annotation_that_reaches_no_load_balancer_has_no_finding(name: str) -> None:
    assert messages(HARMLESS[name], "fixed-annotation") == []


@pytest.mark.parametrize(
    "after", [{"kubernetes.io/ingress.class": "nginx"}, {"kubernetes.io/ingress.class": UNKNOWN}]
)
def test_an_ingress_that_leaves_the_class_of_tke(after: dict[str, str]) -> None:
    preview = changed({"kubernetes.io/ingress.class": "qcloud"}, after, "networking.k8s.io/v1:Ingress")
    (said,) = messages(preview, "fixed-annotation")
    assert "instead of qcloud (the class of the Ingress)" in said


def test_the_class_may_move_from_the_annotation_to_the_field() -> None:
    preview = changed(
        {"kubernetes.io/ingress.class": "qcloud"},
        {},
        "networking.k8s.io/v1:Ingress",
        ingressClassName=(None, "qcloud"),
    )
    assert messages(preview, "fixed-annotation") == []


def test_the_reported_case_is_in_the_recorded_previews() -> None:
    assert json.dumps(load("fixed-annotation-subnet")).count("subnet-an0ther0") == 1
