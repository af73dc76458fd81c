"""Rules on node pools, and on the endpoint that needs their nodes."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_tke_hybrid.tke import cidrs, names
from pulumi_tke_hybrid.tke.cluster import DeclaredCluster, DeclaredPool
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.input_rules import COMBINATION, TWICE
from pulumi_tke_hybrid.tke.values import whole

POOL_SIZE = Rule(
    "pool-size",
    Severity.ERROR,
    "A pool's size lies within its bounds: those of the autoscaler, or 100 nodes.",
    "size and bounds",
    "this library: TKE refuses a change of bounds together with a change of size, so a fixed pool gets one"
    " bound for ever, and that is 100",
    fixed_severity=True,
)
POOL_RESIZED = Rule(
    "pool-resized",
    Severity.ERROR,
    "A change of a pool takes no nodes away that its autoscaler added, and does not end half-way.",
    "the pool as the cloud has it, and the stack's last state",
    "the provider sends the size with every update of a pool, and changes bounds or size, never both",
    fixed_severity=True,
)
NODE_ADDRESSES = Rule(
    "node-addresses",
    Severity.ERROR,
    "The nodes' subnet has an address for each node.",
    "subnet_cidr, sizes",
    "VPC: size of a subnet - 3",
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
ENDPOINT_FIXED = Rule(
    "endpoint-fixed",
    Severity.ERROR,
    "An open intranet endpoint stays in its subnet.",
    "the stack's last state",
    "the provider does nothing about another cluster_intranet_subnet_id, and writes it down as done",
    fixed_severity=True,
)
FIXED_POOL_BOUND = 100
"""Upper bound of pools without autoscaler: TKE refuses a change of bounds together with a change of size."""


def bounds_problem(least: int | None, most: int | None) -> Iterator[Finding]:
    """Compare the bounds of an autoscaler with each other."""
    if least is not None and most is not None and least > most:
        yield POOL_SIZE.finding(
            "min_size",
            f"is greater than max_size {most}",
            value=least,
            why="no size satisfies both",
            todo="swap them",
        )


def resized_findings(
    name: str, there: int, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Finding]:
    """Return a finding if the update would change the number of live nodes (`there`) against the program.

    `before`, `after`: inputs of the provider's node pool; a preview may not know all. With autoscaling their
    size is the size in the state.
    """
    sent = _number(after, "desiredCapacity")
    if sent is None or there == sent:
        return
    path = f"node_pools[{name}].size"
    if after.get("enableAutoScale") is True:
        what = f"nodes are there, and the state of this pool that scales by itself knows of {sent}"
        why, todo = (
            "any update of the pool would bring it back to that",
            "run `pulumi refresh`, then `pulumi up` again",
        )
        yield POOL_RESIZED.finding(path, what, value=there, why=why, todo=todo)
    elif any(_number(after, bound) != _number(before, bound) for bound in ("minSize", "maxSize")):
        why, todo = (
            "bounds do not change together with the size",
            f"set {there} now, and another size in the next `pulumi up`",
        )
        yield POOL_RESIZED.finding(
            path, f"while the autoscaler ends and {there} nodes are there", value=sent, why=why, todo=todo
        )


def _number(props: Mapping[str, Any], name: str) -> int | None:
    """Return a number as an integer; the engine writes floats. None: not known, or missing."""
    value = props.get(name)
    return whole(value)


def moved_endpoint_findings(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Finding]:
    """Refuse to move an open intranet endpoint to another subnet. `before`, `after`: inputs of the provider's
    endpoint."""
    old, new = (
        props.get("clusterIntranetSubnetId") if props.get("clusterIntranet") else None
        for props in (before, after)
    )
    if old and isinstance(new, str) and names.subnet_problem(new) is None and old != new:
        yield ENDPOINT_FIXED.finding(
            "endpoint.subnet_id",
            f"instead of {old}",
            value=new,
            why="the API server's address stays where it was opened, even if the first pool changes",
            todo=f"set endpoint.subnet_id={old!r}",
        )


def size_problem(size: int | None, least: int | None, most: int | None, scaled: bool) -> Iterator[Finding]:
    """Compare the size of a pool with its bounds."""
    if scaled and size is not None and least is not None and most is not None and not least <= size <= most:
        yield POOL_SIZE.finding(
            "size",
            f"is outside the autoscaler's bounds {least} to {most}",
            value=size,
            todo="choose a size inside them, or other bounds",
        )
    if not scaled and size is not None and size > FIXED_POOL_BOUND:
        yield POOL_SIZE.finding(
            "size",
            f"is more than the {FIXED_POOL_BOUND} nodes of a fixed pool",
            value=size,
            todo="use autoscale, or several pools",
        )


def findings(cluster: DeclaredCluster, endpoint: bool, wanted: bool) -> Iterator[Finding]:
    """Check pools, their subnets and the endpoint. `endpoint`: an endpoint is opened; `wanted`: the program
    declares the endpoint."""
    seen: set[str] = set()
    for pool in cluster.pools:
        if pool.name in seen:
            yield TWICE.finding(
                f"{pool.path}.name",
                "is the name of an earlier pool",
                value=repr(pool.name),
                todo="each pool needs its own",
            )
        seen.add(pool.name)
    yield from _addresses(cluster.pools)
    if wanted and not cluster.pools:
        yield COMBINATION.finding(
            "endpoint",
            "needs a node pool",
            why="TKE opens an endpoint only once a node runs",
            todo="add a pool",
        )
    if endpoint and cluster.pools:
        yield from _endpoint(cluster.pools)


def _addresses(pools: tuple[DeclaredPool, ...]) -> Iterator[Finding]:
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


def _endpoint(pools: tuple[DeclaredPool, ...]) -> Iterator[Finding]:
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
