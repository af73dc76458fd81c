"""An irreversible change is refused at preview, with its name, and without a write. One running cluster for
all tests."""

import contextlib
import json
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from lightkube.models.core_v1 import Container, PodSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Pod

from pulumi_tke_hybrid.tke import keys
from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import PROGRAMS, changed, configure, stack, steps, written
from tests.lab.cluster_view import client
from tests.lab.lab import Lab, wait_until
from tests.lab.pulumi_cli import PulumiProject

FOUR, SIX, SEVEN = "ap-guangzhou-4", "ap-guangzhou-6", "ap-guangzhou-7"
BASE: dict[str, object] = {"zones": [FOUR, SIX], "workload": "false"}


@pytest.fixture(scope="module")
def project(lab: Lab) -> Iterator[PulumiProject]:
    with stack(lab, PROGRAMS / "zones", "guarded", BASE) as made:
        made.up()
        leaves_earlier_states_alone(made, "zones")
        yield made
    assert lab.state()["clusters"] == {}


def refused(lab: Lab, project: PulumiProject, **environment: str) -> str:
    """The output of a preview that has to fail without a write."""
    before = written(lab)
    project.change_environment(environment)
    result = project.preview(check=False)
    project.change_environment(dict.fromkeys(environment, ""))
    assert result.exit_code != 0
    assert written(lab) == before
    assert "Traceback" not in result.output
    return result.output


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "a subnet removed": (
        {"zones": [FOUR], "pools": [FOUR]},
        "left the list; TKE cannot unregister one subnet and pods hold addresses in it",
    ),
    "a subnet swapped": (
        {"zones": [FOUR, SEVEN], "pools": [FOUR]},
        f"eni_subnets[1].zone: {SEVEN} instead of {SIX}; the zone of a subnet is fixed",
    ),
    "an empty list": (
        {"zones": []},
        "eni_subnets: is empty; without a container subnet no pod can have a VPC address",
    ),
    "another range of a subnet": (
        {"firstBlock": 128},
        (
            "eni_subnets[0].cidr_block: 10.0.128.0/22 instead of 10.0.64.0/22; the range of a subnet is fixed"
            " when it is made, so another one would take the place of subnet-"
        ),
    ),
    "another zone of a subnet": (
        {"movedTo": SEVEN},
        f"eni_subnets[0].zone: {SEVEN} instead of {FOUR}; the zone of a subnet is fixed",
    ),
    "another static mode": (
        {"staticIp": "false", "reclaim": "never"},
        (
            "static_ip: False instead of True; TKE fixes static-IP mode when the cluster is made, so this"
            " would rebuild the whole cluster"
        ),
    ),
    "static mode and reclaim time": (
        {"staticIp": "false"},
        "ip_reclaim: 300s has no effect without static IPs",
    ),
    "another first pool": ({"pools": [SIX, FOUR]}, "; the API server's address stays where it was opened"),
    "another reclaim time": (
        {"reclaim": 600},
        "600s instead of 300s; this provider does not change the reclaim time once VPC-CNI is on",
    ),
    "another overlay range": (
        {"clusterCidr": "172.16.0.0/20"},
        (
            "cluster_cidr: 172.16.0.0/20 instead of 192.168.0.0/20; TKE fixes the overlay range when the"
            " cluster is made"
        ),
    ),
    "another VPC": (
        {"vpcCidr": "10.0.0.0/15"},
        "; a VPC that is still to be made would rebuild the whole cluster; keep vpc-",
    ),
    "other pods of a node": (
        {"pods": 32},
        "cluster_max_pod_num: 32 instead of 64; TKE fixes the overlay addresses of a node",
    ),
    "other keys of the machines": (
        {"key": "skey-87654321"},
        (
            f"node_pools[{FOUR}].key_ids: skey-87654321 instead of skey-12345678; TKE fixes the SSH keys when"
            " the pool is made"
        ),
    ),
    "another machine type": (
        {"instanceType": "S5.2XLARGE16"},
        (
            f"node_pools[{FOUR}].instance_type: S5.2XLARGE16 instead of S5.LARGE8; TKE fixes the machine type"
            " when the pool is made, so this would rebuild it and its 1 machines at once; add a pool of"
            " another name, drain the nodes of this one, then remove it"
        ),
    ),
}


@pytest.mark.parametrize("change", REFUSED)
def test_a_change_that_would_rebuild_or_unplug_a_resource_is_refused(
    lab: Lab, project: PulumiProject, change: str
) -> None:
    config, sentence = REFUSED[change]
    with changed(project, config):
        said = refused(lab, project)
    assert sentence in said


def test_a_replacement_of_the_cluster_that_the_program_allows_is_planned(
    lab: Lab, project: PulumiProject
) -> None:
    before = written(lab)
    with changed(project, {"clusterCidr": "172.16.0.0/20", "replace": "true"}):
        planned = steps(project)
    assert "replace" in planned["zones-cluster"]
    assert written(lab) == before


def test_after_all_refusals_the_program_still_changes_nothing(project: PulumiProject) -> None:
    project.preview("--expect-no-changes")


@contextlib.contextmanager
def another_account(lab: Lab) -> Generator[None]:
    lab.settings(account="100000000099")
    try:
        yield
    finally:
        lab.settings(account="")


def state(project: PulumiProject) -> dict[str, Any]:
    """The stack's state by URN, without secrets: a secret is encrypted anew at each write of the state."""
    text = re.sub(r'"ciphertext": "[^"]*"', '"ciphertext": ""', json.dumps(project.export()))
    resources: list[dict[str, Any]] = json.loads(text)["deployment"]["resources"]
    known = ("id", "inputs", "outputs", "provider", "protect")
    return {item["urn"]: [item.get(key) for key in known] for item in resources if item["custom"]}


def test_a_run_with_credentials_of_another_account_is_refused_and_the_state_is_untouched(
    lab: Lab, project: PulumiProject
) -> None:
    before, writes = state(project), written(lab)
    with another_account(lab):
        said = refused(lab, project)
        up = project.up(check=False)
    assert up.exit_code != 0
    for output in (said, up.output):
        assert "the stack belongs to account 100000000001" in output
        assert "to account 100000000099" in output
        assert f"{lab.secret_id[:4]}…{lab.secret_id[-4:]}" in output
        assert lab.secret_id not in output
    assert state(project) == before
    assert written(lab) == writes
    project.preview("--expect-no-changes")


def test_a_run_in_another_region_than_the_clusters_is_refused_and_the_state_is_untouched(
    lab: Lab, project: PulumiProject
) -> None:
    before, writes = state(project), written(lab)
    project.change_environment({"TENCENTCLOUD_REGION": "ap-shanghai"})
    preview, up = project.preview(check=False), project.up(check=False)
    project.change_environment({"TENCENTCLOUD_REGION": ""})
    for run in (preview, up):
        assert run.exit_code != 0
        assert (
            "ap-guangzhou-4 is not in region ap-shanghai, in which the tencentcloud provider works"
            in run.output
        )
    assert state(project) == before
    assert written(lab) == writes
    project.preview("--expect-no-changes")


def test_an_earlier_export_restores_a_stack_after_a_refresh_with_another_account(
    lab: Lab, project: PulumiProject, tmp_path: Path
) -> None:
    """From docs/recovery.md: a refresh runs no program, and the engine keeps the new state of a refusing
    resource."""
    before, writes, export = state(project), written(lab), tmp_path / "export.json"
    export.write_text(json.dumps(project.export()))
    with another_account(lab):
        refresh = project.refresh(check=False)
    assert refresh.exit_code != 0
    assert "the stack belongs to account 100000000001" in refresh.output
    assert state(project).keys() < before.keys()
    assert "vpc_id: is not known yet, instead of vpc-" in refused(lab, project)
    project.run("stack", "import", "--file", str(export))
    assert state(project) == before
    assert written(lab) == writes
    project.preview("--expect-no-changes")


def test_with_both_pinned_a_refresh_elsewhere_forgets_nothing(lab: Lab, project: PulumiProject) -> None:
    """From docs/recovery.md: only the provider itself can refuse."""
    configure(
        project, {"tencentcloud:region": "ap-guangzhou", "tencentcloud:allowedAccountIds": ["100000000001"]}
    )
    project.up()
    project.refresh()
    before = state(project)
    with another_account(lab):
        refresh = project.refresh(check=False)
    assert refresh.exit_code != 0
    assert "100000000099" in refresh.output
    assert state(project) == before
    project.change_environment({"TENCENTCLOUD_REGION": "ap-shanghai"})
    project.refresh()
    project.change_environment({"TENCENTCLOUD_REGION": ""})
    assert state(project).keys() == before.keys()
    project.preview("--expect-no-changes")


def test_a_subnet_registered_elsewhere_is_reported_and_never_removed(
    lab: Lab, project: PulumiProject
) -> None:
    (cluster,) = lab.state()["clusters"].values()
    vpc = cluster["vpc_id"]
    request = {"VpcId": vpc, "SubnetName": "elsewhere", "CidrBlock": "10.0.200.0/24", "Zone": SEVEN}
    made = lab.call("vpc", "CreateSubnet", request)["Subnet"]["SubnetId"]
    lab.call(
        "tke", "AddVpcCniSubnets", {"ClusterId": cluster["cluster_id"], "VpcId": vpc, "SubnetIds": [made]}
    )
    project.refresh()
    result = project.preview("--expect-no-changes")
    assert f"{made} was registered elsewhere; it is reported, never removed" in result.output
    assert lab.calls("DisableVpcCniNetworkType") == []


def switch_off(lab: Lab, cluster_id: str) -> None:
    """In the console."""
    lab.call("tke", "DisableVpcCniNetworkType", {"ClusterId": cluster_id})
    wait_until(
        "disabled", lambda: not lab.call("tke", "DescribeIPAMD", {"ClusterId": cluster_id})["EnableIPAMD"]
    )


def test_vpc_cni_is_switched_off_on_request_and_never_while_a_pod_has_its_address(
    lab: Lab, project: PulumiProject
) -> None:
    (cluster,) = lab.state()["clusters"].values()
    cluster_id = cluster["cluster_id"]
    pod = Pod(
        metadata=ObjectMeta(name="alive", namespace="default", annotations={keys.NETWORKS: keys.ROUTE_ENI}),
        spec=PodSpec(containers=[Container(name="web", image="nginx")]),
    )
    kube = client(lab.kubeconfig(cluster_id))
    config = {
        "clusterId": cluster_id,
        "vpcId": cluster["vpc_id"],
        "subnets": cluster["vpc_cni"]["subnet_ids"],
    }
    with stack(lab, PROGRAMS / "switch", "switch", {}) as other, changed(other, config):
        other.up()
        leaves_earlier_states_alone(other, "switch")
        kube.create(pod)
        said = other.destroy(check=False)
        assert said.exit_code != 0
        assert (
            f"1 pods of {cluster_id} live on ENI addresses and would lose their network: default/alive;"
            " remove them first" in said.output
        )
        assert written(lab) == []
        kube.delete(Pod, "alive", namespace="default", grace_period=0)
        wait_until("the pod's end", lambda: not list(kube.list(Pod, namespace="default")))
        (urn,) = [
            resource["urn"]
            for resource in other.export()["deployment"]["resources"]
            if resource["urn"].endswith(":VpcCni::switch-switch")
        ]
        other.run("up", "--yes", f"--replace={urn}")
        assert written(lab) == [
            "DisableVpcCniNetworkType",
            "EnableVpcCniNetworkType",
        ]  # in this order: first the state becomes true
        other.preview("--expect-no-changes")
        lab.reset_calls()
        other.destroy()
        assert written(lab) == ["DisableVpcCniNetworkType"]


def test_vpc_cni_switched_off_elsewhere_is_found_named_and_repaired(lab: Lab, project: PulumiProject) -> None:
    cluster_id = lab.cluster_id()  # whose VPC-CNI the test before has switched off
    for subnet in lab.state()["subnets"].values():
        if (
            subnet["name"] == "elsewhere"
        ):  # of the test before, in the console again: it would hold up the VPC's deletion
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


def test_a_reclaim_time_changed_elsewhere_is_named_and_may_be_adopted(
    lab: Lab, project: PulumiProject
) -> None:
    (cluster,) = lab.state()["clusters"].values()
    cluster_id, subnets = cluster["cluster_id"], cluster["vpc_cni"]["subnet_ids"]
    switch_off(lab, cluster_id)
    request = {
        "ClusterId": cluster_id,
        "VpcCniType": "tke-route-eni",
        "EnableStaticIp": True,
        "Subnets": subnets,
        "ExpiredSeconds": 600,
    }
    lab.call("tke", "EnableVpcCniNetworkType", request)
    wait_until(
        "ipamd", lambda: lab.call("tke", "DescribeIPAMD", {"ClusterId": cluster_id})["Phase"] == "running"
    )
    lab.reset_calls()
    project.refresh()
    said = project.preview("--expect-no-changes").output
    assert (
        "reclaim is 600 s in the cloud, but 300 s in the program; it was changed elsewhere; write the live"
        " value into the program" in said
    )
    with changed(project, {"reclaim": 600}):
        project.up()
        project.preview("--expect-no-changes")
    assert written(lab) == []
