"""`--in-vpc`: the same traffic from a short-lived Job on a node, for load balancers that only the VPC
reaches.

On the node's own network, so that the client's address is the node's and no overlay translates it; and on a
node without target
pods, so that a short-cut inside that node is not taken for the way through the load balancer. The Job holds
no token of the
cluster, is bounded in time, and is removed by the command, also when that is interrupted; should even that
fail, the cluster
removes it by itself.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.cli.text import shown
from pulumi_tke_hybrid.kube.objects import (
    being_deleted,
    child,
    children,
    condition,
    is_super_node,
    name_of,
    node_of,
)
from pulumi_tke_hybrid.tke.values import Json
from pulumi_tke_hybrid.verify.cluster import Snapshot
from pulumi_tke_hybrid.verify.inside import Order, progress_in, traffic_of
from pulumi_tke_hybrid.verify.kube import CannotVerify, Kube
from pulumi_tke_hybrid.verify.probe import Traffic

START_UP = 120.0
"""Seconds for the image to be pulled and the pod to start."""
MOST_NODES = 20
"""Nodes that the Job may choose from."""
LEFT_OVER = 60
"""Seconds after which the cluster removes a finished Job that nobody removed."""
_NEVER_STARTS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
)


@dataclass(frozen=True)
class JobSettings:
    """How the Job is made."""

    image: str
    """Holds Python 3.10 or later and this package: `FROM python:3.12-slim`, `COPY . /src` of a clone, `RUN
    pip install --no-deps /src`."""
    namespace: str
    pull_secret: str = ""
    """Name of a Secret to pull the image with."""


def free_nodes(snapshot: Snapshot) -> list[str]:
    """Ready nodes that hold no target pod and take pods without further ado; a super node has no network of
    its own for the Job."""
    taken = {node_of(pod) for pod in snapshot.pods}
    usable = [
        name_of(node)
        for node in snapshot.nodes
        if condition(node, "Ready") == "True"
        and not is_super_node(node)
        and not child(node, "spec").get("unschedulable")
        and not being_deleted(node)
        and not any(
            taint.get("effect") in ("NoSchedule", "NoExecute") for taint in children(node, "spec", "taints")
        )
    ]
    return [name for name in usable if name not in taken]


def job_object(name: str, settings: JobSettings, order: Order, nodes: Sequence[str]) -> Json:
    """The Job. Everything that could outlive its use is bounded."""
    container: Json = {
        "name": "verify",
        "image": settings.image,
        "command": ["python", "-m", "pulumi_tke_hybrid.verify.inside", order.as_text()],
        "resources": {
            "requests": {"cpu": "100m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    affinity: Json = {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [_only(node) for node in nodes[:MOST_NODES]]
        }
    }
    pod: Json = {
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "affinity": {"nodeAffinity": affinity},
        "containers": [container],
    }
    if settings.pull_secret:
        pod["imagePullSecrets"] = [{"name": settings.pull_secret}]
    labels = {"app.kubernetes.io/name": "tke-hybrid-verify"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": settings.namespace, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": int(START_UP + order.plan.deadline + 30),
            "ttlSecondsAfterFinished": LEFT_OVER,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def run(
    kube: Kube,
    settings: JobSettings,
    order: Order,
    snapshot: Snapshot,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Traffic:
    """Make the Job, wait for its result, remove it."""
    nodes = free_nodes(snapshot)
    if not nodes:
        raise CannotVerify(
            "each node holds a target pod (or is not ready): no place for the Job; run the command on a"
            " machine of the VPC"
        )
    name = f"tke-hybrid-verify-{secrets.token_hex(4)}"
    say(f"Job {settings.namespace}/{name} on one of {len(nodes)} nodes without target pods")
    try:
        kube.create_job(job_object(name, settings, order, nodes))
        return _result(kube, settings.namespace, name, order, say, sleep, clock)
    finally:
        kube.delete_job(settings.namespace, name)


def _only(node: str) -> Json:
    return {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}


def _result(
    kube: Kube,
    namespace: str,
    name: str,
    order: Order,
    say: Callable[[str], None],
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> Traffic:
    started, said = clock(), ""
    while True:
        pod = next(iter(kube.list("Pod", namespace, {"job-name": name})), None)
        phase = str(child(pod, "status").get("phase", "")) if pod else ""
        elapsed = clock() - started
        if pod and phase in ("Running", "Succeeded", "Failed"):
            lines = _log(kube, namespace, name_of(pod), int(elapsed) + 60, must=phase != "Running")
            traffic = traffic_of(lines, order.roster)
            if traffic is not None:
                return traffic
            if phase in ("Succeeded", "Failed"):
                last = shown(lines[-1]) if lines else "nothing"
                raise CannotVerify(f"the Job ended without a result; its log ends with: {last}")
            seen = progress_in(lines) or "running"
        else:
            seen = _waiting(pod)
        if seen != said:
            say(f"Job: {seen} ({elapsed:.0f} s)")
            said = seen
        if elapsed > START_UP + (order.plan.deadline if phase == "Running" else 0):
            raise CannotVerify(f"the Job gave no result within {elapsed:.0f} s; last seen: {seen}")
        sleep(1.0)


def _log(kube: Kube, namespace: str, pod: str, seconds: int, must: bool) -> list[str]:
    """Its log; of a pod that has just started there may be none yet."""
    try:
        return list(kube.log(namespace, pod, seconds))
    except CannotVerify:
        if must:
            raise
        return []


def _waiting(pod: Mapping[str, object] | None) -> str:
    """Why the Job's pod does not run yet. Raises when it never will."""
    if pod is None:
        return "no pod yet (if it stays so, the namespace may forbid pods on the node's network)"
    for status in children(pod, "status", "containerStatuses"):
        waiting = child(status, "state", "waiting")
        if waiting.get("reason") in _NEVER_STARTS:
            raise CannotVerify(
                f"the Job's image does not start: {waiting['reason']}:"
                f" {shown(str(waiting.get('message', '')), 200)}"
            )
    blocked = [
        item
        for item in children(pod, "status", "conditions")
        if item.get("type") == "PodScheduled" and item.get("status") == "False"
    ]
    return f"not scheduled: {shown(str(blocked[0].get('message', '')))}" if blocked else "starting"
