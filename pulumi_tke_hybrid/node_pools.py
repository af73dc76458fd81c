"""A node pool: its arguments, its resource, and every shape in which a pool is shown, stored or compared.

A new kind of node pool begins here. The rules are in `tke.rules.ranges_and_pools`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Optional

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from pulumi_tke_hybrid.cloud.api_client import TencentCloud
from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.cloud.clusters import refuse_orphan_pool, size_of
from pulumi_tke_hybrid.component import resource_hook
from pulumi_tke_hybrid.component.args import Args, args_class, child_options
from pulumi_tke_hybrid.component.inputs import EachItem, Input, NoneAllowed, value_if_known
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.component.region import settings_in
from pulumi_tke_hybrid.tke import cidrs, names
from pulumi_tke_hybrid.tke.cluster import DeclaredPool
from pulumi_tke_hybrid.tke.objects import known
from pulumi_tke_hybrid.tke.rule import COMBINATION, EMPTY, PROPERTY, Finding
from pulumi_tke_hybrid.tke.rules import ranges_and_pools
from pulumi_tke_hybrid.tke.rules.immutable_fields import pool_path


def _at_least(least: int, what: str) -> Any:
    def problem(value: int) -> Finding | None:
        if value >= least:
            return None
        return PROPERTY.finding("", "is too few", value=value, todo=f"{what} is {least} or more")

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
        yield from ranges_and_pools.bounds_problem(
            value_if_known(self.min_size), value_if_known(self.max_size)
        )


def _no_text(value: str) -> Finding | None:
    return None if value.strip() else PROPERTY.finding("", "is empty", todo="give a text")


def _no_keys(keys: Sequence[object]) -> Finding | None:
    if keys:
        return None
    todo = "give a key, or a password instead of key_ids"
    return EMPTY.finding("", "is empty", why="no login would be possible", todo=todo)


@args_class(
    name=names.pool_name_problem,
    zone=names.zone_problem,
    subnet_id=names.subnet_problem,
    subnet_cidr=NoneAllowed(cidrs.cidr_problem),
    size=_at_least(0, "a pool's size"),
    instance_type=_no_text,
    password=ranges_and_pools.password_problem,
    key_ids=EachItem(names.key_problem, whole=_no_keys),
    security_group_ids=NoneAllowed(EachItem(names.security_group_problem)),
    labels=NoneAllowed(EachItem(names.label_value_problem, whole=names.label_keys_problem)),
)
class NodePoolArgs(Args):
    """Nodes of one zone."""

    name: str
    """Name of the pool, in the cloud and in the program, 1 to 25 characters. Another name is another pool."""

    zone: Input[str]
    """Its zone; one of the container subnets must lie in it. It follows from the subnet, and is fixed with
    it: a change of the subnet is refused at preview."""

    subnet_id: Input[str]
    """VPC subnet for the nodes themselves, in that zone; not a container subnet. Fixed when the pool is
    made: a change is refused at preview."""

    instance_type: Input[str]
    """CVM type, e.g. `S5.LARGE8`. It bounds the ENI pods of a node. Fixed like the subnet. A change is
    refused at preview."""

    size: Input[int]
    """Number of nodes; with `autoscale` only the number to start with. Updated in place."""

    keep_machines: bool
    """Whether the CVMs survive when the pool is deleted. Required, because the provider's default (yes)
    leaves billed instances behind. Updated in place; what counts is what the last `pulumi up` stored."""

    autoscale: Optional[AutoscaleArgs] = None
    """Let TKE's autoscaler decide the size within bounds. Default: the size is fixed. A pool that grew since
    the last refresh is not changed in any way before `pulumi refresh`: the provider would send the old size
    along. Leaving the autoscaler takes two updates, the first one with the `size` that is there. Updated in
    place."""

    key_ids: Optional[Input[Sequence[Input[str]]]] = None
    """SSH keys of the instances. Exactly one of `key_ids` and `password`. Fixed when the pool is made: a
    change is refused at preview. Default: `password`."""

    password: Optional[Input[str]] = None
    """Password of the instances; give it as a secret, or better give `key_ids`: a verbose log (`-v=3` or
    more) of the tencentcloud plugin shows the password in clear. 8 to 16 ASCII characters without a space,
    of at least two kinds: letters, digits, special characters; another password is refused at preview, and
    the refusal does not show the password. Read when the pool is made; a later change is not applied,
    because the provider would rebuild the pool: change the password on the instances. Default:
    `key_ids`."""

    security_group_ids: Optional[Input[Sequence[Input[str]]]] = None
    """Security groups of the instances, in order. Default: none. Updated in place, for instances that are
    made afterwards."""

    labels: Optional[Input[Mapping[str, Input[str]]]] = None
    """Node labels. Updated in place. Default: none."""

    subnet_cidr: Optional[Input[str]] = None
    """Range of `subnet_id`, for checks. Default: those checks are left out. Changes nothing that exists."""

    global_route_only: Optional[bool] = None
    """No ENI pods are meant for this pool, so its zone needs no container subnet. Default: false. Changes
    nothing that exists."""

    def problems(self) -> Iterator[Finding]:
        if (self.key_ids is None) == (self.password is None):
            yield COMBINATION.finding(
                "key_ids",
                "exactly one of key_ids and password is needed",
                why="the instances' log-in is set when they are made",
                todo="give one of them",
            )
        if self.password is not None:
            yield ranges_and_pools.PASSWORD_NOTE
        pool = self.declared("")
        yield from ranges_and_pools.size_problem(
            pool.size, pool.least, pool.most, scaled=self.autoscale is not None
        )

    def declared(self, path: str) -> DeclaredPool:
        """Return the known values, for the rules."""
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

    def shown(self) -> dict[str, Any]:
        """Return the pool as the component's inputs, `cluster_facts` and the guard's `planned` show it."""
        shown: dict[str, Any] = {"zone": self.zone, "size": self.size, "instanceType": self.instance_type}
        if self.autoscale is not None:
            shown |= {"minSize": self.autoscale.min_size, "maxSize": self.autoscale.max_size}
        return {**shown, "globalRouteOnly": True} if self.global_route_only else shown

    def guarded(self) -> dict[str, Any]:
        """Return the immutable fields of the pool, and the values that a refusal names, as the guard stores
        them.

        A password instead of keys is stored as no keys.
        """
        keys: Any = [] if self.key_ids is None else self.key_ids
        return {
            "subnetId": self.subnet_id,
            "zone": self.zone,
            "instanceType": self.instance_type,
            "keyIds": keys,
            "size": self.size,
        }


AnyNodePoolArgs = NodePoolArgs
"""The arguments of a node pool of any kind: with a second kind, a union."""
IMMUTABLE_POOL_FIELDS = {
    "subnetId": ("subnet_id", "the nodes' subnet"),
    "instanceType": ("instance_type", "the machine type"),
    "keyIds": ("key_ids", "the SSH keys"),
}
"""Keys of `guarded` whose change replaces a pool, each with its property and its noun in messages."""


def declared_from_guard(path: str, shown: Mapping[str, Any]) -> DeclaredPool:
    """Return the pool that `NodePoolArgs.shown` gave to the guard, for the rules."""
    return DeclaredPool(
        path,
        zone=known(shown.get("zone")),
        instance_type=known(shown.get("instanceType")),
        size=_whole(known(shown.get("size"))),
        most=_whole(known(shown.get("maxSize"))),
        global_route_only=bool(shown.get("globalRouteOnly")),
    )


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)  # the engine stores every number as a float


def guarded_subnets(pools: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield path, subnet id and zone of each pool that `NodePoolArgs.guarded` gave to the guard and whose
    subnet is known."""
    for name, pool in pools.items():
        if subnet_id := known(pool.get("subnetId")):
            yield pool_path(name, pool), str(subnet_id), str(known(pool.get("zone")) or "")


def pending_subnets(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield a line for each stored pool whose subnet a preview does not know, so that it cannot be
    compared."""
    for name in before.keys() & after.keys():
        if known(after[name].get("subnetId")) is None:
            stored = known(before[name].get("subnetId"))
            was = f", and was {stored}" if stored else ""
            path = pool_path(name, after[name])
            yield (
                f"{path}.subnet_id: is not known yet{was}; if it is another subnet, `up` stops before the"
                " pool is rebuilt"
            )


def make_node_pool(
    cluster: pulumi.Resource,
    owner: str,
    name: str,
    args: AnyNodePoolArgs,
    cluster_id: pulumi.Output[str],
    vpc_id: Input[str],
    region: str,
    depends_on: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """Make the pool as a child of the cluster's component of that name."""
    bounds, resource_name = args.autoscale, f"{name}-pool-{args.name}"
    return tencentcloud.kubernetes.NodePool(
        resource_name,
        cluster_id=cluster_id,
        name=args.name,
        vpc_id=vpc_id,
        subnet_ids=[args.subnet_id],
        min_size=_not_secret(bounds.min_size) if bounds else 0,
        max_size=_not_secret(bounds.max_size) if bounds else ranges_and_pools.FIXED_POOL_BOUND,
        desired_capacity=_not_secret(args.size),
        enable_auto_scale=bounds is not None,
        wait_node_ready=None if bounds else True,
        delete_keep_instance=args.keep_machines,
        labels=args.labels,
        auto_scaling_config=tencentcloud.kubernetes.NodePoolAutoScalingConfigArgs(
            instance_type=args.instance_type,
            key_ids=args.key_ids,
            password=None if args.password is None else pulumi.Output.secret(args.password),
            orderly_security_group_ids=args.security_group_ids,
        ),
        # The zones follow from the subnet, but the provider may read them back as if the program had set
        # them. Another password would rebuild the pool; the guard cannot refuse the change, because it stores
        # none.
        opts=child_options(
            cluster,
            depends_on=depends_on,
            ignore_changes=["zones", "autoScalingConfig.password", *(["desiredCapacity"] if bounds else [])],
            hooks=_pool_hooks(owner, resource_name, region, f"node_pools[{args.name}].size", dict),
        ),
    )


def _not_secret(number: Input[int]) -> Input[int]:
    """Return the number without its secret mark, which would hide the number from the hook that compares
    sizes."""
    return pulumi.Output.unsecret(number) if isinstance(number, pulumi.Output) else number


def _pool_hooks(
    owner: str,
    name: str,
    region: str,
    size_path: str,
    sizes: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> pulumi.ResourceHookBinding:
    """Refuse to create a pool if a lost response has left a pool of its name; refuse an update that would
    change the number of live nodes.

    `sizes` returns the inputs of the resource under the names that `NodePool` has for the size: with one
    secret value in a block, the engine sends the whole block as an Output.
    """

    def is_free(hook: pulumi.ResourceHookArgs) -> None:
        inputs = hook.new_inputs or {}
        refuse_orphan_pool(TencentCloud(settings_in(region)), str(inputs["clusterId"]), str(inputs["name"]))

    def size_stays(hook: pulumi.ResourceHookArgs) -> None:
        try:
            there = size_of(TencentCloud(settings_in(region)), hook.id)
        except CloudError as error:
            if not pulumi.runtime.is_dry_run():
                raise
            pulumi.log.info(
                f"could not look at the size of {hook.name} ({error.code}); `up` looks before it changes the"
                " pool"
            )
            return
        if there is not None:
            before, after = sizes(hook.old_inputs or {}), sizes(hook.new_inputs or {})
            found = ranges_and_pools.resized_findings(size_path, there, before, after)
            InvalidInputs.raise_if_any(owner, found)

    return pulumi.ResourceHookBinding(
        before_create=[resource_hook(f"{name}-is-free", is_free)],
        before_update=[resource_hook(f"{name}-size-stays", size_stays, at_preview=True)],
    )
