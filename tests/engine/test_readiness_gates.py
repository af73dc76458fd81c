"""TKE adds readiness gates only to pods that are made after their direct Service: the order must never be
left to chance."""

from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import PROGRAMS, stack
from tests.lab.cluster_view import pods
from tests.lab.lab import Lab

FRESH_UPS = 20


def test_every_pod_has_its_gate_in_20_fresh_ups_out_of_20(lab: Lab) -> None:
    with stack(lab, PROGRAMS / "zones", "gates", {"zones": ["ap-guangzhou-4", "ap-guangzhou-6"]}) as cluster:
        cluster.up()
        cluster_id = str(cluster.outputs()["clusterId"])
        subnet = next(
            name for name, subnet in lab.state()["subnets"].items() if subnet["name"].startswith("nodes-")
        )
        kubeconfig = lab.kubeconfig(cluster_id)
        gated = 0
        for number in range(FRESH_UPS):
            name = f"fresh-{number}"
            config = {"name": name, "clusterId": cluster_id, "subnetId": subnet}
            with stack(lab, PROGRAMS / "workload", name, config, {"LAB_KUBECONFIG": kubeconfig}) as project:
                project.up()
                if number == 0:
                    leaves_earlier_states_alone(project, "workload")
                rows = [row for row in pods(kubeconfig) if row.name.startswith(f"{name}-")]
                gated += len(rows) == 3 and all(row.gate == "true" and row.ready == "yes" for row in rows)
        assert gated == FRESH_UPS
