"""Which load balancer clients come through: `ExposureArgs`, its annotations, and the workloads that name one
load balancer.

The Service and the Ingress behind the load balancer are made in `service` and `ingress`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Optional, Union
from weakref import WeakKeyDictionary

import pulumi

from pulumi_tke_hybrid.component.args import Args, args_class, report
from pulumi_tke_hybrid.component.inputs import EachItem, Input, is_pending
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.component.live_objects import known_value
from pulumi_tke_hybrid.tke import annotations, keys, names
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.rule import COMBINATION, Finding, Severity
from pulumi_tke_hybrid.tke.rules.load_balancer_rules import (
    NO_LOAD_BALANCER,
    LoadBalancerUse,
    pass_to_target_finding,
    sum_findings,
    use_findings,
)

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
class LoadBalancerKeys:
    """Keys of the annotations of a Service or an Ingress, under the names of the arguments of `ExposureArgs`
    that the annotations hold."""

    subnet_id: str
    load_balancer_id: str
    charge_type: str
    bandwidth: str
    security_groups: str
    pass_to_target: str


SERVICE_KEYS = LoadBalancerKeys(
    keys.SERVICE_INTERNAL_SUBNET, keys.SERVICE_EXISTING_LB, keys.SERVICE_CHARGE_TYPE, keys.SERVICE_BANDWIDTH,
    keys.SERVICE_SECURITY_GROUPS, keys.SERVICE_PASS_TO_TARGET,
)  # fmt: skip
INGRESS_KEYS = LoadBalancerKeys(
    keys.INGRESS_INTERNAL_SUBNET, keys.INGRESS_EXISTING_LB, keys.INGRESS_CHARGE_TYPE, keys.INGRESS_BANDWIDTH,
    keys.INGRESS_SECURITY_GROUPS, keys.INGRESS_PASS_TO_TARGET,
)  # fmt: skip
KEYS_OF = {On.SERVICE: SERVICE_KEYS, On.INGRESS: INGRESS_KEYS}
_KIND_OF = {
    "subnet_id": "internal",
    "load_balancer_id": "existing",
    "charge_type": "public",
    "bandwidth": "public",
    "allow_eni_subnet": "internal",
    "shared": "existing",
}
"""The only kind of load balancer that has the property."""


def _bandwidth_problem(value: int) -> str | None:
    if 1 <= value <= 2048:
        return None
    return f"{value} Mbit/s is outside 1 to 2048, the range of a load balancer"


def _groups_problem(groups: Sequence[object]) -> str | None:
    if 1 <= len(groups) <= MOST_SECURITY_GROUPS:
        return None
    return f"{len(groups)} groups; a load balancer takes 1 to {MOST_SECURITY_GROUPS}, leave it out for none"


def _enum_value(value: str) -> str:
    return ChargeType(value).value


_TEXT_OF: Mapping[str, Callable[[Any], str]] = {
    "charge_type": _enum_value,
    "bandwidth": str,
    "security_groups": ",".join,
    "pass_to_target": annotations.flag,
}
"""How an annotation holds a value that is no text."""


@args_class(
    subnet_id=names.subnet_problem,
    load_balancer_id=names.load_balancer_problem,
    bandwidth=_bandwidth_problem,
    security_groups=EachItem(names.security_group_problem, whole=_groups_problem),
)
class ExposureArgs(Args):
    """Which load balancer clients come through. Made by `public()`, `internal()`, `existing_clb()` and
    `not_exposed()`."""

    kind: Union[ExposureKind, Literal["public", "internal", "existing", "none"]]
    """`public`, `internal`, `existing` or `none`. A change is refused at preview until `allow_address_change`
    of the workload."""

    subnet_id: Optional[Input[str]] = None
    """Subnet of an internal load balancer's address; not a container subnet. Fixed when the load balancer is
    made (457/90598). Default: none. A change is refused at preview until `allow_address_change` of the
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
    """One to five security groups of the load balancer itself. Default: none, every client may connect.
    Updated in place."""

    pass_to_target: Optional[Input[bool]] = None
    """Traffic that the load balancer lets in passes without a rule in the security groups of the pods (or
    nodes). Only for load balancers that TKE makes; on a load balancer of your own, set
    `LoadBalancerPassToTarget` there. Default: TKE's, false. Updated in place."""

    allow_eni_subnet: Optional[bool] = None
    """Put the load balancer into a container subnet all the same; the load balancer then takes an address
    from the pods. Default: false. Changes nothing that exists."""

    shared: Optional[bool] = None
    """Several Services of the program use this existing load balancer on purpose, each on ports of its own:
    where the account or the controller shares load balancers (457/46370). Default: false, a second workload
    with the same id is refused. Changes nothing that exists."""

    def problems(self) -> Iterator[Finding]:
        kind = self.kind_of.value
        for name, only in _KIND_OF.items():
            if getattr(self, name) is not None and kind != only:
                what = f"belongs to a load balancer of kind {only!r}, this one is {kind!r}"
                yield COMBINATION.finding(name, what, todo="leave it out")
        for name in ("subnet_id", "load_balancer_id"):
            if getattr(self, name) is None and kind == _KIND_OF[name]:
                yield COMBINATION.finding(name, f"is required for kind {kind!r}")
        if not self.has_load_balancer and self.security_groups is not None:
            what = "there is no load balancer of kind 'none'"
            yield NO_LOAD_BALANCER.finding("security_groups", what, todo="leave it out")
        if self.kind in (ExposureKind.NONE, ExposureKind.EXISTING) and self.pass_to_target is not None:
            yield pass_to_target_finding(kind)

    @property
    def kind_of(self) -> ExposureKind:
        """The kind as a member of the enumeration."""
        return ExposureKind(self.kind)

    @property
    def has_load_balancer(self) -> bool:
        """Whether a load balancer stands behind the Service or the Ingress."""
        return self.kind is not ExposureKind.NONE

    def load_balancer_annotations(self, names: LoadBalancerKeys) -> dict[str, Input[str]]:
        """Return the annotations that name the load balancer and its settings."""
        found: dict[str, Input[str]] = {}
        for name, key in vars(names).items():
            value = getattr(self, name)
            if value is not None:
                text_of = _TEXT_OF.get(name)
                found[key] = pulumi.Output.from_input(value).apply(text_of) if text_of else value
        return found

    def argument_of(self, names: LoadBalancerKeys, path: str) -> dict[str, str]:
        """Return the argument behind each annotation; `path` is the argument that holds the exposure."""
        arguments = vars(names).items()
        return {key: f"{path}.{name}" for name, key in arguments if getattr(self, name) is not None}

    def fixed(self) -> dict[str, Any]:
        """Return the properties that need another load balancer, as the workload's guard stores them."""
        charge_type: Any = self.charge_type
        if charge_type is not None:
            charge_type = pulumi.Output.from_input(charge_type).apply(_enum_value)
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
    """A load balancer on the internet, made and removed with the Service.

    `bandwidth` is its upper bound in Mbit/s. A change of `charge_type` or `bandwidth` needs another load
    balancer; see `ExposureArgs`.
    """
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
    """A load balancer of your own, which outlives the Service: its address survives a loss of the cluster.

    The way for production: make the load balancer with `tencentcloud.clb.Instance`, protect it, and give its
    id here. `shared`: several Services use the load balancer.
    """
    return ExposureArgs(
        kind=ExposureKind.EXISTING,
        load_balancer_id=load_balancer_id,
        security_groups=security_groups,
        shared=shared,
    )


def not_exposed() -> ExposureArgs:
    """No load balancer behind the Service."""
    return ExposureArgs(kind=ExposureKind.NONE)


_USES: "WeakKeyDictionary[pulumi.Resource, dict[str, list[LoadBalancerUse]]]" = WeakKeyDictionary()
"""Uses of each load balancer by the stack resource of a run, so that two programs of one process stay
apart."""


def register_use(
    component: pulumi.Resource,
    use: LoadBalancerUse,
    load_balancer: Input[str],
    settings: Mapping[str, Severity],
) -> Input[bool]:
    """Register that a workload uses an existing load balancer, and compare the use with earlier ones.

    Raises `InvalidInputs` where another workload of the run names the load balancer, unless both share it.
    Resources that depend on the check use the returned value. A preview that does not know the id does not
    compare.
    """
    root = pulumi.runtime.get_root_resource()
    uses: dict[str, list[LoadBalancerUse]] = {} if root is None else _USES.setdefault(root, {})

    def register(name: str) -> bool:
        others = uses.setdefault(name, [])
        InvalidInputs.raise_if_any(use.owner, use_findings(use, name, others))
        report(component, use.owner, settings, sum_findings(use, name, others))
        others.append(use)
        return True

    async def register_when_known() -> bool:
        name = await known_value(load_balancer)
        return name is None or register(str(name))

    if is_pending(load_balancer):
        return pulumi.Output.from_input(register_when_known())
    return register(str(load_balancer))
