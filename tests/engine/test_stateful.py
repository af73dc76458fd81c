"""Pods with a fixed address: the address comes back with the pod's name after every loss of the pod."""

from lightkube.resources.apps_v1 import StatefulSet
from lightkube.resources.core_v1 import Pod

from tests.engine.stacks import configure
from tests.lab.lab import wait_until
from tests.lab.load.scene import Scene

REPLICAS = 2


def addresses(scene: Scene) -> dict[str, str]:
    """Address of each pod that is ready, by name."""
    return {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in scene.pods() if scene.is_ready(pod)}


def test_a_deleted_pod_comes_back_with_its_address_and_so_does_one_that_was_scaled_in(scene: Scene) -> None:
    with scene.workload("kept", replicas=REPLICAS, kind="statefulset", fixedIp="true", preStop=3) as project:
        scene.bound(REPLICAS)
        first = addresses(scene)
        assert sorted(first) == ["web-0", "web-1"]
        uids = {pod["metadata"]["uid"] for pod in scene.pods()}
        with scene.load(scene.address()) as load:
            scene.kube.delete(Pod, "web-0", namespace="default")
            wait_until(
                "another web-0", lambda: len({pod["metadata"]["uid"] for pod in scene.pods()} - uids) == 1
            )
            scene.rolled_out(REPLICAS, kind=StatefulSet)
            assert addresses(scene) == first

            configure(project, {"replicas": 1})
            project.up()
            wait_until("scaled in", lambda: len(scene.pods()) == 1)
            assert addresses(scene) == {"web-0": first["web-0"]}
            # Kept only for a pod of that name.
            held = [
                owner for item in scene.lab.state()["subnets"].values() for owner in item["leases"].values()
            ]
            assert f"eni:{scene.cluster_id}/default/web-1" in held

            configure(project, {"replicas": REPLICAS})
            project.up()
            scene.bound(REPLICAS)
            assert addresses(scene) == first
        print(load.report)
        assert load.report.failures == ()
