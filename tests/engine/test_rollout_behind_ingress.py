"""The same promise behind an Ingress, whose load balancer parses HTTP: no request is lost."""

from tests.lab.load.scene import Scene

REPLICAS = 4


def test_a_restart_and_an_image_change_lose_nothing_behind_an_ingress(scene: Scene) -> None:
    with scene.workload("layer-seven", replicas=REPLICAS, front="ingress") as project:
        scene.bound(REPLICAS, front="ingress")
        with scene.load(scene.address(front="ingress")) as load:
            scene.roll_twice(project, REPLICAS)
    print(load.report)
    assert load.report.failures == ()
    assert len(load.report.answered) == 3 * REPLICAS
