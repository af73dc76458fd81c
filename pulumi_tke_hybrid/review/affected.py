"""Nodes, workloads and load balancers that a change affects, as far as the preview shows them.

`AffectedResources` looks resources up in tables, because a plan may have thousands of findings and resources.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from typing import Any

from pulumi_tke_hybrid.cli.process import listed, several
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import (
    annotation,
    holders,
    is_load_balancer_source,
    load_balancer_source,
    may_have_balancer,
)
from pulumi_tke_hybrid.plan.model import Op, Step, is_patch
from pulumi_tke_hybrid.plan.nodes_of_pools import nodes_by_subnet, pool_nodes
from pulumi_tke_hybrid.plan.rules.cluster_rules import POD_NETWORK_OFF, POD_SUBNET_LEAVES
from pulumi_tke_hybrid.plan.rules.range_rules import GR_SOURCE_ADDRESS
from pulumi_tke_hybrid.review.grouping import pods_text
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.names import ZONE_UNCOVERED
from pulumi_tke_hybrid.tke.objects import at, items, mapping, namespace_of, texts, unknown
from pulumi_tke_hybrid.tke.rule import Finding

NOT_IN_PREVIEW = "are not in this preview"
_NO_OVERLAY_PODS = "pods on the overlay (GlobalRouter); this preview shows none, the cluster may run some"
_CLUSTER_WIDE = (resource_types.CLUSTER, resource_types.SWITCH, resource_types.VPC)
_GROUPS = (resource_types.RULE_SET, resource_types.LITE_RULES)
_ZONE = "availabilityZone"
_MOST_NAMES = 4
_MOST_FINDINGS = 20
_SUBNET_KEYS = (keys.SERVICE_INTERNAL_SUBNET, keys.INGRESS_INTERNAL_SUBNET)
_GROUP_KEYS = (keys.SERVICE_SECURITY_GROUPS, keys.INGRESS_SECURITY_GROUPS)


class AffectedResources:
    """The resources of one plan that exist before the apply, by the findings that affect them."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = {step.urn: step for step in steps}
        existing = [step for step in self._steps.values() if step.op is not Op.CREATE and step.old]
        self._pools = [step for step in existing if step.type in resource_types.POOLS]
        self._workloads = [step for step in existing if _has_pods(step)]
        self._on_eni = [step for step in self._workloads if _is_on_eni(step)]
        self._on_overlay = [step for step in self._workloads if not _is_on_eni(step)]
        self._balanced = [step for step in existing if _has_balancer(step)]
        self._subnets = {step.id: step for step in existing if step.type == resource_types.SUBNET and step.id}
        self._selectors = Selectors(self._workloads, existing)
        self._clusters = [step.urn for step in existing if step.type == resource_types.CLUSTER]
        self._clusters_of: Callable[[str], set[str]] = cache(self._reachable_clusters)
        self._nodes_of: Callable[[str], tuple[int, str]] = cache(self._nodes_of_pool)
        self.of: Callable[[tuple[Finding, ...]], str] = cache(self._of_findings)

    def _of_findings(self, findings: tuple[Finding, ...]) -> str:
        """Return the affected resources of findings with the same effect, in words; empty where the preview
        shows none."""
        return _joined(*dict.fromkeys(map(self._of_finding, findings[:_MOST_FINDINGS])))

    def _of_finding(self, finding: Finding) -> str:
        step = self._steps.get(finding.urn)
        if step is None or step.op.state_only:
            return ""
        if finding.rule.id == POD_SUBNET_LEAVES.id:
            ids = [step.id] if step.type == resource_types.SUBNET else finding.value.split(", ")
            return self._in_container_subnets(ids)
        if finding.rule.id == POD_NETWORK_OFF.id:
            balanced = self._on_same_cluster(step, self._balanced)
            return _joined(_pods(self._on_same_cluster(step, self._on_eni)), _balancers(balanced))
        if finding.rule.id == GR_SOURCE_ADDRESS.id:
            not_yet = step.op is Op.CREATE and unknown(step.new.get("clusterId"))
            on_overlay = self._on_same_cluster(step, self._on_overlay)
            return "" if not_yet else _pods(on_overlay) or _NO_OVERLAY_PODS
        if finding.rule.id == ZONE_UNCOVERED.id:
            workloads = self._on_same_cluster(step, self._on_eni)
            return f"pods of {_pods(workloads)} that the scheduler puts there" if workloads else ""
        narrow = is_load_balancer_source(step) or _has_pods(step) or step.type in _GROUPS
        return self._of_step(step) if narrow or finding.path == step.name else ""

    def _of_step(self, step: Step) -> str:
        if step.type in _CLUSTER_WIDE and step.op.ends:
            return _joined(
                self._nodes(self._on_same_cluster(step, self._pools)),
                _pods(self._on_same_cluster(step, self._workloads)),
                _balancers(self._on_same_cluster(step, self._balanced)),
            )
        if step.type == resource_types.SUBNET:
            return self._in_subnet(step)
        if step.type in resource_types.POOLS:
            return f"{self._nodes([step])}, with any pod that the scheduler put there"
        if is_load_balancer_source(step):
            return _joined(_balancers([step]), _pods(self._selectors.backends(step)))
        if _has_pods(step):
            sources = [source for source in self._selectors.load_balanced_by(step) if _has_balancer(source)]
            return _joined(_pods([step]), _balancers(sources))
        return self._in_group(step) if step.type in _GROUPS else ""

    def _on_same_cluster(self, step: Step, others: Sequence[Step]) -> list[Step]:
        """Return the resources on the step's cluster; all of them where the plan has one cluster, or does not
        show the cluster."""
        own = self._clusters_of(step.urn) if len(self._clusters) > 1 else set[str]()
        if step.type == resource_types.VPC or not own:
            return list(others)
        return [other for other in others if not (found := self._clusters_of(other.urn)) or own & found]

    def _reachable_clusters(self, urn: str) -> set[str]:
        """Return the clusters that the resource's properties come from, also through other resources."""
        found, waiting, seen = set[str](), [urn], {urn}
        while waiting:
            urn = waiting.pop()
            source = self._steps.get(urn)
            if source is not None and source.type == resource_types.CLUSTER:
                found.add(urn)
            elif source is not None:
                new = {below for urns in source.sources.values() for below in urns} - seen
                seen |= new
                waiting += new
        return found

    def _nodes(self, pools: Sequence[Step]) -> str:
        if not pools:
            return ""
        found = [self._nodes_of(pool.urn) for pool in pools]
        zones = sorted({zone for _, zone in found if zone})
        names = listed(pools, _MOST_NAMES, lambda pool: pool.name)
        return f"{several(sum(count for count, _ in found), 'node')} of {names}{_in(zones)}"

    def _nodes_of_pool(self, urn: str) -> tuple[int, str]:
        """Return the number of nodes and their zones."""
        pool = self._steps[urn]
        ids = [part.subnet for part in nodes_by_subnet(pool.type, pool.old)]
        zones = dict.fromkeys(_text(self._subnets[name], _ZONE) for name in ids if name in self._subnets)
        return pool_nodes(pool.old) or 0, ", ".join(zones)

    def _in_container_subnets(self, ids: Sequence[str]) -> str:
        subnets = [self._subnets[name] for name in ids if name in self._subnets]
        zones = sorted({_text(subnet, _ZONE) for subnet in subnets} - {""})
        ranges = [_text(subnet, "cidrBlock") for subnet in subnets if _text(subnet, "cidrBlock")]
        pods = f"those pods of {_pods(self._on_eni)} that run{_in(zones)}" if self._on_eni else ""
        addresses = f"pods with an address in {listed(ranges, _MOST_NAMES)}{_in(zones)}" if ranges else ""
        return _joined(addresses, pods)

    def _in_subnet(self, subnet: Step) -> str:
        pools = [pool for pool in self._pools if _is_in(pool, subnet)]
        balanced = [step for step in self._balanced if subnet.id in _annotations(step, _SUBNET_KEYS)]
        return _joined(self._nodes(pools), _balancers(balanced))

    def _in_group(self, rules: Step) -> str:
        """Return the users of a security group whose rules change."""
        group = rules.old.get("securityGroupId") or rules.new.get("securityGroupId")
        if not isinstance(group, str) or unknown(group):
            return ""
        balanced = [
            step
            for step in self._balanced
            if any(group in str(groups) for groups in _annotations(step, _GROUP_KEYS))
        ]
        found = _joined(self._nodes(self._pools_by_text.get(group, [])), _balancers(balanced))
        return found or f"users of this security group {NOT_IN_PREVIEW}: look up {group} in the console"

    @cached_property
    def _pools_by_text(self) -> dict[str, list[Step]]:
        """The node pools by each text of their inputs."""
        found: dict[str, list[Step]] = {}
        for pool in self._pools:
            for text in set(_texts(pool.old)):
                found.setdefault(text, []).append(pool)
        return found


def _is_in(pool: Step, subnet: Step) -> bool:
    ids = pool.old.get("subnetIds")
    return subnet.urn in pool.sources.get("subnetIds", ()) or (bool(subnet.id) and subnet.id in texts(ids))


def _annotations(step: Step, names: Iterable[str]) -> list[Any]:
    return [annotation(step.old, name) for name in names]


def _texts(value: object) -> Iterator[str]:
    """Yield each text in a value."""
    if isinstance(value, str):
        yield value
    for item in (*mapping(value).values(), *items(value)):
        yield from _texts(item)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _pods(workloads: Sequence[Step]) -> str:
    return listed(
        workloads, _MOST_NAMES, lambda step: f"{step.name} ({pods_text(holders(step.type, step.old))})"
    )


def _balancers(sources: Sequence[Step]) -> str:
    return listed(sources, _MOST_NAMES, lambda source: f"load balancer of {source.name} ({_address(source)})")


def _has_pods(step: Step) -> bool:
    return not is_patch(step.type) and bool(holders(step.type, step.old))


def _is_on_eni(workload: Step) -> bool:
    return any(holder.network for holder in holders(workload.type, workload.old))


def _has_balancer(step: Step) -> bool:
    return is_load_balancer_source(step) and may_have_balancer(step, step.old)


def _address(source: Step) -> str:
    """Return the address of a load balancer as last read."""
    entries = items(at(source.state, "status", "loadBalancer", "ingress"))
    found = at(entries[0], "ip") or at(entries[0], "hostname") if entries else None
    return found if isinstance(found, str) and found and not unknown(found) else "address not in the preview"


def _in(zones: Sequence[str]) -> str:
    return f" in {listed(zones, _MOST_NAMES)}" if zones else ""


def _text(subnet: Step, key: str) -> str:
    return str((subnet.old or subnet.new).get(key) or "")


Label = tuple[str, str, Any]
"""Namespace, key and value."""


class Selectors:
    """Finds the workloads of a Service or Ingress, and the Services and Ingresses of a workload, as they are
    before the apply."""

    def __init__(self, workloads: Iterable[Step], steps: Iterable[Step]) -> None:
        self._workloads: dict[Label, list[Step]] = {}
        for workload in workloads:
            for label in _every_label(workload):
                self._workloads.setdefault(label, []).append(workload)
        self._services: dict[Label, list[Step]] = {}
        self._named: dict[tuple[str, Any], list[Step]] = {}
        self._ingresses: dict[tuple[str, Any], list[Step]] = {}
        for step in steps:
            on = load_balancer_source(step)
            if on is On.INGRESS:
                for name in set(_service_names(at(step.old, "spec"))):
                    self._ingresses.setdefault((namespace_of(step.old), name), []).append(step)
            elif on is On.SERVICE and step.old:
                self._named.setdefault((namespace_of(step.old), at(step.old, "metadata", "name")), []).append(
                    step
                )
                for label in _selector(step)[:1]:
                    self._services.setdefault(label, []).append(step)

    def backends(self, source: Step) -> list[Step]:
        """Return the workloads whose pods the Service selects; for an Ingress those of its Services."""
        if load_balancer_source(source) is not On.INGRESS:
            wanted = _selector(source)
            none: list[Step] = []
            candidates = min((self._workloads.get(label, none) for label in wanted), key=len, default=none)
            return [workload for workload in candidates if _matches(workload, wanted)]
        services = [
            service
            for name in set(_service_names(at(source.old, "spec")))
            for service in self._named.get((namespace_of(source.old), name), ())
        ]
        return _unique(workload for service in services for workload in self.backends(service))

    def load_balanced_by(self, workload: Step) -> list[Step]:
        """Return the Services that select the workload's pods, and the Ingresses that name such a Service."""
        services = [
            service
            for label in _every_label(workload)
            for service in self._services.get(label, ())
            if _matches(workload, _selector(service))
        ]
        names = [(namespace_of(service.old), at(service.old, "metadata", "name")) for service in services]
        ingresses = (ingress for name in names for ingress in self._ingresses.get(name, ()))
        return _unique([*services, *ingresses])


def _unique(steps: Iterable[Step]) -> list[Step]:
    return list({step.urn: step for step in steps}.values())


def _labels(workload: Step) -> list[list[Label]]:
    """Return the labels of each pod template."""
    templates = [holder.template for holder in holders(workload.type, workload.old)]
    return [_in_namespace(workload, at(template, "metadata", "labels")) for template in templates]


def _every_label(workload: Step) -> Iterable[Label]:
    return dict.fromkeys(label for labels in _labels(workload) for label in labels)


def _selector(service: Step) -> list[Label]:
    return _in_namespace(service, at(service.old, "spec", "selector"))


def _in_namespace(step: Step, labels: object) -> list[Label]:
    space = namespace_of(step.old)
    return [(space, key, value) for key, value in mapping(labels).items() if isinstance(value, str)]


def _matches(workload: Step, wanted: Sequence[Label]) -> bool:
    return any(set(wanted) <= set(labels) for labels in _labels(workload))


def _service_names(value: object) -> Iterator[str]:
    """Yield the names of the Services in an Ingress of any API version."""
    for key, item in mapping(value).items():
        if key == "service" and isinstance(name := at(item, "name"), str):
            yield name
        elif key == "serviceName" and isinstance(item, str):
            yield item
        else:
            yield from _service_names(item)
    for item in items(value):
        yield from _service_names(item)
