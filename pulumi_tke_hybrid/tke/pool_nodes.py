"""Nodes that a node pool, or another resource that makes nodes, gives a cluster, and the subnets that they are in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.values import Props, items, mapping, unknown, whole

_NOTHING: Props = {}
NODE_MAKERS = (*tokens.POOLS, tokens.CLUSTER)
"""Types of resources that make nodes; a cluster makes those of its `workerConfigs`."""


@dataclass(frozen=True)
class NodesIn:
    """Nodes of one resource in one subnet."""

    subnet: str
    """Id of the subnet; the engine's text for an unknown value while the subnet does not exist; empty where the inputs name none."""
    nodes: int | None
    """How many; None where the inputs do not say, or the number is not known yet."""
    worked_out: bool = False
    """Whether the number is a share of the pool's: which subnet a node goes to is decided when the node is made."""
    zone: str = ""
    """The zone, where the inputs name it beside the subnet."""


def nodes_by_subnet(type_: str, props: Props) -> list[NodesIn]:
    """The nodes of a resource of `NODE_MAKERS` by subnet, from its inputs. `type_` is a canonical token.

    A pool of several subnets has its nodes shared out evenly, the sum kept, and each share marked as worked out: the cloud decides by
    stock and by the pool's policy. A super node (`serverlessNodes`), a ScaleWorker and a cluster's own workers name their subnets.
    """
    if type_ == tokens.SERVERLESS_NODE_POOL:
        named = [_text(node, "subnetId") for node in _each(props.get("serverlessNodes"))]
        return [NodesIn(subnet, named.count(subnet)) for subnet in dict.fromkeys(named)]
    if type_ in (tokens.SCALE_WORKER, tokens.CLUSTER):
        workers = _each(props.get("workerConfig" if type_ == tokens.SCALE_WORKER else "workerConfigs"))
        return [
            NodesIn(_text(worker, "subnetId"), whole(worker.get("count", 1)), zone=_text(worker, "availabilityZone")) for worker in workers
        ]
    if type_ == tokens.CLUSTER_ATTACHMENT:
        return [NodesIn("", 1)]
    subnets, nodes = list(dict.fromkeys(_pool_subnets(props))) or [""], pool_nodes(props)
    parts = [None] * len(subnets) if nodes is None else shares(nodes, len(subnets))
    return [NodesIn(subnet, part, len(subnets) > 1) for subnet, part in zip(subnets, parts, strict=True)]


def pool_nodes(props: Props) -> int | None:
    """How many nodes the inputs of a resource of `NODE_MAKERS` ask for; None where they do not say, or the number is not known."""
    if "serverlessNodes" in props:
        listed: object = props["serverlessNodes"]
        return len(items(listed)) if isinstance(listed, list) else None  # pyright: ignore[reportUnknownArgumentType]
    if "workerConfig" in props or "workerConfigs" in props:
        counts = [whole(worker.get("count", 1)) for key in ("workerConfig", "workerConfigs") for worker in _each(props.get(key))]
        return None if None in counts else sum(count or 0 for count in counts)
    native = _group(props)
    wanted = (
        props.get("desiredCapacity"),
        native.get("replicas"),
        native.get("desiredCapacity"),
        props.get("minSize"),
        native.get("minSize"),
    )
    scaling = next(iter(_each(native.get("scaling"))), _NOTHING)
    return next((number for found in (*wanted, scaling.get("minReplicas")) if (number := whole(found)) is not None), None)


def shares(whole: int, parts: int) -> list[int]:
    """A number in so many parts, as even as they can be, the greater ones first; their sum is the number."""
    return [whole // parts + (index < whole % parts) for index in range(parts)]


def _group(props: Props) -> Props:
    """What holds the sizes and subnets of a native pool, or of a scaling group."""
    return next((each for key in ("native", "autoScalingGroup") for each in _each(props.get(key))), _NOTHING)


def _pool_subnets(props: Props) -> Iterator[str]:
    for holder in (props, _group(props)):
        listed = holder.get("subnetIds")
        yield from ([listed] if isinstance(listed, str) and unknown(listed) else (item for item in items(listed) if isinstance(item, str)))


def _each(value: object) -> list[Props]:
    """The objects of a block, which the two packages may write as one object or as a list of them."""
    found = items(value) or [value]
    return [mapping(item) for item in found if isinstance(item, dict)]  # pyright: ignore[reportUnknownArgumentType]


def _text(props: Props, key: str) -> str:
    found: Any = props.get(key)
    return found if isinstance(found, str) else ""
