"""Node pools and the endpoint that needs their nodes."""

from collections.abc import Iterator

from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.cluster_plan import ClusterPlan, PlannedPool
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.inputs import COMBINATION, TWICE

POOL_SIZE = Rule(
    "pool-size",
    Severity.ERROR,
    "A pool's size lies within its bounds: those of the autoscaler, or 100 nodes.",
    "size and bounds",
    "TKE refuses a change of bounds together with a change of size, so a fixed pool has one bound for ever",
    firm=True,
)
NODE_ADDRESSES = Rule(
    "node-addresses", Severity.ERROR, "The nodes' subnet has an address for each node.", "subnet_cidr, sizes", "VPC: size of a subnet - 3"
)
NODE_HEADROOM = Rule(
    "node-headroom",
    Severity.WARNING,
    "The nodes' subnet has an address for each node that the autoscaler may add.",
    "subnet_cidr, greatest sizes",
    "VPC: size of a subnet - 3",
)
ENDPOINT_WITHOUT_NODE = Rule(
    "endpoint-without-node",
    Severity.ERROR,
    "An endpoint needs a node.",
    "the sizes of all pools",
    "TKE opens an endpoint only once a node runs (measured)",
)
ENDPOINT_MAY_LOSE_NODES = Rule(
    "endpoint-may-lose-nodes",
    Severity.WARNING,
    "At least one pool never becomes empty.",
    "the least sizes of all pools",
    "TKE opens an endpoint only once a node runs (measured); without one ipamd does not run either",
)
FIXED_POOL_BOUND = 100
"""Upper bound given for pools without autoscaler: TKE refuses a change of bounds together with a change of size."""


def bounds_problem(least: int | None, most: int | None) -> Iterator[Finding]:
    """Whether an autoscaler's bounds leave a size."""
    if least is not None and most is not None and least > most:
        yield POOL_SIZE.finding("min_size", f"is greater than max_size {most}", value=least, why="no size satisfies both", todo="swap them")


def size_problem(size: int | None, least: int | None, most: int | None, scaled: bool) -> Iterator[Finding]:
    """Whether a pool's size lies within its bounds."""
    if scaled and size is not None and least is not None and most is not None and not least <= size <= most:
        yield POOL_SIZE.finding(
            "size", f"is outside the autoscaler's bounds {least} to {most}", value=size, todo="choose a size inside them, or other bounds"
        )
    if not scaled and size is not None and size > FIXED_POOL_BOUND:
        yield POOL_SIZE.finding(
            "size", f"is more than the {FIXED_POOL_BOUND} nodes of a fixed pool", value=size, todo="use autoscale, or several pools"
        )


def findings(plan: ClusterPlan, endpoint: bool, wanted: bool) -> Iterator[Finding]:
    """Pools against each other, their subnets, and the endpoint: whether one is opened, and whether the program says so itself."""
    seen: set[str] = set()
    for pool in plan.pools:
        if pool.name in seen:
            yield TWICE.finding(
                f"{pool.path}.name", "is the name of an earlier pool", value=repr(pool.name), todo="each pool needs its own"
            )
        seen.add(pool.name)
    yield from _addresses(plan.pools)
    if wanted and not plan.pools:
        yield COMBINATION.finding("endpoint", "needs a node pool", why="TKE opens an endpoint only once a node runs", todo="add a pool")
    if endpoint and plan.pools:
        yield from _endpoint(plan.pools)


def _addresses(pools: tuple[PlannedPool, ...]) -> Iterator[Finding]:
    blocks = dict.fromkeys(pool.subnet_cidr for pool in pools if pool.subnet_cidr)
    for block in blocks:
        inside = [pool for pool in pools if pool.subnet_cidr == block]
        usable = cidrs.usable_addresses(block)
        now, most = sum(pool.size or 0 for pool in inside), sum(pool.greatest or 0 for pool in inside)
        if max(now, most) > usable:
            rule, number = (NODE_ADDRESSES, now) if now > usable else (NODE_HEADROOM, most)
            yield rule.finding(
                f"{inside[0].path}.subnet_cidr",
                f"has {usable} addresses for {'up to ' if number != now else ''}{number} nodes",
                value=block,
                why="each node needs one",
                todo="use a larger subnet, or a second pool in another one",
            )


def _endpoint(pools: tuple[PlannedPool, ...]) -> Iterator[Finding]:
    sizes, least = [pool.size for pool in pools], [pool.smallest for pool in pools]
    if all(size == 0 for size in sizes):
        yield ENDPOINT_WITHOUT_NODE.finding(
            "node_pools",
            "have no node at all",
            why="TKE opens an endpoint, and runs ipamd, only once a node runs",
            todo="give one pool a size of 1 or more, or open the endpoint later",
        )
    elif all(size == 0 for size in least):
        yield ENDPOINT_MAY_LOSE_NODES.finding(
            "node_pools",
            "may all become empty",
            why="without a node ipamd does not run, and a new endpoint cannot be opened",
            todo="give one pool a min_size of 1",
        )
