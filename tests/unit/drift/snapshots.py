"""A snapshot of a two-zone cluster without drift; each test changes one source."""

from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.cloud.vpc_cni_state import LiveVpcCni
from pulumi_tke_hybrid.drift.snapshot import CloudList, EniPod, IpamdObjects, Node, Snapshot, VpcSubnet
from pulumi_tke_hybrid.tke.cluster import ClusterFacts, Subnet

CLUSTER, VPC = "cls-a1b2c3d4", "vpc-a1b2c3d4"
FOUR, SIX, SEVEN = "ap-guangzhou-4", "ap-guangzhou-6", "ap-guangzhou-7"
POD4, POD6, POD7 = "subnet-pods0004", "subnet-pods0006", "subnet-pods0007"
NODES = "subnet-nodes000"
IMAGE = "ccr.ccs.tencentyun.com/tkeimages/tke-eni-ipamd:v3.4.4"
"""Of an ipamd that reads the three keys."""

NETWORK = (
    VpcSubnet(NODES, FOUR, "10.0.0.0/24", 200),
    VpcSubnet("subnet-nodes006", SIX, "10.0.1.0/24", 200),
    VpcSubnet("subnet-nodes007", SEVEN, "10.0.2.0/24", 200),
    VpcSubnet(POD4, FOUR, "10.0.64.0/22", 1000),
    VpcSubnet(POD6, SIX, "10.0.68.0/22", 1000),
    VpcSubnet(POD7, SEVEN, "10.0.72.0/22", 1000),
)


def node(third: int, zone: str, **changes: Any) -> Node:
    address = f"10.0.{third}.20"
    return replace(Node(address, address, zone, pod_ranges=(f"192.168.{third}.0/26",)), **changes)


def pod(address: str, **changes: Any) -> EniPod:
    return replace(EniPod("default", "web-1", "web", "10.0.0.20", address, True), **changes)


def program(*subnets: str) -> ClusterFacts:
    declared = {
        POD4: Subnet("10.0.64.0/22", POD4, zone=FOUR),
        POD6: Subnet("10.0.68.0/22", POD6, zone=SIX),
        POD7: Subnet("10.0.72.0/22", POD7, zone=SEVEN),
    }
    zones = {declared[name].zone: (declared[name],) for name in subnets}
    return ClusterFacts(CLUSTER, VPC, "ap-guangzhou", zones, static_ip=True, ip_reclaim="300s")


TWO_NODES = (node(0, "100004"), node(1, "100006"))
TWO_PODS = (pod("10.0.64.5"), pod("10.0.68.9", name="web-2", node="10.0.1.20"))

HEALTHY = Snapshot(
    cluster_id=CLUSTER,
    region="ap-guangzhou",
    cloud=CloudList(VPC, "192.168.0.0/20", (POD4, POD6)),
    ipamd=LiveVpcCni(True, (POD4, POD6), (POD6, POD4), "running", "", 300, "tke-route-eni", True),
    network=NETWORK,
    instances=frozenset({"10.0.0.20", "10.0.1.20"}),
    config_map=IpamdObjects(True, True, VPC, (POD4, POD6), (FOUR, SIX), IMAGE),
    nodes=TWO_NODES,
    pods=TWO_PODS,
    program=program(POD4, POD6),
)


def cloud(*subnets: str) -> CloudList:
    return CloudList(VPC, "192.168.0.0/20", subnets)


def ipamd(*subnets: str, **changes: Any) -> LiveVpcCni:
    return replace(LiveVpcCni(True, (), subnets, "running", "", 300, "tke-route-eni", True), **changes)


def config_map(*subnets: str, **changes: Any) -> IpamdObjects:
    zones = {POD4: FOUR, POD6: SIX, POD7: SEVEN}
    return replace(
        IpamdObjects(True, True, VPC, subnets, tuple(zones.get(subnet, "") for subnet in subnets), IMAGE),
        **changes,
    )
