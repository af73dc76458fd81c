"""Arguments of a node pool: nodes of one zone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from pulumi_tke_hybrid.component.args import Args, args_class
from pulumi_tke_hybrid.component.inputs import EachItem, Input, NoneAllowed, value_if_known
from pulumi_tke_hybrid.tke import cidrs, names
from pulumi_tke_hybrid.tke import names as ids
from pulumi_tke_hybrid.tke import names as zones
from pulumi_tke_hybrid.tke.cluster import DeclaredPool
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules import pools
from pulumi_tke_hybrid.tke.rules.inputs import COMBINATION, EMPTY, PROPERTY


def _at_least(least: int, what: str) -> Any:
    def problem(value: int) -> Finding | None:
        return (
            None
            if value >= least
            else PROPERTY.finding("", "is too few", value=value, todo=f"{what} is {least} or more")
        )

    return problem


@args_class(
    min_size=_at_least(0, "the least number of nodes"), max_size=_at_least(1, "the greatest number of nodes")
)
class AutoscaleArgs(Args):
    """Bounds of a pool whose size the autoscaler decides."""

    min_size: Input[int]
    """Least number of nodes. Updated in place."""

    max_size: Input[int]
    """Greatest number of nodes. Updated in place."""

    def problems(self) -> Iterator[Finding]:
        yield from pools.bounds_problem(value_if_known(self.min_size), value_if_known(self.max_size))


def _no_text(value: str) -> Finding | None:
    return None if value.strip() else PROPERTY.finding("", "is empty", todo="say what it is")


def _no_keys(keys: Sequence[object]) -> Finding | None:
    return (
        None
        if keys
        else EMPTY.finding(
            "", "is empty", why="nobody could log in", todo="give a key, or a password instead of key_ids"
        )
    )


@args_class(
    name=names.pool_name_problem,
    zone=zones.zone_problem,
    subnet_id=ids.subnet_problem,
    subnet_cidr=NoneAllowed(cidrs.cidr_problem),
    size=_at_least(0, "a pool's size"),
    instance_type=_no_text,
    password=_no_text,
    key_ids=EachItem(ids.key_problem, whole=_no_keys),
    security_group_ids=NoneAllowed(EachItem(ids.security_group_problem)),
    labels=NoneAllowed(),
)
class NodePoolArgs(Args):
    """Nodes of one zone."""

    name: str
    """Name of the pool, in the cloud and in the program, 1 to 25 characters. Another name is another pool."""

    zone: Input[str]
    """Its zone; one of the ENI subnets must lie in it. It follows from the subnet, and is fixed with it: a
    change of the subnet is refused at preview."""

    subnet_id: Input[str]
    """VPC subnet for the nodes themselves, in that zone; not an ENI subnet. Fixed when the pool is made: a
    change
    is refused at preview."""

    instance_type: Input[str]
    """CVM type, e.g. `S5.LARGE8`. It bounds the ENI pods of a node. Fixed like the subnet. A change is
    refused at preview."""

    size: Input[int]
    """Number of nodes; with `autoscale` only the number to start with. Updated in place."""

    keep_machines: bool
    """Whether the CVMs survive when the pool is deleted. Stated, because the provider's default (yes) leaves
    billed machines behind. Updated in place; what counts is what the last `pulumi up` stored."""

    autoscale: Optional[AutoscaleArgs] = None
    """Let TKE's autoscaler decide the size within bounds. Default: the size is fixed. A pool that grew since
    the last refresh is not changed in any way before `pulumi refresh`: the provider would send the old size
    along. Leaving the autoscaler takes two updates, the first one with the `size` that is there. Updated in
    place."""

    key_ids: Optional[Input[Sequence[Input[str]]]] = None
    """SSH keys of the machines. Exactly one of `key_ids` and `password`. Fixed when the pool is made: a
    change is refused at preview. Default: `password`."""

    password: Optional[Input[str]] = None
    """Password of the machines; give it as a secret. Read when the pool is made; a later change is not
    applied, because the provider would rebuild the pool: change it on the machines, and give new pools the
    new one. Default: `key_ids`."""

    security_group_ids: Optional[Input[Sequence[Input[str]]]] = None
    """Security groups of the machines, in order. Default: none. Updated in place, for machines that are made
    afterwards."""

    labels: Optional[Input[Mapping[str, Input[str]]]] = None
    """Node labels. Updated in place. Default: none."""

    subnet_cidr: Optional[Input[str]] = None
    """Range of `subnet_id`, for checks. Default: those checks are left out. Changes nothing that exists."""

    global_route_only: Optional[bool] = None
    """No ENI pods are meant for this pool, so its zone needs no ENI subnet. Default: false. Changes nothing
    that exists."""

    def problems(self) -> Iterator[Finding]:
        if (self.key_ids is None) == (self.password is None):
            yield COMBINATION.finding(
                "key_ids",
                "exactly one of key_ids and password is needed",
                why="the machines' log-in is set when they are made",
                todo="give one of them",
            )
        bounds = self.autoscale
        least, most = (
            (value_if_known(bounds.min_size), value_if_known(bounds.max_size)) if bounds else (None, None)
        )
        yield from pools.size_problem(value_if_known(self.size), least, most, scaled=bounds is not None)

    def planned(self, path: str) -> DeclaredPool:
        """What is known of it."""
        bounds, labels = self.autoscale, value_if_known(self.labels)
        return DeclaredPool(
            path=path,
            name=self.name,
            zone=value_if_known(self.zone),
            subnet_id=value_if_known(self.subnet_id),
            subnet_cidr=value_if_known(self.subnet_cidr),
            instance_type=value_if_known(self.instance_type),
            size=value_if_known(self.size),
            least=value_if_known(bounds.min_size) if bounds else None,
            most=value_if_known(bounds.max_size) if bounds else None,
            global_route_only=bool(self.global_route_only),
            labels={
                key: text
                for key, value in (labels or {}).items()
                if (text := value_if_known(value)) is not None
            },
        )
