"""ClusterGuard: ENI limits of the cloud, immutable fields, stated subnets, and the waits of a destroy."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pulumi_tke_hybrid import cluster_guard
from pulumi_tke_hybrid.cloud.calls import CloudError, DeadlinePassed
from pulumi_tke_hybrid.cluster_guard import ClusterGuardProvider
from pulumi_tke_hybrid.tke.objects import UNKNOWN

NEWS: dict[str, Any] = {
    "eniSubnets": [{"id": "subnet-1", "zone": "ap-guangzhou-4", "cidr": "10.0.64.0/26"}],
    "planned": {
        "nodePools": [{"zone": "ap-guangzhou-4", "size": 2.0, "instanceType": "S5.LARGE8"}],
        "staticIp": True,
        "rules": None,
    },
}


class Cloud:
    def __init__(self, pods: int | None, subnets: Sequence[Mapping[str, Any]] = ()) -> None:
        self.pods = pods
        self.subnets = subnets
        self.asked: list[Mapping[str, Any]] = []

    def call(self, service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(params)
        if self.pods is None:
            raise CloudError(action, "AuthFailure", "no", "1")
        if action == "DescribeSubnets":
            return {
                "SubnetSet": [
                    subnet for subnet in self.subnets if subnet["SubnetId"] in params["Filters"][0]["Values"]
                ]
            }
        limits = {"TKERouteENIStaticIP": self.pods, "TKERouteENINonStaticIP": 1}
        return {"PodLimitsInstanceSet": [{"InstanceType": params["InstanceType"], "PodLimits": limits}]}


def contradicted(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    news: dict[str, Any] = NEWS,
    olds: dict[str, Any] | None = None,
) -> list[str]:
    monkeypatch.setattr(ClusterGuardProvider, "cloud", lambda self, props: cloud)
    return [str(finding) for finding in ClusterGuardProvider().check_live(olds or {}, news)]


def test_a_limit_of_the_cloud_brings_a_warning_that_the_guide_did_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert contradicted(Cloud(27), monkeypatch) == []
    assert capsys.readouterr().out == ""
    assert contradicted(Cloud(120), monkeypatch) == []
    assert (
        "warning: eni_subnets[0].cidr_block: 10.0.64.0/26 has 61 addresses, 2 nodes in ap-guangzhou-4"
        in capsys.readouterr().out
    )


def test_a_warning_is_an_error_if_rules_raise_it(monkeypatch: pytest.MonkeyPatch) -> None:
    news = {**NEWS, "planned": {**NEWS["planned"], "rules": {"eni-headroom": "error"}}}
    (line,) = contradicted(Cloud(120), monkeypatch, news)
    assert line.endswith("[eni-headroom]")


def test_without_permission_the_guide_is_used_and_a_line_reports_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert contradicted(Cloud(None), monkeypatch) == []
    assert "could not read the ENI limits of instance types (AuthFailure)" in capsys.readouterr().out


def test_no_call_is_made_without_a_change_or_without_pools(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = Cloud(27)
    assert contradicted(cloud, monkeypatch, olds=NEWS) == []
    assert contradicted(cloud, monkeypatch, {"eniSubnets": []}) == []
    assert cloud.asked == []


POOL: dict[str, Any] = {
    "subnetId": "subnet-1",
    "instanceType": "S5.LARGE8",
    "keyIds": ["skey-1"],
    "size": 2.0,
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, []),
        ({"size": 5.0}, []),
        ({"subnetId": "subnet-2"}, ["node_pools[workers].subnet_id: subnet-2 instead of subnet-1"]),
        ({"keyIds": ["skey-2", "skey-3"]}, ["node_pools[workers].key_ids: skey-2, skey-3 instead of skey-1"]),
        ({"keyIds": []}, ["node_pools[workers].key_ids: none instead of skey-1"]),  # a password instead
        ({"keyIds": [UNKNOWN]}, []),
        ({"property": "other_pools"}, ["other_pools[workers]: instead of node_pools[workers]"]),
    ],
)
@pytest.mark.parametrize("cluster", [{}, {"vpcId": "vpc-1"}])
def test_a_change_that_would_rebuild_a_pool_is_refused_in_new_and_adopted_clusters(
    cluster: dict[str, str], change: dict[str, Any], says: list[str]
) -> None:
    olds = {"cluster": cluster, "nodePools": {"workers": POOL}, "eniSubnets": []}
    news = {**olds, "nodePools": {"workers": {**POOL, **change}}}
    found = ClusterGuardProvider().check_offline(olds, news)
    assert [str(finding).split(";")[0] for finding in found] == says
    assert all("its 2 machines at once" in finding.message for finding in found)


def test_a_vpc_and_a_subnet_that_are_no_longer_known_count_as_changed() -> None:
    subnet = {"id": "subnet-1", "zone": "ap-guangzhou-4", "cidr": "10.0.64.0/22"}
    olds = {"cluster": {"vpcId": "vpc-1"}, "eniSubnets": [subnet]}
    news = {"cluster": {"vpcId": UNKNOWN}, "eniSubnets": [{**subnet, "id": UNKNOWN}]}
    found = [str(finding).split(";")[0] for finding in ClusterGuardProvider().check_offline(olds, news)]
    assert found == [
        "vpc_id: is not known yet, instead of vpc-1",
        "eni_subnets[0].subnet_id: is not known yet, instead of subnet-1",
    ]
    assert ClusterGuardProvider().check_offline(olds, {**news, "allowClusterReplacement": True}) == []
    assert ClusterGuardProvider().check_offline(news, news) == []
    moved = {
        **olds,
        "eniSubnets": [{"id": UNKNOWN, "zone": "ap-guangzhou-6", "cidr": "10.0.68.0/22"}, subnet],
    }
    assert ClusterGuardProvider().check_offline(olds, moved) == []


def test_a_pools_subnet_that_is_no_longer_known_is_reported(
    capsys: pytest.CaptureFixture[str],
) -> None:
    olds = {"cluster": {}, "nodePools": {"workers": POOL}}
    assert (
        ClusterGuardProvider().check_offline(
            olds, {**olds, "nodePools": {"workers": {**POOL, "subnetId": UNKNOWN}}}
        )
        == []
    )
    assert "node_pools[workers].subnet_id: is not known yet" in capsys.readouterr().out


def test_the_end_of_an_adoption_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud(None)
    monkeypatch.setattr(ClusterGuardProvider, "cloud", lambda self, props: cloud)
    ClusterGuardProvider().delete("guard", {"cluster": {}, "eniSubnets": [{"id": "subnet-1"}]})
    assert cloud.asked == []


ADOPTED: dict[str, Any] = {
    "cluster": {},
    "adopted": {"clusterId": "cls-1", "vpcId": "vpc-1"},
    "nodePools": {"workers": POOL},
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, []),
        (
            {"adopted": {"clusterId": "cls-2", "vpcId": "vpc-1"}},
            ["existing_cluster_id: cls-2 instead of cls-1"],
        ),
        ({"adopted": {"clusterId": "cls-1", "vpcId": "vpc-2"}}, ["vpc_id: vpc-2 instead of vpc-1"]),
        (
            {"adopted": {"clusterId": UNKNOWN, "vpcId": "vpc-1"}},
            ["existing_cluster_id: is not known yet, instead of cls-1"],
        ),
        ({"adopted": {"clusterId": "cls-2", "vpcId": "vpc-1"}, "nodePools": {"others": POOL}}, []),
    ],
)
def test_an_adopted_cluster_does_not_change_under_its_pools(change: dict[str, Any], says: list[str]) -> None:
    found = ClusterGuardProvider().check_offline(ADOPTED, {**ADOPTED, **change})
    assert [str(finding).split(";")[0] for finding in found] == says
    assert all("rebuild workers with 2 machines at once" in finding.message for finding in found)


MADE: dict[str, Any] = {"cluster": {"vpcId": "vpc-1"}, "nodePools": {"workers": POOL}}


@pytest.mark.parametrize(
    ("olds", "news", "says"),
    [
        (
            ADOPTED,
            MADE,
            [
                "existing_cluster_id: is gone, instead of cls-1; TKE fixes its cluster when a pool is made,"
                " so this would rebuild"
            ],
        ),
        (ADOPTED, {**MADE, "nodePools": {"others": POOL}}, []),
        (
            MADE,
            ADOPTED,
            [
                "existing_cluster_id: cls-1 instead of the cluster that this program made; what a program no"
                " longer makes is dele"
            ],
        ),
        (
            {**MADE, "nodePools": {}},
            {**ADOPTED, "adopted": {"clusterId": UNKNOWN}},
            ["existing_cluster_id: instead of the cluster that"],
        ),
        (MADE, MADE, []),
    ],
)
def test_a_cluster_is_made_or_adopted_for_ever(
    olds: dict[str, Any], news: dict[str, Any], says: list[str]
) -> None:
    said = [str(finding) for finding in ClusterGuardProvider().check_offline(olds, news)]
    assert [text[: len(line)] for text, line in zip(said, says, strict=True)] == says


def test_destroy_waits_for_the_subnets_that_go_and_not_for_those_that_others_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held: list[str] = ["subnet-adopted", "subnet-stated"]

    def empty(_cloud: object, subnets: list[str], _wait: object) -> None:
        if set(subnets) & set(held):
            raise DeadlinePassed(
                "container subnets", 600, f"addresses still in use: {subnets[0]} holds 3", "Run it again."
            )

    monkeypatch.setattr(ClusterGuardProvider, "cloud", lambda self, props: Cloud(None))
    monkeypatch.setattr(cluster_guard, "wait_until_gone", lambda *_: None)
    monkeypatch.setattr(cluster_guard, "wait_until_empty", empty)
    subnets = [
        {"id": "subnet-made"},
        {"id": "subnet-adopted", "from": "adopted"},
        {"id": "subnet-stated", "from": "stated"},
    ]
    props = {"cluster": {"vpcId": "vpc-1"}, "clusterName": "demo", "eniSubnets": subnets}
    ClusterGuardProvider().delete("guard", props)
    assert "subnet-stated holds 3" in capsys.readouterr().out
    held.append("subnet-made")
    with pytest.raises(DeadlinePassed, match="subnet-made holds 3"):
        ClusterGuardProvider().delete("guard", props)


NAMED: dict[str, Any] = {
    "cluster": {"vpcId": "vpc-1"},
    "eniSubnets": [{"id": "subnet-1", "zone": "ap-guangzhou-4", "cidr": "10.0.64.0/22", "from": "stated"}],
    "nodePools": {"workers": {"subnetId": "subnet-2", "zone": "ap-guangzhou-4"}},
}
THERE = [
    {"SubnetId": "subnet-1", "VpcId": "vpc-1", "Zone": "ap-guangzhou-4", "CidrBlock": "10.0.64.0/22"},
    {"SubnetId": "subnet-2", "VpcId": "vpc-1", "Zone": "ap-guangzhou-4", "CidrBlock": "10.0.1.0/24"},
]


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (THERE, []),
        (THERE[:1], ["node_pools[workers].subnet_id: subnet-2 is not in this region and account"]),
        (
            [{**THERE[0], "Zone": "ap-guangzhou-6", "CidrBlock": "10.0.68.0/22"}, THERE[1]],
            [
                "eni_subnets[0].zone: ap-guangzhou-4 is declared, but subnet-1 has ap-guangzhou-6",
                "eni_subnets[0].cidr_block: 10.0.64.0/22 is declared, but subnet-1 has 10.0.68.0/22",
            ],
        ),
        (
            [THERE[0], {**THERE[1], "VpcId": "vpc-2"}],
            ["node_pools[workers].subnet_id: subnet-2 is in vpc-2, the cluster in vpc-1"],
        ),
        (
            [THERE[0], {**THERE[1], "Zone": "ap-guangzhou-6"}],
            ["node_pools[workers].zone: ap-guangzhou-4 is declared, but subnet-2 has"],
        ),
    ],
)
def test_stated_subnets_exist_and_have_the_stated_zone_and_range(
    monkeypatch: pytest.MonkeyPatch, there: list[dict[str, Any]], says: list[str]
) -> None:
    found = contradicted(Cloud(27, there), monkeypatch, NAMED)
    assert len(found) == len(says)
    assert all(line.startswith(said) for line, said in zip(found, says, strict=True))
    cloud = Cloud(27, [])
    assert contradicted(cloud, monkeypatch, NAMED, NAMED) == []
    late = {
        **NAMED,
        "eniSubnets": [{**NAMED["eniSubnets"][0], "id": UNKNOWN}],
        "nodePools": {"workers": {"subnetId": UNKNOWN}},
    }
    assert contradicted(cloud, monkeypatch, late) == []
    assert cloud.asked == []


def test_zones_do_not_move_from_the_api_to_the_configmap() -> None:
    (found,) = ClusterGuardProvider().check_offline(NAMED, {**NAMED, "zoneRegistration": "configmap"})
    assert str(found).startswith("zone_registration: configmap instead of api")
    assert ClusterGuardProvider().check_offline({**NAMED, "zoneRegistration": "configmap"}, NAMED) == []
