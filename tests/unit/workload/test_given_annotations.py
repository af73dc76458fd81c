"""Annotations that a program gives to a workload: conflicts, misspelt keys, and later changes."""

from typing import Any

import pulumi
import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.tke.annotations import FIXED, On
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.unit.workloads import SUBNET, made, refusals

AUTO, T_AUTO = (
    "service.cloud.tencent.com/tke-service-config-auto",
    "ingress.cloud.tencent.com/tke-service-config-auto",
)
CHARGE_OLD = "kubernetes.io/service.internetChargeType"
PARAMETERS = "service.kubernetes.io/service.extensiveParameters"
PROTECTION = "service.cloud.tencent.com/modification-protection"
EXPIRY = "tke.cloud.tencent.com/claim-expired-duration"
NO_PARAMETERS = {PARAMETERS: "{}"}
BOTH = "kubernetes.io/ingress.rule-mix-both"
CERTIFICATE = "ingress.cloud.tencent.com/certificate"
OWN = tke.existing_clb("lb-11111111")


def ingress(annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"exposure": tke.internal(SUBNET), "certificate_id": "AbCd1234", **more}
    return {"exposure": tke.not_exposed(), "ingress": tke.IngressArgs(annotations=annotations, **described)}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "a generated configuration beside the component's own",
        {"service_annotations": {AUTO: "true"}, "listener": tke.ListenerArgs(session_seconds=60)},
        "beside listener",
    ),
    (
        "a generated one beside a named one",
        ingress({T_AUTO: "true", "ingress.cloud.tencent.com/tke-service-config": "mine"}),
        T_AUTO,
    ),
    (
        "all rules on both protocols, twice",
        ingress({BOTH: "true"}, both_protocols=True),
        "beside both_protocols",
    ),
    (
        "all rules on both protocols, and a redirect",
        ingress({BOTH: "true"}, redirect=True),
        "beside redirect",
    ),
    (
        "a certificate by hand",
        ingress({CERTIFICATE: '[{"qcloud_cert_id":["AbCd1234"]}]'}),
        "beside certificate_id",
    ),
    ("a certificate's id by hand", ingress({"qcloud_cert_id": "AbCd1234"}), "beside certificate_id"),
    (
        "internet billing of an internal load balancer",
        {"service_annotations": {CHARGE_OLD: "TRAFFIC_POSTPAID_BY_HOUR"}},
        "beside exposure.subnet_id",
    ),
    (
        "creation parameters of a load balancer that is there",
        {"exposure": OWN, "service_annotations": NO_PARAMETERS},
        "load_balancer_id",
    ),
    (
        "a load balancer's annotation without one",
        {"exposure": tke.not_exposed(), "service_annotations": NO_PARAMETERS},
        "exposure 'none'",
    ),
    (
        "no JSON",
        {"exposure": tke.public(), "service_annotations": {PARAMETERS: "{VipIsp: CTCC}"}},
        "is not JSON",
    ),
    ("no flag", {"service_annotations": {PROTECTION: "True"}}, '"true" or "false"'),
    (
        "no flag, known later",
        {"service_annotations": {PROTECTION: pulumi.Output.from_input("yes")}},
        "'yes'",
    ),
]


@pytest.mark.parametrize(("name", "described", "message"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_conflicting_annotations_are_refused_with_the_reason(
    name: str, described: dict[str, Any], message: str
) -> None:
    with pytest.raises(Exception, match="annotations") as refused:
        made(**described)
    assert message in str(refused.value), name


ALLOWED: list[dict[str, Any]] = [
    {"service_annotations": {AUTO: "true"}},
    {"service_annotations": {AUTO: "false"}, "listener": tke.ListenerArgs(session_seconds=60)},
    {
        "exposure": tke.public(),
        "service_annotations": {PARAMETERS: '{"VipIsp":"CTCC"}', CHARGE_OLD: "TRAFFIC_POSTPAID_BY_HOUR"},
    },
    {"service_annotations": {"prometheus.io/scrape": "yes", "example.com/direct-access": "maybe"}},
    {"exposure": tke.not_exposed(), "service_annotations": {"prometheus.io/scrape": "yes"}},
    ingress({BOTH: "true"}),
    {"pod_annotations": {"tke.cloud.tencent.com/eip-attributes": "{}", "prometheus.io/port": "80"}},
]


@pytest.mark.parametrize("described", ALLOWED, ids=[str(index) for index in range(len(ALLOWED))])
def test_compatible_annotations_have_no_finding(described: dict[str, Any]) -> None:
    graph = made(**described)
    assert graph.named("w-service").inputs
    assert [text for _, text in graph.said if "annotation" in text] == []


MISSPELT = [
    (
        {"service_annotations": {"service.cloud.tencent.com/modifcation-protection": "true"}},
        f"did you mean {PROTECTION}?",
    ),
    (
        {"pod_annotations": {f"{EXPIRY}s": "1h"}},
        f"did you mean {EXPIRY}?",
    ),
    (
        {"pod_annotations": {"service.cloud.tencent.com/lb-rs-weight": "{}"}},
        "is an annotation of a Service, not of a pod",
    ),
]


@pytest.mark.parametrize(("described", "message"), MISSPELT, ids=[message for _, message in MISSPELT])
def test_a_misspelt_key_is_a_warning_with_the_right_key(described: dict[str, Any], message: str) -> None:
    (finding,) = [(level, text) for level, text in made(**described).said if "[annotation-unknown]" in text]
    assert finding[0] == "warning"
    assert message in finding[1]


def state(**more: Any) -> dict[str, Any]:
    front = {"kind": "public"}
    return {
        "name": "web",
        "namespace": "default",
        "network": "eni",
        "direct": True,
        "service": front,
        "allowAddressChange": False,
        **more,
    }


def refused(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return refusals(state(**before), state(**after))


ONE, OTHER = {PARAMETERS: '{"VipIsp":"CTCC"}'}, {PARAMETERS: '{"VipIsp":"CMCC"}'}


@pytest.mark.parametrize(
    ("before", "after"), [(ONE, OTHER), (ONE, {}), ({}, ONE), (ONE, {PARAMETERS: UNKNOWN})]
)
def test_a_change_of_a_fixed_annotation_is_refused(before: dict[str, Any], after: dict[str, Any]) -> None:
    (line,) = refused({"serviceAnnotations": before}, {"serviceAnnotations": after})
    assert line.startswith(f"service_annotations[{PARAMETERS!r}]: ")
    assert "allow_address_change=True" in line
    assert (
        refused({"serviceAnnotations": before}, {"serviceAnnotations": after, "allowAddressChange": True})
        == []
    )


def test_a_change_of_a_fixed_annotation_of_an_ingress_is_refused() -> None:
    key = "kubernetes.io/ingress.extensiveParameters"
    front = {"ingress": {"kind": "public"}}
    (line,) = refused(
        {**front, "ingressAnnotations": {key: "{}"}}, {**front, "ingressAnnotations": {key: '{"a":1}'}}
    )
    assert line.startswith(f"ingress.annotations[{key!r}]: ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ONE, {PARAMETERS: '{ "VipIsp": "CTCC" }'}),
        (ONE, ONE),
    ],
    ids=["another spelling", "no change"],
)
def test_a_change_without_another_load_balancer_is_not_refused(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert refused({"serviceAnnotations": before}, {"serviceAnnotations": after}) == []


def test_the_component_stores_the_fixed_annotations() -> None:
    graph = made(exposure=tke.public(), service_annotations={**ONE, "a": "b"})
    assert graph.named("w").inputs["serviceAnnotations"] == ONE


def test_allow_address_change_lets_every_fixed_annotation_replace() -> None:
    of_service, of_ingress = ({known.key for known in FIXED[on]} for on in (On.SERVICE, On.INGRESS))
    assert {PARAMETERS, CHARGE_OLD, "service.cloud.tencent.com/cross-vpc-id"} <= of_service
    assert "kubernetes.io/ingress.extensiveParameters" in of_ingress
