"""VPC-CNI is disabled in the console, under a cluster whose zones are in ipamd's ConfigMap: one `up`
restores all zones."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from tests.engine.stacks import PROGRAMS, stack
from tests.lab.lab import Lab, wait_until
from tests.lab.pulumi_cli import PulumiProject

ZONES = ["ap-guangzhou-4", "ap-guangzhou-6"]


def vpc_cni(lab: Lab) -> Any:
    (cluster,) = lab.state()["clusters"].values()
    return cluster["vpc_cni"]


@contextmanager
def switched_off(lab: Lab, name: str) -> Generator[PulumiProject]:
    """A stack, not refreshed, under which VPC-CNI was switched off. At the end each zone is registered again,
    and nothing is left to do."""
    config: dict[str, object] = {"zones": ZONES, "registration": "configmap", "workload": "false"}
    with stack(lab, PROGRAMS / "zones", name, config) as project:
        project.up()
        before = vpc_cni(lab)["ipamd_subnet_ids"]
        assert len(before) == len(ZONES)
        lab.call("tke", "DisableVpcCniNetworkType", {"ClusterId": lab.cluster_id()})
        wait_until("VPC-CNI is off", lambda: vpc_cni(lab) is None)
        yield project
        assert (vpc_cni(lab)["phase"], vpc_cni(lab)["ipamd_subnet_ids"]) == ("running", before)
        project.preview("--expect-no-changes")


def test_one_up_registers_every_zone_again(lab: Lab) -> None:
    with switched_off(lab, "off") as project:
        project.refresh()
        assert f"VPC-CNI of {lab.cluster_id()} is off; `up` switches it on" in project.preview().output
        project.up()


def test_patches_of_objects_that_are_gone_are_made_again(lab: Lab) -> None:
    """TKE takes ipamd's objects away after VPC-CNI is off: a refresh between the two leaves their patches in
    the state."""
    with switched_off(lab, "between") as project:
        urns = [
            resource["urn"]
            for resource in project.export()["deployment"]["resources"]
            if "VpcCni" in resource["type"]
        ]
        project.run("refresh", "--yes", *(f"--target={urn}" for urn in urns))
        project.up()
