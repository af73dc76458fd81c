"""The hooks after the update of a workload's object, with the live objects of a test."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from pulumi_tke_hybrid.component import live_objects
from pulumi_tke_hybrid.workload import rollout
from pulumi_tke_hybrid.workload.rollout import unfinished
from tests.unit.live import LABELS, cluster_of, no_cluster
from tests.unit.programs import Graph, run
from tests.unit.workloads import workload

Json = dict[str, Any]
SEEN, NOT_SEEN = {"observedGeneration": 2}, {"observedGeneration": 1}
OLD = {"updatedReplicas": 2, "replicas": 2, "availableReplicas": 2, "readyReplicas": 2}
"""The status of two pods, each of the current template."""


def deployment(status: Json, kind: str = "Deployment", **spec: Any) -> Json:
    metadata = {"name": "w", "namespace": "default", "generation": 2}
    return {
        "kind": kind,
        "metadata": metadata,
        "spec": {"replicas": 2, "selector": {"matchLabels": LABELS}, **spec},
        "status": status,
    }


def after(hooks: Json, title: str, resource: str, **step: Any) -> tuple[Graph, list[str]]:
    """Return the program and the errors of a hook that runs after this step."""
    graph, found = Graph(), list[str]()
    hooks.clear()

    def program() -> None:
        made = workload(rollout={"pod_seconds": 5})

        async def call() -> bool:
            await made.urn.future()
            try:
                await hooks[title](SimpleNamespace(name=resource, **step))
            except pulumi.RunError as error:
                found.append(str(error))
            return True

        ended: pulumi.Output[bool] = pulumi.Output.from_input(call())
        pulumi.export("ended", ended)

    run(program, into=graph)
    return graph, found


def after_rollout(
    hooks: Json, monkeypatch: pytest.MonkeyPatch, stored: Json, live: Sequence[Json]
) -> tuple[Graph, list[str], int]:
    """Return the program, the errors of the hook, and the number of reads; each read finds the next object,
    at the end the last object."""
    reads: list[Json] = []

    def read(_: str, __: str, ___: str, names: Any) -> Any:
        reads.append(live[min(len(reads), len(live) - 1)])
        return {key: reads[-1] for key, (kind, _) in names.items() if kind == reads[-1].get("kind")}, []

    async def sleep(_: float) -> None:
        return None

    monkeypatch.setattr(live_objects, "objects_and_budgets", read)
    monkeypatch.setattr(live_objects, "pods_and_events", lambda *_: ([], []))
    monkeypatch.setattr(rollout, "asyncio", SimpleNamespace(sleep=sleep))
    graph, found = after(hooks, "tke-hybrid-rollout", "w-deployment", new_outputs=stored)
    return graph, found, len(reads)


@pytest.mark.parametrize("stored", [deployment({**OLD, **SEEN}), {"metadata": {}, "spec": {}}])
def test_a_rollout_that_the_plugin_has_awaited_is_not_read_again(
    hooks: Json, monkeypatch: pytest.MonkeyPatch, stored: Json
) -> None:
    _, found, reads = after_rollout(hooks, monkeypatch, stored, [{}])
    assert (found, reads) == ([], 0)


def test_a_rollout_that_the_plugin_has_reported_too_early_is_awaited(
    hooks: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolling = [{**OLD, **NOT_SEEN}, {**SEEN, "updatedReplicas": 1, "replicas": 3}, {**OLD, **SEEN}]
    stored = deployment({**OLD, **NOT_SEEN})
    stored["metadata"]["generation"] = 2.0  # the engine sends whole numbers as floats
    _, found, reads = after_rollout(hooks, monkeypatch, stored, [deployment(status) for status in rolling])
    assert (found, reads) == ([], 3)


def error(lacking: str) -> str:
    return f"ClientIpWorkload 'w': the rollout has not ended: {lacking}; `pulumi up --refresh` waits again"


def test_a_rollout_that_fails_or_does_not_end_is_an_error(
    hooks: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = deployment({**OLD, **NOT_SEEN})
    given_up = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    stuck = deployment({**OLD, **SEEN, "updatedReplicas": 0, "conditions": [given_up]})
    _, found, reads = after_rollout(hooks, monkeypatch, old, [stuck])
    assert (found, reads) == ([error("0 of 2 pods are new")], 1)

    times = iter([0.0, 1.0, 1000.0])
    monkeypatch.setattr(rollout, "time", SimpleNamespace(monotonic=lambda: next(times)))
    _, found, reads = after_rollout(hooks, monkeypatch, old, [old])
    assert (found, reads) == ([error("the controller of Kubernetes has not seen the update")], 2)


def test_a_cluster_that_cannot_be_read_is_an_error(hooks: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    no_cluster(monkeypatch)
    stored = deployment({**OLD, **NOT_SEEN})
    _, (found,) = after(hooks, "tke-hybrid-rollout", "w-deployment", new_outputs=stored)
    assert "could not be read; the rollout is read (ConnectTimeout)" in found


STATEFUL = {"updateStrategy": {"type": "RollingUpdate"}}


@pytest.mark.parametrize(
    ("live", "lacking"),
    [
        ({}, "the object does not exist"),
        (deployment({**OLD, **SEEN}), ""),
        (deployment({**OLD, **SEEN, "updatedReplicas": 1}), "1 of 2 pods are new"),
        (deployment({**OLD, **SEEN, "replicas": 3}), "old pods that still run: 1"),
        (deployment({**OLD, **SEEN, "availableReplicas": 1}), "1 of 2 new pods are available"),
        (deployment({**SEEN}, replicas=0), ""),
        (deployment({**OLD, **SEEN}, "StatefulSet", **STATEFUL), ""),
        (deployment({**OLD, **SEEN, "updatedReplicas": 1}, "StatefulSet", **STATEFUL), "1 of 2 pods are new"),
        (deployment({**OLD, **SEEN, "readyReplicas": 1}, "StatefulSet", **STATEFUL), "1 of 2 pods are ready"),
        (
            deployment(
                {**OLD, **SEEN, "updatedReplicas": 1},
                "StatefulSet",
                updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
            ),
            "",
        ),
        (
            deployment(
                {**OLD, **SEEN, "updatedReplicas": 0}, "StatefulSet", updateStrategy={"type": "OnDelete"}
            ),
            "",
        ),
    ],
)
def test_a_rollout_ends_as_kubectl_rollout_status_does(live: Json, lacking: str) -> None:
    assert unfinished(live) == lacking


@pytest.mark.parametrize(
    ("stored", "warned"),
    [
        ({"a": "2", "b": "3"}, False),
        ({"a": "1"}, True),
        (None, True),
    ],
)
def test_a_state_as_of_before_the_update_is_a_warning(
    hooks: Json, monkeypatch: pytest.MonkeyPatch, stored: Json | None, warned: bool
) -> None:
    cluster_of(monkeypatch)
    given = {"a": "2", "pulumi.com/waitFor": "jsonpath={.status}"}
    sides = [{"metadata": {"annotations": annotations}} for annotations in (given, stored)]
    graph, found = after(hooks, "tke-hybrid-stored", "w-service", new_inputs=sides[0], new_outputs=sides[1])
    assert found == []
    text = (
        "ClientIpWorkload 'w': the state of the stack has w-service as of before this update; run `pulumi"
        " refresh` before the next change"
    )
    assert (text in [text for _, text in graph.said]) is warned
