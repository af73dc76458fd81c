"""Compare an exported stack with the cloud: resources that are gone, closed, off or pending. Reads only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from pulumi_tke_hybrid.cloud.api_client import Cloud
from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.cloud.clusters import (
    clusters_named,
    endpoint_status,
    find_cluster,
    node_pools,
    subnets_named,
    subnets_of,
    vpcs_named,
    vpcs_of,
)
from pulumi_tke_hybrid.cloud.vpc_cni_state import read_vpc_cni
from pulumi_tke_hybrid.plan import resource_types as types
from pulumi_tke_hybrid.plan.model import State, provider_of
from pulumi_tke_hybrid.plan.preview_json import exported_states, pending_operations
from pulumi_tke_hybrid.tke import printable
from pulumi_tke_hybrid.tke.objects import at, items, mapping

KINDS = {
    types.CLUSTER: "cluster",
    **types.LISTED_POOLS,
    types.ENDPOINT: "endpoint",
    types.SUBNET: "subnet",
    types.VPC: "VPC",
    types.SWITCH: "VPC-CNI",
    types.SWITCH_READY: "step that waits for VPC-CNI",
}
"""The resources that are compared, by their canonical types."""
GONE, CLOSED, OFF, PENDING = "gone", "closed", "off", "pending"
_CLOSED = ("NotFound", "Deleted")
_DYNAMIC = "pulumi-python:dynamic/tke-hybrid:"
_TRANSIENT = ("creating", "deleting")


@dataclass(frozen=True)
class Found:
    """A resource of the stack that is not in the cloud as the stack has it."""

    urn: str
    type: str
    """Canonical type."""
    id: str
    """The cloud's id; empty for a pending creation that the cloud does not have."""
    condition: str
    """`gone`, `closed`, `off`, or `pending` with the operation."""

    @property
    def kind(self) -> str:
        """The kind of the resource, for people; the type of a kind that is not compared."""
        return KINDS.get(self.type, self.type)

    @property
    def is_pending_creation(self) -> bool:
        """Whether no run saw the end of the resource's creation."""
        return self.condition == f"{PENDING} creating"


@dataclass(frozen=True)
class Stack:
    """An exported stack."""

    states: Mapping[str, State]
    pending: Sequence[tuple[str, State]]
    left_for_deletion: int
    """Number of replaced resources that wait for their deletion."""

    @property
    def place(self) -> tuple[str, str]:
        """(stack, project); empty for a stack without resources."""
        first = next(iter([*self.states, *(_urn(state) for _, state in self.pending)]), "")
        parts = first.split(":")
        return (parts[2], parts[4]) if len(parts) > 4 else ("", "")

    @property
    def account(self) -> str:
        """The account that the dynamic resources store; empty where none does."""
        return next(iter(self._stored("accountId")), "")

    @property
    def stored_region(self) -> str:
        """The region that the dynamic resources store; empty where none does, or where they differ."""
        stored = self._stored("region")
        return stored[0] if len(stored) == 1 else ""

    @property
    def compared(self) -> int:
        """Number of the resources that are compared."""
        kinds = (types.canonical(str(state.get("type") or "")) for state in self.states.values())
        return sum(kind in KINDS for kind in kinds)

    def region(self, state: State, otherwise: str) -> str:
        """Return the region of a resource: that of its provider, else that of the dynamic resources, else
        `otherwise`."""
        provider = self.states.get(provider_of(state))
        own = at(state, "inputs", "region") or at(provider, "inputs", "region")
        return own if isinstance(own, str) else self.stored_region or otherwise

    def _stored(self, name: str) -> list[str]:
        dynamic = (state for state in self.states.values() if str(state.get("type")).startswith(_DYNAMIC))
        values = (at(state, "inputs", name) for state in dynamic)
        return list(dict.fromkeys(value for value in values if value and isinstance(value, str)))


def read_stack(export: Mapping[str, Any]) -> Stack:
    """Read the JSON of `pulumi stack export`. Raise ValueError for any other JSON."""
    if not mapping(export.get("deployment")):
        raise ValueError("no deployment")
    for name in ("resources", "pending_operations"):
        listed = at(export, "deployment", name)
        if listed and not items(listed):
            raise ValueError(f"deployment.{name} is no list")
    states, pending = exported_states(export), pending_operations(export)
    urns = {_stack_of(urn) for urn in [*states, *(_urn(state) for _, state in pending)]}
    if "" in urns or len(urns) > 1:
        raise ValueError("a resource has no URN, or the URN of another stack")
    left = [item for item in items(at(export, "deployment", "resources")) if at(item, "delete") is True]
    return Stack(states, pending, len(left))


def _urn(state: State) -> str:
    return str(state.get("urn") or "")


def _stack_of(urn: str) -> str:
    parts = urn.split("::")
    whole = len(parts) >= 4 and parts[0].startswith("urn:pulumi:") and printable(urn) == urn
    return "::".join(parts[:2]) if whole else ""


Unknowns = list[str]
"""A sentence for each resource that could not be compared."""


def compare(stack: Stack, cloud: Callable[[str], Cloud], region: str, unknowns: Unknowns) -> Iterator[Found]:
    """Yield each resource that the cloud does not have as the stack has it; add a sentence to `unknowns` for
    each resource that could not be compared.

    `cloud` returns the cloud of a region; `region` is the configured region.
    """
    managed = [_Managed.of(state, stack.region(state, region)) for state in stack.states.values()]
    compared = [item for item in managed if item is not None]
    others = [item for item in compared if item.type not in KINDS]
    unknowns += [f"{item.type} {item.name}: this type is not compared" for item in others]
    if stack.left_for_deletion:
        unknowns.append(
            f"{stack.left_for_deletion} replaced resources that wait for their deletion are not compared"
        )
    known = sorted((item for item in compared if item.type in KINDS), key=lambda item: item.group)
    for (place, type_, _), group in groupby(known, key=lambda item: item.group):
        resources = list(group)
        try:
            yield from _COMPARED[type_](cloud(place), resources, unknowns)
        except CloudError as error:
            named = ", ".join(item.name for item in resources[:3])
            unknowns.append(f"{KINDS[type_]} {named} …: {error.action} failed: {printable(error.code)}")
    for operation, state in stack.pending:
        yield from _pending(stack, operation, state, cloud(stack.region(state, region)), unknowns)


@dataclass(frozen=True)
class _Managed:
    """A resource that the tencentcloud provider or this library made."""

    urn: str
    type: str
    id: str
    region: str
    cluster: str
    """Id of the cluster that the resource belongs to; empty for a cluster, a subnet and a VPC."""
    inputs: Mapping[str, Any]

    @classmethod
    def of(cls, state: State, region: str) -> "_Managed | None":
        """None for a resource that is not Tencent Cloud's, or that the stack only reads."""
        type_, inputs = types.canonical(str(state.get("type") or "")), mapping(state.get("inputs"))
        theirs = type_.startswith("tencentcloud:") and state.get("custom") is True
        if not (theirs or type_ in (types.SWITCH, types.SWITCH_READY)) or state.get("external") is True:
            return None
        id_ = str(state.get("id") or "")
        cluster = id_.partition("#")[0] if type_ in (*types.LISTED_POOLS, types.ENDPOINT) else ""
        if type_ in (types.SWITCH, types.SWITCH_READY):
            id_ = cluster = str(at(inputs, "clusterId") or "")
        return cls(_urn(state), type_, id_, region, cluster, inputs)

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]

    @property
    def group(self) -> tuple[str, str, str]:
        """Resources of one group are compared with one request, or with one for each side or page."""
        return self.region, self.type, self.cluster

    def found(self, condition: str) -> Found:
        return Found(self.urn, self.type, self.id, condition)


def _being_deleted(item: _Managed, unknowns: Unknowns) -> None:
    unknowns.append(f"{item.id} is being deleted; run this command again when {item.id} is gone")


def _clusters(cloud: Cloud, resources: Sequence[_Managed], unknowns: Unknowns) -> Iterator[Found]:
    for item in resources:
        live = find_cluster(cloud, item.id)
        if live is None:
            yield item.found(GONE)
        elif live.get("ClusterStatus") == "Deleting":
            _being_deleted(item, unknowns)


def _pools(cloud: Cloud, resources: Sequence[_Managed], unknowns: Unknowns) -> Iterator[Found]:
    cluster = resources[0].cluster
    pools = node_pools(cloud, cluster) if find_cluster(cloud, cluster) is not None else []
    live = {f"{cluster}#{pool.get('NodePoolId')}": str(pool.get("LifeState")) for pool in pools}
    for item in resources:
        if item.id not in live:
            yield item.found(GONE)
        elif live[item.id].casefold() == "deleting":
            _being_deleted(item, unknowns)


def _endpoints(cloud: Cloud, resources: Sequence[_Managed], unknowns: Unknowns) -> Iterator[Found]:
    if find_cluster(cloud, resources[0].cluster) is None:
        yield from (item.found(GONE) for item in resources)
        return
    for item in resources:
        sides = {False: item.inputs.get("clusterIntranet"), True: item.inputs.get("clusterInternet")}
        if not all(wanted is None or isinstance(wanted, bool) for wanted in sides.values()):
            unknowns.append(f"endpoint {item.name}: its arguments are secrets")
        statuses = [
            endpoint_status(cloud, item.cluster, public=public) for public, on in sides.items() if on is True
        ]
        if any(status in _CLOSED for status in statuses):
            yield item.found(CLOSED)
        elif any(status not in ("Created", "Creating") for status in statuses):
            unknowns.append(
                f"endpoint {item.name} of {item.cluster} is {', '.join(map(printable, statuses))}"
            )


def _subnets(cloud: Cloud, resources: Sequence[_Managed], _: Unknowns) -> Iterator[Found]:
    live = {item.get("SubnetId") for item in subnets_of(cloud, [item.id for item in resources])}
    yield from (item.found(GONE) for item in resources if item.id not in live)


def _vpcs(cloud: Cloud, resources: Sequence[_Managed], _: Unknowns) -> Iterator[Found]:
    live = {item.get("VpcId") for item in vpcs_of(cloud, [item.id for item in resources])}
    yield from (item.found(GONE) for item in resources if item.id not in live)


def _switches(cloud: Cloud, resources: Sequence[_Managed], _: Unknowns) -> Iterator[Found]:
    live = read_vpc_cni(cloud, resources[0].cluster)
    if live is None or not live.enabled:
        yield from (item.found(GONE if live is None else OFF) for item in resources)


_COMPARED: dict[str, Callable[[Cloud, Sequence[_Managed], Unknowns], Iterator[Found]]] = {
    types.CLUSTER: _clusters,
    **dict.fromkeys(types.LISTED_POOLS, _pools),
    types.ENDPOINT: _endpoints,
    types.SUBNET: _subnets,
    types.VPC: _vpcs,
    types.SWITCH: _switches,
    types.SWITCH_READY: _switches,
}


def _pending(stack: Stack, operation: str, state: State, cloud: Cloud, unknowns: Unknowns) -> Iterator[Found]:
    """Yield the resource of a pending operation; for a creation with the id of the resource, if the cloud has
    the resource."""
    type_ = types.canonical(str(state.get("type") or ""), mapping(state.get("inputs")))
    found = Found(_urn(state), type_, str(state.get("id") or ""), f"{PENDING} {printable(operation)}")
    if not found.is_pending_creation or type_.startswith((_DYNAMIC, "pulumi:providers:")):
        yield found
        return
    name = found.urn.rpartition("::")[2]
    if type_ not in KINDS:
        unknowns.append(f"{type_} {name}: whether its creation succeeded; look whether it exists")
        yield found
        return
    try:
        there = list(_by_name(cloud, type_, mapping(state.get("inputs")), unknowns))
    except (CloudError, _Secret) as error:
        why = str(error)
        if isinstance(error, CloudError):
            why = f"{error.action} failed: {printable(error.code)}"
        unknowns.append(f"{KINDS[type_]} {name}: whether its creation succeeded; {why}")
        there = []
    others = () if type_ == types.ENDPOINT else stack.states.values()
    known = {str(at(other, "id")) for other in others}
    new = [id_ for id_ in there if id_ not in known]
    if len(new) > 1:
        unknowns.append(f"{KINDS[type_]} {name}: several have its name: {', '.join(map(printable, new))}")
    yield replace(found, id=new[0] if len(new) == 1 else "")


class _Secret(Exception):
    """An input that names the resource is secret or missing."""


def _text(inputs: Mapping[str, Any], name: str) -> str:
    value = inputs.get(name)
    if not isinstance(value, str) or not value:
        raise _Secret(f"its {name} is secret or missing in the export")
    return value


def _by_name(cloud: Cloud, type_: str, inputs: Mapping[str, Any], unknowns: Unknowns) -> Iterable[str]:
    """Return the ids of the resources that have the name of a pending creation."""
    if type_ == types.CLUSTER:
        named = clusters_named(cloud, _text(inputs, "vpcId"), _text(inputs, "clusterName"))
        return _settled(named, "ClusterId", "ClusterStatus", "", unknowns)
    if type_ == types.ENDPOINT:
        cluster = _text(inputs, "clusterId")
        public = inputs.get("clusterInternet") is True
        return () if endpoint_status(cloud, cluster, public=public) in _CLOSED else (cluster,)
    if type_ in types.LISTED_POOLS:
        cluster = _text(inputs, "clusterId")
        named = [pool for pool in node_pools(cloud, cluster) if pool.get("Name") == _text(inputs, "name")]
        return _settled(named, "NodePoolId", "LifeState", f"{cluster}#", unknowns)
    if type_ == types.SUBNET:
        return subnets_named(cloud, _text(inputs, "vpcId"), _text(inputs, "name"))
    return vpcs_named(cloud, _text(inputs, "name"))


def _settled(
    named: Iterable[Mapping[str, Any]], id_: str, status: str, prefix: str, unknowns: Unknowns
) -> list[str]:
    """Return the ids; a resource that is being created or deleted is added to `unknowns` instead."""
    found: list[str] = []
    for item in named:
        word = str(item.get(status) or "").casefold()
        if word in _TRANSIENT:
            unknowns.append(f"{item[id_]} is {word}; run this command again when that has ended")
        else:
            found.append(f"{prefix}{item[id_]}")
    return found
