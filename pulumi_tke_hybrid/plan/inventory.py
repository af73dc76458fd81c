"""The clusters of a plan as `ClusterInventory`: the reader for the rules, the policy pack and `tke-hybrid
capacity`.

This module counts no addresses (see `tke.capacity`)."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.demands import demands
from pulumi_tke_hybrid.plan.index import UNKNOWN_CLUSTER, PlanIndex, index_of
from pulumi_tke_hybrid.plan.model import Op, Plan, Step, kept_by_plan
from pulumi_tke_hybrid.plan.nodes_of_pools import nodes_by_subnet, objects_of, shares
from pulumi_tke_hybrid.tke import cidrs, names
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Demand, Nodes, Subnet, Zone
from pulumi_tke_hybrid.tke.enis import eni_limit
from pulumi_tke_hybrid.tke.objects import Props, at, items, mapping, texts, unknown, whole

_PODS_PER_NODE = 256
"""`cluster_max_pod_num` where a cluster is made without it (provider, tencentcloud_kubernetes_cluster)."""
_SUBNET_KEYS = ("subnetIds", "native", "serverlessNodes", "workerConfig", "autoScalingGroup")
"""Properties of pools that hold ids of subnets."""
_COUNTED = ("zone", "size", "maxSize", "globalRouteOnly")
"""Properties of a component's node pool that the count of addresses reads."""


@kept_by_plan
def both_inventories(plan: Plan) -> tuple[Mapping[str, ClusterInventory], Mapping[str, ClusterInventory]]:
    """Each cluster before and after a plan. A resource that the plan makes has no state and no id."""
    before = [_unchanged(step, step.old) for step in plan.steps if step.old]
    after = [
        _unchanged(replace(step, state={}, id="") if step.creates else step, step.new)
        for step in plan.steps
        if step.op is not Op.DELETE and step.new
    ]
    return inventories(Plan(before)), inventories(Plan(after))


def inventories(plan: Plan) -> dict[str, ClusterInventory]:
    """Each cluster of a plan whose steps change nothing, by the URN of its component or of its own step."""
    index = index_of(plan)
    found = _found(index)
    return {each.urn: _read(index, each, alone=len(found) == 1) for each in found}


@dataclass(frozen=True)
class _Found:
    """A cluster of a plan: the step of the component, of the cluster itself, or both."""

    name: str
    component: Step | None = None
    cluster: str = ""
    """URN of the cluster's own step; the id of a cluster of another stack; empty where neither is known."""

    @property
    def urn(self) -> str:
        """URN of the component, else of the cluster."""
        return self.cluster if self.component is None else self.component.urn


@dataclass
class _Reading:
    """The parts of a cluster that are read so far."""

    zones: dict[str, Zone] = field(default_factory=dict[str, Zone])
    unknowns: list[str] = field(default_factory=list[str])

    def zone(self, name: str) -> Zone:
        return self.zones.setdefault(name, Zone(name))

    def add_subnet(self, zone: str, subnet: Subnet) -> None:
        there = self.zone(zone)
        self.zones[zone] = replace(there, subnets=(*there.subnets, subnet))

    def add_nodes(self, zone: str, nodes: Nodes | None) -> None:
        """Add nodes; None: nodes whose number or type is not known."""
        there = self.zone(zone)
        self.zones[zone] = (
            replace(there, more_nodes=True) if nodes is None else replace(there, nodes=(*there.nodes, nodes))
        )


def _found(index: PlanIndex) -> list[_Found]:
    owned: dict[str, str] = {}
    listed: list[str] = []
    for step in index.of(*resource_types.LISTING):
        wanted = step.new.get(resource_types.subnets_key(step.type))
        if step.urn in index.homes:
            owned.setdefault(index.homes[step.urn], index.clusters.of(step))
        elif texts(wanted) or unknown(wanted):
            listed.append(index.clusters.of(step))
    components = [_Found(step.name, step, owned.get(step.urn, "")) for step in index.stating.values()]
    covered = {"", *(found.cluster for found in components)}
    return [
        *components,
        *(_Found(_name(index, each), None, each) for each in dict.fromkeys(listed) if each not in covered),
    ]


def _name(index: PlanIndex, cluster: str) -> str:
    """The name of the cluster's component, or of the cluster itself; the id of a cluster of another stack."""
    step = index.steps.get(cluster)
    component = index.steps.get(step.parent) if step else None
    holder = component if component is not None and component.type == resource_types.HYBRID_CLUSTER else step
    return cluster if holder is None else holder.name


def _read(index: PlanIndex, found: _Found, *, alone: bool) -> ClusterInventory:
    reading = _Reading()
    cluster = index.steps.get(found.cluster)
    if found.component is not None:
        _read_component(index, found.component, reading)
        static = found.component.new.get("staticIp") is not False
    else:
        _read_listed(index, found.cluster, reading)
        static = not (cluster is not None and cluster.new.get("isNonStaticIpMode") is True)
    _read_pools(index, found, alone, reading)
    region = next((region for zone in reading.zones if (region := names.region_of(zone))), "")
    wanted = list(demands(_workloads(index, found, alone, reading), region))
    return ClusterInventory(
        cluster=found.name,
        static_ip=static,
        zones=tuple(reading.zones.values()),
        demands=tuple(each for each in wanted if isinstance(each, Demand)),
        pods_per_node=None if cluster is None else _pods_per_node(cluster.new),
        unknowns=tuple(dict.fromkeys([*reading.unknowns, *texts(wanted)])),
    )


def _pods_per_node(props: Props) -> int | None:
    stated = props.get("clusterMaxPodNum")
    return _PODS_PER_NODE if stated is None else whole(stated)


def _read_component(index: PlanIndex, component: Step, reading: _Reading) -> None:
    for item in items(component.new.get("eniSubnets")):
        zone = at(item, "zone")
        named = isinstance(zone, str) and names.region_of(zone) is not None
        cidr = cidrs.valid_range(at(item, "cidrBlock"))
        if cidr is None or not named:
            where = zone if named else "a zone that is not known yet"
            reading.unknowns.append(f"a container subnet in {where} has no known range")
        if named:
            reading.add_subnet(zone, Subnet(None) if cidr is None else _of_block(index, zone, cidr))
    for name, pool in mapping(component.new.get("nodePools")).items():
        zone, late = at(pool, "zone"), [key for key in _COUNTED if unknown(at(pool, key))]
        reading.unknowns.extend(f"{key} of node pool {name} is not known yet" for key in late)
        if not isinstance(zone, str) or names.region_of(zone) is None or at(pool, "globalRouteOnly") is True:
            continue
        size, most = whole(at(pool, "size")), whole(at(pool, "maxSize"))
        reading.add_nodes(zone, Nodes(str(at(pool, "instanceType") or ""), size or 0, most))
        if late:
            reading.add_nodes(zone, None)


def _of_block(index: PlanIndex, zone: str, block: str) -> Subnet:
    """The subnet of a component's list, made or adopted by an `EniZoneSubnet`. Of several subnets with one
    range no id is known."""
    made = index.subnets_by_range.get((zone, block), [])
    if len(made) == 1:
        return subnet_of(made[0])
    adopted = [
        step
        for step in index.of(resource_types.POD_SUBNET)
        if (step.new.get("zone"), step.new.get("cidrBlock")) in ((zone, block), (None, block))
    ]
    named = [step for step in adopted if _is_id(step.new.get("subnetId"))]
    if len(named) == 1 and not made:
        return Subnet(block, str(named[0].new["subnetId"]), _used(named[0], block))
    return Subnet(block)


def is_container_subnet(step: Step) -> bool:
    """Whether a subnet of the cloud belongs to an `EniZoneSubnet`."""
    return f"::{resource_types.POD_SUBNET}::" in step.parent or f"{resource_types.POD_SUBNET}$" in step.urn


def subnet_of(step: Step) -> Subnet:
    """The container subnet of a step: a subnet of the cloud or an `EniZoneSubnet`."""
    cidr = cidrs.valid_range((step.new or step.old).get("cidrBlock"))
    subnet_id = step.id or step.state.get("id")
    return Subnet(cidr, str(subnet_id) if _is_id(subnet_id) else "", _used(step, cidr))


def _used(step: Step, block: str | None) -> int | None:
    free = whole(step.state.get("availableIpCount"))
    return None if block is None or free is None else max(cidrs.usable_addresses(block) - free, 0)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value.startswith("subnet-")


def _read_listed(index: PlanIndex, cluster: str, reading: _Reading) -> None:
    """The container subnets that a raw cluster or its switch lists."""
    for listing in index.listings.get(cluster, ()):
        for step in index.listed_subnets(listing):
            zone = step.new.get("availabilityZone")
            if isinstance(zone, str) and names.region_of(zone) is not None:
                reading.add_subnet(zone, subnet_of(step))
            else:
                reading.unknowns.append(f"the zone of {step.name} is not known yet")
        elsewhere = sorted(listing.ids - index.subnets_by_id.keys())
        reading.unknowns.extend(
            f"zone and range of {name} are not in this stack" for name in elsewhere if not unknown(name)
        )


def _read_pools(index: PlanIndex, found: _Found, alone: bool, reading: _Reading) -> None:
    """Read the node pools that no component declares: the list of the component has the other pools."""
    if not alone or not found.cluster:
        reading.unknowns.extend(index.pools_without_cluster)
    if not found.cluster:
        return
    stray = index.node_makers.get(UNKNOWN_CLUSTER, ()) if alone else ()
    for pool in (*index.node_makers.get(found.cluster, ()), *stray):
        parts = nodes_by_subnet(pool.type, pool.new)
        for part in parts:
            places = (
                [part.zone]
                if part.zone
                else _places(index, pool, part.subnet, {each.subnet for each in parts})
            )
            if part.nodes == 0 or (pool.type == resource_types.CLUSTER and part.nodes is None):
                continue
            if not places:
                reading.unknowns.append(f"the zone of the nodes of {pool.name} is not known")
                for zone in list(reading.zones):
                    reading.add_nodes(zone, None)
            about = part.worked_out or len(places) > 1
            most = _most(pool.new, len(parts) * len(places))
            for zone, number in zip(places, shares(part.nodes, len(places)), strict=True):
                nodes = None if number is None else Nodes(_instance_type(pool), number, most, about=about)
                reading.add_nodes(zone, nodes)
            if places and part.nodes is None:
                reading.unknowns.append(f"how many nodes {pool.name} has is not known")


def _places(index: PlanIndex, pool: Step, subnet: str, named: Set[str]) -> list[str]:
    """Zone of a subnet of the pool; if the plan has no such id, the zones of the subnets that the pool's ids
    come from and that no other part names."""
    sources = index.subnets_among(urn for key in _SUBNET_KEYS for urn in pool.sources.get(key, ()))
    there = index.subnets_by_id.get(subnet)
    steps = [step for step in sources if step.id not in named] if there is None else [there]
    zones = (step.new.get("availabilityZone") for step in steps)
    return list(dict.fromkeys(zone for zone in zones if isinstance(zone, str) and not unknown(zone)))


def _instance_type(pool: Step) -> str:
    """Type of a pool's nodes; several types with different ENI limits become one text that is in no table."""
    if pool.type == resource_types.SERVERLESS_NODE_POOL:
        return "a super node"
    found: list[str] = []
    for key in ("autoScalingConfig", "native", "workerConfig", "workerConfigs"):
        for group in objects_of(pool.new.get(key)):
            named = group.get("instanceType")
            found += [named] if isinstance(named, str) else []
            found += [*texts(group.get("instanceTypes")), *texts(group.get("backupInstanceTypes"))]
    types = list(dict.fromkeys(found))
    return types[0] if len({eni_limit(each) for each in types}) == 1 else " or ".join(types)


def _most(props: Props, parts: int) -> int | None:
    """Upper bound of the autoscaler for one of the parts of a pool; None without autoscaler."""
    natives = objects_of(props.get("native"))
    sizes = [whole(props.get("maxSize")) if props.get("enableAutoScale") is True else None]
    sizes += [
        whole(each.get("maxReplicas"))
        for group in natives
        if group.get("enableAutoscaling") is True
        for each in objects_of(group.get("scaling"))
    ]
    found = [size for size in sizes if size is not None]
    return -(-max(found) // max(parts, 1)) if found else None


def _workloads(index: PlanIndex, found: _Found, alone: bool, reading: _Reading) -> Sequence[Step]:
    """Objects of Kubernetes on this cluster, by their provider; all objects if the plan has one cluster."""
    if alone:
        return index.objects
    reading.unknowns.extend(index.without_cluster)
    own = [found.cluster, found.component.urn if found.component else ""]
    steps = (step for urn in own if urn for step in index.objects_by_cluster.get(urn, ()))
    return list({step.urn: step for step in steps}.values())


def _unchanged(step: Step, props: Props) -> Step:
    """The step with the same inputs before and after."""
    if step.op is Op.SAME and step.new is step.old:
        return step
    return replace(step, op=Op.SAME, old=props, new=props)
