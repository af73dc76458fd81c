"""Reading of the sources: the parsed values, and the other sources where a call fails."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest

from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.cloud.vpc_cni_state import LiveVpcCni
from pulumi_tke_hybrid.drift.collect import collect, eni_pods, ipamd_objects, node
from pulumi_tke_hybrid.drift.snapshot import CloudList, EniPod, IpamdObjects, Node, Snapshot, Unavailable
from pulumi_tke_hybrid.kube import NotAllowed, NotFound
from pulumi_tke_hybrid.kube.client import POD, Kind, KubeClient
from pulumi_tke_hybrid.tke.objects import Json

Answer = dict[str, Any]

CLUSTER: Answer = {
    "ClusterId": "cls-a1b2c3d4",
    "ClusterName": "zones",
    "ClusterStatus": "Running",
    "ClusterNetworkSettings": {
        "VpcId": "vpc-a1b2c3d4",
        "ClusterCIDR": "192.168.0.0/20",
        "Subnets": ["subnet-a"],
    },
    "Property": json.dumps({"NetworkType": "GR", "VpcCniType": "tke-route-eni", "IsNonStaticIpMode": False}),
}
IPAMD: Answer = {
    "EnableIPAMD": True, "DisableVpcCniMode": False, "Phase": "running", "Reason": "",
    "SubnetIds": ["subnet-a"],
    "ClaimExpiredDuration": "5m0s",
}  # fmt: skip


class FakeCloud:
    """A cloud of prepared responses; a response may be an error or a function of the request."""

    def __init__(self, **answers: Answer | Exception | Callable[[Mapping[str, object]], Answer]) -> None:
        self.answers: dict[str, Any] = {
            "DescribeClusters": {"Clusters": [CLUSTER]},
            "DescribeIPAMD": IPAMD,
            "DescribeAddon": {"Addons": [{"AddonName": "eniipamd", "AddonVersion": "3.11.0"}]},
            "DescribeSubnets": {"SubnetSet": []},
            "DescribeClusterInstances": {"InstanceSet": [{"LanIP": "10.0.0.20"}]},
            **answers,
        }
        self.called: list[str] = []

    def call(self, service: str, action: str, params: Mapping[str, object]) -> Answer:
        self.called.append(action)
        answer = self.answers[action]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = cast(Callable[[Mapping[str, object]], Answer], answer)(params)
        return cast(Answer, answer)


class FakeKube(KubeClient):
    """A cluster without nodes, whose kubeconfig may read no pods."""

    def __init__(self) -> None:
        pass

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        raise NotFound(f"{kind.plural} {namespace}/{name}: not found")

    def list(
        self, kind: Kind, namespace: str = "", labels: Mapping[str, str] | None = None
    ) -> Iterator[Json]:
        if kind == POD:
            raise NotAllowed("not allowed")
        return iter(())


def look(cloud: FakeCloud, kube: FakeKube | Unavailable | None = None) -> Snapshot:
    return collect(cloud, kube or FakeKube(), "cls-a1b2c3d4", "ap-guangzhou", None, lambda _: None)


def test_each_source_is_read() -> None:
    snapshot = look(FakeCloud())
    assert snapshot.cloud == CloudList("vpc-a1b2c3d4", "192.168.0.0/20", ("subnet-a",))
    assert snapshot.ipamd == LiveVpcCni(
        True, ("subnet-a",), ("subnet-a",), "running", "", 300, "tke-route-eni", True
    )
    assert snapshot.addon == "3.11.0"
    assert snapshot.instances == frozenset({"10.0.0.20"})
    assert (snapshot.network, snapshot.nodes, snapshot.pods) == ((), (), Unavailable("not allowed"))


def test_only_reads_are_called() -> None:
    cloud = FakeCloud()
    look(cloud)
    assert all(action.startswith("Describe") for action in cloud.called)


def test_a_long_list_of_subnets_is_read_to_its_end() -> None:
    def page(params: Mapping[str, object]) -> Answer:
        assert isinstance(params["Offset"], str)
        first, last = int(params["Offset"]), min(int(params["Offset"]) + 100, 250)
        described = {"Zone": "ap-guangzhou-4", "CidrBlock": "10.0.0.0/24", "AvailableIpAddressCount": 1}
        return {"SubnetSet": [{"SubnetId": f"subnet-{number}", **described} for number in range(first, last)]}

    network = look(FakeCloud(DescribeSubnets=page)).network
    assert not isinstance(network, Unavailable)
    assert [subnet.subnet_id for subnet in network] == [f"subnet-{number}" for number in range(250)]


def test_vpc_cni_is_off_only_after_two_equal_responses() -> None:
    answers = iter([{**IPAMD, "EnableIPAMD": False}, IPAMD])
    ipamd = look(FakeCloud(DescribeIPAMD=lambda _: next(answers))).ipamd
    assert isinstance(ipamd, LiveVpcCni)
    assert ipamd.enabled


@pytest.mark.parametrize(
    "answer",
    [{}, {"Addons": None}, {"Addons": []}, {"Addons": [{"AddonName": "cbs", "AddonVersion": "1.0.0"}]},
     CloudError("DescribeAddon", "ResourceNotFound.AddonNotFound", "no")],
)  # fmt: skip
def test_a_missing_addon_has_no_version(answer: Any) -> None:
    assert look(FakeCloud(DescribeAddon=answer)).addon == ""


def test_an_unreadable_addon_is_unavailable() -> None:
    refused = look(FakeCloud(DescribeAddon=CloudError("DescribeAddon", "UnauthorizedOperation", "no"))).addon
    assert refused == Unavailable("DescribeAddon failed: UnauthorizedOperation: no")


@pytest.mark.parametrize(
    ("action", "side"),
    [("DescribeIPAMD", "ipamd"), ("DescribeSubnets", "network"), ("DescribeClusterInstances", "instances")],
)
def test_after_a_refused_call_the_other_sources_are_read(action: str, side: str) -> None:
    snapshot = look(FakeCloud(**{action: CloudError(action, "UnauthorizedOperation", "no\x1b[31m")}))
    unavailable = [
        name
        for name in ("cloud", "ipamd", "network", "instances")
        if isinstance(getattr(snapshot, name), Unavailable)
    ]
    assert unavailable == [side]
    assert getattr(snapshot, side).reason == f"{action} failed: UnauthorizedOperation: no?[31m"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"Clusters": []}, "cls-a1b2c3d4 is not in region ap-guangzhou of this account"),
        (
            CloudError("DescribeClusters", "AuthFailure.SignatureFailure", "bad"),
            "AuthFailure.SignatureFailure",
        ),
        (
            CloudError("Credentials", "CredentialsMissing", "no key"),
            "Credentials failed: CredentialsMissing: no key",
        ),
    ],
)
def test_without_the_cluster_the_sources_of_the_cloud_are_unavailable_with_the_reason(
    answer: Any, reason: str
) -> None:
    snapshot = look(FakeCloud(DescribeClusters=answer))
    for side in (snapshot.cloud, snapshot.ipamd, snapshot.network):
        assert isinstance(side, Unavailable)
        assert reason in side.reason


def test_without_kubeconfig_the_instances_are_not_read() -> None:
    cloud = FakeCloud()
    snapshot = look(cloud, Unavailable("none was given"))
    assert "DescribeClusterInstances" not in cloud.called
    assert (snapshot.config_map, snapshot.nodes, snapshot.pods) == (Unavailable("none was given"),) * 3


ENI: dict[str, Any] = {"tke.cloud.tencent.com/networks": "tke-bridge, tke-route-eni"}
REQUESTS: dict[str, Any] = {"resources": {"requests": {"tke.cloud.tencent.com/eni-ip": "1"}}}


def a_pod(**metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web-5d4f-x", "namespace": "shop", "annotations": ENI, **metadata},
        "spec": {"containers": [REQUESTS], "nodeName": "10.0.0.20"},
        "status": {"podIP": "10.0.64.5", "phase": "Running"},
    }


def test_a_node_with_all_fields_and_with_few() -> None:
    full = {
        "metadata": {
            "name": "n",
            "labels": {
                "topology.kubernetes.io/zone": "100004",
                "topology.com.tencent.cloud.csi.cbs/zone": "ap-x-4",
            },
        },
        "spec": {"podCIDR": "192.168.0.0/26"},
        "status": {
            "addresses": [
                {"type": "Hostname", "address": "n"},
                {"type": "InternalIP", "address": "10.0.0.20"},
            ]
        },
    }
    assert node(full) == Node("n", "10.0.0.20", "100004", "ap-x-4", ("192.168.0.0/26",))
    assert node({"metadata": {"name": "n"}}) == Node("n", "", "")
    for kind, virtual in (("eklet", True), ("external", True), ("S5.LARGE8", False), ("External", False)):
        assert (
            node({"metadata": {"name": "n", "labels": {"node.kubernetes.io/instance-type": kind}}}).virtual
            is virtual
        )


def test_an_eni_pod_belongs_to_its_deployment() -> None:
    owned = a_pod(
        ownerReferences=[{"kind": "ReplicaSet", "name": "web-5d4f"}], labels={"pod-template-hash": "5d4f"}
    )
    assert eni_pods([owned]) == (EniPod("shop", "web-5d4f-x", "web", "10.0.0.20", "10.0.64.5", True),)
    stateful = a_pod(ownerReferences=[{"kind": "StatefulSet", "name": "web"}])
    assert [pod.workload for pod in eni_pods([stateful, a_pod()])] == ["web", "web-5d4f-x"]


def test_other_pods_and_ended_pods_are_left_out() -> None:
    ended = a_pod()
    ended["status"]["phase"] = "Succeeded"
    assert (
        eni_pods([a_pod(annotations=None), a_pod(annotations={}), ended, {"metadata": {"name": "bare"}}])
        == ()
    )


def test_the_resource_counts_on_the_first_container_only() -> None:
    pod = a_pod()
    pod["spec"] = {"containers": [{}, REQUESTS], "hostNetwork": True}
    pod["status"] = {}
    assert eni_pods([pod]) == (EniPod("shop", "web-5d4f-x", "web-5d4f-x", "", "", False, True),)


def test_the_keys_of_the_configmap_are_trimmed() -> None:
    data = {
        "TKE_ENI_IPAMD_SUBNET_ID": " subnet-a : subnet-b:",
        "TKE_ENI_IPAMD_VPC_ID": "vpc-a ",
        "TKE_ENI_IPAMD_ZONE": "ap-guangzhou-4:ap-guangzhou-6",
    }
    zones = ("ap-guangzhou-4", "ap-guangzhou-6")
    assert ipamd_objects(data, {}) == IpamdObjects(True, True, "vpc-a", ("subnet-a", "subnet-b"), zones)
    assert ipamd_objects({}, {}) == IpamdObjects(True, True)
    assert ipamd_objects(None, None) == IpamdObjects(False, False)
