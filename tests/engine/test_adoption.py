"""A live cluster: adopted as previewed, moved without a replacement, never made twice."""

import pytest

from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.live import enable, make_cluster, remove
from tests.engine.stacks import PROGRAMS, changed, stack, steps, written
from tests.lab.lab import Lab

CONTRADICTED = {
    "not static": "static mode is False, but True in the program",
    "direct ENI": "CNI type is tke-direct-eni, but",
}


@pytest.mark.parametrize("start", ["gr", "hybrid", "one zone missing", "not static", "direct ENI"])
def test_the_adoption_of_a_live_cluster_matches_its_preview(lab: Lab, start: str) -> None:
    """The API does not return the static mode of a hybrid cluster; with the setting it does, and the mode
    is compared."""
    lab.settings(property_has_static=start == "not static")
    live = make_cluster(lab)
    first, second = live["subnets"]
    if start != "gr":
        subnets = [first] if start == "one zone missing" else live["subnets"]
        enable(
            lab,
            live,
            subnets,
            static=start != "not static",
            cni_type="tke-direct-eni" if start == "direct ENI" else "tke-route-eni",
        )
    config = {"vpcId": live["vpc"], "clusterId": live["cluster"], "subnets": live["subnets"]}
    with stack(lab, PROGRAMS / "adopt", "adopt", {}) as project, changed(project, config):
        preview = project.preview(check=False)
        assert written(lab) == []
        said = {
            "gr": f"VPC-CNI of {live['cluster']} is off; `up` switches it on with 2 subnets",
            "hybrid": (
                f"VPC-CNI of {live['cluster']} is on with {first['id']}, {second['id']}; it is adopted as"
                " it is"
            ),
            "one zone missing": f"`up` adds {second['id']}",
            **CONTRADICTED,
        }
        assert said[start] in preview.output
        not_told = (
            f"could not read whether {live['cluster']} is in static-IP mode; the value of the program is"
            " taken"
        )
        assert (not_told in preview.output) is (start not in ("gr", "not static"))
        if start in CONTRADICTED:
            assert preview.exit_code != 0
        else:
            assert "replace" not in " ".join(steps(project).values())
            project.up()
            if start == "gr":
                leaves_earlier_states_alone(project, "adopted")
            wrote = {
                "gr": ["EnableVpcCniNetworkType"],
                "hybrid": [],
                "one zone missing": ["AddVpcCniSubnets"],
            }
            assert written(lab) == wrote[start]
            for call in lab.calls():
                if call["write"]:
                    assert call["request"]["SkipAddingNonMasqueradeCIDRs"] is True
            project.preview("--expect-no-changes")
        project.destroy()
    assert "DeleteSubnet" not in written(lab)
    assert lab.calls("DisableVpcCniNetworkType") == []
    lab.settings(property_has_static=False)
    remove(lab, live)


def test_a_node_pool_of_an_adopted_cluster_is_not_rebuilt_either(lab: Lab) -> None:
    live = make_cluster(lab)
    zone = live["subnets"][0]["zone"]
    nodes = lab.call(
        "vpc",
        "CreateSubnet",
        {"VpcId": live["vpc"], "SubnetName": "nodes", "CidrBlock": "10.0.250.0/24", "Zone": zone},
    )
    config = {
        "vpcId": live["vpc"],
        "clusterId": live["cluster"],
        "subnets": live["subnets"],
        "nodes": nodes["Subnet"]["SubnetId"],
    }
    with stack(lab, PROGRAMS / "adopt", "pool", {}) as project, changed(project, config):
        project.up()
        leaves_earlier_states_alone(project, "adopted-pool")
        project.preview("--expect-no-changes")
        before = written(lab)
        with changed(project, {"instanceType": "S5.2XLARGE16"}):
            refused = project.preview(check=False)
        assert refused.exit_code != 0
        assert "node_pools[workers].instance_type: S5.2XLARGE16 instead of S5.LARGE8" in refused.output
        assert written(lab) == before
        project.destroy()
    lab.call("vpc", "DeleteSubnet", {"SubnetId": nodes["Subnet"]["SubnetId"]})
    remove(lab, live)


@pytest.mark.parametrize("hybrid", [False, True])
def test_a_cluster_of_raw_resources_moves_into_the_components_and_nothing_is_replaced(
    lab: Lab, hybrid: bool
) -> None:
    with stack(lab, PROGRAMS / "moved", "moved", {}) as project:
        project.up()
        if hybrid:  # the provider's way: a second `up` with the ENI subnets
            project.run("config", "set", "hybrid", "true")
            project.up()
            assert len(lab.calls("EnableVpcCniNetworkType")) == 1
        lab.reset_calls()
        (cluster_id,) = lab.state()["clusters"]
        project.run("config", "set", "moved", "true")
        planned = steps(project)
        assert set(planned.values()) <= {"create", "update"}
        assert {"hybrid-cluster", "hybrid-pool-workers", "pods-subnet"}.isdisjoint(
            name for name, operation in planned.items() if operation == "create"
        )
        report = f"VPC-CNI of {cluster_id} is " + (
            "on with" if hybrid else "off; `up` switches it on with 1 subnets"
        )
        assert report in project.preview().output
        assert written(lab) == []
        project.up()
        assert {
            "CreateCluster",
            "CreateClusterNodePool",
            "CreateSubnet",
            "DisableVpcCniNetworkType",
        }.isdisjoint(written(lab))
        assert len(lab.calls("EnableVpcCniNetworkType")) == (0 if hybrid else 1)
        if not hybrid:
            leaves_earlier_states_alone(project, "moved")
        project.refresh()
        project.preview("--expect-no-changes")


def test_no_second_cluster_is_made_beside_a_cluster_outside_the_state(lab: Lab) -> None:
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
