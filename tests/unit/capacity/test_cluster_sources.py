"""A live cluster: the cloud's subnets, nodes and pods as the API server gives them. Nothing is written."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from pulumi_tke_hybrid.capacity import cluster_sources
from pulumi_tke_hybrid.capacity.cluster_sources import LiveCounts
from pulumi_tke_hybrid.capacity.zone_rows import Growth, Outcome
from pulumi_tke_hybrid.cli.process import CouldNotTell, ExitCode, WrongUse
from pulumi_tke_hybrid.kube import KubeError
from pulumi_tke_hybrid.kube.client import connect_to
from tests.unit.capacity.stacks import FOUR, SIX
from tests.unit.kube.servers import Objects, Reply, kubeconfig, serving

CLUSTER, MACHINE = "cls-12345678", "10.0.0.41"


def within(nodes: dict[str, Counter[str]], pods: Counter[str] | None = None, *addresses: str) -> LiveCounts:
    """The counts of live nodes and pods, as the API server has them."""
    kinds = {
        zone: Counter[cluster_sources.NodeKind]({(kind, None): number for kind, number in found.items()})
        for zone, found in nodes.items()
    }
    return LiveCounts(kinds, pods or Counter(), addresses or (MACHINE,))


class Cloud:
    """Answers in the shapes of the API, and refuses each action that would change a resource."""

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
            found = {
                "SubnetId": "subnet-44444444",
                "Zone": FOUR,
                "CidrBlock": "10.0.64.0/28",
                "AvailableIpAddressCount": self.free,
            }
            return {"SubnetSet": [found]}
        if action == "DescribeClusterInstances":
            return {"InstanceSet": [{"InstanceId": "ins-1", "LanIP": MACHINE}]}
        assert action == "DescribeVpcCniPodLimits"
        limits = {"TKERouteENINonStaticIP": 1, "TKERouteENIStaticIP": self.limit}
        return {"PodLimitsInstanceSet": [{"InstanceType": params["InstanceType"], "PodLimits": limits}]}


def test_live_pods_count_and_addresses_of_other_users_are_not_for_pods() -> None:
    cloud = Cloud(free=4)
    estate = cluster_sources.of_cluster(
        cloud, CLUSTER, within({FOUR: Counter({"S5.MEDIUM4": 2})}, Counter({FOUR: 3}))
    )
    (row,) = Outcome(estate).rows
    # 13 addresses, 9 in use: three pods, two ENIs, and four of another user. Nine are left to the cluster:
    # seven pods.
    assert (row.size, row.used, row.free, row.pods, row.pods_fit) == (13, 9, 4, 3, 7)
    assert row.counted


def test_the_clouds_limit_of_a_type_is_used() -> None:
    estate = cluster_sources.of_cluster(
        Cloud(free=11, limit=6), CLUSTER, within({FOUR: Counter({"S5.MEDIUM4": 1})})
    )
    assert Outcome(estate).rows[0].pods_fit == 6


def test_a_zone_with_nodes_and_without_subnet_is_full() -> None:
    nodes = {FOUR: Counter({"S5.MEDIUM4": 1}), SIX: Counter({"S5.MEDIUM4": 1})}
    estate = cluster_sources.of_cluster(Cloud(), CLUSTER, within(nodes, Counter({FOUR: 3})))
    assert Outcome(estate).exit_code is ExitCode.NOT_FINE


def test_without_the_api_server_the_subnets_are_shown_and_nothing_else_is_guessed() -> None:
    outcome = Outcome(cluster_sources.of_cluster(Cloud(), CLUSTER, None))
    assert outcome.rows[0].free == 4
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL


def test_pods_on_nodes_of_an_unknown_type_are_not_counted_as_too_many() -> None:
    class Wide(Cloud):
        def call(self, service: str, action: str, params: Mapping[str, object]) -> dict[str, Any]:
            if action == "DescribeSubnets":
                found = {
                    "SubnetId": "subnet-44444444",
                    "Zone": FOUR,
                    "CidrBlock": "10.0.64.0/22",
                    "AvailableIpAddressCount": 1000,
                }
                return {"SubnetSet": [found]}
            return (
                {"PodLimitsInstanceSet": []}
                if action == "DescribeVpcCniPodLimits"
                else super().call(service, action, params)
            )

    for types in (Counter({"QCLOUD": 2}), Counter({"QCLOUD": 1, "S5.SMALL2": 1})):
        outcome = Outcome(
            cluster_sources.of_cluster(Wide(), CLUSTER, within({FOUR: types}, Counter({FOUR: 15}))),
            growth=Growth(20),
        )
        (row,) = outcome.rows
        assert (outcome.exit_code, row.periods) == (ExitCode.COULD_NOT_TELL, None)
        assert outcome.sentence(row) == "the type of a node is not known"
        assert outcome.unknowns == ["QCLOUD in ap-guangzhou-4 is not in the table of ENI limits"]


def test_growth_fills_no_zone_whose_nodes_were_not_counted() -> None:
    outcome = Outcome(cluster_sources.of_cluster(Cloud(), CLUSTER, None), growth=Growth(20))
    assert (outcome.rows[0].periods, outcome.sentence(outcome.rows[0])) == (None, "fits")
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL


def test_a_cluster_whose_vpc_cni_is_off_is_named() -> None:
    with pytest.raises(CouldNotTell, match="VPC-CNI of cls-12345678 is off"):
        cluster_sources.of_cluster(Cloud(enabled=False), CLUSTER, None)


def test_a_kubeconfig_of_another_cluster_is_refused() -> None:
    nodes = {FOUR: Counter({"S5.MEDIUM4": 2})}
    with pytest.raises(
        WrongUse,
        match=(
            "another cluster: none of its 2 nodes is a CVM instance of cls-12345678; give the right"
            " kubeconfig"
        ),
    ):
        cluster_sources.of_cluster(Cloud(), CLUSTER, within(nodes, None, "10.9.0.1", "10.9.0.2"))
    assert cluster_sources.of_cluster(Cloud(), CLUSTER, within(nodes, None, "10.9.0.1", MACHINE)).zones


def test_a_cluster_without_nodes_is_taken_for_the_named_cluster() -> None:
    cloud = Cloud()
    assert cluster_sources.of_cluster(cloud, CLUSTER, LiveCounts({}, Counter(), ())).zones
    assert "DescribeClusterInstances" not in cloud.asked


def test_the_addresses_of_instances_identify_the_cluster() -> None:
    nodes = [
        node("a", "100004", address=MACHINE),
        node("b", "", address="10.0.0.61"),
        node("c", "100006", kind="eklet"),
    ]
    with serving(Objects([pod("a")], lists={"/api/v1/nodes": nodes})) as served:
        told = cluster_sources.count_live_nodes(
            connect_to(json.dumps(kubeconfig(served.url))), "ap-guangzhou"
        )
    assert told == LiveCounts(
        {FOUR: Counter({("S5.MEDIUM4", None): 1})}, Counter({FOUR: 1}), (MACHINE, "10.0.0.61")
    )


def test_an_address_that_answers_with_a_page_is_no_api_server() -> None:
    with serving(lambda _: Reply(b"<html>please log in</html>")) as served:
        client = connect_to(json.dumps(kubeconfig(served.url)))
        with pytest.raises(
            KubeError, match="list nodes: the response did not come from a Kubernetes API server"
        ):
            cluster_sources.count_live_nodes(client, "ap-guangzhou")


def node(name: str, zone: str, kind: str = "S5.MEDIUM4", address: str = "", **labels: str) -> dict[str, Any]:
    written = {"topology.kubernetes.io/zone": zone, "node.kubernetes.io/instance-type": kind, **labels}
    addresses = [{"type": "Hostname", "address": name}, {"type": "InternalIP", "address": address}]
    return {"metadata": {"name": name, "labels": written}, "status": {"addresses": addresses}}


def pod(
    on: str, networks: str = "tke-route-eni", phase: str = "Running", ip: str = "10.0.64.5"
) -> dict[str, Any]:
    metadata = {"name": "p", "annotations": {"tke.cloud.tencent.com/networks": networks}}
    return {"metadata": metadata, "spec": {"nodeName": on}, "status": {"phase": phase, "podIP": ip}}


def test_nodes_are_counted_by_the_zone_that_their_label_means_and_pods_by_their_node() -> None:
    nodes = [
        node("a", "100004"),
        node("b", "100006", kind="S5.LARGE8"),
        node("c", "100004"),
        node("d", "100006", kind="eklet"),
    ]
    pods = [
        pod("a"),
        pod("c"),
        pod("b"),
        pod("b", networks=""),
        pod("a", phase="Succeeded"),
        pod("a", ip=""),
        pod("d"),
        pod(""),
    ]
    by_zone, living = cluster_sources.count(nodes, pods, "ap-guangzhou")
    assert by_zone == {FOUR: Counter({("S5.MEDIUM4", None): 2}), SIX: Counter({("S5.LARGE8", None): 1})}
    assert living == Counter({FOUR: 2, SIX: 1})


def test_a_live_nodes_own_number_counts_less_the_pods_that_are_there_without_eni_address() -> None:
    told = node("a", "100004", kind="S5.2XLARGE16")
    told["status"]["allocatable"] = {"tke.cloud.tencent.com/eni-ip": "95", "pods": "29"}
    pods = [pod("a"), pod("a", networks=""), pod("a", networks=""), pod("a", networks="", phase="Succeeded")]
    ((kind, limit),) = cluster_sources.count([told], pods, "ap-guangzhou")[0][FOUR]
    assert (kind, limit and limit.pods) == ("S5.2XLARGE16", 27)
    found = cluster_sources.of_cluster(
        Cloud(free=4),
        CLUSTER,
        LiveCounts({FOUR: Counter({(kind, limit): 1})}, Counter({FOUR: 1}), (MACHINE,)),
    )
    assert found.zones[0].nodes[0].limit == limit


def test_the_clouds_number_of_pods_on_a_node_bounds_them() -> None:
    class Small(Cloud):
        def call(self, service: str, action: str, params: Mapping[str, object]) -> dict[str, Any]:
            answer = super().call(service, action, params)
            if action == "DescribeClusters":
                answer["Clusters"][0]["ClusterNetworkSettings"]["MaxNodePodNum"] = 8
            return answer

    found = cluster_sources.of_cluster(Small(free=13), CLUSTER, within({FOUR: Counter({"S5.MEDIUM4": 1})}))
    assert Outcome(found).rows[0].pods_fit == 5
