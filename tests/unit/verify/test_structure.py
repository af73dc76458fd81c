"""The structure of a Service or Ingress, and its faults."""

import pytest

from pulumi_tke_hybrid.kube.client import NODE
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import Json
from pulumi_tke_hybrid.tke.rule import Severity
from pulumi_tke_hybrid.verify import cluster_snapshot
from pulumi_tke_hybrid.verify.cluster_snapshot import LISTENER_SETTINGS, ContainerSubnets, Frontend
from pulumi_tke_hybrid.verify.pod_structure import TrafficPath
from pulumi_tke_hybrid.verify.structure import Structure, check
from tests.unit.verify.objects import SUBNETS, FakeKube, good_pods, ingress, pod, service

SERVICE, INGRESS = Frontend("Service", "default", "web"), Frontend("Ingress", "default", "web")


def checked(kube: FakeKube, frontend: Frontend = SERVICE, subnets: ContainerSubnets = SUBNETS) -> Structure:
    return check(cluster_snapshot.read_objects(kube, frontend), subnets)


def faults(kube: FakeKube, frontend: Frontend = SERVICE) -> list[str]:
    return [f"{found.path}: {found.message}" for found in checked(kube, frontend).faults]


@pytest.mark.parametrize("frontend", [SERVICE, INGRESS])
def test_a_correct_structure_has_no_findings(frontend: Frontend) -> None:
    found = checked(FakeKube(), frontend)
    assert list(found.findings) == []
    assert found.path is TrafficPath.DIRECT
    assert found.layer7 is (frontend is INGRESS)
    assert [
        (row.pod, row.zone, row.network, row.annotated, row.requests_eni, row.gate) for row in found.rows
    ] == [
        ("web-0", "ap-guangzhou-4", "eni", True, True, "true"),
        ("web-1", "ap-guangzhou-6", "eni", True, True, "true"),
    ]


def test_an_annotated_pod_on_the_overlay_is_a_fault() -> None:
    """The pod has ENI annotation, request and gate, and an address of the overlay."""
    found = faults(FakeKube(pods=[good_pods()[0], pod("web-1", "10.0.1.4", "192.168.0.130")]))
    assert any("pod web-1: looks right and is not" in text and "192.168.0.130" in text for text in found)
    assert any("on the overlay in ap-guangzhou-6: web-1" in text for text in found)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (
            pod("web-1", "10.0.1.4", "10.0.64.9"),
            "10.0.64.9 is of ap-guangzhou-4, the node is in ap-guangzhou-6",
        ),
        (pod("web-1", "10.0.1.4", "10.0.99.9"), "lies in no container subnet"),
        (
            pod("web-1", "10.0.1.4", "10.0.68.2", requests_eni=False),
            "requests no tke.cloud.tencent.com/eni-ip",
        ),
        (pod("web-1", "10.0.1.4", "10.0.68.2", gate=""), "has no readiness gate"),
        (pod("web-1", "10.0.1.4", "10.0.68.2", gate="False"), "has not taken the pod"),
        (
            pod(
                "web-1",
                "10.0.1.4",
                "10.0.68.2",
                containers=[{"resources": {"limits": {"tke.cloud.tencent.com/eni-ip": "1"}}}] * 2,
            ),
            "requests 2 ENI addresses",
        ),
    ],
)
def test_a_fault_of_a_pod_names_the_pod_and_the_zone(bad: Json, words: str) -> None:
    ((found, zone),) = checked(FakeKube(pods=[good_pods()[0], bad])).faults.items()
    assert words in found.message
    assert (found.path, zone) == ("pod web-1", "ap-guangzhou-6")


def test_without_direct_access_a_service_goes_through_nodes() -> None:
    kube = FakeKube(services={"web": service(direct=False)})
    assert any("node ports and source NAT" in text for text in faults(kube))
    assert not checked(kube).keeps_source


def test_local_traffic_policy_keeps_the_source_without_direct_access() -> None:
    kube = FakeKube(
        services={"web": service(direct=False, externalTrafficPolicy="Local")},
        pods=[pod("web-0", "10.0.0.4", "192.168.0.70", annotated=False, requests_eni=False, gate="")],
    )
    found = checked(kube)
    assert (found.path, found.keeps_source, list(found.findings)) == (TrafficPath.LOCAL, True, [])


def test_an_ingress_without_direct_access_is_a_warning_because_the_header_names_the_client() -> None:
    found = checked(FakeKube(ingresses={"web": ingress(direct=False)}), INGRESS)
    assert [item.severity for item in found.findings] == [Severity.WARNING]


def test_a_globalrouter_pod_behind_direct_access_is_a_warning() -> None:
    kube = FakeKube(pods=[pod("web-0", "10.0.0.4", "192.168.0.70", annotated=False, requests_eni=False)])
    (found,) = checked(kube).findings
    assert found.severity is Severity.WARNING
    assert "belongs on the pod template" in found.message


def test_a_pod_without_an_address_has_the_reason() -> None:
    waiting = pod("web-1", "", "")
    waiting["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "message": "Insufficient tke.cloud.tencent.com/eni-ip"}
    ]
    (found,) = checked(FakeKube(pods=[good_pods()[0], waiting])).findings
    assert "Insufficient tke.cloud.tencent.com/eni-ip" in found.message


def test_the_setting_that_pins_a_client_is_named() -> None:
    assert (
        checked(FakeKube(services={"web": service(sessionAffinity="ClientIP")})).session
        == "the Service's sessionAffinity ClientIP"
    )
    frontend = service()
    frontend["metadata"]["annotations"][LISTENER_SETTINGS["Service"]] = "settings"
    listener = {"protocol": "TCP", "port": 80, "session": {"enable": True, "sessionExpireTime": 30}}
    config = {"metadata": {"name": "settings"}, "spec": {"loadBalancer": {"l4Listeners": [listener]}}}
    assert (
        "TkeServiceConfig settings"
        in checked(FakeKube(services={"web": frontend}, configs={"settings": config})).session
    )


def test_a_service_with_an_http_listener_is_layer_7() -> None:
    frontend = service()
    frontend["metadata"]["annotations"][keys.SERVICE_PROTOCOLS] = '{"80":{"protocol":["HTTP"]}}'
    assert checked(FakeKube(services={"web": frontend})).layer7


def test_a_backend_that_is_not_a_pod_is_a_fault() -> None:
    endpoints = [
        {"addresses": ["10.0.64.2"], "targetRef": {"kind": "Pod", "name": "web-0"}},
        {"addresses": ["10.0.50.1"]},
    ]
    found = checked(FakeKube(slices=[{"endpoints": endpoints}]))
    assert [item.message for item in found.faults] == ["backend 10.0.50.1 is no pod"]
    assert any("no endpoint yet: web-1" in item.message for item in found.findings)


def test_unreadable_objects_are_named_and_the_rest_is_checked() -> None:
    found = checked(FakeKube(forbidden={NODE}, pods=[pod("web-0", "10.0.0.4", "10.0.64.2", gate="")]))
    assert [item.unknown for item in found.findings] == [True, False]
    assert len(found.faults) == 1
    assert any("list nodes: not allowed" in item.message for item in found.findings)


def test_without_subnets_the_zone_check_is_named_as_not_run() -> None:
    (found,) = checked(FakeKube(), subnets=ContainerSubnets()).findings
    assert (found.severity, "--facts" in found.message) == (Severity.WARNING, True)


def test_no_pod_is_a_fault() -> None:
    assert faults(FakeKube(pods=[])) == ["Service default/web: selects no pod"]


def test_pods_that_are_being_deleted_are_not_judged() -> None:
    leaving = pod("web-2", "10.0.0.4", "192.168.0.70", gate="")
    leaving["metadata"]["deletionTimestamp"] = "2021-02-05T09:16:25Z"
    kube = FakeKube(pods=[*good_pods(), leaving])
    assert not faults(kube)
    assert cluster_snapshot.read_objects(kube, SERVICE).backends("").expected == {"web-0", "web-1"}
