"""A pool whose size is the autoscaler's: no `up` takes its nodes away, and a change of its bounds never ends
half-way."""

from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import PROGRAMS, changed, configure, stack, written
from tests.lab.lab import Lab, wait_until

ZONE = "ap-guangzhou-4"


def sizes(lab: Lab) -> tuple[int, int, int]:
    """Least, wanted and greatest number of nodes of the only pool."""
    (pool,) = lab.call("tke", "DescribeClusterNodePools", {"ClusterId": lab.cluster_id()})["NodePoolSet"]
    return pool["MinNodesNum"], pool["DesiredNodesNum"], pool["MaxNodesNum"]


def autoscale(lab: Lab, size: int) -> None:
    """Change the size as the autoscaler does."""
    (pool,) = lab.call("tke", "DescribeClusterNodePools", {"ClusterId": lab.cluster_id()})["NodePoolSet"]
    request = {"ClusterId": lab.cluster_id(), "NodePoolId": pool["NodePoolId"], "DesiredCapacity": size}
    lab.call("tke", "ModifyNodePoolDesiredCapacityAboutAsg", request)
    wait_until("the autoscaler's nodes", lambda: sizes(lab)[1] == size)
    lab.reset_calls()


def test_no_update_of_a_pool_takes_the_autoscalers_nodes_away(lab: Lab) -> None:
    with stack(
        lab, PROGRAMS / "zones", "scaled", {"zones": [ZONE], "workload": "false", "mostNodes": 5}
    ) as project:
        project.up()
        leaves_earlier_states_alone(project, "autoscaled")
        autoscale(lab, 4)
        project.preview("--expect-no-changes")
        with changed(project, {"tier": "none"}):
            project.change_environment({"TENCENTCLOUD_SECRET_KEY": "wrong"})
            assert "could not look at the size of zones-pool" in project.preview().output
            project.change_environment({"TENCENTCLOUD_SECRET_KEY": ""})
        for change in ({"tier": "web"}, {"mostNodes": 8}):
            configure(project, change)
            for refused in (project.preview(check=False), project.up(check=False)):
                assert refused.exit_code != 0
                assert (
                    f"node_pools[{ZONE}].size: 4 nodes are there, and the state of this pool that scales by"
                    " itself knows of 1" in refused.output
                )
                assert "run `pulumi refresh`, then `pulumi up` again" in refused.output
            assert written(lab) == []
        project.refresh()
        project.up()
        assert sizes(lab) == (1, 4, 8)
        project.preview("--expect-no-changes")


def test_the_refusal_names_the_two_steps_that_remove_an_autoscaler(lab: Lab) -> None:
    with stack(
        lab, PROGRAMS / "zones", "fixed", {"zones": [ZONE], "workload": "false", "mostNodes": 5}
    ) as project:
        project.up()
        autoscale(lab, 3)
        project.refresh()
        project.run("config", "rm", "mostNodes")
        refused = project.preview(check=False)
        assert refused.exit_code != 0
        assert f"node_pools[{ZONE}].size: 1 while the autoscaler ends and 3 nodes are there" in refused.output
        assert "set 3 now, and another size in the next `pulumi up`" in refused.output
        assert written(lab) == []
        configure(project, {"size": 3})
        project.up()
        configure(project, {"size": 1})
        project.up()
        assert sizes(lab) == (0, 1, 100)
