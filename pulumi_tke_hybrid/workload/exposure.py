"""How clients reach the pods: which load balancer, and what it costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Optional, Union

import pulumi

from pulumi_tke_hybrid.component.args import Args, args_class
from pulumi_tke_hybrid.component.inputs import EachItem, Input
from pulumi_tke_hybrid.tke import annotations, keys
from pulumi_tke_hybrid.tke import names as ids
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY

MOST_SECURITY_GROUPS = 5


class ExposureKind(str, Enum):
    """How clients reach the pods."""

    PUBLIC = "public"
    INTERNAL = "internal"
    EXISTING = "existing"
    NONE = "none"


class ChargeType(str, Enum):
    """Billing of a public load balancer's traffic."""

    BY_TRAFFIC = "TRAFFIC_POSTPAID_BY_HOUR"
    BY_BANDWIDTH = "BANDWIDTH_POSTPAID_BY_HOUR"


ChargeTypeInput = Union[ChargeType, Literal["TRAFFIC_POSTPAID_BY_HOUR", "BANDWIDTH_POSTPAID_BY_HOUR"]]


@dataclass(frozen=True)
class FrontKeys:
    """The annotations with which a Service or an Ingress says which load balancer it wants."""

    internal_subnet: str
    existing: str
    charge_type: str
    bandwidth: str
    security_groups: str
    pass_to_target: str


SERVICE_KEYS = FrontKeys(
    keys.SERVICE_INTERNAL_SUBNET, keys.SERVICE_EXISTING_LB, keys.SERVICE_CHARGE_TYPE, keys.SERVICE_BANDWIDTH,
    keys.SERVICE_SECURITY_GROUPS, keys.SERVICE_PASS_TO_TARGET,
)  # fmt: skip
INGRESS_KEYS = FrontKeys(
    keys.INGRESS_INTERNAL_SUBNET, keys.INGRESS_EXISTING_LB, keys.INGRESS_CHARGE_TYPE, keys.INGRESS_BANDWIDTH,
    keys.INGRESS_SECURITY_GROUPS, keys.INGRESS_PASS_TO_TARGET,
)  # fmt: skip


def _bandwidth_problem(value: int) -> str | None:
    return (
        None if 1 <= value <= 2048 else f"{value} Mbit/s is outside 1 to 2048, the range of a load balancer"
    )


def _groups_problem(groups: Sequence[object]) -> str | None:
    if 1 <= len(groups) <= MOST_SECURITY_GROUPS:
        return None
    return f"{len(groups)} groups; a load balancer takes 1 to {MOST_SECURITY_GROUPS}, leave it out for none"


@args_class(
    subnet_id=ids.subnet_problem,
    load_balancer_id=ids.load_balancer_problem,
    bandwidth=_bandwidth_problem,
    security_groups=EachItem(ids.security_group_problem, whole=_groups_problem),
)
class ExposureArgs(Args):
    """Which load balancer clients come through. Made by `public()`, `internal()`, `existing_clb()` and
    `not_exposed()`."""

    kind: Union[ExposureKind, Literal["public", "internal", "existing", "none"]]
    """`public`, `internal`, `existing` or `none`. A change is refused at preview until `allow_address_change`
    of the workload."""

    subnet_id: Optional[Input[str]] = None
    """Subnet of an internal load balancer's address; not an ENI subnet. Fixed when the load balancer is made
    (457/90598). Default: none. A change is refused at preview until `allow_address_change` of the
    workload."""

    load_balancer_id: Optional[Input[str]] = None
    """An existing load balancer, made by you in the cluster's VPC; it outlives the Service. Cannot change in
    place. Default: none. A change is refused at preview until `allow_address_change` of the workload."""

    charge_type: Optional[Input[ChargeTypeInput]] = None
    """Billing of a public load balancer. Default: the account's. Fixed when the load balancer is made. A
    change is refused at preview until `allow_address_change` of the workload."""

    bandwidth: Optional[Input[int]] = None
    """Upper bound of a public load balancer in Mbit/s, 1 to 2048. Default: TKE's. Fixed when the load
    balancer is made. A change is refused at preview until `allow_address_change` of the workload."""

    security_groups: Optional[Sequence[Input[str]]] = None
    """One to five security groups of the load balancer itself. Default: none, everybody may connect. Updated
    in place."""

    pass_to_target: Optional[Input[bool]] = None
    """What the load balancer lets in need not be let in by the pods' (or nodes') own security groups as well.
    Only for load balancers
    that TKE makes; on one of your own, set `LoadBalancerPassToTarget` there. Default: TKE's, false. Updated
    in place."""

    allow_eni_subnet: Optional[bool] = None
    """Put the load balancer into a subnet of the pods all the same; it then takes an address from them.
    Default: false. Changes nothing that exists."""

    shared: Optional[bool] = None
    """Several Services of the program use this existing load balancer on purpose, each on ports of its own:
    where the account or the controller shares load balancers (457/46370). Default: false, a second workload
    with the same id is refused. Changes nothing that exists."""

    def problems(self) -> Iterator[Finding]:
        belongs = {
            "subnet_id": "internal",
            "load_balancer_id": "existing",
            "charge_type": "public",
            "bandwidth": "public",
        }
        belongs |= {"allow_eni_subnet": "internal", "shared": "existing"}
        for name, kind in belongs.items():
            if getattr(self, name) is not None and self.kind_of.value != kind:
                yield PROPERTY.finding(
                    name,
                    f"belongs to a load balancer of kind {kind!r}, this one is {self.kind_of.value!r}; leave"
                    " it out",
                )
        for name in ("subnet_id", "load_balancer_id"):
            if getattr(self, name) is None and self.kind_of.value == belongs[name]:
                yield PROPERTY.finding(name, f"is required for kind {self.kind_of.value!r}")
        if self.kind is ExposureKind.NONE and self.security_groups is not None:
            yield PROPERTY.finding(
                "security_groups", "there is no load balancer of kind 'none'; leave it out"
            )
        if self.kind in (ExposureKind.NONE, ExposureKind.EXISTING) and self.pass_to_target is not None:
            yield PROPERTY.finding(
                "pass_to_target",
                f"TKE sets it only on load balancers that it makes, this one is {self.kind_of.value!r}; leave"
                " it out, and set LoadBalancerPassToTarget on a load balancer of your own",
            )

    @property
    def kind_of(self) -> ExposureKind:
        """The kind as a member of the enumeration."""
        return ExposureKind(self.kind)

    @property
    def is_there(self) -> bool:
        """Whether there is a load balancer."""
        return self.kind is not ExposureKind.NONE

    def placement(self, names: FrontKeys) -> dict[str, Input[str]]:
        """The annotations that say so."""
        found: dict[str, Input[str]] = {}
        if self.subnet_id is not None:
            found[names.internal_subnet] = self.subnet_id
        if self.load_balancer_id is not None:
            found[names.existing] = self.load_balancer_id
        if self.charge_type is not None:
            found[names.charge_type] = pulumi.Output.from_input(self.charge_type).apply(_enum_value)
        if self.bandwidth is not None:
            found[names.bandwidth] = pulumi.Output.from_input(self.bandwidth).apply(str)
        if self.security_groups is not None:
            found[names.security_groups] = pulumi.Output.all(*self.security_groups).apply(_joined)
        if self.pass_to_target is not None:
            found[names.pass_to_target] = pulumi.Output.from_input(self.pass_to_target).apply(
                annotations.flag
            )
        return found

    def fixed(self) -> dict[str, Any]:
        """What cannot change without another load balancer, for the guard's memory."""
        charge_type = (
            None
            if self.charge_type is None
            else pulumi.Output.from_input(self.charge_type).apply(_enum_value)
        )
        found = {
            "kind": self.kind_of.value,
            "subnetId": self.subnet_id,
            "loadBalancerId": self.load_balancer_id,
            "chargeType": charge_type,
            "bandwidth": self.bandwidth,
        }
        return {name: value for name, value in found.items() if value is not None}


def public(
    charge_type: Input[ChargeTypeInput] | None = None,
    bandwidth: Input[int] | None = None,
    *,
    security_groups: Sequence[Input[str]] | None = None,
    pass_to_target: Input[bool] | None = None,
) -> ExposureArgs:
    """A load balancer on the internet, made and removed with the Service."""
    return ExposureArgs(
        kind=ExposureKind.PUBLIC,
        charge_type=charge_type,
        bandwidth=bandwidth,
        security_groups=security_groups,
        pass_to_target=pass_to_target,
    )


def internal(
    subnet_id: Input[str],
    *,
    security_groups: Sequence[Input[str]] | None = None,
    pass_to_target: Input[bool] | None = None,
    allow_eni_subnet: bool | None = None,
) -> ExposureArgs:
    """A load balancer inside the VPC with an address of this subnet, made and removed with the Service."""
    return ExposureArgs(
        kind=ExposureKind.INTERNAL,
        subnet_id=subnet_id,
        security_groups=security_groups,
        pass_to_target=pass_to_target,
        allow_eni_subnet=allow_eni_subnet,
    )


def existing_clb(
    load_balancer_id: Input[str],
    *,
    security_groups: Sequence[Input[str]] | None = None,
    shared: bool | None = None,
) -> ExposureArgs:
    """A load balancer of your own, which outlives the Service: its address survives whatever happens to the
    cluster.

    The way for production: make it with `tencentcloud.clb.Instance`, protect it, and give its id here.
    `shared`: several Services use it.
    """
    return ExposureArgs(
        kind=ExposureKind.EXISTING,
        load_balancer_id=load_balancer_id,
        security_groups=security_groups,
        shared=shared,
    )


def not_exposed() -> ExposureArgs:
    """No load balancer in front of the Service."""
    return ExposureArgs(kind=ExposureKind.NONE)


def _enum_value(value: str) -> str:
    return ChargeType(value).value


def _joined(groups: Sequence[str]) -> str:
    return ",".join(groups)
