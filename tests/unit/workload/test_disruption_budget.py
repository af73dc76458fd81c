"""The disruption budget, and other budgets of the same pods."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.workload.hooks import check_budget
from tests.unit.live import PULUMI, budget, cluster_of, no_cluster
from tests.unit.workloads import made


@pytest.mark.parametrize(
    ("wanted", "replicas", "budgets"),
    [(None, 2, 1), (None, 1, 0), (False, 2, 0), (False, 10, 0), (True, 1, 1), (True, 2, 1)],
)
def test_disruption_budget_makes_or_omits_the_budget(
    wanted: bool | None, replicas: int, budgets: int
) -> None:
    assert len(made(replicas=replicas, disruption_budget=wanted).of_type("PodDisruptionBudget")) == budgets


LABELS = {"app.kubernetes.io/name": "w"}
SELECTING: list[Any] = [
    {"matchLabels": LABELS},
    {},
    {"matchLabels": {}},
    {"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "In", "values": ["w", "x"]}]},
    {"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "Exists"}]},
    {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]},
    {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]},
]
OTHERS: list[Any] = [
    None,
    {"matchLabels": {"app.kubernetes.io/name": "x"}},
    {"matchLabels": {**LABELS, "team": "a"}},
    {"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "NotIn", "values": ["w"]}]},
    {"matchLabels": LABELS, "matchExpressions": [{"key": "team", "operator": "Exists"}]},
]


@pytest.mark.parametrize("selector", SELECTING)
def test_a_second_budget_is_refused_before_the_first_object(
    monkeypatch: pytest.MonkeyPatch, selector: Any
) -> None:
    cluster_of(monkeypatch, budget("by-hand", selector))
    with pytest.raises(tke.InvalidInputs) as caught:
        made(adopt=True)
    assert [str(problem) for problem in caught.value.problems] == [
        "disruption_budget: would be the second PodDisruptionBudget of these pods, beside by-hand; the API"
        " server evicts no pod that two budgets select, so no node could be drained; set"
        " disruption_budget=False, or remove by-hand"
    ]
    assert made(adopt=True, disruption_budget=False).of_type("PodDisruptionBudget") == []


@pytest.mark.parametrize("selector", OTHERS)
def test_a_budget_of_other_pods_is_allowed(monkeypatch: pytest.MonkeyPatch, selector: Any) -> None:
    cluster_of(monkeypatch, budget("by-hand", selector), budget("w", {"matchLabels": LABELS}))
    assert len(made(adopt=True).of_type("PodDisruptionBudget")) == 1


def test_the_budget_of_a_renamed_workload_is_no_second_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = budget("formerly", {"matchLabels": LABELS})
    before["metadata"] |= {"labels": LABELS, "managedFields": PULUMI}
    cluster_of(monkeypatch, before)
    assert len(made(adopt=True).of_type("PodDisruptionBudget")) == 1
    before["metadata"]["labels"] = {}
    with pytest.raises(tke.InvalidInputs, match="beside formerly"):
        made(adopt=True)


def run_hook(inputs: Any) -> None:
    """Run the hook of a budget with these inputs, as the engine does before the budget is made."""
    objects: Any = SimpleNamespace(name="w", owner="it", provider=None, labels=LABELS, component=None)
    hook: Any = SimpleNamespace(new_inputs=inputs)
    asyncio.run(check_budget(objects, hook))


def test_without_adopt_the_hook_reads_the_budgets_before_the_own_budget_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs = {"metadata": {"name": "w", "namespace": "default"}}
    cluster_of(monkeypatch, budget("by-hand", {"matchLabels": LABELS}))
    with pytest.raises(
        tke.InvalidInputs,
        match="disruption_budget: would be the second PodDisruptionBudget of these pods, beside by-hand",
    ):
        run_hook(inputs)
    cluster_of(monkeypatch, budget("w", {"matchLabels": LABELS}))
    run_hook(inputs)


def test_an_unreadable_cluster_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    no_cluster(monkeypatch)
    monkeypatch.setattr(pulumi.log, "warn", lambda text, _: warnings.append(text))
    run_hook({"metadata": {"name": "w", "namespace": "default"}})
    assert warnings == [
        "it: whether another disruption budget selects its pods could not be read (ConnectTimeout)"
    ]
