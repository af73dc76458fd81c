"""A live GlobalRouter workload becomes an ENI workload behind a direct load balancer, step by step, and
back, without a lost request."""

import concurrent.futures
import contextlib
import itertools
import threading
import time
from collections.abc import Generator

from tests.engine.stacks import configure
from tests.lab.cluster_view import pods
from tests.lab.controllers import keys
from tests.lab.lab import wait_until
from tests.lab.load.scene import Scene

REPLICAS = 4
THERE = [{"network": "eni", "direct": "false"}, {"direct": "true"}]
"""The documented steps: to ENI behind the node port; then direct, which restarts the pods for their gates.
With `--refresh`: pulumi-kubernetes 4.25 may store the Service of before an update, and skip the next one."""
OVERLAY = ("overlay", "yes")
AND_BACK = [{"direct": "false"}, {"network": "global_route"}]


@contextlib.contextmanager
def watched(scene: Scene, namespace: str = "default") -> Generator[list[str]]:
    """The forbidden state, at any time: direct access, by the Service or by its load balancer, while a
    ready pod is on the overlay."""
    found: list[str] = []
    over = threading.Event()

    def direct() -> bool:
        annotations = scene.service(namespace)["metadata"]["annotations"]
        return annotations.get(keys.SERVICE_DIRECT) == "true" or bool(scene.balancer(namespace)["direct"])

    def look() -> int:
        for number in itertools.count():
            # A busy machine may stall between the reads, so direct access counts only if both reads of the
            # switch, before and after the pods, show direct access.
            if direct():
                there = [
                    row.name
                    for row in pods(scene.kubeconfig, namespace)
                    if (row.network, row.ready) == OVERLAY
                ]
                if there and direct():
                    found.extend(f"{name} at {time.monotonic():.1f} s" for name in there)
            if over.wait(0.1):
                return number
        raise AssertionError

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield found
        finally:
            over.set()
        assert looking.result() >= 5, "it was hardly looked at"


def _gated(scene: Scene) -> list[str]:
    """The networks of the pods that have TKE's gate, and are ready with it."""
    return [row.network for row in pods(scene.kubeconfig) if row.ready == "yes" and row.gate == "true"]


def test_the_watch_sees_direct_access_to_the_overlay(scene: Scene) -> None:
    """As a plain Service has it by default."""
    with scene.plain("seen", 1), watched(scene, "seen") as wrong:
        wait_until("a look that finds it", lambda: len(wrong) > 5)


def test_a_cut_over_and_its_way_back_lose_nothing(scene: Scene) -> None:
    with scene.workload(
        "moved", replicas=REPLICAS, network="global_route", direct="false", preStop=5
    ) as project:
        scene.bound(2)  # nodes
        uid, address = scene.service()["metadata"]["uid"], scene.address()
        assert [(row.network, row.gate) for row in pods(scene.kubeconfig)] == [("overlay", "none")] * REPLICAS
        with watched(scene) as wrong, scene.load(address) as load:
            for step in THERE:
                configure(project, step)
                project.up("--refresh")
            scene.bound(REPLICAS)
            wait_until("all pods on ENI, with their gates", lambda: _gated(scene) == ["eni"] * REPLICAS)
            assert scene.balancer()["direct"]
            for step in AND_BACK:
                configure(project, step)
                project.up("--refresh")
            scene.rolled_out(REPLICAS)
            scene.bound(2)
        print(load.report)
        assert load.report.failures == ()
        assert len(load.report.answered) == 5 * REPLICAS
        assert wrong == []
        assert [(row.network, row.gate) for row in pods(scene.kubeconfig)] == [("overlay", "none")] * REPLICAS
        assert (scene.service()["metadata"]["uid"], scene.address()) == (uid, address)
        project.preview("--expect-no-changes")
