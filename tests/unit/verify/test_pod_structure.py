"""Pods of super nodes, dual-stack pods, and pods with incomplete requests."""

from typing import Any

import pytest

from pulumi_tke_hybrid.verify.cluster_snapshot import Frontend
from pulumi_tke_hybrid.verify.probe import Progress
from pulumi_tke_hybrid.verify.report import Verification
from pulumi_tke_hybrid.verify.run_command import VerifyOptions, verify
from tests.unit.verify.objects import SUBNETS, FakeKube, good_pods, node, pod, service, two_zones

ENI_IP = "tke.cloud.tencent.com/eni-ip"


def looked_at(kube: FakeKube) -> Verification:
    frontend = Frontend.parse("Service", "default/web")
    return verify(
        VerifyOptions(frontend=frontend, structure_only=True, subnets=SUBNETS),
        lambda: kube,
        Progress(),
    )


def faults(kube: FakeKube) -> list[str]:
    found = looked_at(kube).structure
    assert found is not None
    return [fault.message for fault in found.faults]


def findings(kube: FakeKube) -> list[str]:
    found = looked_at(kube).structure
    assert found is not None
    return [finding.message for finding in found.findings]


def super_node() -> dict[str, Any]:
    found = node("eklet-subnet-abc12345", "100006", "192.168.1.0/26")
    found["metadata"]["labels"]["node.kubernetes.io/instance-type"] = "eklet"
    return found


def dual(name: str, where: str, first: str, second: str, **spec: Any) -> dict[str, Any]:
    found = pod(name, where, first, **spec)
    found["status"]["podIPs"] = [{"ip": first}, {"ip": second}]
    return found


def slices(**families: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "addressType": family,
            "endpoints": [{"addresses": [address], "targetRef": {"kind": "Pod"}} for address in addresses],
        }
        for family, addresses in families.items()
    ]


def test_a_pod_on_a_super_node_has_an_address_of_the_super_nodes_own_subnet() -> None:
    kube = FakeKube(
        pods=[*good_pods(), pod("web-2", "eklet-subnet-abc12345", "10.0.99.7")],
        nodes=[*two_zones(), super_node()],
    )
    assert faults(kube) == []
    plain_pod = pod("web-2", "eklet-subnet-abc12345", "10.0.99.7", annotated=False, requests_eni=False)
    assert faults(FakeKube(pods=[*good_pods(), plain_pod], nodes=[*two_zones(), super_node()])) == []


def test_a_pod_on_a_super_node_needs_its_readiness_gate() -> None:
    kube = FakeKube(pods=[pod("web-2", "eklet-subnet-abc12345", "10.0.99.7", gate="")], nodes=[super_node()])
    assert any("readiness gate" in fault for fault in faults(kube))


def test_the_same_address_on_an_ordinary_node_stays_a_fault() -> None:
    assert faults(FakeKube(pods=[good_pods()[0], pod("web-1", "10.0.1.4", "10.0.99.7")])) == [
        "the address 10.0.99.7 lies in no container subnet that is known"
    ]


def test_endpoints_of_a_dual_stack_pod_are_known_by_each_of_its_addresses() -> None:
    pods = [
        dual("web-0", "10.0.0.4", "10.0.64.2", "fd00::2"),
        dual("web-1", "10.0.1.4", "10.0.68.2", "fd00::3"),
    ]
    only_ipv6 = FakeKube(
        {"web": service(ipFamilies=["IPv6"])}, pods=pods, slices=slices(IPv6=["fd00::2", "fd00::3"])
    )
    assert not any("endpoint" in message or "is no pod" in message for message in findings(only_ipv6))
    both = FakeKube(pods=pods, slices=slices(IPv4=["10.0.64.2", "10.0.68.2"], IPv6=["fd00::2", "fd00::3"]))
    assert not any("endpoint" in message or "is no pod" in message for message in findings(both))
    half = FakeKube(pods=pods, slices=slices(IPv4=["10.0.64.2", "10.0.68.2"], IPv6=["fd00::2"]))
    assert any("no IPv6 endpoint yet: web-1" in message for message in findings(half))


def test_a_dual_stack_pod_with_one_overlay_address_is_a_fault() -> None:
    nodes = two_zones()
    nodes[0]["spec"]["podCIDRs"] = ["192.168.0.64/26", "fd00:1::/64"]
    half = dual("web-0", "10.0.0.4", "10.0.64.2", "fd00:1::7")
    assert any(
        "fd00:1::7" in fault and "overlay" in fault
        for fault in faults(FakeKube(pods=[half, good_pods()[1]], nodes=nodes))
    )


def test_an_address_of_a_family_without_known_ranges_is_named_as_not_checked() -> None:
    kube = FakeKube(pods=[dual("web-0", "10.0.0.4", "10.0.64.2", "fd00::2"), good_pods()[1]])
    assert faults(kube) == []
    assert any("fd00::2" in message and "not checked" in message for message in findings(kube))


@pytest.mark.parametrize(
    ("containers", "lacking"),
    [
        (
            [
                {"name": "web"},
                {"name": "side", "resources": {"requests": {ENI_IP: "1"}, "limits": {ENI_IP: "1"}}},
            ],
            "first container",
        ),
        ([{"name": "web", "resources": {"requests": {ENI_IP: "1"}}}], "limits"),
        ([{"name": "web", "resources": {"limits": {ENI_IP: "1"}}}], "requests"),
        (
            [
                {
                    "name": "web",
                    "resources": {
                        part: {"tke.cloud.tencent.com/direct-eni": "1"} for part in ("requests", "limits")
                    },
                }
            ],
            ENI_IP,
        ),
    ],
)
def test_an_incomplete_request_is_a_fault(containers: list[dict[str, Any]], lacking: str) -> None:
    bad = pod("web-1", "10.0.1.4", "10.0.68.2", containers=containers)
    assert any(lacking in fault for fault in faults(FakeKube(pods=[good_pods()[0], bad])))


def test_a_request_without_the_annotation_is_a_fault_on_the_overlay() -> None:
    bad = pod("web-1", "10.0.1.4", "192.168.0.130", annotated=False)
    assert any(
        "no annotation" in fault
        for fault in faults(FakeKube({"web": service(direct=False)}, pods=[good_pods()[0], bad]))
    )
