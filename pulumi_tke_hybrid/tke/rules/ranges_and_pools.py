"""Rules on the ranges of VPC, overlay, Services and subnets, and on node pools with the endpoint that needs
their nodes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.tke import cidrs, names
from pulumi_tke_hybrid.tke.cluster import DeclaredCluster, DeclaredPool
from pulumi_tke_hybrid.tke.objects import whole
from pulumi_tke_hybrid.tke.rule import (
    COMBINATION,
    TWICE,
    Finding,
    Rule,
    fixed_rule,
    not_stated,
    not_yet,
    note_rule,
    warning_rule,
)

_OVERVIEW = (
    "TKE container network overview (qcloud-documents): nodes = (range - services) / addresses of a node"
)
OVERLAY_NODES = Rule(
    "overlay-nodes",
    "The overlay has a range for each node.",
    "cluster_cidr, cluster_max_pod_num, cluster_max_service_num, sizes of the pools",
    _OVERVIEW,
)
OVERLAY_HEADROOM = warning_rule(
    "overlay-headroom",
    "The overlay has a range for each node that the autoscalers may add.",
    "cluster_cidr, cluster_max_pod_num, cluster_max_service_num, greatest sizes of the pools",
    _OVERVIEW,
)


def range_findings(cluster: DeclaredCluster) -> Iterator[Finding]:
    """Check all ranges of a cluster."""
    if cluster.cluster_cidr is not None:
        yield from cidrs.private_findings("cluster_cidr", cluster.cluster_cidr)
    if cluster.pods_per_node is not None:
        yield from cidrs.few_pods_findings("cluster_max_pod_num", cluster.pods_per_node)
    yield from _overlap_findings(cluster)
    yield from _overlay_findings(cluster)


def _overlap_findings(cluster: DeclaredCluster) -> Iterator[Finding]:
    stated = (
        *(("vpc_cidr", block) for block in cluster.vpc_cidrs),
        ("cluster_cidr", cluster.cluster_cidr),
        ("service_cidr", cluster.service_cidr),
    )
    outer = [(path, block) for path, block in stated if block]
    wrong = _wrong_others(cluster)
    yield from wrong.values()
    others = [
        (f"other_cidrs[{name!r}]", block) for name, block in cluster.others.items() if name not in wrong
    ]
    yield from cidrs.overlaps(outer, others)
    pods = [(f"{subnet.path}.cidr_block", subnet.cidr) for subnet in cluster.subnets]
    nodes = [(f"{pool.path}.subnet_cidr", pool.subnet_cidr) for pool in _first_of_each_subnet(cluster.pools)]
    inner = [(path, block) for path, block in [*pods, *nodes] if block]
    yield from cidrs.overlaps(inner, [(path, block) for path, block in outer if path != "vpc_cidr"] + others)
    for path, block in inner if cluster.vpc_cidrs else ():
        yield from cidrs.outside_findings(path, block, cluster.vpc_cidrs)
    for path in cluster.pending(["vpc_cidr", "cluster_cidr", "service_cidr", *(path for path, _ in pods)]):
        yield not_yet(cidrs.RANGE_OVERLAP, path)
    if not cluster.vpc_cidrs and "vpc_cidr" not in cluster.later:
        yield not_stated("vpc_cidr", "whether the subnets lie in the VPC and the overlay outside it")


def _first_of_each_subnet(pools: Sequence[DeclaredPool]) -> Iterator[DeclaredPool]:
    """Yield a pool for each node subnet. Two pools with one range have the same subnet, unless the program
    states two ids."""
    seen: dict[str | None, set[str]] = {}
    for pool in pools:
        ids = seen.get(pool.subnet_cidr)
        if ids is None or (pool.subnet_id and ids and pool.subnet_id not in ids):
            yield pool
        seen.setdefault(pool.subnet_cidr, set()).update([pool.subnet_id] if pool.subnet_id else [])


def _wrong_others(cluster: DeclaredCluster) -> dict[str, Finding]:
    """Return the entries of `other_cidrs` that are no ranges. A value of an Output has no earlier check."""
    return {
        name: problem.under(f"other_cidrs[{name!r}]")
        for name, block in cluster.others.items()
        if (problem := cidrs.cidr_problem(block))
    }


def _overlay_findings(cluster: DeclaredCluster) -> Iterator[Finding]:
    block, pods, services = cluster.cluster_cidr, cluster.pods_per_node, cluster.services
    for path in cluster.pending(["cluster_cidr", "cluster_max_pod_num", "cluster_max_service_num"]):
        yield not_yet(cidrs.RANGE_TOO_SMALL, path)
    if block is None or pods is None or services is None:
        return
    inside = 0 if cluster.service_cidr is not None else services
    yield from cidrs.size_findings("cluster_cidr", block, pods, inside)
    fit = cidrs.nodes_that_fit(block, pods, inside)
    rule, nodes = _too_many(cluster.pools, fit, OVERLAY_NODES, OVERLAY_HEADROOM)
    if rule and fit:
        yield rule.finding(
            "cluster_cidr",
            f"has overlay ranges for {fit} nodes of {pods} addresses, the pools have {nodes}",
            value=block,
            why=f"a node without a range cannot join; {cidrs.FIXED}",
            todo="choose a larger range or fewer addresses a node",
        )


POOL_SIZE = fixed_rule(
    "pool-size",
    "A pool's size lies within its bounds: those of the autoscaler, or 100 nodes.",
    "size and bounds",
    "this library: TKE refuses a change of bounds together with a change of size, so a fixed pool gets one"
    " bound for ever, and that is 100",
)
POOL_RESIZED = fixed_rule(
    "pool-resized",
    "A change of a pool takes no nodes away that its autoscaler added, and does not end half-way.",
    "the pool as the cloud has it, and the stack's last state",
    "the provider sends the size with every update of a pool, and changes bounds or size, never both",
)
NODE_ADDRESSES = Rule(
    "node-addresses",
    "The nodes' subnet has an address for each node.",
    "subnet_cidr, sizes",
    "VPC: size of a subnet - 3",
)
NODE_HEADROOM = warning_rule(
    "node-headroom",
    "The nodes' subnet has an address for each node that the autoscaler may add.",
    "subnet_cidr, greatest sizes",
    "VPC: size of a subnet - 3",
)
ENDPOINT_WITHOUT_NODE = Rule(
    "endpoint-without-node",
    "An endpoint needs a node.",
    "the sizes of all pools",
    "TKE opens an endpoint only once a node runs (measured)",
)
ENDPOINT_MAY_LOSE_NODES = warning_rule(
    "endpoint-may-lose-nodes",
    "At least one pool never becomes empty.",
    "the least sizes of all pools",
    "TKE opens an endpoint only once a node runs (measured); without one ipamd does not run either",
)
ENDPOINT_FIXED = fixed_rule(
    "endpoint-fixed",
    "An open intranet endpoint stays in its subnet.",
    "the stack's last state",
    "the provider does nothing about another cluster_intranet_subnet_id, and writes it down as done",
)
NODE_PASSWORD = fixed_rule(
    "node-password",
    "A node password has 8 to 16 characters of at least two kinds: letters, digits, special characters.",
    "the password",
    "the provider's check of autoScalingConfig.password; the Auto Scaling API, LoginSettings.Password",
)
NODE_PASSWORD_IN_LOGS = note_rule(
    "node-password-in-logs",
    "Nodes are made with SSH keys, not with a password.",
    "nothing",
    "measured: a verbose log (`-v=3` or more) of the tencentcloud plugin has each request with its password",
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
    path: str, there: int, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Finding]:
    """Return a finding if the update would change the number of live nodes (`there`) against the program.

    `path`: the size in the program. `before`, `after`: inputs of the provider's node pool; a preview may not
    know all. With autoscaling their size is the size in the state.
    """
    sent = whole(after.get("desiredCapacity"))
    if sent is None or there == sent:
        return
    if after.get("enableAutoScale") is True:
        what = f"nodes are there, and the state of this pool that scales by itself knows of {sent}"
        why = "any update of the pool would bring it back to that"
        todo = "run `pulumi refresh`, then `pulumi up` again"
        yield POOL_RESIZED.finding(path, what, value=there, why=why, todo=todo)
    elif any(whole(after.get(bound)) != whole(before.get(bound)) for bound in ("minSize", "maxSize")):
        what = f"while the autoscaler ends and {there} nodes are there"
        why = "bounds do not change together with the size"
        todo = f"set {there} now, and another size in the next `pulumi up`"
        yield POOL_RESIZED.finding(path, what, value=sent, why=why, todo=todo)


def _too_many(pools: Sequence[DeclaredPool], fit: int, now: Rule, most: Rule) -> tuple[Rule | None, str]:
    """Return the rule that the sizes (`now`) or greatest sizes (`most`) of the pools break, and the nodes."""
    size, greatest = sum(pool.size or 0 for pool in pools), sum(pool.greatest or 0 for pool in pools)
    if size > fit:
        return now, str(size)
    return (most, f"up to {greatest}") if greatest > fit else (None, "")


def moved_endpoint_findings(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Finding]:
    """Refuse another subnet of an open intranet endpoint. `before`, `after`: the provider's inputs."""
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


_SPECIAL = frozenset("()~!@#$%^&*-+={}[]:;',.?/")
"""Special characters that the provider counts as a kind of their own."""


def password_problem(value: str) -> Finding | None:
    """Return a finding if the provider or the API refuses the password. The finding never has the value: the
    provider's own refusal would show the value."""
    kinds = (str.isalpha, str.isdigit, _SPECIAL.__contains__)
    todo = "use letters with digits or special characters, or SSH keys: key_ids"
    if not 8 <= len(value) <= 16:
        what, why = "is too short" if len(value) < 8 else "is too long", "the API takes 8 to 16 characters"
    elif not value.isascii() or not value.isprintable() or " " in value:
        what, why = "has a space, a line end or a character that is not ASCII", "the API refuses it"
    elif sum(any(map(kind, value)) for kind in kinds) < 2:
        what, why = "has characters of one kind only", "the API needs two kinds"
    else:
        return None
    return NODE_PASSWORD.finding("", what, why=why, todo=todo)


_IN_CLEAR = "a verbose log of the tencentcloud plugin (`-v=3` or more) shows the password in clear"
PASSWORD_NOTE = NODE_PASSWORD_IN_LOGS.finding(
    "password", "is given", why=_IN_CLEAR, todo="prefer SSH keys: key_ids"
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


def pool_findings(cluster: DeclaredCluster, endpoint: bool, wanted: bool) -> Iterator[Finding]:
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
    yield from _address_findings(cluster.pools)
    if wanted and not cluster.pools:
        yield COMBINATION.finding(
            "endpoint",
            "needs a node pool",
            why="TKE opens an endpoint only once a node runs",
            todo="add a pool",
        )
    if endpoint and cluster.pools:
        yield from _endpoint_findings(cluster.pools)


def _address_findings(pools: tuple[DeclaredPool, ...]) -> Iterator[Finding]:
    blocks = dict.fromkeys(pool.subnet_cidr for pool in pools if pool.subnet_cidr)
    for block in blocks:
        inside = [pool for pool in pools if pool.subnet_cidr == block]
        usable = cidrs.usable_addresses(block)
        rule, nodes = _too_many(inside, usable, NODE_ADDRESSES, NODE_HEADROOM)
        if rule:
            yield rule.finding(
                f"{inside[0].path}.subnet_cidr",
                f"has {usable} addresses for {nodes} nodes",
                value=block,
                why="each node needs one",
                todo="use a larger subnet, or a second pool in another one",
            )


def _endpoint_findings(pools: tuple[DeclaredPool, ...]) -> Iterator[Finding]:
    if all(pool.size == 0 for pool in pools):
        yield ENDPOINT_WITHOUT_NODE.finding(
            "node_pools",
            "have no node at all",
            why="TKE opens an endpoint, and runs ipamd, only once a node runs",
            todo="give one pool a size of 1 or more, or open the endpoint later",
        )
    elif all(pool.smallest == 0 for pool in pools):
        yield ENDPOINT_MAY_LOSE_NODES.finding(
            "node_pools",
            "may all become empty",
            why="without a node ipamd does not run, and a new endpoint cannot be opened",
            todo="give one pool a min_size of 1",
        )
