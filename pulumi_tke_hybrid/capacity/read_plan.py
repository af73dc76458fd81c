"""Clusters out of files: `pulumi preview --json`, `pulumi stack export`, a stack's `cluster_facts`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.console.errors import WrongUse
from pulumi_tke_hybrid.tke import capacity, inventory
from pulumi_tke_hybrid.tke.cluster import ClusterInventory
from pulumi_tke_hybrid.tke.cluster_facts import ClusterFacts, range_problems, shape_problems
from pulumi_tke_hybrid.tke.operations import State, last_states
from pulumi_tke_hybrid.tke.values import at, items, mapping

Json = Mapping[str, Any]


def of_preview(preview: Json, cluster: str) -> tuple[ClusterInventory, ClusterInventory]:
    """(before, after) the change. Raises `WrongUse` where the preview has no such cluster, or several and none is chosen."""
    if not isinstance(preview.get("steps"), list):
        raise WrongUse("--preview is no preview: it has no steps; write it with: pulumi preview --json --show-sames")
    states, left_out = last_states(items(preview.get("steps"))), _left_out(preview)
    old, new = states[0], {urn: _as_read(state, states[0].get(urn, {})) for urn, state in states[1].items()}
    try:
        urn, after = _chosen(new, cluster)
    except WrongUse as error:
        raise WrongUse(f"{error}; {left_out}" if left_out else str(error)) from None
    before = inventory.inventories(inventory.of_states(old)).get(urn, ClusterInventory(after.cluster))
    unknowns = (*after.unknowns, left_out) if left_out else after.unknowns
    return capacity.with_others(before, before), replace(capacity.with_others(after, before), unknowns=unknowns)


def of_stack(export: Json, cluster: str) -> ClusterInventory:
    """A stack as it was last left. Raises `WrongUse` where the stack has no such cluster, or several and none is chosen."""
    if not isinstance(at(export, "deployment", "resources"), list):
        raise WrongUse("--state is no stack: it has no deployment.resources; write it with: pulumi stack export")
    states = [mapping(item) for item in items(at(export, "deployment", "resources"))]
    _, found = _chosen({str(state.get("urn")): state for state in states if state.get("delete") is not True}, cluster)
    return capacity.with_others(found, found)


def of_facts(facts: Json) -> ClusterInventory:
    """What a cluster's stack gives to other stacks."""
    wrong = next(shape_problems(facts), None)
    if wrong is not None or not isinstance(facts.get("clusterId"), str):
        raise WrongUse("--facts is not a cluster's facts; write it with: pulumi stack output clusterFacts --json")
    wrong = next(range_problems(facts), None)
    if wrong is not None:
        raise WrongUse(f"--facts: {wrong}")
    found = ClusterFacts.of(facts).inventory()
    missing = [(zone.name, subnet.subnet_id) for zone in found.zones for subnet in zone.subnets if subnet.cidr is None]
    return replace(found, unknowns=tuple(f"{subnet} in {zone} has no cidr_block" for zone, subnet in missing))


def _chosen(states: Mapping[str, State], wanted: str) -> tuple[str, ClusterInventory]:
    """(URN, cluster) of the cluster of that name; without a name the only one."""
    found = inventory.inventories(inventory.of_states(states))
    chosen = [(urn, cluster) for urn, cluster in found.items() if wanted in ("", cluster.cluster)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(sorted(cluster.cluster for cluster in found.values())) or "none"
    problem = "--cluster is needed" if not wanted else f"there is no cluster {wanted!r}" if not chosen else f"several are named {wanted!r}"
    raise WrongUse(f"{problem}; the clusters are: {names}")


def _as_read(state: State, before: State) -> State:
    """The state with what was last read of the resource, where the change leaves it as it is and the step does not repeat it."""
    same = not state.get("outputs") and mapping(state.get("inputs")).get("cidrBlock") == mapping(before.get("inputs")).get("cidrBlock")
    return {**state, "outputs": before.get("outputs"), "id": state.get("id") or before.get("id")} if same else state


def _left_out(preview: Json) -> str:
    """What a preview does not show unless it is made with `--show-sames`."""
    same = at(preview, "changeSummary", "same")
    shown = {str(at(step, "urn")) for step in items(preview.get("steps")) if at(step, "op") == "same"}
    number = int(same) - len(shown) if isinstance(same, int | float) else 0
    if number <= 0:
        return ""
    return f"{number} resources that do not change are not in the preview; make it with: pulumi preview --json --show-sames"
