"""Arguments of a node pool: nodes of one zone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from pulumi_tke_hybrid.component.args import Args, args_class
from pulumi_tke_hybrid.component.inputs import Input, known
from pulumi_tke_hybrid.tke import ids, names, zones
from pulumi_tke_hybrid.tke.problem import Problem

FIXED_POOL_BOUND = 100
"""Upper bound given for pools without autoscaler: TKE refuses a change of bounds together with a change of size."""


def _at_least(least: int, what: str) -> Any:
    def problem(value: int) -> str | None:
        return None if value >= least else f"{value} is too few; {what} is {least} or more"

    return problem


@args_class(min_size=_at_least(0, "the least number of nodes"), max_size=_at_least(1, "the greatest number of nodes"))
class AutoscaleArgs(Args):
    """Bounds of a pool whose size the autoscaler decides."""

    min_size: Input[int]
    """Least number of nodes."""

    max_size: Input[int]
    """Greatest number of nodes."""

    def problems(self) -> Iterator[Problem]:
        low, high = known(self.min_size), known(self.max_size)
        if low is not None and high is not None and low > high:
            yield Problem("min_size", f"{low} is greater than max_size {high}; no size satisfies both")


@args_class(
    name=names.pool_name_problem,
    zone=zones.zone_problem,
    subnet_id=ids.subnet_problem,
    size=_at_least(0, "a pool's size"),
)
class NodePoolArgs(Args):
    """Nodes of one zone."""

    name: str
    """Name of the pool, in the cloud and in the program, 1 to 25 characters. Another name is another pool."""

    zone: Input[str]
    """Its zone; one of the ENI subnets must lie in it."""

    subnet_id: Input[str]
    """VPC subnet for the nodes themselves, in that zone; not an ENI subnet. A change replaces the pool and its machines."""

    instance_type: Input[str]
    """CVM type, e.g. `S5.LARGE8`. It bounds the ENI pods of a node. A change replaces the pool."""

    size: Input[int]
    """Number of nodes; with `autoscale` only the number to start with."""

    keep_machines: bool
    """Whether the CVMs survive when the pool is deleted. Stated, because the provider's default (yes) leaves billed machines behind."""

    autoscale: Optional[AutoscaleArgs] = None
    """Let TKE's autoscaler decide the size within bounds. Default: the size is fixed."""

    key_ids: Optional[Input[Sequence[Input[str]]]] = None
    """SSH keys of the machines. Exactly one of `key_ids` and `password`."""

    password: Optional[Input[str]] = None
    """Password of the machines; give it as a secret."""

    security_group_ids: Optional[Input[Sequence[Input[str]]]] = None
    """Security groups of the machines, in order. Default: none."""

    labels: Optional[Input[Mapping[str, Input[str]]]] = None
    """Node labels. Updated in place."""

    global_route_only: Optional[bool] = None
    """No ENI pods are meant for this pool, so its zone needs no ENI subnet. Default: false."""

    def problems(self) -> Iterator[Problem]:
        if (self.key_ids is None) == (self.password is None):
            yield Problem("key_ids", "exactly one of key_ids and password is needed; the machines' log-in is set when they are made")
        size = known(self.size)
        if self.autoscale is not None:
            yield from (problem.under("autoscale") for problem in self.autoscale.problems())
            low, high = known(self.autoscale.min_size), known(self.autoscale.max_size)
            if size is not None and low is not None and high is not None and not low <= size <= high:
                yield Problem("size", f"{size} is outside the autoscaler's bounds {low} to {high}")
        elif size is not None and size > FIXED_POOL_BOUND:
            yield Problem("size", f"{size} is more than the {FIXED_POOL_BOUND} nodes of a fixed pool; use autoscale, or several pools")
