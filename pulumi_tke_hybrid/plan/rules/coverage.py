"""Zones of a plan: which have pod subnets, which have nodes, and what a change takes away from one of them.

Ids of what is still to be made are not known at preview; then the engine's record of where a value comes from
(`Step.sources`) tells.
"""

import ipaddress
import math
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.index import UNTOLD, Clusters, Listing, listings
from pulumi_tke_hybrid.plan.kubernetes_objects import holders
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.node_pools import NODE_MAKERS, NodePlaces
from pulumi_tke_hybrid.plan.rules import addresses
from pulumi_tke_hybrid.plan.rules.clusters import POD_SUBNET_LEAVES, registered
from pulumi_tke_hybrid.plan.rules.networks import is_pod_subnet, pod_subnet_lost
from pulumi_tke_hybrid.plan.rules.not_judged import NOT_JUDGED
from pulumi_tke_hybrid.plan.rules.registry import plan_rule
from pulumi_tke_hybrid.tke import names
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.values import Props, unknown, whole

ADDRESSES_SHORT = Rule(
    "addresses-short",
    Severity.WARNING,
    "A zone's pod subnets keep a tenth of their addresses free.",
    "free addresses when last read, ENI pods before and after",
    "the headroom that rollouts were found to need: AKS#2119, amazon-vpc-cni-k8s#2846",
)
HEADROOM = 0.1
"""Part of a zone's addresses that should stay free: a rollout's surge and addresses that are not yet
reclaimed."""
_RESERVED = 3


@cache
def _size(block: str) -> int:
    try:
        return max(ipaddress.ip_network(block).num_addresses - _RESERVED, 0)
    except ValueError:
        return 0


@dataclass
class PodSubnet:
    """A pod subnet of a zone."""

    name: str
    block: str
    op: Op
    free: int | None = None
    """Addresses that were free when it was last read; None where nobody said."""
    clusters: Set[str] = frozenset()
    """Those that list it, or listed it before; none where nobody can tell."""

    @property
    def size(self) -> int:
        """Addresses that pods can have; none where the range is not known."""
        return _size(self.block)

    def may_serve(self, cluster: str) -> bool:
        """Whether pods of the cluster can have its addresses, as far as one can tell."""
        return not self.clusters or cluster == UNTOLD or cluster in self.clusters


@dataclass
class Pools:
    """The pools of one cluster in one zone that the plan leaves or puts there."""

    steps: list[Step] = field(default_factory=list[Step])
    checked: bool = False
    """The cluster's component has already checked that they are covered, or was told that they need not
    be."""


@dataclass
class Zone:
    """One zone of the plan."""

    name: str
    subnets: list[PodSubnet] = field(default_factory=list[PodSubnet])
    nodes_before: int = 0
    nodes_after: int = 0
    nodes_worked_out: bool = False
    """Part of the nodes are a share of a pool of several zones: which zone a node goes to is decided when the
    node is made."""
    nodes_unknown: bool = False
    """The number of nodes of some pool is not known, and not counted."""
    pools: dict[str, Pools] = field(default_factory=dict[str, Pools])
    """By the clusters whose nodes must have pod subnets in their zones, as far as one can tell."""
    unlisted: bool = False
    """There are nodes of clusters that list no pod subnets, while another cluster does."""
    taken: int | None = None
    """Addresses that the change takes from it, about; None where nobody can tell."""

    @property
    def covered(self) -> bool:
        """Whether ENI pods can run there afterwards."""
        return any(subnet.op is not Op.DELETE for subnet in self.subnets)

    def covers(self, cluster: str) -> bool:
        """Whether ENI pods of the cluster can run there afterwards."""
        return any(subnet.op is not Op.DELETE and subnet.may_serve(cluster) for subnet in self.subnets)

    def uncovered_pools(self) -> Iterator[tuple[str, Pools]]:
        """(cluster, its pools) of clusters that have nodes there and no pod subnet, and whose component has
        not spoken of it."""
        return (
            (cluster, pools)
            for cluster, pools in self.pools.items()
            if not pools.checked and not self.covers(cluster)
        )

    @property
    def free(self) -> int | None:
        """Free addresses now: those of all its subnets, a new one is all free."""
        known = [
            subnet.size if subnet.op is Op.CREATE else subnet.free
            for subnet in self.subnets
            if subnet.op is not Op.DELETE
        ]
        found = [count for count in known if count is not None]
        return sum(found) if found and len(found) == len(known) else None

    @property
    def free_after(self) -> int | None:
        """Free addresses when the change is done, about."""
        return None if self.free is None or self.taken is None else min(self.free - self.taken, self.size)

    @property
    def size(self) -> int:
        """Addresses in all."""
        return sum(subnet.size for subnet in self.subnets if subnet.op is not Op.DELETE)


@lru_cache(maxsize=1)
def zones_of(plan: Plan) -> list[Zone]:
    """All zones that the plan speaks of, in order of their names. The last plan's zones are kept: the rules
    and the table read them."""
    view = _View(plan)
    found: dict[str, Zone] = {}
    for zone_name, subnet in view.pod_subnets():
        found.setdefault(zone_name, Zone(zone_name)).subnets.append(subnet)
    for pool in plan.of(*NODE_MAKERS):
        if pool.op is not Op.CREATE:
            for part in view.nodes.places(pool, pool.old):
                found.setdefault(part.zone, Zone(part.zone)).nodes_before += part.nodes or 0
        if pool.op is not Op.DELETE:
            for part in view.nodes.places(pool, pool.new):
                zone = found.setdefault(part.zone, Zone(part.zone))
                zone.nodes_after += part.nodes or 0
                zone.nodes_worked_out = zone.nodes_worked_out or part.worked_out
                zone.nodes_unknown = zone.nodes_unknown or part.nodes is None
                _put(zone, view.cluster_of(pool), pool, view.nodes.is_checked(pool))
    covered = [zone for zone in found.values() if zone.covered]
    taken = addresses.taken_by_zone(plan)
    for zone in covered:
        zone.taken = math.ceil(_pods_more(plan) / len(covered)) if taken is None else taken.get(zone.name, 0)
    return sorted(found.values(), key=lambda zone: zone.name)


def _put(zone: Zone, cluster: str | None, pool: Step, checked: bool) -> None:
    if cluster is None:
        zone.unlisted = True
        return
    pools = zone.pools.setdefault(cluster, Pools())
    if pool not in pools.steps:
        pools.steps.append(pool)
    pools.checked = pools.checked or checked


@plan_rule(names.ZONE_UNCOVERED, ADDRESSES_SHORT, addresses.PODS_FIT, POD_SUBNET_LEAVES, NOT_JUDGED)
def findings(plan: Plan, *, only_changes: bool = True) -> Iterator[Finding]:
    """Lost pod subnets, uncovered zones and short ones. Without `only_changes` also what has been so
    before."""
    yield from _deleted(plan)
    unfit = list(addresses.findings(plan, only_changes=only_changes))
    yield from _unplaced(plan) if only_changes else ()
    all_zones, view = zones_of(plan), _View(plan)
    for zone in all_zones:
        for cluster, pools in zone.uncovered_pools():
            covered = [other.name for other in all_zones if other.covers(cluster)]
            elsewhere = view.unplaced_subnets(cluster)
            if only_changes and not _touched(zone, cluster, pools):
                continue
            if elsewhere:
                yield from (
                    _perhaps_covered(zone, pools, elsewhere) if any(map(view.nodes.move, pools.steps)) else ()
                )
            elif covered:
                yield replace(_uncovered(pools.steps[0].name, zone.name, covered), urn=pools.steps[0].urn)
        after = zone.free_after
        if zone.covered and after is not None and zone.taken and after < zone.size * HEADROOM:
            yield _short(zone, after, counted=bool(unfit))
    yield from unfit


def _short(zone: Zone, after: int, *, counted: bool) -> Finding:
    """`counted`: another finding has the number of pods without an address, by nodes and subnets; that of
    subnets alone differs."""
    missing = "" if after >= 0 else ": too few" if counted else f"; {-after} addresses too few"
    why = (
        "certain, when it is applied: pods without an address do not start, and their rollout waits; pods"
        " that run are not harmed"
        if after < 0
        else (
            "possible, at the next rollout: new pods need addresses before old ones give theirs back; a pod"
            " without an address does not start, and the rollout waits; pods that run are not harmed"
        )
    )
    return ADDRESSES_SHORT.finding(
        zone.name,
        f"of {zone.size} addresses would be free for pods, about{missing}",
        value=str(max(after, 0)),
        why=why,
        todo="add another pod subnet in the zone",
        intended="run fewer pods there, or roll them out a few at a time",
    )


def _unplaced(plan: Plan) -> Iterator[Finding]:
    """New nodes of hybrid clusters, and nodes that move, in subnets whose zones the plan does not have."""
    view = _View(plan)
    for pool in plan.of(*NODE_MAKERS):
        missing = view.nodes.unplaced(pool) if view.nodes.move(pool) and view.lists_some(pool) else []
        if missing:
            found = NOT_JUDGED.finding(
                pool.name,
                "is where its nodes are, and no zone of it is in the preview",
                value=", ".join(missing),
                why=(
                    "pods get addresses of pod subnets in zones that have a pod subnet; whether this zone has"
                    " one is not judged"
                ),
                todo=(
                    "compare the zone with those of the pod subnets by hand, or make the preview with"
                    " --show-sames"
                ),
            )
            yield replace(found, urn=pool.urn)


def _perhaps_covered(zone: Zone, pools: Pools, subnets: Sequence[str]) -> Iterator[Finding]:
    """For new nodes where the plan does not have the zones of all container subnets."""
    pool = pools.steps[0]
    found = NOT_JUDGED.finding(
        pool.name,
        f"may be a pod subnet of {zone.name}, or may not: the preview does not hold its zone",
        value=", ".join(subnets),
        why=(
            f"without a pod subnet in {zone.name} nodes there get no ENI, and pods that need one stay Pending"
        ),
        todo=f"check that one of these subnets is in {zone.name}",
    )
    yield replace(found, urn=pool.urn)


def _touched(zone: Zone, cluster: str, pools: Pools) -> bool:
    subnets = (subnet for subnet in zone.subnets if subnet.may_serve(cluster))
    return any(pool.op.changes for pool in pools.steps) or any(subnet.op.changes for subnet in subnets)


def _uncovered(path: str, zone: str, covered: list[str]) -> Finding:
    """A component has checked its own pools, so this one is raw: it has no argument that says it has no ENI
    pods."""
    todo = f"add a subnet in {zone} to the cluster's list of pod subnets"
    why = (
        "certain, when it is applied: pods with addresses of pod subnets (ENI pods) do not start on nodes of"
        " this zone, because a network interface must be in its node's zone; possible: TKE refuses the nodes,"
        " and the apply fails; pods on the overlay (GlobalRouter) run"
    )
    intended = "run no pod with an address of a pod subnet in this zone"
    return replace(names.uncovered_problem(path, zone, covered, todo), why=why, intended=intended)


def _deleted(plan: Plan) -> Iterator[Finding]:
    """Raw subnets that are deleted while a cluster keeps them. Other lost subnets are found by what is known
    of them alone."""
    kept = {
        item for step in plan.of(resource_types.CLUSTER, resource_types.SWITCH) for item in registered(step)
    }
    for subnet in plan.of(resource_types.SUBNET):
        if subnet.op is Op.DELETE and subnet.id in kept and not is_pod_subnet(subnet):
            yield replace(pod_subnet_lost(subnet), urn=subnet.urn)


class _View:
    """Answers where things of a plan are."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._subnets = {step.urn: step for step in plan.of(resource_types.SUBNET)}
        self.nodes = NodePlaces(plan)
        self._clusters = Clusters(plan)
        self._hybrid: set[str] = set()
        self._listing: dict[str, set[str]] = {}  # the clusters that list a subnet, by its id
        self._losing: dict[str, set[str]] = {}
        self._computing: dict[str, list[Listing]] = {}  # the lists that come from a subnet, by its URN
        for listing in listings(plan, self._clusters):
            self._hybrid.update([listing.cluster] if listing.lists_some else ())
            for name in listing.ids:
                self._listing.setdefault(name, set()).add(listing.cluster)
            for name in listing.lost:
                self._losing.setdefault(name, set()).add(listing.cluster)
            for urn in listing.urns:
                self._computing.setdefault(urn, []).append(listing)

    def pod_subnets(self) -> Iterator[tuple[str, PodSubnet]]:
        """(zone, subnet) of all pod subnets: the components', and those that a cluster or switch lists."""
        for step in self._subnets.values():
            listing, losing = self._owners(step), self._losing.get(step.id, frozenset[str]())
            if is_pod_subnet(step) or listing or losing:
                zone = (step.new or step.old).get("availabilityZone")
                if isinstance(zone, str) and not unknown(zone):
                    op = Op.DELETE if losing and not listing else step.op
                    yield zone, _pod_subnet(step, op, step.state.get("availableIpCount"), listing or losing)
        for step in self._plan.of(resource_types.POD_SUBNET):
            given = step.new or step.old
            zone, adopted = given.get("zone"), given.get("subnetId")
            if isinstance(zone, str) and not unknown(zone) and adopted and not unknown(adopted):
                owners = self._listing.get(str(adopted), frozenset[str]())
                yield zone, _pod_subnet(step, Op.DELETE if step.op is Op.DELETE else Op.SAME, None, owners)

    def unplaced_subnets(self, cluster: str) -> list[str]:
        """Container subnets that the cluster lists, and whose zones the plan does not have."""
        adopted = {
            (step.new or step.old).get("subnetId") for step in self._plan.of(resource_types.POD_SUBNET)
        }
        placed = {step.id for step in self._subnets.values()} | adopted
        listed = {name for name, owners in self._listing.items() if cluster in (UNTOLD, *owners)}
        known = {name for name in listed if not unknown(name)}
        if known == listed and any(
            urn in self._subnets and not self._subnets[urn].id for urn in self._computing
        ):
            # without the last state a policy knows no id of a resource: the ids of the list may be theirs
            return []
        return sorted(known - placed)

    def _owners(self, subnet: Step) -> Set[str]:
        """The clusters that list a subnet."""
        named = self._listing.get(subnet.id, frozenset[str]())
        computed = {listing.cluster for listing in self._computing.get(subnet.urn, ()) if listing.has(subnet)}
        return computed | named if computed else named

    def cluster_of(self, pool: Step) -> str | None:
        """The cluster by whose pod subnets a pool is judged: `UNTOLD` means all that there are; None that it
        has none to list."""
        if not self._hybrid or UNTOLD in self._hybrid:
            return UNTOLD
        cluster = self._clusters.of(pool)
        return cluster if cluster == UNTOLD or cluster in self._hybrid else None

    def lists_some(self, pool: Step) -> bool:
        """Whether the pool's cluster lists container subnets, as far as one can tell."""
        return bool(self._hybrid) and self.cluster_of(pool) is not None


def _pod_subnet(step: Step, op: Op, free: object, clusters: Set[str]) -> PodSubnet:
    block = (step.new or step.old).get("cidrBlock")
    count = whole(free)
    return PodSubnet(
        step.name, block if isinstance(block, str) and not unknown(block) else "", op, count, clusters
    )


def _pods_more(plan: Plan) -> int:
    """ENI pods of the plan that there are more than before: all that can be counted where no cluster lists
    the pod subnets."""
    return sum(
        _eni_pods(step, step.new) - _eni_pods(step, step.old) for step in plan.steps if step.op.changes
    )


def _eni_pods(step: Step, props: Props) -> int:
    """Pods that the preview gives a number for: those of each node, or of an unknown number, are counted
    nowhere here."""
    return sum(holder.pods or 0 for holder in holders(step.type, props) if holder.needs_eni)
