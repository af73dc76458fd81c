"""Who stands behind a change: nodes, workloads with their pods, load balancers with their addresses, as far
as the preview shows them.

Which workloads a Service or an Ingress sends to, by labels and names, looked up in tables: a plan may have
thousands of both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.cli.text import listed, several
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import (
    annotation,
    holders,
    is_load_balancer_source,
    load_balancer_source,
    may_have_balancer,
)
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.node_pools import nodes_by_subnet, pool_nodes
from pulumi_tke_hybrid.plan.resource_types import is_patch
from pulumi_tke_hybrid.plan.rules.clusters import GR_SOURCE_ADDRESS, POD_NETWORK_OFF, POD_SUBNET_LEAVES
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.names import ZONE_UNCOVERED
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.values import at, items, mapping, texts, unknown

_WIDE = (resource_types.CLUSTER, resource_types.SWITCH, resource_types.VPC)
"""Resources on which everything else of a cluster stands."""
_NAMED = 4
_FINDINGS = 20
"""Findings of one sentence for which it is looked up who stands behind them."""
_FRONT_SUBNETS = (keys.SERVICE_INTERNAL_SUBNET, keys.INGRESS_INTERNAL_SUBNET)
_FRONT_GROUPS = (keys.SERVICE_SECURITY_GROUPS, keys.INGRESS_SECURITY_GROUPS)


class Surroundings:
    """What is there now, by the steps of one plan. Only what exists before the apply counts."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = {step.urn: step for step in steps}
        there = [step for step in self._steps.values() if step.op is not Op.CREATE and step.old]
        self._pools = [step for step in there if step.type in resource_types.POOLS]
        self._workloads = [step for step in there if _holds_pods(step)]
        self._eni = [step for step in self._workloads if _on_eni(step)]
        on_eni = {step.urn for step in self._eni}
        self._overlay = [step for step in self._workloads if step.urn not in on_eni]
        self._fronts = [step for step in there if _has_balancer(step)]
        self._subnets = {step.id: step for step in there if step.type == resource_types.SUBNET and step.id}
        self._selection = Selection(self._workloads, there)
        self._reached: dict[str, set[str]] = {}
        self._told: dict[tuple[Finding, ...], str] = {}
        self._clusters = [step.urn for step in there if step.type == resource_types.CLUSTER]

    def of(self, findings: Sequence[Finding]) -> str:
        """In words, for findings of one rule that say the same; nothing where the preview shows nobody."""
        key = tuple(findings)
        if key not in self._told:
            told = [self._of_rule(finding) for finding in findings[:_FINDINGS]]
            self._told[key] = "; ".join(dict.fromkeys(part for part in told if part))
        return self._told[key]

    def _of_rule(self, finding: Finding) -> str:
        step = self._steps.get(finding.urn)
        if step is None or step.op.state_only:
            return ""
        if finding.rule.id == POD_SUBNET_LEAVES.id:
            return self._in_pod_subnets(
                [step.id] if step.type == resource_types.SUBNET else finding.value.split(", ")
            )
        if finding.rule.id == POD_NETWORK_OFF.id:
            return _joined(_pods(self._on(step, self._eni)), self._balancers(self._on(step, self._fronts)))
        if finding.rule.id == GR_SOURCE_ADDRESS.id:
            overlay = self._on(step, self._overlay)
            if step.op is Op.CREATE and unknown(step.new.get("clusterId")):
                return ""
            return (
                _pods(overlay)
                or "pods on the overlay (GlobalRouter); this preview shows none, the cluster may run some"
            )
        if finding.rule.id == ZONE_UNCOVERED.id:
            workloads = self._on(step, self._eni)
            return f"pods of {_pods(workloads)} that the scheduler puts there" if workloads else ""
        narrow = is_load_balancer_source(step) or _holds_pods(step) or step.type in _GROUPS
        return self._of_step(step) if narrow or finding.path == step.name else ""

    def _of_step(self, step: Step) -> str:
        if step.type in _WIDE and step.op.ends:
            return _joined(
                self._nodes(self._on(step, self._pools)),
                _pods(self._on(step, self._workloads)),
                self._balancers(self._on(step, self._fronts)),
            )
        if step.type == resource_types.SUBNET:
            return self._in_subnet(step)
        if step.type in resource_types.POOLS:
            return f"{self._nodes([step])}, with any pod that the scheduler put there"
        if is_load_balancer_source(step):
            return _joined(self._balancers([step]), _pods(self._selection.backends(step)))
        if _holds_pods(step):
            return _joined(
                _pods([step]),
                self._balancers([front for front in self._selection.fronts(step) if _has_balancer(front)]),
            )
        return self._in_group(step) if step.type in _GROUPS else ""

    def _on(self, step: Step, of: Sequence[Step]) -> list[Step]:
        """Those on the same cluster; all of them where the plan has one cluster, or does not show which
        cluster one is on."""
        if step.type == resource_types.VPC or len(self._clusters) < 2:
            return list(of)
        its = self._clusters_of(step)
        return [one for one in of if not its or not (others := self._clusters_of(one)) or its & others]

    def _clusters_of(self, step: Step) -> set[str]:
        """The clusters that the resource's properties come from, directly or through other resources."""
        if step.urn not in self._reached:
            self._reached[step.urn] = self._walk(step)
        return self._reached[step.urn]

    def _walk(self, step: Step) -> set[str]:
        found: set[str] = set()
        waiting, seen = [step.urn], {step.urn}
        while waiting:
            urn = waiting.pop()
            one = self._steps.get(urn)
            if one is not None and one.type == resource_types.CLUSTER:
                found.add(urn)
            elif one is not None:
                new = {source for urns in one.sources.values() for source in urns} - seen
                seen |= new
                waiting += new
        return found

    def _nodes(self, pools: Sequence[Step]) -> str:
        count = sum(pool_nodes(pool.old) or 0 for pool in pools)
        zones = sorted({zone for pool in pools if (zone := self._zone_of_pool(pool))})
        return (
            f"{several(count, 'node')} of {listed([pool.name for pool in pools], _NAMED)}{_in(zones)}"
            if pools
            else ""
        )

    def _zone_of_pool(self, pool: Step) -> str:
        ids = [part.subnet for part in nodes_by_subnet(pool.type, pool.old)]
        return ", ".join(dict.fromkeys(_zone(self._subnets[name]) for name in ids if name in self._subnets))

    def _balancers(self, fronts: Sequence[Step]) -> str:
        return ", ".join(
            f"load balancer of {front.name} ({_address(front)})" for front in fronts[:_NAMED]
        ) + _more(fronts)

    def _in_pod_subnets(self, ids: Sequence[str]) -> str:
        subnets = [self._subnets[name] for name in ids if name in self._subnets]
        zones = sorted({_zone(subnet) for subnet in subnets} - {""})
        ranges = [_range(subnet) for subnet in subnets if _range(subnet)]
        workloads = self._eni
        pods = f"those pods of {_pods(workloads)} that run{_in(zones)}" if workloads else ""
        return _joined(
            f"pods with an address in {listed(ranges, _NAMED)}{_in(zones)}" if ranges else "", pods
        )

    def _in_subnet(self, subnet: Step) -> str:
        pools = [one for one in self._pools if self._names(one, "subnetIds", subnet)]
        fronts = [
            one
            for one in self._fronts
            if any(annotation(one.old, key) == subnet.id for key in _FRONT_SUBNETS)
        ]
        return _joined(self._nodes(pools), self._balancers(fronts))

    def _names(self, step: Step, key: str, other: Step) -> bool:
        return other.urn in step.sources.get(key, ()) or (
            bool(other.id) and other.id in texts(step.old.get(key))
        )

    def _in_group(self, rules: Step) -> str:
        group = rules.old.get("securityGroupId") or rules.new.get("securityGroupId")
        if not isinstance(group, str) or unknown(group):
            return ""
        fronts = [
            one
            for one in self._fronts
            if any(group in str(annotation(one.old, key)) for key in _FRONT_GROUPS)
        ]
        pools = [one for one in self._pools if _holds(one.old, group)]
        found = _joined(self._nodes(pools), self._balancers(fronts))
        return found or f"users of this security group {UNSEEN}: look up {group} in the console"


UNSEEN = "are not in this preview"
_GROUPS = (resource_types.RULE_SET, resource_types.LITE_RULES)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _pods(workloads: Sequence[Step]) -> str:
    named = ", ".join(f"{one.name} ({_count(one)})" for one in workloads[:_NAMED])
    return named + _more(workloads)


def _more(found: Sequence[Step]) -> str:
    return f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""


def _holds_pods(step: Step) -> bool:
    return not is_patch(step.type) and bool(holders(step.type, step.old))


def _count(workload: Step) -> str:
    counts = [holder.pods for holder in holders(workload.type, workload.old)]
    return "pods" if None in counts else several(sum(count or 0 for count in counts), "pod")


def _on_eni(workload: Step) -> bool:
    return any(holder.network for holder in holders(workload.type, workload.old))


def _has_balancer(step: Step) -> bool:
    return is_load_balancer_source(step) and may_have_balancer(step, step.old)


def address(front: Step) -> str:
    """The address of a load balancer as last read; empty where the preview does not hold it."""
    entries = items(at(front.state, "status", "loadBalancer", "ingress"))
    found = at(entries[0], "ip") or at(entries[0], "hostname") if entries else None
    return found if isinstance(found, str) and not unknown(found) else ""


def _address(front: Step) -> str:
    return address(front) or "address not in the preview"


def _in(zones: Sequence[str]) -> str:
    return f" in {listed(zones, _NAMED)}" if zones else ""


def _zone(subnet: Step) -> str:
    return str((subnet.old or subnet.new).get("availabilityZone") or "")


def _range(subnet: Step) -> str:
    return str((subnet.old or subnet.new).get("cidrBlock") or "")


def _holds(value: object, wanted: str) -> bool:
    if isinstance(value, str):
        return value == wanted
    return any(_holds(item, wanted) for item in (*mapping(value).values(), *items(value)))


Label = tuple[str, str, Any]
"""Namespace, key and value."""


class Selection:
    """The Services, Ingresses and workloads of a plan, as they are before the apply."""

    def __init__(self, workloads: Iterable[Step], steps: Iterable[Step]) -> None:
        self._workloads: dict[Label, list[Step]] = {}
        for workload in workloads:
            for label in dict.fromkeys(
                label for labels in _labels(workload) for label in _of(workload, labels)
            ):
                self._workloads.setdefault(label, []).append(workload)
        self._services: dict[Label, list[Step]] = {}
        self._named: dict[tuple[str, Any], list[Step]] = {}
        self._ingresses: dict[tuple[str, Any], list[Step]] = {}
        for step in steps:
            on = load_balancer_source(step)
            if on is On.INGRESS:
                for name in set(_service_names(at(step.old, "spec"))):
                    self._ingresses.setdefault((_namespace(step), name), []).append(step)
            elif on is On.SERVICE and step.old:
                self._named.setdefault((_namespace(step), at(step.old, "metadata", "name")), []).append(step)
                for label in _of(step, _selector(step))[:1]:
                    self._services.setdefault(label, []).append(step)

    def backends(self, front: Step) -> list[Step]:
        """The workloads whose pods the Service selects; for an Ingress those of the Services that its rules
        name."""
        if load_balancer_source(front) is not On.INGRESS:
            wanted = _of(front, _selector(front))
            nobody: list[Step] = []
            candidates = min(
                (self._workloads.get(label, nobody) for label in wanted), key=len, default=nobody
            )
            return [one for one in candidates if _matches(one, wanted)]
        services = [
            one
            for name in set(_service_names(at(front.old, "spec")))
            for one in self._named.get((_namespace(front), name), ())
        ]
        return list({one.urn: one for service in services for one in self.backends(service)}.values())

    def fronts(self, workload: Step) -> list[Step]:
        """The Services that select the workload's pods, and the Ingresses that name one of these Services."""
        labels = dict.fromkeys(label for labels in _labels(workload) for label in _of(workload, labels))
        services = [
            one
            for label in labels
            for one in self._services.get(label, ())
            if _matches(workload, _of(one, _selector(one)))
        ]
        names = [(_namespace(one), at(one.old, "metadata", "name")) for one in services]
        return list(
            {
                one.urn: one
                for one in (*services, *(one for name in names for one in self._ingresses.get(name, ())))
            }.values()
        )


def _labels(workload: Step) -> list[Mapping[str, Any]]:
    return [
        mapping(at(holder.template, "metadata", "labels")) for holder in holders(workload.type, workload.old)
    ]


def _selector(service: Step) -> Mapping[str, Any]:
    return mapping(at(service.old, "spec", "selector"))


def _of(step: Step, labels: Mapping[str, Any]) -> Sequence[Label]:
    return [(_namespace(step), key, value) for key, value in labels.items() if isinstance(value, str)]


def _matches(workload: Step, wanted: Sequence[Label]) -> bool:
    return any(set(wanted) <= set(_of(workload, labels)) for labels in _labels(workload))


def _namespace(step: Step) -> str:
    found = at(step.old, "metadata", "namespace")
    return found if isinstance(found, str) and found else "default"


def _service_names(value: object) -> Iterator[str]:
    """Names of the Services in an Ingress, of any API version."""
    for key, item in mapping(value).items():
        if key == "service" and isinstance(name := at(item, "name"), str):
            yield name
        elif key == "serviceName" and isinstance(item, str):
            yield item
        else:
            yield from _service_names(item)
    for item in items(value):
        yield from _service_names(item)
