"""Requests lost in rolling restarts and image changes of 4 pods under steady load, 10 of each by default.

Run `python -m benchmarks.rollouts [runs]` as root: the lab's packet network needs root. The pods are behind a
Service and behind an Ingress. Further runs omit parts of the defaults. A plain Deployment with a plain
Service proves that the benchmark detects lost requests. The exit code is 1 if the defaults lose a request, or
if the plain objects lose none.
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

from tests.engine.stacks import configure
from tests.lab.lab import Lab
from tests.lab.load import Report
from tests.lab.load.scene import SYNC_SECONDS, Scene
from tests.lab.packets import unavailable

REPLICAS = 4
PIECES: dict[str, dict[str, object]] = {
    "defaults": {},
    "defaults, Ingress": {"front": "ingress"},
    "without preStop": {"preStop": 0},
    "without graceful deletion": {"graceful": "false"},
    "without either": {"preStop": 0, "graceful": "false"},
    "without either, Ingress": {"front": "ingress", "preStop": 0, "graceful": "false"},
}


def measured(
    scene: Scene, address: str, change: Callable[[], object], namespace: str = "default"
) -> tuple[Report, float]:
    begin = time.monotonic()
    with scene.load(address) as load:
        change()
        scene.rolled_out(REPLICAS, namespace=namespace)
    return load.report, time.monotonic() - begin


def print_report(title: str, number: int, what: str, report: Report, seconds: float) -> int:
    print(f"{title}, {what} {number}: {report} ({seconds:.0f} s)", flush=True)
    return len(report.failures)


def component(scene: Scene, title: str, runs: int) -> int:
    """Return the lost requests of `runs` restarts and `runs` image changes."""
    failed = 0
    with scene.workload("measured", replicas=REPLICAS, **PIECES[title]) as project:
        front = str(PIECES[title].get("front", "service"))
        scene.bound(REPLICAS, front=front)
        address = scene.address(front=front)
        for number in range(1, runs + 1):
            failed += print_report(title, number, "restart", *measured(scene, address, scene.restart))
            configure(project, {"image": f"nginx:change-{number}"})
            failed += print_report(title, number, "image change", *measured(scene, address, project.up))
    return failed


def plain(scene: Scene, runs: int, mode: str, annotations: dict[str, str]) -> int:
    """Return the lost requests of objects whose only TKE setting is a subnet."""
    failed, namespace = 0, mode.replace(", ", "-").replace(" ", "-")
    with scene.plain(namespace, REPLICAS, annotations) as address:
        scene.bound(2 if annotations else REPLICAS, namespace)
        for number in range(1, runs + 1):
            restart = partial(scene.restart, namespace=namespace)
            failed += print_report(mode, number, "restart", *measured(scene, address, restart, namespace))
            change = partial(scene.set_image, f"nginx:change-{number}", namespace)
            failed += print_report(mode, number, "image change", *measured(scene, address, change, namespace))
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "runs",
        nargs="?",
        type=int,
        default=10,
        help="restarts and image changes with the defaults; at most two with other settings",
    )
    runs = parser.parse_args().runs
    reason = unavailable()
    if reason is not None:
        sys.exit(f"no real packets here: {reason}")
    print(f"load balancers are updated within {SYNC_SECONDS} to {2 * SYNC_SECONDS} s", flush=True)
    with Lab.started(packets=True) as lab, Scene.set_up(lab) as scene:
        lost = {
            title: component(scene, title, runs if title.startswith("defaults") else min(runs, 2))
            for title in PIECES
        }
        lost["plain, direct"] = plain(scene, min(runs, 2), "plain, direct", {})
        lost["plain, node port"] = plain(
            scene, min(runs, 2), "plain, node port", {"service.cloud.tencent.com/direct-access": "false"}
        )
    for title, count in lost.items():
        print(f"{title:<28} {count} lost")
    sys.exit(int(lost["defaults"] + lost["defaults, Ingress"] > 0 or lost["plain, direct"] == 0))


if __name__ == "__main__":
    main()
