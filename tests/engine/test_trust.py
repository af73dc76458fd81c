"""The pod network can be trusted: nothing is rebuilt, switched off or taken for gone by a mistake in a program or a run."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.stacks import PROGRAMS, configure, stack, steps
from tests.lab.lab import Lab, wait_until
from tests.lab.pulumi_cli import PulumiProject

FOUR, SIX, SEVEN = "ap-guangzhou-4", "ap-guangzhou-6", "ap-guangzhou-7"
BASE: dict[str, object] = {"zones": [FOUR, SIX], "workload": "false"}


def written(lab: Lab) -> list[str]:
    return [call["action"] for call in lab.calls() if call["write"]]


@pytest.fixture(scope="module")
def project(lab: Lab) -> Iterator[PulumiProject]:
    with stack(lab, PROGRAMS / "zones", "trust", BASE) as made:
        made.up()
        yield made
    assert lab.state()["clusters"] == {}


def refused(lab: Lab, project: PulumiProject, **environment: str) -> str:
    """What a preview says that has to fail and to write nothing."""
    before = written(lab)
    project.change_environment(environment)
    result = project.preview(check=False)
    project.change_environment(dict.fromkeys(environment, ""))
    assert result.exit_code != 0
    assert written(lab) == before
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"clusterCidr": "172.16.0.0/20"}, "cluster.clusterCidr value {<nil>} has a problem: 172.16.0.0/20 instead of 192.168.0.0/20"),
        ({"staticIp": "false", "reclaim": "300"}, "ip_reclaim: 300s has no effect without static IPs"),
        ({"reclaim": "600"}, "600s instead of 300s; TKE fixes the reclaim time when VPC-CNI is switched on"),
        ({"instanceType": "S5.2XLARGE16"}, "S5.2XLARGE16 instead of S5.LARGE8; TKE fixes the machine type when the pool is made"),
        ({"firstBlock": "128"}, "left the list; TKE cannot unregister one subnet"),
    ],
)
def test_what_would_rebuild_something_is_refused_by_its_name(
    lab: Lab, project: PulumiProject, change: dict[str, str], sentence: str
) -> None:
    configure(project, change)
    said = refused(lab, project)
    for name in change:
        project.run("config", "rm", name)
    assert sentence in said
    project.preview("--expect-no-changes")


def test_credentials_of_another_account_are_refused_and_the_state_is_untouched(lab: Lab, project: PulumiProject) -> None:
    before = project.export()
    lab.settings(account="100000000099")
    try:
        said = refused(lab, project)
        refresh = project.refresh(check=False)
    finally:
        lab.settings(account="")
    assert "the stack belongs to account 100000000001" in said
    assert "to account 100000000099" in said
    assert lab.secret_id not in said
    assert f"{lab.secret_id[:4]}…{lab.secret_id[-4:]}" in said
    assert refresh.exit_code != 0
    assert "the stack belongs to account 100000000001" in refresh.output
    assert [r["urn"] for r in project.export()["deployment"]["resources"]] == [r["urn"] for r in before["deployment"]["resources"]]
    project.preview("--expect-no-changes")


def test_another_region_than_the_clusters_is_refused(lab: Lab, project: PulumiProject) -> None:
    said = refused(lab, project, TENCENTCLOUD_REGION="ap-shanghai")
    assert "ap-guangzhou-4 is not in region ap-shanghai, in which the tencentcloud provider works" in said


def test_a_subnet_registered_elsewhere_is_reported_and_never_removed(lab: Lab, project: PulumiProject) -> None:
    (cluster,) = lab.state()["clusters"].values()
    vpc = cluster["vpc_id"]
    made = lab.call("vpc", "CreateSubnet", {"VpcId": vpc, "SubnetName": "elsewhere", "CidrBlock": "10.0.200.0/24", "Zone": SEVEN})[
        "Subnet"
    ]["SubnetId"]
    lab.call("tke", "AddVpcCniSubnets", {"ClusterId": cluster["cluster_id"], "VpcId": vpc, "SubnetIds": [made]})
    project.refresh()
    result = project.preview("--expect-no-changes")
    assert f"{made} was registered elsewhere; it is reported, never removed" in result.output
    assert lab.calls("DisableVpcCniNetworkType") == []


def test_vpc_cni_switched_off_elsewhere_is_seen_said_and_cured(lab: Lab, project: PulumiProject) -> None:
    cluster_id = lab.cluster_id()
    lab.call("tke", "DisableVpcCniNetworkType", {"ClusterId": cluster_id})
    wait_until("disabled", lambda: not lab.call("tke", "DescribeIPAMD", {"ClusterId": cluster_id})["EnableIPAMD"])
    for subnet in lab.state()["subnets"].values():
        if subnet["name"] == "elsewhere":  # of the test before, in the console again: it would hold up the VPC's deletion
            lab.call("vpc", "DeleteSubnet", {"SubnetId": subnet["subnet_id"]})
    lab.reset_calls()
    project.refresh()
    result = project.preview()
    assert f"VPC-CNI of {cluster_id} is off; `up` switches it on with 2 subnets" in result.output
    assert written(lab) == []
    project.up()
    assert len(lab.calls("EnableVpcCniNetworkType")) == 1
    assert lab.calls("DisableVpcCniNetworkType") == []
    project.preview("--expect-no-changes")


def make_cluster(lab: Lab) -> dict[str, Any]:
    """A GlobalRouter cluster and two container subnets, made in the console."""
    vpc = lab.call("vpc", "CreateVpc", {"VpcName": "live", "CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    subnets = [
        {"zone": zone, "cidr": block, "id": lab.call(
            "vpc", "CreateSubnet", {"VpcId": vpc, "SubnetName": zone, "CidrBlock": block, "Zone": zone}
        )["Subnet"]["SubnetId"]}
        for zone, block in ((FOUR, "10.0.64.0/22"), (SIX, "10.0.68.0/22"))
    ]  # fmt: skip
    request = {
        "ClusterType": "MANAGED_CLUSTER",
        "ClusterCIDRSettings": {"ClusterCIDR": "192.168.0.0/20", "MaxNodePodNum": 64, "MaxClusterServiceNum": 1024},
        "ClusterBasicSettings": {"VpcId": vpc, "ClusterName": "live"},
        "ClusterAdvancedSettings": {"NetworkType": "GR"},
    }
    cluster = lab.call("tke", "CreateCluster", request)["ClusterId"]
    running = {"ClusterIds": [cluster]}
    wait_until("the cluster", lambda: lab.call("tke", "DescribeClusters", running)["Clusters"][0]["ClusterStatus"] == "Running")
    return {"vpc": vpc, "cluster": cluster, "subnets": subnets}


def enable(lab: Lab, live: dict[str, Any], subnets: list[dict[str, str]], *, static: bool = True) -> None:
    request: dict[str, object] = {
        "ClusterId": live["cluster"],
        "VpcCniType": "tke-route-eni",
        "EnableStaticIp": static,
        "Subnets": [subnet["id"] for subnet in subnets],
    }
    lab.call("tke", "EnableVpcCniNetworkType", {**request, "ExpiredSeconds": 300} if static else request)
    ipamd = {"ClusterId": live["cluster"]}
    wait_until("ipamd", lambda: lab.call("tke", "DescribeIPAMD", ipamd)["EnableIPAMD"])


def remove(lab: Lab, live: dict[str, Any]) -> None:
    lab.call("tke", "DeleteCluster", {"ClusterId": live["cluster"], "InstanceDeleteMode": "terminate"})
    wait_until("the deletion", lambda: live["cluster"] not in lab.state()["clusters"])
    for subnet in live["subnets"]:
        lab.call("vpc", "DeleteSubnet", {"SubnetId": subnet["id"]})
    lab.call("vpc", "DeleteVpc", {"VpcId": live["vpc"]})


@pytest.mark.parametrize("start", ["gr", "hybrid", "one zone missing", "not static"])
def test_a_live_cluster_is_adopted_as_the_preview_says(lab: Lab, start: str) -> None:
    live = make_cluster(lab)
    first, second = live["subnets"]
    if start != "gr":
        enable(lab, live, [first] if start == "one zone missing" else live["subnets"], static=start != "not static")
    lab.reset_calls()
    config = {"vpcId": live["vpc"], "clusterId": live["cluster"]}
    for index, subnet in enumerate(live["subnets"]):
        config |= {f"subnets[{index}].{key}": subnet[key] for key in ("id", "zone", "cidr")}
    with stack(lab, PROGRAMS / "adopt", "adopt", {}) as project:
        for key, value in config.items():
            project.run("config", "set", "--path", key, value)
        preview = project.preview(check=False)
        assert written(lab) == []
        said = {
            "gr": f"VPC-CNI of {live['cluster']} is off; `up` switches it on with 2 subnets",
            "hybrid": f"VPC-CNI of {live['cluster']} is on with {first['id']}, {second['id']}; it is adopted as it is",
            "one zone missing": f"`up` adds {second['id']}",
            "not static": "static mode is False, the program says True",
        }
        assert said[start] in preview.output
        if start == "not static":
            assert preview.exit_code != 0
        else:
            assert "replace" not in " ".join(steps(project).values())
            project.up()
            wrote = {"gr": ["EnableVpcCniNetworkType"], "hybrid": [], "one zone missing": ["AddVpcCniSubnets"]}
            assert written(lab) == wrote[start]
            for call in lab.calls():
                if call["write"]:
                    assert call["request"]["SkipAddingNonMasqueradeCIDRs"] is True
            project.preview("--expect-no-changes")
    assert "DeleteSubnet" not in written(lab)
    assert lab.calls("DisableVpcCniNetworkType") == []
    remove(lab, live)


def test_destroy_waits_for_a_slow_cloud_and_deletes_no_subnet_that_holds_addresses(lab: Lab) -> None:
    others = lab.state()["subnets"].keys()
    with stack(lab, PROGRAMS / "zones", "slow", {**BASE, "workload": "true"}) as project:
        project.up()
        pods = [name for name, item in lab.state()["subnets"].items() if item["name"].startswith("pods-") and name not in others]
        assert len(pods) == 2
        lab.reset_calls()
        lab.settings(slow_delete=9.0, slow_release=6.0, slow_load_balancers=6.0)
        try:
            project.destroy()
        finally:
            lab.settings(slow_delete=0.5, slow_release=0.0, slow_load_balancers=0.0)
        too_early = [call["request"]["SubnetId"] for call in lab.calls("DeleteSubnet") if call["error"] is not None]
        assert not set(too_early) & set(pods)
        assert not set(pods) & lab.state()["subnets"].keys()


def test_a_second_cluster_is_not_made_beside_one_that_nobody_knows(lab: Lab) -> None:
    live = make_cluster(lab)
    lab.call("tke", "ModifyClusterAttribute", {"ClusterId": live["cluster"], "ClusterName": "orphan"})
    config = {"vpcId": live["vpc"], "subnetId": live["subnets"][0]["id"]}
    with stack(lab, PROGRAMS / "orphan", "orphan", config) as project:
        lab.reset_calls()
        result = project.up(check=False)
        assert result.exit_code != 0
        assert f"adopt {live['cluster']} or delete it" in result.output
        assert lab.calls("CreateCluster") == []
    remove(lab, live)
