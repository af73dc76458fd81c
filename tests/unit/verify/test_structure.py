"""The structure as the API shows it, and what is wrong with it."""

from typing import Any

import pytest

from pulumi_tke_hybrid.cli.exit_code import WrongUse
from pulumi_tke_hybrid.kube.client import NODE
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.cluster_facts import ClusterFacts
from pulumi_tke_hybrid.tke.rule import Severity
from pulumi_tke_hybrid.tke.values import Json
from pulumi_tke_hybrid.verify import cluster
from pulumi_tke_hybrid.verify.cluster import LISTENER_SETTINGS, ContainerSubnets, Frontend
from pulumi_tke_hybrid.verify.pod_structure import TrafficPath
from pulumi_tke_hybrid.verify.structure import Structure, check
from tests.unit.verify.objects import SUBNETS, FakeKube, good_pods, ingress, pod, service, two_zones

SERVICE, INGRESS = Frontend("Service", "default", "web"), Frontend("Ingress", "default", "web")


def checked(kube: FakeKube, frontend: Frontend = SERVICE, subnets: ContainerSubnets = SUBNETS) -> Structure:
    return check(cluster.read_objects(kube, frontend), subnets)


def faults(kube: FakeKube, frontend: Frontend = SERVICE) -> list[str]:
    return [f"{found.path}: {found.message}" for found in checked(kube, frontend).faults]


@pytest.mark.parametrize("frontend", [SERVICE, INGRESS])
def test_a_good_one_has_no_findings(frontend: Frontend) -> None:
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


def test_the_one_that_looks_right_and_is_not() -> None:
    """ENI annotation, request and gate, but the overlay's address: row 23 of the reference's list."""
    found = faults(FakeKube(pods=[good_pods()[0], pod("web-1", "10.0.1.4", "192.168.0.130")]))
    assert any("pod web-1: looks right and is not" in text and "192.168.0.130" in text for text in found)
    assert any("on the overlay in ap-guangzhou-6: web-1" in text for text in found)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (
            pod("web-1", "10.0.1.4", "10.0.64.9"),
            "10.0.64.9 is of ap-guangzhou-4, its node is in ap-guangzhou-6",
        ),
        (pod("web-1", "10.0.1.4", "10.0.99.9"), "lies in no container subnet"),
        (pod("web-1", "10.0.1.4", "10.0.68.2", asks=False), "requests no tke.cloud.tencent.com/eni-ip"),
        (pod("web-1", "10.0.1.4", "10.0.68.2", gate=""), "has no readiness gate"),
        (pod("web-1", "10.0.1.4", "10.0.68.2", gate="False"), "has not taken it"),
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
def test_what_is_wrong_with_a_pod_is_said_with_its_zone(bad: Json, words: str) -> None:
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
        pods=[pod("web-0", "10.0.0.4", "192.168.0.70", annotated=False, asks=False, gate="")],
    )
    found = checked(kube)
    assert (found.path, found.keeps_source, list(found.findings)) == (TrafficPath.LOCAL, True, [])


def test_an_ingress_without_direct_access_is_a_warning_because_the_header_names_the_client() -> None:
    found = checked(FakeKube(ingresses={"web": ingress(direct=False)}), INGRESS)
    assert [item.severity for item in found.findings] == [Severity.WARNING]


def test_a_globalrouter_pod_behind_direct_access_is_a_warning() -> None:
    kube = FakeKube(pods=[pod("web-0", "10.0.0.4", "192.168.0.70", annotated=False, asks=False)])
    (found,) = checked(kube).findings
    assert found.severity is Severity.WARNING
    assert "belongs on the pod template" in found.message


def test_a_pod_without_an_address_says_why() -> None:
    waiting = pod("web-1", "", "")
    waiting["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "message": "Insufficient tke.cloud.tencent.com/eni-ip"}
    ]
    (found,) = checked(FakeKube(pods=[good_pods()[0], waiting])).findings
    assert "Insufficient tke.cloud.tencent.com/eni-ip" in found.message


def test_what_pins_a_client_is_named() -> None:
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


def test_backends_that_are_no_pods_are_found() -> None:
    endpoints = [
        {"addresses": ["10.0.64.2"], "targetRef": {"kind": "Pod", "name": "web-0"}},
        {"addresses": ["10.0.50.1"]},
    ]
    found = checked(FakeKube(slices=[{"endpoints": endpoints}]))
    assert [item.message for item in found.faults] == ["backend 10.0.50.1 is no pod"]
    assert any("no endpoint yet: web-1" in item.message for item in found.findings)


def test_what_may_not_be_read_is_said_and_the_rest_still_checked() -> None:
    found = checked(FakeKube(forbidden={NODE}, pods=[pod("web-0", "10.0.0.4", "10.0.64.2", gate="")]))
    assert [item.unknown for item in found.findings] == [True, False]
    assert len(found.faults) == 1
    assert any("list nodes: not allowed" in item.message for item in found.findings)


def test_without_subnets_the_zone_check_says_that_it_did_not_run() -> None:
    (found,) = checked(FakeKube(), subnets=ContainerSubnets()).findings
    assert (found.severity, "--facts" in found.message) == (Severity.WARNING, True)


def test_no_pod_is_a_fault() -> None:
    assert faults(FakeKube(pods=[])) == ["Service default/web: selects no pod"]


def test_pods_on_their_way_out_are_not_judged() -> None:
    leaving = pod("web-2", "10.0.0.4", "192.168.0.70", gate="")
    leaving["metadata"]["deletionTimestamp"] = "2021-02-05T09:16:25Z"
    kube = FakeKube(pods=[*good_pods(), leaving])
    assert not faults(kube)
    assert cluster.read_objects(kube, SERVICE).backends("").expected == {"web-0", "web-1"}


def test_every_address_of_a_node_is_known() -> None:
    nodes = two_zones()
    nodes[0]["status"]["addresses"].append({"type": "ExternalIP", "address": "119.29.1.2"})
    known = cluster.known_addresses(
        cluster.read_objects(FakeKube(nodes=nodes), SERVICE), SUBNETS, ["10.0.8.11"], ["10.0.0.44"]
    )
    assert set(known.nodes) == {
        "10.0.0.4", "119.29.1.2", "192.168.0.65", "192.168.0.64", "10.0.1.4", "192.168.0.129", "192.168.0.128", "10.0.0.44"
    }  # fmt: skip
    assert known.nodes["192.168.0.65"] == "cbr0 of node 10.0.0.4"
    assert known.load_balancer("10.0.8.10") == known.load_balancer("10.0.8.11") == "the load balancer"
    assert (
        known.inside_cluster("10.0.64.200")
        == "an address in the container subnet 10.0.64.0/22 of ap-guangzhou-4"
    )


@pytest.mark.parametrize(
    ("facts", "pairs", "words"),
    [
        (None, ["10.0.64.0/22"], "zone=range"),
        (None, ["a-1=10.0.64.1/22"], "is no range"),
        ({"zones": {"a-1": [{}]}}, [], "is no range"),
    ],
)
def test_subnets_that_are_none_are_refused(
    facts: dict[str, Any] | None, pairs: list[str], words: str
) -> None:
    with pytest.raises(WrongUse, match=words):
        ContainerSubnets.of(ClusterFacts.of(facts), pairs)


@pytest.mark.parametrize("text", ["", "/", "a/", "/b", "a/b/c"])
def test_a_name_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="namespace/name"):
        Frontend.parse("Service", text)
    assert Frontend.parse("Service", "web") == SERVICE
