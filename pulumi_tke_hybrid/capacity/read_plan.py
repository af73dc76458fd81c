"""ClusterInventorys out of files: `pulumi preview --json`, `pulumi stack export`, a stack's `cluster_facts`."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from pulumi_tke_hybrid.console.errors import WrongUse
from pulumi_tke_hybrid.tke import capacity, cidrs, keys, tokens, zones
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Demand, Nodes, Subnet, Zone
from pulumi_tke_hybrid.tke.cluster_facts import ClusterFacts, range_problems, shape_problems
from pulumi_tke_hybrid.tke.pods import selects_eni
from pulumi_tke_hybrid.tke.step import at, below, unknown

Json = Mapping[str, Any]

_KUBERNETES = f"{tokens.PROVIDERS}kubernetes"
_WORKLOADS = (tokens.DEPLOYMENT, tokens.STATEFUL_SET)
_SURGE = "25%"
"""What a rollout of a Deployment adds where nothing is said (Kubernetes, `maxSurge`)."""
_PERCENT = re.compile(r"(\d{1,6})%")


@dataclass(frozen=True)
class Resource:
    """What is needed of a resource in a state."""

    urn: str
    type: str
    parent: str
    provider: str
    inputs: Json = field(default_factory=dict[str, Any])
    outputs: Json = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]


def read(option: str, name: str, how: str) -> Json:
    """JSON of a file, `-` for standard input. The engine may print lines before it."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        found: Any = json.loads(text[max(text.find("{"), 0) :])
    except (OSError, ValueError) as error:
        raise WrongUse(f"{option} {name} cannot be read as JSON ({type(error).__name__}); write it with: {how}") from None
    if not isinstance(found, dict):
        raise WrongUse(f"{option} {name} holds no object; write it with: {how}")
    return cast(Json, found)


def of_preview(preview: Json, cluster: str) -> tuple[ClusterInventory, ClusterInventory]:
    """Before and after the change."""
    steps = preview.get("steps")
    if not isinstance(steps, list):
        raise WrongUse("--preview is no preview: it has no steps; write it with: pulumi preview --json --show-sames")
    old: list[Resource] = []
    new: list[Resource] = []
    for step in cast(list[Json], steps):
        before, after = step.get("oldState"), step.get("newState")
        if before:
            old.append(_resource(before))
        if after and step.get("op") not in ("delete", "delete-replaced"):
            new.append(_resource(after, seen=before))
    left_out = _left_out(preview, cast(list[Json], steps))
    try:
        before, after = _estate(old, cluster, optional=True), _estate(new, cluster)
        before, after = capacity.with_others(before, before), capacity.with_others(after, before)
    except WrongUse as error:
        raise WrongUse(f"{error}; {left_out}" if left_out else str(error)) from None
    return before, replace(after, unknowns=(*after.unknowns, left_out)) if left_out else after


def _left_out(preview: Json, steps: Sequence[Json]) -> str:
    """What a preview does not show unless it is told to."""
    number = _whole(_child(preview, "changeSummary").get("same")) - sum(step.get("op") == "same" for step in steps)
    if number <= 0:
        return ""
    return f"{number} resources that do not change are not in the preview; make it with: pulumi preview --json --show-sames"


def of_stack(export: Json, cluster: str) -> ClusterInventory:
    """A stack as it was last left."""
    resources: Any = _child(export, "deployment").get("resources")
    if not isinstance(resources, list):
        raise WrongUse("--state is no stack: it has no deployment.resources; write it with: pulumi stack export")
    found = _estate([_resource(item) for item in cast(list[Json], resources)], cluster)
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


def _resource(state: Json, seen: Json | None = None) -> Resource:
    outputs: Json = state.get("outputs") or (seen or {}).get("outputs") or {}
    return Resource(
        str(state.get("urn") or ""),
        str(state.get("type") or ""),
        str(state.get("parent") or ""),
        str(state.get("provider") or ""),
        state.get("inputs") or {},
        outputs,
    )


def _estate(resources: Sequence[Resource], wanted: str, optional: bool = False) -> ClusterInventory:
    clusters = [item for item in resources if item.type == tokens.HYBRID_CLUSTER and wanted in ("", item.name)]
    if optional and not clusters:
        return ClusterInventory(wanted)
    if len(clusters) != 1:
        names = ", ".join(sorted(item.name for item in resources if item.type == tokens.HYBRID_CLUSTER)) or "none"
        raise WrongUse(f"{'--cluster is needed' if not wanted else f'there is no cluster {wanted!r}'}; the clusters are: {names}")
    cluster = clusters[0]
    unsaid: list[str] = []
    found: dict[str, Zone] = {}
    for item in cast(Sequence[Json], cluster.inputs.get("eniSubnets") or ()):
        zone, block = str(item.get("zone")), item.get("cidrBlock")
        if zones.region_of(zone) is None or not isinstance(block, str) or cidrs.cidr_problem(block):
            unsaid.append(f"an ENI subnet in {zone if zones.region_of(zone) else 'a zone that is not known yet'} has no known range")
            continue
        before = found.get(zone, Zone(zone))
        found[zone] = Zone(zone, (*before.subnets, _subnet(resources, zone, block)), before.nodes)
    for name, pool in cast(Mapping[str, Json], cluster.inputs.get("nodePools") or {}).items():
        zone = str(pool.get("zone"))
        late = [field for field in ("zone", "size", "maxSize", "globalRouteOnly") if unknown(pool.get(field))]
        unsaid.extend(f"{field} of node pool {name} is not known yet" for field in late)
        if zones.region_of(zone) and not pool.get("globalRouteOnly"):
            before = found.get(zone, Zone(zone))
            found[zone] = Zone(zone, before.subnets, (*before.nodes, _nodes(pool)))
    pods = [(item.name, *_eni_pods(item)) for item in _workloads(resources, cluster)]
    return ClusterInventory(
        cluster=cluster.name,
        static_ip=cluster.inputs.get("staticIp") is not False,
        zones=tuple(found.values()),
        demands=tuple(Demand(name, number) for name, number, _ in pods if number),
        pods_per_node=_pods_per_node(resources, cluster),
        unknowns=tuple(dict.fromkeys([*unsaid, *(line for _, _, line in pods if line)])),
    )


def _pods_per_node(resources: Sequence[Resource], cluster: Resource) -> int | None:
    made = [item for item in resources if item.type == tokens.CLUSTER and item.parent == cluster.urn]
    return _whole(made[0].inputs.get("clusterMaxPodNum")) or None if len(made) == 1 else None


def _nodes(pool: Json) -> Nodes:
    size, most = pool.get("size"), pool.get("maxSize")
    return Nodes(str(pool.get("instanceType") or ""), _whole(size), _whole(most) if most is not None else None)


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _subnet(resources: Sequence[Resource], zone: str, block: str) -> Subnet:
    """With what the provider last saw of it: made by an `EniZoneSubnet`, or adopted by one."""
    for item in resources:
        if item.type == tokens.SUBNET and (item.inputs.get("availabilityZone"), item.inputs.get("cidrBlock")) == (zone, block):
            return _with_use(block, item.outputs.get("id"), item.outputs.get("availableIpCount"))
        if item.type == tokens.POD_SUBNET and item.inputs.get("subnetId") and item.inputs.get("cidrBlock") == block:
            return _with_use(block, item.inputs.get("subnetId"), item.outputs.get("availableIpCount"))
    return Subnet(block)


def _with_use(block: str, subnet_id: object, free: object) -> Subnet:
    name = str(subnet_id) if isinstance(subnet_id, str) and subnet_id.startswith("subnet-") else ""
    used = cidrs.usable_addresses(block) - int(free) if isinstance(free, int | float) and name else None
    return Subnet(block, name, None if used is None else max(used, 0))


def _workloads(resources: Sequence[Resource], cluster: Resource) -> Iterator[Resource]:
    """Those on this cluster: by their provider, which is a child of it; by none if there is just one cluster."""
    providers = {item.urn for item in resources if item.type == _KUBERNETES and item.parent == cluster.urn}
    alone = sum(item.type == tokens.HYBRID_CLUSTER for item in resources) == 1
    for item in resources:
        if item.type in _WORKLOADS and (alone or item.provider.rpartition("::")[0] in providers):
            yield item


def _eni_pods(workload: Resource) -> tuple[int, str]:
    """ENI pods with what a rollout adds, as far as they are known; and what is not, in words."""
    spec: Any = workload.inputs.get("spec")
    if unknown(below(spec, "template", "metadata", "annotations", keys.NETWORKS)):
        return 0, f"whether {workload.name} has ENI pods is not known yet"
    if not selects_eni(at(spec, "template") or {}):
        return 0, ""
    replicas = at(spec, "replicas")
    if replicas is not None and not isinstance(replicas, int | float):
        return 0, f"the replicas of {workload.name} are not known yet"
    number = 1 if replicas is None else int(replicas)
    surge = _surge(spec, number) if workload.type == tokens.DEPLOYMENT else 0
    return (number, f"the maxSurge of {workload.name} is not known yet") if surge is None else (number + surge, "")


def _surge(spec: object, replicas: int) -> int | None:
    """Pods that a rollout of a Deployment adds; None: not known."""
    kind, most = below(spec, "strategy", "type"), below(spec, "strategy", "rollingUpdate", "maxSurge")
    if kind == "Recreate":
        return 0
    if most is None and not unknown(kind):
        most = _SURGE
    if isinstance(most, int | float):
        return int(most)
    percent = _PERCENT.fullmatch(most) if isinstance(most, str) else None
    return -(-replicas * int(percent[1]) // 100) if percent else None


def _child(value: Json, *path: str) -> Json:
    """The object at a path; empty where there is none."""
    found: Any = value
    for key in path:
        found = found.get(key) or {}
    return cast(Json, found)
