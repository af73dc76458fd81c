"""Zones in which the node pools of a plan have, or will have, their nodes."""

from dataclasses import replace

from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.pool_nodes import NodesIn, nodes_by_subnet, shares
from pulumi_tke_hybrid.tke.step import Op, Plan, Step
from pulumi_tke_hybrid.tke.values import Props, at, unknown

_PLACING = ("subnetIds", "native", "serverlessNodes", "workerConfig", "workerConfigs", "autoScalingGroup", "instanceId")
"""Properties that say in which subnets, or on which machine, a resource makes nodes."""


class NodePlaces:
    """Answers in which zones a pool of the plan has how many nodes."""

    def __init__(self, plan: Plan) -> None:
        self._placed = {step.urn: step for step in plan.of(tokens.SUBNET, tokens.MACHINE)}
        self._by_id = {step.id: step for step in self._placed.values() if step.id}
        self._components = {step.urn: step for step in plan.of(tokens.HYBRID_CLUSTER)}

    def move(self, pool: Step) -> bool:
        """Whether the pool is new, or its nodes go to other subnets."""
        if pool.op is Op.UPDATE:
            before, after = ([part.subnet for part in nodes_by_subnet(pool.type, props)] for props in (pool.old, pool.new))
            return before != after
        return pool.op in (Op.CREATE, Op.REPLACE)

    def is_checked(self, pool: Step) -> bool:
        """Whether the component of the pool's cluster has checked its zone."""
        return pool.parent in self._components

    def unplaced(self, pool: Step) -> list[str]:
        """Subnets of a pool whose zones are not known: their ids, or a word for those without an id yet."""
        if self._stated_zone(pool):
            return []
        placed = self._placed_parts(pool, pool.new)
        missing = [part.subnet for part in placed if not part.zone and part.subnet and not unknown(part.subnet)]
        late = any(not part.zone and part.subnet not in missing for part in placed) and not self._from_sources(pool, pool.new, placed)
        return [*missing, *(["a subnet that is not known yet"] if late else [])]

    def places(self, pool: Step, props: Props) -> list[NodesIn]:
        """The nodes of a pool by zone, as far as the zones of its subnets are known; each zone once."""
        placed = self._placed_parts(pool, props)
        known = [part for part in placed if part.zone] + self._from_sources(pool, props, placed)
        return _by_zone(known, in_one_zone=len({part.zone for part in known}) == 1 and len(known) >= len(placed))

    def _placed_parts(self, pool: Step, props: Props) -> list[NodesIn]:
        stated = self._stated_zone(pool)
        parts = nodes_by_subnet(pool.type, props)
        return [replace(part, zone=stated or part.zone or self._zone_of(part.subnet)) for part in parts]

    def _stated_zone(self, pool: Step) -> str:
        """What the pool's component says of it."""
        component = self._components.get(pool.parent)
        name = str((pool.new or pool.old).get("name"))
        stated = [at(props, "nodePools", name, "zone") for props in (component.new, component.old)] if component else []
        return next((zone for zone in stated if isinstance(zone, str) and not unknown(zone)), "")

    def _from_sources(self, pool: Step, props: Props, placed: list[NodesIn]) -> list[NodesIn]:
        """Those whose subnet or machine has no known id yet: by the resources that the ids come from."""
        late = [part for part in placed if not part.zone and (unknown(part.subnet) or not part.subnet)]
        if not late or (props is pool.old and pool.old != pool.new):
            return []
        taken = {self._by_id[part.subnet].urn for part in placed if part.zone and part.subnet in self._by_id}
        urns = dict.fromkeys(urn for key in _PLACING for urn in pool.sources.get(key, ()) if urn in self._placed and urn not in taken)
        zones_there = [_zone(self._placed[urn]) for urn in urns]
        nodes = None if any(part.nodes is None for part in late) else sum(part.nodes or 0 for part in late)
        several = len(zones_there) > 1 or any(part.worked_out for part in late)
        parts = [None] * len(zones_there) if nodes is None else shares(nodes, len(zones_there))
        return [NodesIn("", part, several, zone) for part, zone in zip(parts, zones_there, strict=True) if zone]

    def _zone_of(self, identity: str) -> str:
        step = self._by_id.get(identity)
        return _zone(step) if step else ""


def _zone(step: Step) -> str:
    zone = (step.new or step.old).get("availabilityZone")
    return zone if isinstance(zone, str) and not unknown(zone) else ""


def _by_zone(parts: list[NodesIn], *, in_one_zone: bool) -> list[NodesIn]:
    """Parts in one zone made one: a pool all of whose subnets are in one zone has all its nodes there."""
    found: dict[str, NodesIn] = {}
    for part in parts:
        first = found.get(part.zone)
        nodes = part.nodes if first is None else None if first.nodes is None or part.nodes is None else first.nodes + part.nodes
        found[part.zone] = NodesIn("", nodes, part.worked_out, part.zone)
    return [replace(part, worked_out=part.worked_out and not in_one_zone) for part in found.values()]
