"""Somebody switches VPC-CNI off in the console, under a cluster whose zones are in ipamd's ConfigMap: one `up` brings all of it back."""

from tests.engine.stacks import PROGRAMS, stack
from tests.lab.lab import Lab, wait_until

ZONES = ["ap-guangzhou-4", "ap-guangzhou-6"]


def test_one_up_registers_every_zone_again(lab: Lab) -> None:
    config: dict[str, object] = {"zones": ZONES, "registration": "configmap", "workload": "false"}
    with stack(lab, PROGRAMS / "zones", "off", config) as project:
        project.up()
        (cluster_id,) = lab.state()["clusters"]
        before = lab.state()["clusters"][cluster_id]["vpc_cni"]["ipamd_subnet_ids"]
        lab.call("tke", "DisableVpcCniNetworkType", {"ClusterId": cluster_id})
        wait_until("VPC-CNI is off", lambda: lab.state()["clusters"][cluster_id]["vpc_cni"] is None)
        project.refresh()
        assert f"VPC-CNI of {cluster_id} is off; `up` switches it on" in project.preview().output
        project.up()
        now = lab.state()["clusters"][cluster_id]["vpc_cni"]
        assert (now["phase"], now["ipamd_subnet_ids"]) == ("running", before)
        assert len(before) == len(ZONES)
        project.preview("--expect-no-changes")


def test_patches_of_objects_that_are_gone_are_made_again(lab: Lab) -> None:
    """TKE takes ipamd's objects away after VPC-CNI is off: a refresh between the two leaves their patches in the state."""
    config: dict[str, object] = {"zones": ZONES, "registration": "configmap", "workload": "false"}
    with stack(lab, PROGRAMS / "zones", "between", config) as project:
        project.up()
        (cluster_id,) = lab.state()["clusters"]
        before = lab.state()["clusters"][cluster_id]["vpc_cni"]["ipamd_subnet_ids"]
        lab.call("tke", "DisableVpcCniNetworkType", {"ClusterId": cluster_id})
        wait_until("VPC-CNI is off", lambda: lab.state()["clusters"][cluster_id]["vpc_cni"] is None)
        urns = [resource["urn"] for resource in project.export()["deployment"]["resources"] if "VpcCni" in resource["type"]]
        project.run("refresh", "--yes", *(f"--target={urn}" for urn in urns))
        project.up()
        now = lab.state()["clusters"][cluster_id]["vpc_cni"]
        assert (now["phase"], now["ipamd_subnet_ids"]) == ("running", before)
        project.preview("--expect-no-changes")
