"""`--in-vpc`: the traffic from a short-lived Job on a node, for load balancers that only the VPC reaches.

The Job runs `python -m pulumi_tke_hybrid.verify.inside REQUEST`, needs the standard library alone, and
reports through its log, one JSON object a line. The Job is on the node's own network, so that the client's
address is the node's and no overlay translates it; and on a node without target pods, because traffic inside
one node may bypass the load balancer. The Job holds no token of the cluster, is bounded in time, and is
removed by the command, also after an interruption; where that fails, the cluster removes the Job.
"""

import asyncio
import contextlib
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar, cast

from pulumi_tke_hybrid.cli.process import CouldNotTell, shown
from pulumi_tke_hybrid.kube import KubeError, NotFound
from pulumi_tke_hybrid.kube.client import JOB, POD, KubeClient
from pulumi_tke_hybrid.tke.objects import (
    Json,
    being_deleted,
    child,
    children,
    condition,
    is_super_node,
    name_of,
    node_of,
)
from pulumi_tke_hybrid.verify import probe
from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.backends import Backends, Pod, Tally
from pulumi_tke_hybrid.verify.probe import ProbePlan, Progress, Traffic
from pulumi_tke_hybrid.verify.target import Limits, Target

START_UP = 120.0
"""Seconds until the image is pulled and the pod runs."""
MAX_NODES = 20
"""Nodes that the Job may choose from."""
JOB_TTL_SECONDS = 60
"""Seconds after which the cluster removes a finished Job."""
CONTAINER = "verify"
_PROGRESS = "progress "
"""Begins a line of progress in the Job's log."""
_NUMBERS = ("requests", "replies", "seconds", "waited", "local", "remote", "stopped", "failures")
_NEVER_STARTS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
)
T = TypeVar("T")


@dataclass(frozen=True)
class JobSettings:
    image: str
    """Holds Python 3.10 or later and this package: `FROM python:3.12-slim`, `COPY . /src` of a clone, `RUN
    pip install --no-deps /src`."""
    namespace: str
    pull_secret: str = ""
    """Name of the Secret with which the image is pulled."""


@dataclass(frozen=True)
class JobRequest:
    """The traffic that the Job has to send."""

    target: Target
    plan: ProbePlan
    backends: Backends

    def as_text(self) -> str:
        """Return the request for the Job's command line."""
        pods = [asdict(pod) for pod in self.backends.pods]
        return json.dumps({"target": asdict(self.target), "plan": asdict(self.plan), "pods": pods})

    @classmethod
    def of_text(cls, text: str) -> "JobRequest":
        """Read the command line inside the Job."""
        data = json.loads(text)
        plan: dict[str, Any] = {**data["plan"], "limits": Limits(**data["plan"]["limits"])}
        pods = tuple(_record(Pod, pod) for pod in data["pods"])
        return cls(Target(**data["target"]), ProbePlan(**plan), Backends(pods))


def lines_of(traffic: Traffic) -> Iterable[str]:
    """Write traffic as lines of a log: each answer with its count, then the numbers."""
    for answer, times in traffic.tally.counts.items():
        yield json.dumps({"answer": asdict(answer), "times": times})
    for answer in traffic.forged:
        yield json.dumps({"forged": asdict(answer)})
    yield json.dumps({"end": {name: getattr(traffic, name) for name in _NUMBERS}})


def traffic_of(lines: Iterable[str], backends: Backends) -> Traffic | None:
    """Read the traffic in a log; None as long as the last line is missing."""
    traffic = Traffic(Tally(backends))
    for line in lines:
        if not line.startswith("{"):
            continue
        try:
            data: dict[str, Any] = json.loads(line)
            if "answer" in data:
                traffic.tally.add(_record(Answer, data["answer"]), int(data["times"]))
            elif "forged" in data:
                traffic.forged.append(_record(Answer, data["forged"]))
            elif "end" in data:
                for name in _NUMBERS:
                    setattr(traffic, name, data["end"][name])
                return traffic
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CouldNotTell(
                "the Job's image holds another version of pulumi-tke-hybrid; give one with this version"
            ) from None
    return None


def _record(kind: type[T], data: Mapping[str, str | bool | list[str]]) -> T:
    """Return a pod or an answer, whose lists JSON has instead of tuples. Raises KeyError for other fields."""
    if set(data) != {field.name for field in fields(cast(Any, kind))}:
        raise KeyError(", ".join(data))
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()})


def free_nodes(nodes: Sequence[Json], pods: Sequence[Json]) -> list[str]:
    """Return the ready nodes that run none of the pods and have no taint; a super node has no network of its
    own for the Job."""
    taken = {node_of(pod) for pod in pods}
    return [
        name_of(node)
        for node in nodes
        if condition(node, "Ready") == "True"
        and not is_super_node(node)
        and not child(node, "spec").get("unschedulable")
        and not being_deleted(node)
        and not any(
            taint.get("effect") in ("NoSchedule", "NoExecute") for taint in children(node, "spec", "taints")
        )
        and name_of(node) not in taken
    ]


def job_object(name: str, settings: JobSettings, request: JobRequest, nodes: Sequence[str]) -> Json:
    """Return the Job, bounded in time, memory and rights."""
    container: Json = {
        "name": CONTAINER,
        "image": settings.image,
        "command": ["python", "-m", "pulumi_tke_hybrid.verify.inside", request.as_text()],
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
    terms = [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        for node in nodes[:MAX_NODES]
    ]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    pod: Json = {
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "affinity": {"nodeAffinity": required},
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
            "activeDeadlineSeconds": int(START_UP + request.plan.deadline + 30),
            "ttlSecondsAfterFinished": JOB_TTL_SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


@dataclass
class JobRun:
    """One Job: creates it, waits for its result, removes it."""

    kube: KubeClient
    settings: JobSettings
    request: JobRequest
    progress: Progress
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self, nodes: Sequence[str]) -> Traffic:
        """Return the traffic that the Job sent from one of the nodes."""
        if not nodes:
            raise CouldNotTell(
                "each node holds a target pod (or is not ready): no place for the Job; run the command on a"
                " machine of the VPC"
            )
        name, namespace = f"tke-hybrid-verify-{secrets.token_hex(4)}", self.settings.namespace
        self.progress.step(f"Job {namespace}/{name} on one of {len(nodes)} nodes without target pods")
        try:
            self.kube.create(JOB, namespace, job_object(name, self.settings, self.request, nodes))
            return self._result(name)
        finally:
            with contextlib.suppress(NotFound):
                self.kube.delete(JOB, namespace, name)

    def _result(self, name: str) -> Traffic:
        started, reported = self.clock(), ""
        while True:
            pod = next(iter(self.kube.list(POD, self.settings.namespace, {"job-name": name})), None)
            phase = str(child(pod, "status").get("phase", "")) if pod else ""
            elapsed = self.clock() - started
            if pod and phase in ("Running", "Succeeded", "Failed"):
                lines = self._log(name_of(pod), int(elapsed) + 60, must=phase != "Running")
                traffic = traffic_of(lines, self.request.backends)
                if traffic is not None:
                    return traffic
                if phase in ("Succeeded", "Failed"):
                    last = shown(lines[-1]) if lines else "nothing"
                    raise CouldNotTell(f"the Job ended without a result; its log ends with: {last}")
                progress = [line.removeprefix(_PROGRESS) for line in lines if line.startswith(_PROGRESS)]
                seen = progress[-1].strip() if progress else "running"
            else:
                seen = _waiting(pod)
            if seen != reported:
                self.progress.step(f"Job: {seen} ({elapsed:.0f} s)")
                reported = seen
            if elapsed > START_UP + (self.request.plan.deadline if phase == "Running" else 0):
                raise CouldNotTell(f"the Job gave no result within {elapsed:.0f} s; last seen: {seen}")
            self.sleep(1.0)

    def _log(self, pod: str, seconds: int, must: bool) -> Sequence[str]:
        """Read the log; a pod that has just started may have none yet."""
        try:
            return self.kube.log(self.settings.namespace, pod, CONTAINER, seconds)
        except KubeError:
            if must:
                raise
            return []


def _waiting(pod: Mapping[str, object] | None) -> str:
    """Return why the Job's pod does not run yet. Raises CouldNotTell for a pod that can never run."""
    if pod is None:
        return "no pod yet (the namespace may forbid pods on the node's network)"
    for status in children(pod, "status", "containerStatuses"):
        waiting = child(status, "state", "waiting")
        if waiting.get("reason") in _NEVER_STARTS:
            message = shown(str(waiting.get("message", "")), 200)
            raise CouldNotTell(f"the Job's image does not start: {waiting['reason']}: {message}")
    for item in children(pod, "status", "conditions"):
        if item.get("type") == "PodScheduled" and item.get("status") == "False":
            return f"not scheduled: {shown(str(item.get('message', '')))}"
    return "starting"


def main() -> None:
    """Send the traffic of one request. Runs inside the Job, whose log gets at most one progress line a
    second."""
    request, last = JobRequest.of_text(sys.argv[1]), time.monotonic()

    def watch(traffic: Traffic) -> None:
        nonlocal last
        if time.monotonic() - last >= 1:
            last, answered = time.monotonic(), len(traffic.tally.answered)
            print(f"{_PROGRESS}{traffic.requests} requests, {answered} pods answered", flush=True)

    traffic = asyncio.run(probe.run(request.target, request.plan, request.backends, watch))
    for line in lines_of(traffic):
        print(line, flush=True)


if __name__ == "__main__":
    main()
