"""Two instances of every component in one stack."""

from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import PROGRAMS, stack
from tests.lab.cluster_view import pods
from tests.lab.lab import Lab


def test_two_instances_of_everything_live_in_one_stack(lab: Lab) -> None:
    lab.reset_calls()
    with stack(lab, PROGRAMS / "twice", "twice", {}) as project:
        project.up()
        leaves_earlier_states_alone(project, "twice")
        clusters = list(lab.state()["clusters"])
        assert len(clusters) == 2
        for cluster in clusters:
            rows = pods(lab.kubeconfig(cluster))
            assert len(rows) == 4
            assert {(row.network, row.ready, row.gate) for row in rows} == {("eni", "yes", "true")}
        project.preview("--expect-no-changes")
    assert lab.state()["clusters"] == {}
    assert lab.calls("DisableVpcCniNetworkType") == []
