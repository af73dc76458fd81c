"""Destroy removes all resources in one command, in order, also from a cloud that is slow, throttles, or has
lost the cluster."""

import os

from tests.engine.printed_commands import follow, printed_commands
from tests.engine.stacks import PROGRAMS, configure, stack
from tests.lab.lab import ROOT, Lab, wait_until
from tests.lab.pulumi_cli import PulumiProject

FOUR, SIX = "ap-guangzhou-4", "ap-guangzhou-6"
CLOSES = "DeleteClusterEndpoint"
SLOWNESS = float(os.environ.get("TKE_HYBRID_SLOWNESS", "0.1"))
"""1: as slow as TKE was seen to be, which takes five minutes."""


def left(lab: Lab) -> dict[str, list[str]]:
    return {kind: list(found) for kind, found in lab.state().items() if found}


def demo(lab: Lab, name: str) -> PulumiProject:
    project = lab.project(ROOT)
    project.stack_init(name)
    configure(project, {"keyId": "skey-12345678", "zones": [FOUR, SIX]})
    project.up()
    lab.reset_calls()
    return project


def test_the_demo_goes_in_one_command_and_in_two_when_each_call_fails_twice(lab: Lab) -> None:
    project = demo(lab, "gone")
    try:
        said = project.destroy().output
        assert left(lab) == {}
        asked = {call["action"] for call in lab.calls()}
        assert "DisableVpcCniNetworkType" not in asked
        # The stateful set's addresses outlive its pods: named while the cluster lives, with the command that
        # releases each.
        assert said.index("`kubectl delete vipc nginx-sts-0 -n default` releases it") < said.index(
            "hybrid-cluster deleting"
        )
        assert "could not read the addresses that are kept" not in said

        project.up()
        failures = {(action, kind) for action in asked for kind in ("throttle", "drop_before")}
        failures -= {(CLOSES, "drop_before")}
        for action, kind in sorted(failures, reverse=True):  # an action is throttled first
            lab.fault(action=action, kind=kind)
        lab.reset_calls()
        # The provider closes the endpoint, and repeats no failed call.
        assert "RequestLimitExceeded" in project.destroy(check=False).output
        project.destroy()
        assert left(lab) == {}
        faults = [(call["action"], call["fault"]) for call in lab.calls() if call["fault"]]
        assert sorted(faults) == sorted(failures)
        assert lab.calls("DisableVpcCniNetworkType") == []
    finally:
        (ROOT / "Pulumi.gone.yaml").unlink(missing_ok=True)


def test_a_slow_cloud_is_waited_for_and_no_subnet_that_holds_addresses_is_deleted(lab: Lab) -> None:
    # Kept addresses outlive their pods, so the subnets are still in use when the cluster goes.
    with stack(lab, PROGRAMS / "zones", "slow", {"zones": [FOUR, SIX], "fixed": "true"}) as project:
        project.up()
        pods = [
            subnet_id
            for subnet_id, item in lab.state()["subnets"].items()
            if item["name"].startswith("pods-")
        ]
        assert len(pods) == 2
        lab.reset_calls()
        lab.settings(slow_delete=90 * SLOWNESS, slow_release=60 * SLOWNESS, slow_load_balancers=60 * SLOWNESS)
        try:
            project.run("destroy", "--yes", "--skip-preview", timeout=900)
        finally:
            lab.settings(slow_delete=0.5, slow_release=0.0, slow_load_balancers=0.0)
        assert left(lab) == {}
        (cluster,) = lab.calls("DeleteCluster")
        deleted = [call for call in lab.calls("DeleteSubnet") if call["request"]["SubnetId"] in pods]
        assert [call["error"] for call in deleted] == [None, None]
        assert {call["request"]["SubnetId"] for call in deleted} == set(pods)
        assert all(call["time"] - cluster["time"] > (90 + 60) * SLOWNESS for call in deleted)


def test_kept_addresses_are_released_before_the_cluster_if_the_program_sets_this(lab: Lab) -> None:
    with stack(
        lab, PROGRAMS / "zones", "kept", {"zones": [FOUR], "fixed": "true", "release": "true"}
    ) as project:
        project.up()
        owner = f"eni:{lab.cluster_id()}/default/web-0"

        def held() -> bool:
            return any(owner in subnet["leases"].values() for subnet in lab.state()["subnets"].values())

        assert held()
        lab.reset_calls()
        lab.fault(action="DeleteCluster", kind="delay", seconds=5)
        running = project.start("destroy", "--yes", "--skip-preview")
        try:
            while not lab.calls("DeleteCluster"):
                assert not running.wait(0.1), running.result().output
            assert not held()
            assert running.wait(120)
        finally:
            running.kill()
        assert "releasing 10.0.64." in running.result().output
        assert left(lab) == {}


def test_a_cluster_that_is_gone_already_leaves_a_stack_that_can_be_destroyed(lab: Lab) -> None:
    with stack(lab, PROGRAMS / "zones", "lost", {"zones": [FOUR]}) as project:
        project.up()
        cluster_id = lab.cluster_id()
        lab.call("tke", "DeleteCluster", {"ClusterId": cluster_id, "InstanceDeleteMode": "terminate"})
        wait_until("the deletion", lambda: not lab.state()["clusters"])
        commands = printed_commands(lab, project, "destroy")
        assert "--target-dependents --force" in commands[0]
        lab.reset_calls()
        follow(lab, project, commands)
        assert left(lab) == {}
        assert not [call["action"] for call in lab.calls() if call["error"]]


def test_a_pool_that_was_deleted_elsewhere_leaves_a_stack_that_can_be_destroyed(lab: Lab) -> None:
    with stack(lab, PROGRAMS / "zones", "poolless", {"zones": [FOUR, SIX]}) as project:
        project.up()
        cluster_id = lab.cluster_id()
        pool_id = lab.state()["clusters"][cluster_id]["node_pools"][0]["node_pool_id"]
        gone = {"ClusterId": cluster_id, "NodePoolIds": [pool_id], "KeepInstance": False}
        lab.call("tke", "DeleteClusterNodePool", gone)
        commands = printed_commands(lab, project, "destroy")
        assert [command.split()[1] for command in commands] == ["destroy", "state", "destroy"]
        follow(lab, project, commands)
        assert left(lab) == {}
