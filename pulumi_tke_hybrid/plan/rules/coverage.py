"""Rules on the pod network of a plan: container subnets that are lost, zones without container subnets, ENI
pods without addresses, and ipamd's Deployment, ConfigMap and add-on.

The numbers come from `plan.zone_changes` and `tke.capacity`; ranges are in `plan.rules.range_rules`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pulumi_tke_hybrid.plan import inventory, resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.nodes_of_pools import NODE_MAKERS
from pulumi_tke_hybrid.plan.rules.cluster_rules import (
    POD_NETWORK_OFF,
    POD_SUBNET_LEAVES,
    list_losses,
    registered,
)
from pulumi_tke_hybrid.plan.rules.networks import container_subnet_lost
from pulumi_tke_hybrid.plan.rules.not_judged import NOT_JUDGED
from pulumi_tke_hybrid.plan.rules.registry import EVERY, plan_rule, rule
from pulumi_tke_hybrid.plan.zone_changes import ZoneChange, ZonePools, places_of, zones_of
from pulumi_tke_hybrid.tke import capacity, ipamd, names
from pulumi_tke_hybrid.tke.cluster import ClusterInventory
from pulumi_tke_hybrid.tke.objects import at, mapping, unknown
from pulumi_tke_hybrid.tke.rule import Finding, Rule, warning_rule

ADDRESSES_SHORT = warning_rule(
    "addresses-short",
    "A zone's container subnets keep a tenth of their addresses free.",
    "free addresses when last read, ENI pods before and after",
    "the headroom that rollouts were found to need: AKS#2119, amazon-vpc-cni-k8s#2846",
)
PODS_FIT = warning_rule(
    "eni-pods-fit",
    "The nodes and container subnets of a cluster hold all ENI pods of the plan.",
    "ranges and free addresses of the container subnets, node pools, replicas",
    "arithmetic; TKE container network overview and pod limits of VPC-CNI (qcloud-documents)",
)
HEADROOM = 0.1
"""Part of a zone's addresses that should stay free, for the surge of rollouts and for addresses that TKE has
not reclaimed yet."""


@plan_rule(names.ZONE_UNCOVERED, ADDRESSES_SHORT, PODS_FIT, POD_SUBNET_LEAVES, NOT_JUDGED)
def findings(plan: Plan) -> Iterator[Finding]:
    """Return findings on lost container subnets, uncovered zones and missing addresses, without the findings
    that the plan before the change had too."""
    yield from _deleted(plan)
    pods_without_address = list(pods_fit_findings(plan))
    yield from _unplaced(plan)
    for zone in zones_of(plan):
        yield from _uncovered_zone(plan, zone)
        after = zone.free_after
        if zone.covered and after is not None and zone.taken and after < zone.size * HEADROOM:
            yield _short(zone, after, counted=bool(pods_without_address))
    yield from pods_without_address


def pods_fit_findings(plan: Plan) -> Iterator[Finding]:
    """Return a finding for each cluster whose ENI pods do not fit, but for a cluster in which the same pods
    did not fit before."""
    before, after = inventory.both_inventories(plan)
    for urn, found in after.items():
        previous = before.get(urn, ClusterInventory(found.cluster))
        placed = capacity.place(capacity.with_others(found, previous), most=True)
        if placed.fits:
            continue
        placed_before = capacity.place(capacity.with_others(previous, previous), most=True)
        if placed.demands != placed_before.demands:
            yield _unfit(found.cluster, placed)


def _unfit(cluster: str, placed: capacity.Placement) -> Finding:
    workloads = ", ".join(f"{name} ({number})" for name, number in sorted(placed.demands.items()))
    zones = ", ".join(sorted(name for name in placed.lacking if name)) or "any zone"
    wanted, lacking = sum(placed.pods.values()), sum(placed.lacking.values())
    return PODS_FIT.finding(
        cluster,
        f"of {wanted} pods with addresses of container subnets (new pods of a rollout included) would stay"
        f" without an address: {workloads};"
        f" nodes and container subnets hold {wanted - lacking}",
        value=lacking,
        why="certain, at the apply: these pods do not start (Pending), and a rollout that needs these pods"
        " stops; running pods are not harmed; fewer pods fit than addresses are free, because each"
        " network interface (ENI) takes one address, and a node has a limited number of ENIs",
        todo=f"add nodes or a container subnet in {zones}, or use fewer replicas",
    )


def _short(zone: ZoneChange, after: int, *, counted: bool) -> Finding:
    """`counted`: the finding `eni-pods-fit` has the number of pods without an address, which differs from the
    number of missing addresses."""
    missing = "" if after >= 0 else ": too few" if counted else f"; {-after} addresses too few"
    why = (
        "certain, at the apply: pods without an address do not start, and their rollout waits; running pods"
        " are not harmed"
        if after < 0
        else (
            "possible, at the next rollout: new pods need addresses before the old pods release theirs; a pod"
            " without an address does not start, and the rollout waits; running pods are not harmed"
        )
    )
    return ADDRESSES_SHORT.finding(
        zone.name,
        f"of {zone.size} addresses would be free for pods, about{missing}",
        value=str(max(after, 0)),
        why=why,
        todo="add another container subnet in the zone",
        intended="run fewer pods in the zone, or replace fewer pods at a time",
    )


def _unplaced(plan: Plan) -> Iterator[Finding]:
    """Return a finding for each pool of a hybrid cluster with new nodes in subnets whose zones the plan does
    not have."""
    places = places_of(plan)
    for pool in plan.of(*NODE_MAKERS):
        missing = places.nodes.unplaced(pool) if places.nodes.move(pool) and places.lists_some(pool) else []
        if missing:
            found = NOT_JUDGED.finding(
                pool.name,
                "is the subnet of its nodes, and the preview does not have the zone of this subnet",
                value=", ".join(missing),
                why="pods get addresses only in zones with a container subnet; whether this zone has a"
                " container subnet is not judged",
                todo="compare the zone with the zones of the container subnets by hand, or make the preview"
                " with --show-sames",
            )
            yield replace(found, urn=pool.urn)


def _uncovered_zone(plan: Plan, zone: ZoneChange) -> Iterator[Finding]:
    """Return a finding for each cluster that has nodes in the zone and no container subnet, if the plan
    changes one of these."""
    places = places_of(plan)
    for cluster, pools in zone.uncovered_pools():
        if not _touched(zone, cluster, pools):
            continue
        covered = [other.name for other in zones_of(plan) if other.covers(cluster)]
        elsewhere = places.unplaced_subnets(cluster)
        if elsewhere:
            if any(map(places.nodes.move, pools.steps)):
                yield _perhaps_covered(zone, pools, elsewhere)
        elif covered:
            yield _uncovered(pools.steps[0], zone.name, covered)


def _perhaps_covered(zone: ZoneChange, pools: ZonePools, subnets: Sequence[str]) -> Finding:
    """The finding on new nodes where the plan does not have the zones of all container subnets."""
    pool = pools.steps[0]
    found = NOT_JUDGED.finding(
        pool.name,
        f"may or may not be container subnets of {zone.name}: the preview does not have their zones",
        value=", ".join(subnets),
        why=(
            f"without a container subnet in {zone.name} the nodes there get no ENI, and ENI pods stay Pending"
        ),
        todo=f"check that one of these subnets is in {zone.name}",
    )
    return replace(found, urn=pool.urn)


def _touched(zone: ZoneChange, cluster: str, pools: ZonePools) -> bool:
    """Whether the plan changes pools or container subnets of the cluster in the zone."""
    subnets = (subnet for subnet in zone.subnets if subnet.may_serve(cluster))
    return any(pool.op.changes for pool in pools.steps) or any(subnet.op.changes for subnet in subnets)


def _uncovered(pool: Step, zone: str, covered: list[str]) -> Finding:
    """The finding on a raw pool. A raw pool has no argument `global_route_only`, so the text does not name
    it."""
    todo = f"add a subnet in {zone} to the cluster's list of container subnets"
    why = (
        "certain, at the apply: pods with addresses of container subnets (ENI pods) do not start on nodes of"
        " this zone, because a network interface must be in its node's zone; possible: TKE refuses the nodes,"
        " and the apply fails; pods on the overlay (GlobalRouter) run"
    )
    intended = "run no pod with an address of a container subnet in this zone"
    found = names.uncovered_problem(pool.name, zone, covered, todo)
    return replace(found, why=why, intended=intended, urn=pool.urn)


def _deleted(plan: Plan) -> Iterator[Finding]:
    """Return a finding for each raw subnet that is deleted while a cluster keeps the subnet registered. The
    check of single resources (`plan.rules.networks`) finds the other lost subnets."""
    kept = {item for step in plan.of(*resource_types.LISTING) for item in registered(step)}
    for subnet in plan.of(resource_types.SUBNET):
        if subnet.op is Op.DELETE and subnet.id in kept and not inventory.is_container_subnet(subnet):
            yield replace(container_subnet_lost(subnet), urn=subnet.urn)


IPAMD_ADDONS = ("eniipamd", "tke-eni-ipamd")

IPAMD_REMOVED = Rule(
    "ipamd-removed",
    "ipamd, which gives pods the addresses of container subnets, stays: its add-on is not deleted or "
    "replaced, its Deployment and its ConfigMap are not deleted.",
    "the operation on ipamd's add-on, Deployment or ConfigMap",
    "article: ipamd hands out the addresses; 457/50360",
)
IPAMD_RESTART = warning_rule(
    "ipamd-restart",
    "A restart of ipamd is known before the apply: its pod template or its add-on changes.",
    "ipamd's objects and add-on",
    "article",
)


def object_name(step: Step) -> object:
    """The name of an object of Kubernetes."""
    return at(step.new or step.old, "metadata", "name")


@rule(IPAMD_REMOVED, POD_NETWORK_OFF, POD_SUBNET_LEAVES, on=resource_types.CONFIG_MAPS)
def _ipamd_config(step: Step) -> Iterator[Finding]:
    if (
        object_name(step) != ipamd.NAME
        or step.old.get("data") == step.new.get("data")
        or unknown(step.new.get("data"))
    ):
        return
    if step.deletes_object:
        yield _removed(step, "ipamd's configuration would be deleted")
        return
    before, after = (ipamd.registered_subnets(strings(props.get("data"))) for props in (step.old, step.new))
    if not any(unknown(item) for item in after):
        yield from list_losses(f"{step.name}.data.{ipamd.SUBNET_IDS}", before, after, refused=False)


def strings(value: object) -> dict[str, str]:
    """The entries of a JSON object whose values are strings."""
    return {str(key): item for key, item in mapping(value).items() if isinstance(item, str)}


@rule(IPAMD_REMOVED, IPAMD_RESTART, on=resource_types.IPAMD_WORKLOADS)
def _ipamd_restart(step: Step) -> Iterator[Finding]:
    if object_name(step) != ipamd.NAME:
        return
    if step.deletes_object:
        yield _removed(step, "ipamd would be deleted")
    elif at(step.old, "spec", "template") != at(step.new, "spec", "template"):
        yield _restart(step.name, "restarts ipamd, the daemon that gives pods addresses of container subnets")
    elif step.op is Op.REPLACE and "provider" not in step.replace_keys:
        # TKE created a new Deployment; the old patch was on the old one.
        yield _restart(step.name, "what is made again restarts ipamd")


def addon_name(step: Step) -> str:
    """Return the add-on's name, from `Addon`, `AddonConfig` or `AddonAttachment`."""
    given = step.new or step.old
    return next((found for key in ("addonName", "name") if isinstance(found := given.get(key), str)), "")


@rule(IPAMD_REMOVED, IPAMD_RESTART, on=resource_types.ADDONS, operations=EVERY - {Op.CREATE})
def _ipamd_addon(step: Step) -> Iterator[Finding]:
    if addon_name(step) not in IPAMD_ADDONS:
        return
    if not step.op.ends or step.type == resource_types.ADDON_CONFIG:
        yield _restart(step.name, "a change of ipamd's add-on restarts it", _versions(step))
        return
    yield _removed(step, f"ipamd's add-on {step.ending}", _versions(step))


def _removed(step: Step, what: str, value: str = "") -> Finding:
    return IPAMD_REMOVED.finding(
        step.name,
        what,
        value=value,
        why="certain, when it is applied: no new pod gets an address of a container subnet, and no address"
        " comes back; pods that run keep theirs",
        todo="go back to the old value" if step.op is Op.REPLACE else "keep it in the program",
    )


def _versions(step: Step) -> str:
    """The add-on's version, before → after."""
    found = [
        next((v for key in ("addonVersion", "version") if (v := props.get(key))), "")
        for props in (step.old, step.new)
    ]
    before, after = (value if isinstance(value, str) and not unknown(value) else "" for value in found)
    return f"{before} → {after}" if before and after and before != after else before


def _restart(where: str, what: str, value: str = "") -> Finding:
    return IPAMD_RESTART.finding(
        where,
        what,
        value=value,
        why="certain, for about a minute: new pods wait for their address of a container subnet, because"
        " ipamd gives none; pods that run keep theirs, and no connection breaks",
        todo="apply it while no workload is rolled out",
    )
