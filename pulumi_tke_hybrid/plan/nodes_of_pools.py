"""The nodes of node pools and of other resources of a plan that make nodes: number, subnets and zones.

Instance types are read in `plan.inventory`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.tke.objects import Props, at, items, mapping, texts, unknown, whole

NODE_MAKERS = (*resource_types.POOLS, resource_types.CLUSTER)
"""Types of resources that make nodes; a cluster makes those of its `workerConfigs`."""


@dataclass(frozen=True)
class NodesIn:
    """Nodes of one resource in one subnet."""

    subnet: str
    """Id of the subnet; the engine's text for an unknown value while the subnet does not exist; empty if the
    inputs name no subnet."""
    nodes: int | None
    """Number of nodes; None if the inputs have no number, or the number is not known yet."""
    worked_out: bool = False
    """Whether the number is the even share of a pool; the cloud chooses the subnet when it makes a node."""
    zone: str = ""
    """The zone, if the inputs name a zone beside the subnet."""


def nodes_by_subnet(type_: str, props: Props) -> list[NodesIn]:
    """The nodes of a resource of `NODE_MAKERS` by subnet, from its inputs. `type_` is a canonical token.

    The nodes of a pool with several subnets are divided evenly, and each share is marked `worked_out`: the
    cloud decides by stock and by the pool's policy. A super node (`serverlessNodes`), a ScaleWorker and a
    cluster's own workers name their subnets.
    """
    if type_ == resource_types.SERVERLESS_NODE_POOL:
        named = [_text(node, "subnetId") for node in objects_of(props.get("serverlessNodes"))]
        return [NodesIn(subnet, named.count(subnet)) for subnet in dict.fromkeys(named)]
    if type_ in (resource_types.SCALE_WORKER, resource_types.CLUSTER):
        key = "workerConfig" if type_ == resource_types.SCALE_WORKER else "workerConfigs"
        return [
            NodesIn(_text(worker, "subnetId"), _workers(worker), zone=_text(worker, "availabilityZone"))
            for worker in objects_of(props.get(key))
        ]
    if type_ == resource_types.CLUSTER_ATTACHMENT:
        return [NodesIn("", 1)]
    subnets, nodes = list(dict.fromkeys(_pool_subnets(props))) or [""], pool_nodes(props)
    parts = zip(subnets, shares(nodes, len(subnets)), strict=True)
    return [NodesIn(subnet, part, len(subnets) > 1) for subnet, part in parts]


def pool_nodes(props: Props) -> int | None:
    """Number of nodes in the inputs of a resource of `NODE_MAKERS`; None if the inputs have no number, or the
    number is not known."""
    if "serverlessNodes" in props:
        listed: object = props["serverlessNodes"]
        return len(items(cast(object, listed))) if isinstance(listed, list) else None
    if "workerConfig" in props or "workerConfigs" in props:
        groups = (*objects_of(props.get("workerConfig")), *objects_of(props.get("workerConfigs")))
        return total(map(_workers, groups))
    native = _group(props)
    scaling = next(iter(objects_of(native.get("scaling"))), dict[str, Any]())
    least = (props.get("minSize"), native.get("minSize"), scaling.get("minReplicas"))
    return _first_number(desired_size(props), *least)


def desired_size(props: Props) -> int | None:
    """The size that the inputs of a pool state; None if they state only the least size, or none."""
    native = _group(props)
    return _first_number(props.get("desiredCapacity"), native.get("replicas"), native.get("desiredCapacity"))


def most_nodes(props: Props) -> int | None:
    """The stated size within the greatest size; the greatest size where the inputs state no size. None if not
    known."""
    if "serverlessNodes" in props or "workerConfig" in props:
        return pool_nodes(props)
    size, most = desired_size(props), greatest_size(props)
    return size if most is None else most if size is None else min(size, most)


def greatest_size(props: Props) -> int | None:
    """The greatest size that the autoscaler may give a pool; None if the inputs state none."""
    native = _group(props)
    scaling = next(iter(objects_of(native.get("scaling"))), dict[str, Any]())
    return _first_number(props.get("maxSize"), native.get("maxSize"), scaling.get("maxReplicas"))


def _first_number(*stated: object) -> int | None:
    return next((number for number in map(whole, stated) if number is not None), None)


def _workers(group: Props) -> int | None:
    return whole(group.get("count", 1))


def total(numbers: Iterable[int | None]) -> int | None:
    """The sum; None if one of the numbers is not known."""
    found = list(numbers)
    return None if None in found else sum(number or 0 for number in found)


def shares(whole: int | None, parts: int) -> list[int | None]:
    """Divide a number as evenly as possible, the greater parts first. Where the number is not known, each
    part is None."""
    return [None if whole is None else whole // parts + (index < whole % parts) for index in range(parts)]


def _group(props: Props) -> Props:
    """The block with the sizes and subnets of a native pool, or of a scaling group."""
    groups = (each for key in ("native", "autoScalingGroup") for each in objects_of(props.get(key)))
    return next(groups, dict[str, Any]())


def _pool_subnets(props: Props) -> Iterator[str]:
    for holder in (props, _group(props)):
        listed = holder.get("subnetIds")
        yield from [str(listed)] if unknown(listed) else texts(listed)


def objects_of(value: object) -> list[Props]:
    """The objects of a block: the two packages write one object, or a list of objects."""
    return [mapping(item) for item in items(value) or [value] if item == mapping(item)]


def _text(props: Props, key: str) -> str:
    found: Any = props.get(key)
    return found if isinstance(found, str) else ""


_PLACING = (
    "subnetIds",
    "native",
    "serverlessNodes",
    "workerConfig",
    "workerConfigs",
    "autoScalingGroup",
    "instanceId",
)
"""Properties with the subnets, or the instance (CVM), of the nodes that a resource makes."""


class NodePlaces:
    """The zones of the nodes of a plan's pools."""

    def __init__(self, plan: Plan) -> None:
        self._placed = {step.urn: step for step in plan.of(resource_types.SUBNET, resource_types.MACHINE)}
        self._by_id = {step.id: step for step in self._placed.values() if step.id}
        self._components = {step.urn: step for step in plan.of(resource_types.HYBRID_CLUSTER)}

    def move(self, pool: Step) -> bool:
        """Whether the pool is new, or its nodes go to other subnets."""
        if pool.op is Op.UPDATE:
            before, after = (
                [part.subnet for part in nodes_by_subnet(pool.type, props)] for props in (pool.old, pool.new)
            )
            return before != after
        return pool.op in (Op.CREATE, Op.REPLACE)

    def is_checked(self, pool: Step) -> bool:
        """Whether the component of the pool's cluster has checked the pool's zone."""
        return pool.parent in self._components

    def unplaced(self, pool: Step) -> list[str]:
        """Subnets of a pool whose zones are not known: ids, and one text for all subnets without an id
        yet."""
        if self._stated_zone(pool):
            return []
        placed = self._placed_parts(pool, pool.new)
        missing = [
            part.subnet for part in placed if not part.zone and part.subnet and not unknown(part.subnet)
        ]
        late = any(
            not part.zone and part.subnet not in missing for part in placed
        ) and not self._from_sources(pool, pool.new, placed)
        return [*missing, *(["a subnet that is not known yet"] if late else [])]

    def places(self, pool: Step, props: Props) -> list[NodesIn]:
        """The nodes of a pool by zone, in subnets whose zones are known; each zone once."""
        placed = self._placed_parts(pool, props)
        known = [part for part in placed if part.zone] + self._from_sources(pool, props, placed)
        return _by_zone(
            known, in_one_zone=len({part.zone for part in known}) == 1 and len(known) >= len(placed)
        )

    def _placed_parts(self, pool: Step, props: Props) -> list[NodesIn]:
        stated = self._stated_zone(pool)
        parts = nodes_by_subnet(pool.type, props)
        return [replace(part, zone=stated or part.zone or self._zone_of(part.subnet)) for part in parts]

    def _stated_zone(self, pool: Step) -> str:
        """The zone that the pool's component states."""
        component = self._components.get(pool.parent)
        if component is None:
            return ""
        name = str((pool.new or pool.old).get("name"))
        stated = [at(props, "nodePools", name, "zone") for props in (component.new, component.old)]
        return next((zone for zone in stated if isinstance(zone, str) and not unknown(zone)), "")

    def _from_sources(self, pool: Step, props: Props, placed: list[NodesIn]) -> list[NodesIn]:
        """The nodes in subnets, or on instances, without a known id: by the resources that the ids come
        from."""
        late = [part for part in placed if not part.zone and (unknown(part.subnet) or not part.subnet)]
        if not late or (props is pool.old and pool.old != pool.new):
            return []
        taken = {self._by_id[part.subnet].urn for part in placed if part.zone and part.subnet in self._by_id}
        urns = dict.fromkeys(
            urn
            for key in _PLACING
            for urn in pool.sources.get(key, ())
            if urn in self._placed and urn not in taken
        )
        zones_there = [_zone(self._placed[urn]) for urn in urns]
        several = len(zones_there) > 1 or any(part.worked_out for part in late)
        parts = shares(total(part.nodes for part in late), len(zones_there))
        return [
            NodesIn("", part, several, zone) for part, zone in zip(parts, zones_there, strict=True) if zone
        ]

    def _zone_of(self, identity: str) -> str:
        step = self._by_id.get(identity)
        return _zone(step) if step else ""


def _zone(step: Step) -> str:
    zone = (step.new or step.old).get("availabilityZone")
    return zone if isinstance(zone, str) and not unknown(zone) else ""


def _by_zone(parts: list[NodesIn], *, in_one_zone: bool) -> list[NodesIn]:
    """Merge the parts of each zone. A pool with all subnets in one zone has a counted number of nodes
    there."""
    found: dict[str, NodesIn] = {}
    for part in parts:
        first = found.get(part.zone)
        nodes = part.nodes if first is None else total([first.nodes, part.nodes])
        found[part.zone] = NodesIn("", nodes, part.worked_out, part.zone)
    return [replace(part, worked_out=part.worked_out and not in_one_zone) for part in found.values()]
