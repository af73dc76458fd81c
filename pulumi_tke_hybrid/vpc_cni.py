"""VpcCni: VPC-CNI of a cluster, enabled with container subnets; and the step that waits until VPC-CNI is
ready.

The providers are thin adapters over `cloud.vpc_cni` and `cloud.vpc_cni_state`.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, Optional, Union

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.cloud.in_cluster import LiveCluster
from pulumi_tke_hybrid.cloud.vpc_cni_state import (
    adoption_report,
    changes,
    drift_lines,
    forbidden_changes,
    in_use_findings,
)
from pulumi_tke_hybrid.cloud.vpc_cni_switch import VpcCniSwitch, identity
from pulumi_tke_hybrid.component.args import (
    Args,
    SeverityInput,
    args_class,
    check_deferred,
    child_options,
    parse_args,
    refuse_wrong_options,
    register_declared_outputs,
)
from pulumi_tke_hybrid.component.dynamic import (
    DEFAULT_DEADLINE,
    CloudProvider,
    errors_among,
    log_progress,
)
from pulumi_tke_hybrid.component.inputs import (
    EachItem,
    Input,
    NoneAllowed,
    is_pending,
    value_after,
    value_if_known,
)
from pulumi_tke_hybrid.component.region import switch_region
from pulumi_tke_hybrid.tke import ipamd, keys, names
from pulumi_tke_hybrid.tke.objects import unknown
from pulumi_tke_hybrid.tke.rule import Finding, Severity, twice
from pulumi_tke_hybrid.tke.rules import zones_and_subnets

VPC_CNI_COMPONENT = "tke-hybrid:index:VpcCni"
"""Type token of `VpcCni`, which is in users' states."""


class NonMasquerade(str, Enum):
    """Source address of traffic from GlobalRouter pods to the VPC, once VPC-CNI is on."""

    ADD_VPC = "add_vpc"
    """TKE adds the VPC's range to the list of `ip-masq-agent`: traffic of GR pods into the VPC then carries
    the pod's address."""
    KEEP = "keep"
    """The list stays as it is."""


class OnDelete(str, Enum):
    """Effect of a deletion of the resource on the cluster's VPC-CNI."""

    KEEP = "keep"
    """VPC-CNI stays on, and pods keep their network."""
    DISABLE = "disable"
    """VPC-CNI is switched off. The deletion is refused while a pod has an ENI address, or if pods cannot be
    read."""


@args_class(
    cluster_id=names.cluster_problem,
    vpc_id=names.vpc_problem,
    subnets=EachItem(names.subnet_problem),
    ip_reclaim=ipamd.reclaim_problem,
    region=NoneAllowed(names.region_problem),
    deadline_seconds=names.deadline_problem,
)
class VpcCniArgs(Args):
    """Arguments of `VpcCni`."""

    cluster_id: Input[str]
    """The GlobalRouter cluster. Another one replaces the resource."""

    vpc_id: Input[str]
    """The cluster's VPC, which `AddVpcCniSubnets` needs (457/56371). Updated in place: only later calls
    use the value."""

    subnets: Input[Sequence[Input[str]]]
    """Ids of the container subnets, at least one for each node zone. Subnets may be added, in place; one that
    leaves is refused at preview, because TKE cannot unregister a subnet. Their order does not matter."""

    ip_reclaim: Input[str]
    """When TKE takes back the address that a gone pod kept: `after(seconds)`, at least 300, or `never()`.
    This provider does not change it once VPC-CNI is on; from ipamd 3.5.0 on it is a setting of the add-on
    eniipamd, and the program may follow that. Left open, TKE's own default would be never, and the subnet
    fills up (article, step 4). Any other change is refused at preview."""

    static_ip: Optional[Input[bool]] = None
    """Static-IP mode: kept addresses are possible. Default: true. Fixed once switched on. A change is refused
    at preview."""

    non_masquerade: Optional[Input[Union[NonMasquerade, Literal["add_vpc", "keep"]]]] = None
    """`add_vpc` or `keep`, see `NonMasquerade`. Default: `keep`. A change is refused at preview."""

    on_delete: Optional[Input[Union[OnDelete, Literal["keep", "disable"]]]] = None
    """`keep` or `disable`, see `OnDelete`. What counts is what the last `pulumi up` stored. Default: `keep`.
    Updated in place."""

    region: Optional[Input[str]] = None
    """Region of the cluster, e.g. `ap-guangzhou`. Default: `tencentcloud:region` of the stack, or
    TENCENTCLOUD_REGION. A change is refused at preview."""

    deadline_seconds: Optional[Input[int]] = None
    """How long each wait may take, in seconds. Default: 600. Changes nothing that exists."""

    rules: Optional[Mapping[str, SeverityInput]] = None
    """Severities of single rules, by their ids in docs/rules.md: `error`, `warning` or `note`. Default: each
    rule's own. Changes nothing that exists."""

    def problems(self) -> Iterator[Finding]:
        subnets = [
            item for item in map(value_if_known, value_if_known(self.subnets) or ()) if item is not None
        ]
        for item in dict.fromkeys(item for item in subnets if subnets.count(item) > 1):
            yield twice("subnets", item)
        yield from ipamd.reclaim_findings(
            value_if_known(self.ip_reclaim),
            None if is_pending(self.static_ip) else self.static_ip is not False,
        )


class VpcCni(pulumi.ComponentResource):
    """The pod network switch of a cluster as a resource of its own.

    The provider's cluster resource ignores its ENI fields when a GlobalRouter cluster is created and keeps
    them in its state. This component calls the API, waits until the cloud lists the subnets, and finishes an
    interrupted run. Destroying it leaves the pod network on, unless `on_delete` is `disable`.
    """

    registered_subnets: pulumi.Output[Sequence[str]]
    """Container subnets that the cloud lists, also subnets that were added elsewhere."""
    phase: pulumi.Output[str]
    """ipamd's phase when last seen; `running` once the first node is there."""
    reclaim_seconds: pulumi.Output[Optional[int]]
    """The reported reclaim time in seconds; none: never, or not reported yet."""

    def __init__(
        self,
        name: str,
        args: VpcCniArgs | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Enable VPC-CNI of a cluster, or adopt VPC-CNI that is on.

        `name` is the component's name. `args` may be a dictionary of the same shape. Raises `InvalidInputs`,
        naming each property, before anything is called. The calls use the stack's own key; `opts.provider`
        gives the region alone.
        """
        owner = f"VpcCni {name!r}"
        parsed = parse_args(VpcCniArgs, args, owner)
        refuse_wrong_options(opts, owner, "tencentcloud")
        props = switch_properties(parsed)
        shown = {key: props[key] for key in ("subnets", "staticIp", "ipReclaim", "nonMasquerade")}
        super().__init__(VPC_CNI_COMPONENT, name, {**shown, "rules": parsed.rules}, opts)
        props["clusterId"] = value_after(parsed.cluster_id, check_deferred(self, owner, parsed))
        props["region"] = switch_region(self, owner, opts, parsed.region, parsed.settings)
        switch = VpcCniResource(f"{name}-switch", props, self)
        self.registered_subnets = switch.registeredSubnets
        self.phase = switch.phase
        self.reclaim_seconds = switch.reclaimSeconds
        register_declared_outputs(self, VpcCni)


def switch_properties(args: VpcCniArgs) -> dict[str, Any]:
    """Return the stored properties of `VpcCniResource`."""
    props: dict[str, Any] = {
        **shared_properties(args),
        "nonMasquerade": args.non_masquerade or NonMasquerade.KEEP,
        "onDelete": args.on_delete or OnDelete.KEEP,
    }
    if args.rules and zones_and_subnets.SUBNET_IN_USE.id in args.rules:
        props["inUse"] = args.rules[zones_and_subnets.SUBNET_IN_USE.id]
    return props


def shared_properties(args: VpcCniArgs) -> dict[str, Any]:
    """Return the stored properties that `VpcCniResource` and `VpcCniReady` have in common."""
    return {
        "region": args.region,
        "clusterId": args.cluster_id,
        "vpcId": args.vpc_id,
        "subnets": args.subnets,
        "cniType": keys.ROUTE_ENI,
        "staticIp": True if args.static_ip is None else args.static_ip,
        "ipReclaim": args.ip_reclaim,
        "deadlineSeconds": args.deadline_seconds or DEFAULT_DEADLINE,
    }


class VpcCniProvider(CloudProvider):
    """Adapter between the engine and `cloud.vpc_cni`. The module path is in every user's state: never move
    the class."""

    def check_offline(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        return [
            problem
            for problem in forbidden_changes(olds, news)
            if problem.path != "ip_reclaim" or not self._reclaims_as(news)
        ]

    def _reclaims_as(self, news: dict[str, Any]) -> bool:
        try:
            return self._switch(news).reclaims_as(news)
        except CloudError as error:
            log_progress(f"the reclaim time of {news['clusterId']} could not be read: {error.code}")
            return False

    def check_live(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        registered = tuple(olds.get("registeredSubnets", ()))
        before, now = olds.get("clusterId"), news.get("clusterId")
        if before and unknown(now):
            log_progress(
                f"cluster_id: is not known yet, and was {before}; `up` looks at its VPC-CNI before it changes"
                " anything"
            )
        if unknown(now) or before == now:
            return self._in_use(news, registered)
        try:
            report = adoption_report(self.cloud(news), news)
        except CloudError as error:
            log_progress(
                f"could not look at {now}: {error.code}; `up` looks again before it changes anything"
            )
            return []
        for line in report.lines:
            log_progress(line)
        return report.problems or self._in_use(news, report.registered)

    def _in_use(self, news: dict[str, Any], registered: Sequence[str]) -> list[Finding]:
        """Report the subnets that are to be registered and are not empty; return those that are errors by
        `rules`."""
        listed = news.get("subnets", ())
        wanted = [] if unknown(listed) else [subnet for subnet in listed if not unknown(subnet)]
        if unknown(news.get("region")) or not set(wanted) - set(registered):
            return []
        try:
            found = in_use_findings(self.cloud(news), wanted, registered)
        except CloudError as error:
            log_progress(f"could not look whether the container subnets are empty ({error.code})")
            return []
        settings = {zones_and_subnets.SUBNET_IN_USE.id: Severity(news["inUse"])} if news.get("inUse") else {}
        return errors_among(found, settings)

    def compare(self, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        for line in drift_lines(olds, news):
            log_progress(line)
        changed, replacing = changes(olds, news)
        return DiffResult(changes=bool(changed), replaces=replacing)

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(identity(props), self._switch(props).create(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        outputs = self._switch(props).read(props)
        # The host needs a mapping also for a resource that is gone.
        return ReadResult("", {}) if outputs is None else ReadResult(id_, outputs)

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._switch(news).update(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        if props.get("onDelete") != OnDelete.DISABLE:
            return
        cloud = self.cloud(props)
        self._switch(props).switch_off(
            props, lambda: LiveCluster.connect(cloud, str(props["clusterId"])).eni_pods()
        )

    def _switch(self, props: Mapping[str, Any]) -> VpcCniSwitch:
        return VpcCniSwitch(self.cloud(props), self.wait(props))


class VpcCniReadyProvider(CloudProvider):
    """Wait until VPC-CNI works on the nodes. The module path is in every user's state: never move the
    class."""

    def compare(self, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        changed, replacing = changes(olds, news)
        return DiffResult(changes=bool(changed), replaces=replacing)

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(identity(props), self._ready(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Report the step as gone while VPC-CNI is off, so that the next `up` waits again."""
        on = VpcCniSwitch(self.cloud(props), self.wait(props)).read(props) is not None
        return ReadResult(id_, props) if on else ReadResult("", {})

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._ready(news))

    def _ready(self, props: dict[str, Any]) -> dict[str, Any]:
        ready = VpcCniSwitch(self.cloud(props), self.wait(props)).wait_until_ready(props)
        return {**ready, "registeredSubnets": list(props["subnets"])}


class VpcCniResource(Resource, module="tke-hybrid", name="VpcCni"):
    """The dynamic child of `VpcCni` and of `HybridCluster`. Attributes have the names of the stored
    properties, as in any dynamic resource."""

    registeredSubnets: pulumi.Output[Sequence[str]]
    phase: pulumi.Output[str]
    reclaimSeconds: pulumi.Output[Optional[int]]

    def __init__(
        self,
        name: str,
        props: Mapping[str, Any],
        parent: pulumi.Resource,
        depends_on: Sequence[pulumi.Resource] = (),
        aliases: Sequence[pulumi.Alias] = (),
    ) -> None:
        outputs = {"registeredSubnets": None, "phase": None, "reclaimSeconds": None}
        # A replacement deletes the old resource first: with on_delete="disable" a later deletion would switch
        # off the VPC-CNI that the new resource has just adopted.
        opts = child_options(parent, depends_on=depends_on, aliases=aliases, delete_before_replace=True)
        super().__init__(VpcCniProvider(), name, {**props, **outputs}, opts)


class VpcCniReady(Resource, module="tke-hybrid", name="VpcCniReady"):
    """A step: VPC-CNI is `running`, ipamd lists every subnet and reports the wanted reclaim time."""

    phase: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(VpcCniReadyProvider(), name, {**props, "phase": None}, opts)
