"""The clusters of a plan as addresses are counted in them: one reader for the rules, the policy pack and `tke-hybrid capacity`."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from pulumi_tke_hybrid.tke import cidrs, tokens, zones
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Demand, Nodes, Subnet, Zone
from pulumi_tke_hybrid.tke.demands import demands
from pulumi_tke_hybrid.tke.enis import eni_limit
from pulumi_tke_hybrid.tke.operations import State
from pulumi_tke_hybrid.tke.pool_nodes import nodes_by_subnet, shares
from pulumi_tke_hybrid.tke.resource_types import canonical
from pulumi_tke_hybrid.tke.rules.listings import Clusters, Listing, listings
from pulumi_tke_hybrid.tke.step import Op, Plan, Props, Step, at, items, mapping, texts, unknown

_KUBERNETES = f"{tokens.PROVIDERS}kubernetes"
_PODS_PER_NODE = 256
"""`cluster_max_pod_num` where a cluster is made without it (provider, tencentcloud_kubernetes_cluster)."""
_SUBNET_KEYS = ("subnetIds", "native", "serverlessNodes", "workerConfig", "autoScalingGroup")
"""Properties of pools that hold ids of subnets."""
_LATE = ("zone", "size", "maxSize", "globalRouteOnly")


def of_states(states: Mapping[str, State]) -> Plan:
    """The resources of a state, or of one side of a preview, as steps that change nothing."""
    return Plan([_step(urn, state) for urn, state in states.items()])


def before_and_after(plan: Plan) -> tuple[Plan, Plan]:
    """Both sides of a plan, as steps that change nothing. What the cloud said of a resource holds only while the resource stays."""
    before = [replace(step, op=Op.SAME, new=step.old) for step in plan.steps if step.old]
    after = [_after(step) for step in plan.steps if step.op is not Op.DELETE and step.new]
    return Plan(before), Plan(after)


def inventories(plan: Plan) -> dict[str, ClusterInventory]:
    """Each cluster of a plan whose steps change nothing, by the URN of its component or of its own step."""
    found = _found(plan)
    return {each.urn: _read(plan, each, alone=len(found) == 1) for each in found}


@dataclass(frozen=True)
class _Found:
    """A cluster of a plan: its component, its own step, or both."""

    name: str
    component: Step | None = None
    cluster: str = ""
    """URN of the cluster's own step, or its id where another stack has it; empty where neither is known."""

    @property
    def urn(self) -> str:
        """URN of the component, else of the cluster."""
        return self.cluster if self.component is None else self.component.urn


@dataclass
class _Reading:
    """What is collected of a cluster."""

    zones: dict[str, Zone] = field(default_factory=dict[str, Zone])
    unknowns: list[str] = field(default_factory=list[str])

    def zone(self, name: str) -> Zone:
        return self.zones.setdefault(name, Zone(name))

    def add_subnet(self, zone: str, subnet: Subnet) -> None:
        there = self.zone(zone)
        self.zones[zone] = replace(there, subnets=(*there.subnets, subnet))

    def add_nodes(self, zone: str, nodes: Nodes | None) -> None:
        """None: some, whose number or type is not known."""
        there = self.zone(zone)
        self.zones[zone] = replace(there, more_nodes=True) if nodes is None else replace(there, nodes=(*there.nodes, nodes))


def _found(plan: Plan) -> list[_Found]:
    clusters, homes = Clusters(plan), _homes(plan)
    owned: dict[str, str] = {}
    listed: list[str] = []
    for step in plan.of(tokens.CLUSTER, tokens.SWITCH):
        wanted = step.new.get(_list_key(step))
        if step.urn in homes:
            owned.setdefault(homes[step.urn], clusters.of(step))
        elif texts(wanted) or unknown(wanted):
            listed.append(clusters.of(step))
    components = [_Found(step.name, step, owned.get(step.urn, "")) for step in _stating(plan)]
    covered = {"", *(found.cluster for found in components)}
    names = {step.urn: _name(plan, step) for step in plan.of(tokens.CLUSTER)}
    return [*components, *(_Found(names.get(each, each), None, each) for each in dict.fromkeys(listed) if each not in covered)]


def _stating(plan: Plan) -> list[Step]:
    """The components whose inputs list their container subnets; the state of an early release has a component without that list."""
    return [step for step in plan.of(tokens.HYBRID_CLUSTER) if "eniSubnets" in step.new]


def _homes(plan: Plan) -> dict[str, str]:
    """URN of the component of each resource that lies, at any depth, below one of `_stating`."""
    parents, stating = {step.urn: step.parent for step in plan.steps}, {step.urn for step in _stating(plan)}
    found: dict[str, str] = {}
    for urn in parents:
        above, seen = parents[urn], {urn}
        while above and above not in seen and above not in stating:
            seen.add(above)
            above = parents.get(above, "")
        if above in stating:
            found[urn] = above
    return found


def _name(plan: Plan, cluster: Step) -> str:
    """Name of a cluster in the program: that of its component, if it has one."""
    return next((step.name for step in plan.of(tokens.HYBRID_CLUSTER) if step.urn == cluster.parent), cluster.name)


def _list_key(step: Step) -> str:
    return "eniSubnetIds" if step.type == tokens.CLUSTER else "subnets"


def _read(plan: Plan, found: _Found, *, alone: bool) -> ClusterInventory:
    reading = _Reading()
    cluster = next((step for step in plan.of(tokens.CLUSTER) if step.urn == found.cluster), None)
    if found.component is not None:
        _read_component(plan, found.component, reading)
        static = found.component.new.get("staticIp") is not False
    else:
        _read_listed(plan, found.cluster, reading)
        static = not (cluster is not None and cluster.new.get("isNonStaticIpMode") is True)
    _read_pools(plan, found, alone, reading)
    region = next((region for zone in reading.zones if (region := zones.region_of(zone))), "")
    wanted = list(demands(_workloads(plan, found, alone, reading), region))
    return ClusterInventory(
        cluster=found.name,
        static_ip=static,
        zones=tuple(reading.zones.values()),
        demands=tuple(each for each in wanted if isinstance(each, Demand)),
        pods_per_node=None if cluster is None else _pods_per_node(cluster.new),
        unknowns=tuple(dict.fromkeys([*reading.unknowns, *(each for each in wanted if isinstance(each, str))])),
    )


def _pods_per_node(props: Props) -> int | None:
    stated = props.get("clusterMaxPodNum")
    return _PODS_PER_NODE if stated is None else _whole(stated)


def _read_component(plan: Plan, component: Step, reading: _Reading) -> None:
    for item in items(component.new.get("eniSubnets")):
        zone, block = at(item, "zone"), at(item, "cidrBlock")
        named = isinstance(zone, str) and zones.region_of(zone) is not None
        cidr = block if isinstance(block, str) and cidrs.cidr_problem(block) is None else None
        if cidr is None or not named:
            reading.unknowns.append(f"an ENI subnet in {zone if named else 'a zone that is not known yet'} has no known range")
        if named:
            reading.add_subnet(zone, Subnet(None) if cidr is None else _of_block(plan, component, zone, cidr))
    for name, pool in mapping(component.new.get("nodePools")).items():
        zone, late = at(pool, "zone"), [key for key in _LATE if unknown(at(pool, key))]
        reading.unknowns.extend(f"{key} of node pool {name} is not known yet" for key in late)
        if not isinstance(zone, str) or zones.region_of(zone) is None or at(pool, "globalRouteOnly") is True:
            continue
        size, most = _whole(at(pool, "size")), _whole(at(pool, "maxSize"))
        reading.add_nodes(zone, Nodes(str(at(pool, "instanceType") or ""), size or 0, most))
        if late:
            reading.add_nodes(zone, None)


def _of_block(plan: Plan, component: Step, zone: str, block: str) -> Subnet:
    """The subnet of a component's list: made by an `EniZoneSubnet`, or adopted by one. Two of one range cannot be told apart."""
    made = [step for step in plan.of(tokens.SUBNET) if (step.new.get("availabilityZone"), step.new.get("cidrBlock")) == (zone, block)]
    if len(made) == 1:
        return _subnet(made[0])
    adopted = [
        step for step in plan.of(tokens.POD_SUBNET) if (step.new.get("zone"), step.new.get("cidrBlock")) in ((zone, block), (None, block))
    ]
    named = [step for step in adopted if _is_id(step.new.get("subnetId"))]
    return Subnet(block, str(named[0].new["subnetId"]), _used(named[0], block)) if len(named) == 1 and not made else Subnet(block)


def _subnet(step: Step) -> Subnet:
    block = step.new.get("cidrBlock")
    cidr = block if isinstance(block, str) and cidrs.cidr_problem(block) is None else None
    there = step.id or step.state.get("id")
    return Subnet(cidr, str(there), _used(step, cidr)) if _is_id(there) else Subnet(cidr)


def _used(step: Step, block: str | None) -> int | None:
    free = step.state.get("availableIpCount")
    return None if block is None or not isinstance(free, int | float) else max(cidrs.usable_addresses(block) - int(free), 0)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value.startswith("subnet-")


def _read_listed(plan: Plan, cluster: str, reading: _Reading) -> None:
    """The container subnets that a raw cluster or its switch lists."""
    known = {step.id for step in plan.of(tokens.SUBNET)}
    for listing in listings(plan, Clusters(plan)):
        if listing.cluster != cluster:
            continue
        for step in plan.of(tokens.SUBNET):
            zone = step.new.get("availabilityZone")
            if not listing.has(step):
                continue
            if isinstance(zone, str) and zones.region_of(zone) is not None:
                reading.add_subnet(zone, _subnet(step))
            else:
                reading.unknowns.append(f"the zone of {step.name} is not known yet")
        reading.unknowns.extend(_elsewhere(listing, known))


def _elsewhere(listing: Listing, known: set[str]) -> Iterator[str]:
    for name in sorted(listing.ids - known):
        if not unknown(name):
            yield f"zone and range of {name} are not in this stack"


def _read_pools(plan: Plan, found: _Found, alone: bool, reading: _Reading) -> None:
    """Node pools that no component states. Of those of the component the component's own list counts."""
    clusters, homes, by_id = Clusters(plan), _homes(plan), {step.id: step for step in plan.of(tokens.SUBNET) if step.id}
    for pool in plan.of(*tokens.POOLS, tokens.CLUSTER):
        inside = pool.urn in homes
        owner = clusters.of(pool)
        if inside or not found.cluster or (owner != found.cluster and (owner or not alone)):
            if not owner and not inside and pool.type != tokens.CLUSTER:
                reading.unknowns.append(f"which cluster {pool.name} belongs to is not known")
            continue
        parts = nodes_by_subnet(pool.type, pool.new)
        for part in parts:
            places = [part.zone] if part.zone else _places(plan, pool, by_id.get(part.subnet), {each.subnet for each in parts})
            if part.nodes == 0 or (pool.type == tokens.CLUSTER and part.nodes is None):
                continue
            if not places:
                reading.unknowns.append(f"the zone of the nodes of {pool.name} is not known")
                for zone in list(reading.zones):
                    reading.add_nodes(zone, None)
            for zone, number in zip(places, shares(part.nodes or 0, len(places)) if places else (), strict=True):
                about = part.worked_out or len(places) > 1
                most = _most(pool.new, len(parts) * len(places))
                reading.add_nodes(zone, None if part.nodes is None else Nodes(_instance_type(pool), number, most, about=about))
            if places and part.nodes is None:
                reading.unknowns.append(f"how many nodes {pool.name} has is not known")


def _places(plan: Plan, pool: Step, subnet: Step | None, named: Set[str]) -> list[str]:
    """Zones of a pool's subnet; where its id is not known yet, of the subnets that the pool's ids come from and does not name."""
    urns = [urn for key in _SUBNET_KEYS for urn in pool.sources.get(key, ())]
    steps = [subnet] if subnet is not None else [step for step in plan.of(tokens.SUBNET) if step.urn in urns and step.id not in named]
    return list(dict.fromkeys(zone for step in steps if isinstance(zone := step.new.get("availabilityZone"), str) and not unknown(zone)))


def _instance_type(pool: Step) -> str:
    """Type of a pool's nodes; several types with different ENI limits are written as one text that no table has."""
    if pool.type == tokens.SERVERLESS_NODE_POOL:
        return "a super node"
    found: list[str] = []
    for key in ("autoScalingConfig", "native", "workerConfig", "workerConfigs"):
        for group in _each(pool.new.get(key)):
            named = group.get("instanceType")
            found += [named] if isinstance(named, str) else []
            found += [*texts(group.get("instanceTypes")), *texts(group.get("backupInstanceTypes"))]
    types = list(dict.fromkeys(found))
    return types[0] if len({eni_limit(each) for each in types}) == 1 else " or ".join(types)


def _most(props: Props, parts: int) -> int | None:
    """How many nodes the autoscaler may make in one of the parts of a pool; None without autoscaler."""
    natives = _each(props.get("native"))
    sizes = [_whole(props.get("maxSize")) if props.get("enableAutoScale") is True else None]
    sizes += [
        _whole(each.get("maxReplicas"))
        for group in natives
        if group.get("enableAutoscaling") is True
        for each in _each(group.get("scaling"))
    ]
    found = [size for size in sizes if size is not None]
    return -(-max(found) // max(parts, 1)) if found else None


def _each(value: object) -> list[Props]:
    """The objects of a block, which the two packages may write as one object or as a list of them."""
    return [found for item in [*items(value), value] if (found := mapping(item))]


def _workloads(plan: Plan, found: _Found, alone: bool, reading: _Reading) -> Sequence[Step]:
    """Objects on this cluster, by their provider: the component's, or made of the cluster's kubeconfig; all for a sole cluster."""
    objects = [step for step in plan.steps if step.type.startswith("kubernetes:")]
    if alone:
        return objects
    homes = {step.urn: _home(plan, step) for step in plan.steps if step.type == _KUBERNETES}
    own = {urn for urn in (found.cluster, found.component.urn if found.component else "") if urn}
    chosen: list[Step] = []
    for step in objects:
        home = next((homes[urn] for urn in step.sources.get("provider", ()) if urn in homes), frozenset[str]())
        if home & own:
            chosen.append(step)
        elif not home and list(demands([step], "")):
            reading.unknowns.append(f"which cluster {step.name} is on is not known")
    return chosen


def _home(plan: Plan, provider: Step) -> frozenset[str]:
    """Clusters and components that a provider of Kubernetes belongs to: by its parent, and by what its kubeconfig comes from."""
    steps, seen, waiting = {step.urn: step for step in plan.steps}, set[str](), [provider]
    while waiting:
        step = waiting.pop()
        for urn in [step.parent, *(urn for urns in step.sources.values() for urn in urns)]:
            if urn and urn not in seen:
                seen.add(urn)
                waiting += [steps[urn]] if urn in steps and steps[urn].type != tokens.CLUSTER else []
    return frozenset(urn for urn in seen if urn in steps and steps[urn].type in (tokens.CLUSTER, tokens.HYBRID_CLUSTER))


def _step(urn: str, state: State) -> Step:
    token = str(state.get("type") or "")
    inputs = mapping(state.get("inputs"))
    type_ = canonical(token, inputs)
    provider = str(state.get("provider") or "").rpartition("::")[0]
    sources: dict[str, Sequence[str]] = {str(key): texts(value) for key, value in mapping(state.get("propertyDependencies")).items()}
    outputs = mapping(state.get("outputs"))
    return Step(
        urn,
        type_,
        Op.SAME,
        old=inputs,
        new=inputs,
        state=outputs,
        id=str(state.get("id") or outputs.get("id") or ""),
        parent=str(state.get("parent") or ""),
        sources={**sources, **({"provider": (provider,)} if provider else {})},
        token=token if token != type_ else "",
    )


def _after(step: Step) -> Step:
    made = step.creates
    return replace(step, op=Op.SAME, old=step.new, state={} if made else step.state, id="" if made else step.id)


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
