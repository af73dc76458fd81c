"""TKE adds readiness gates only to pods that are made after their direct Service: the order must never be
left to chance."""

from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import PROGRAMS, stack
from tests.lab.cluster_view import pods
from tests.lab.lab import Lab

FRESH_UPS = (1, 4, 5, 5, 5)
"""Workloads of each `up`: 20 in all, each with pods that start beside the pods of other workloads."""


def test_every_pod_of_20_fresh_workloads_has_its_gate(lab: Lab) -> None:
    with stack(lab, PROGRAMS / "zones", "gates", {"zones": ["ap-guangzhou-4", "ap-guangzhou-6"]}) as cluster:
        cluster.up()
        cluster_id = str(cluster.outputs()["clusterId"])
        subnet = next(
            name for name, subnet in lab.state()["subnets"].items() if subnet["name"].startswith("nodes-")
        )
        kubeconfig = lab.kubeconfig(cluster_id)
        for number, count in enumerate(FRESH_UPS):
            name = f"fresh-{number}"
            config = {"name": name, "count": count, "clusterId": cluster_id, "subnetId": subnet}
            with stack(lab, PROGRAMS / "workload", name, config, {"LAB_KUBECONFIG": kubeconfig}) as project:
                project.up()
                if count == 1:
                    leaves_earlier_states_alone(project, "workload")
                rows = [row for row in pods(kubeconfig) if row.name.startswith(f"{name}-")]
                assert [(row.gate, row.ready) for row in rows] == [("true", "yes")] * 3 * count
