"""Reading the sides: what each call gives, and that one which fails takes nothing else with it."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest

from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.cloud.vpc_cni_state import LiveVpcCni
from pulumi_tke_hybrid.drift.collect import collect
from pulumi_tke_hybrid.drift.snapshot import CloudList, Snapshot, Unavailable
from pulumi_tke_hybrid.kube.client import POD, Kind, KubeClient
from pulumi_tke_hybrid.kube.errors import NotAllowed, NotFound
from pulumi_tke_hybrid.tke.values import Json

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
    """A cloud of prepared answers; each may be an error or a function of the request."""

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


def test_each_side_is_read() -> None:
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


def test_off_is_believed_only_when_it_is_said_twice() -> None:
    answers = iter([{**IPAMD, "EnableIPAMD": False}, IPAMD])
    ipamd = look(FakeCloud(DescribeIPAMD=lambda _: next(answers))).ipamd
    assert isinstance(ipamd, LiveVpcCni)
    assert ipamd.enabled


@pytest.mark.parametrize(
    "answer",
    [{}, {"Addons": None}, {"Addons": []}, {"Addons": [{"AddonName": "cbs", "AddonVersion": "1.0.0"}]},
     CloudError("DescribeAddon", "ResourceNotFound.AddonNotFound", "no")],
)  # fmt: skip
def test_an_addon_that_is_not_there_has_no_version(answer: Any) -> None:
    assert look(FakeCloud(DescribeAddon=answer)).addon == ""


def test_an_addon_that_could_not_be_read_is_not_taken_for_absent() -> None:
    refused = look(FakeCloud(DescribeAddon=CloudError("DescribeAddon", "UnauthorizedOperation", "no"))).addon
    assert refused == Unavailable("DescribeAddon failed: UnauthorizedOperation: no")


@pytest.mark.parametrize(
    ("action", "side"),
    [("DescribeIPAMD", "ipamd"), ("DescribeSubnets", "network"), ("DescribeClusterInstances", "instances")],
)
def test_a_call_that_is_refused_takes_nothing_else_with_it(action: str, side: str) -> None:
    snapshot = look(FakeCloud(**{action: CloudError(action, "UnauthorizedOperation", "no\x1b[31m")}))
    unread = [
        name
        for name in ("cloud", "ipamd", "network", "instances")
        if isinstance(getattr(snapshot, name), Unavailable)
    ]
    assert unread == [side]
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
def test_without_the_cluster_the_cloud_sides_say_why(answer: Any, reason: str) -> None:
    snapshot = look(FakeCloud(DescribeClusters=answer))
    for side in (snapshot.cloud, snapshot.ipamd, snapshot.network):
        assert isinstance(side, Unavailable)
        assert reason in side.reason


def test_without_kubeconfig_the_machines_are_not_asked_for() -> None:
    cloud = FakeCloud()
    snapshot = look(cloud, Unavailable("none was given"))
    assert "DescribeClusterInstances" not in cloud.called
    assert (snapshot.config_map, snapshot.nodes, snapshot.pods) == (Unavailable("none was given"),) * 3
