"""A live cluster: the cloud's subnets, nodes and pods as the API server gives them. Nothing is written."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from pulumi_tke_hybrid.capacity import inside, read_live
from pulumi_tke_hybrid.capacity.outcome import ExitCode, Outcome
from pulumi_tke_hybrid.console.errors import WrongUse
from tests.unit.capacity.stacks import FOUR, SIX

CLUSTER = "cls-12345678"


class Cloud:
    """Answers in the shapes of the API, and refuses whatever would change something."""

    def __init__(self, free: int = 4, enabled: bool = True, limit: int = 27) -> None:
        self.free, self.enabled, self.limit = free, enabled, limit
        self.asked: list[str] = []

    def call(self, service: str, action: str, params: Mapping[str, object]) -> dict[str, Any]:
        assert action.startswith("Describe")
        self.asked.append(action)
        if action == "DescribeClusters":
            network = {"Subnets": ["subnet-44444444"], "Cni": self.enabled, "VpcId": "vpc-1"}
            return {"Clusters": [{"ClusterId": CLUSTER, "ClusterNetworkSettings": network, "Property": "{}"}]}
        if action == "DescribeIPAMD":
            return {
                "EnableIPAMD": self.enabled, "DisableVpcCniMode": False, "Phase": "running", "Reason": "",
                "SubnetIds": ["subnet-44444444"], "ClaimExpiredDuration": "300s",
            }  # fmt: skip
        if action == "DescribeSubnets":
            found = {"SubnetId": "subnet-44444444", "Zone": FOUR, "CidrBlock": "10.0.64.0/28", "AvailableIpAddressCount": self.free}
            return {"SubnetSet": [found]}
        assert action == "DescribeVpcCniPodLimits"
        limits = {"TKERouteENINonStaticIP": 1, "TKERouteENIStaticIP": self.limit}
        return {"PodLimitsInstanceSet": [{"InstanceType": params["InstanceType"], "PodLimits": limits}]}


def test_what_runs_counts_and_what_others_took_is_not_for_pods() -> None:
    cloud = Cloud(free=4)
    estate = read_live.of_cluster(cloud, CLUSTER, {FOUR: Counter({"S5.MEDIUM4": 2})}, Counter({FOUR: 3}))
    (row,) = Outcome(estate).rows
    # 13 addresses, 9 in use: three pods, two ENIs, and four of somebody else. Nine are the cluster's: seven pods.
    assert (row.size, row.used, row.free, row.pods, row.pods_fit) == (13, 9, 4, 3, 7)
    assert row.counted


def test_the_clouds_limit_of_a_type_is_used() -> None:
    estate = read_live.of_cluster(Cloud(free=11, limit=6), CLUSTER, {FOUR: Counter({"S5.MEDIUM4": 1})}, Counter())
    assert Outcome(estate).rows[0].pods_fit == 6


def test_a_zone_with_nodes_and_without_subnet_is_full() -> None:
    estate = read_live.of_cluster(Cloud(), CLUSTER, {FOUR: Counter({"S5.MEDIUM4": 1}), SIX: Counter({"S5.MEDIUM4": 1})}, Counter({FOUR: 3}))
    assert Outcome(estate).exit_code is ExitCode.FULL


def test_without_the_cluster_itself_the_subnets_are_told_and_the_rest_is_not_guessed() -> None:
    outcome = Outcome(read_live.of_cluster(Cloud(), CLUSTER, None, None))
    assert outcome.rows[0].free == 4
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL


def test_a_cluster_whose_vpc_cni_is_off_is_said() -> None:
    with pytest.raises(WrongUse, match="VPC-CNI of cls-12345678 is off"):
        read_live.of_cluster(Cloud(enabled=False), CLUSTER, None, None)


def node(name: str, zone: str, kind: str = "S5.MEDIUM4", **labels: str) -> dict[str, Any]:
    written = {"topology.kubernetes.io/zone": zone, "node.kubernetes.io/instance-type": kind, **labels}
    return {"metadata": {"name": name, "labels": written}}


def pod(on: str, networks: str = "tke-route-eni", phase: str = "Running", ip: str = "10.0.64.5") -> dict[str, Any]:
    metadata = {"name": "p", "annotations": {"tke.cloud.tencent.com/networks": networks}}
    return {"metadata": metadata, "spec": {"nodeName": on}, "status": {"phase": phase, "podIP": ip}}


def test_nodes_are_counted_by_the_zone_that_their_label_means_and_pods_by_their_node() -> None:
    nodes = [node("a", "100004"), node("b", "100006", kind="S5.LARGE8"), node("c", "100004"), node("d", "100006", kind="eklet")]
    pods = [pod("a"), pod("c"), pod("b"), pod("b", networks=""), pod("a", phase="Succeeded"), pod("a", ip=""), pod("d"), pod("")]
    by_zone, living = inside.count(nodes, pods, "ap-guangzhou")
    assert by_zone == {FOUR: Counter({"S5.MEDIUM4": 2}), SIX: Counter({"S5.LARGE8": 1})}
    assert living == Counter({FOUR: 2, SIX: 1})
