"""EniZoneSubnet: the container subnet of one zone, from which pods get their ENI addresses.

`ContainerSubnet` is the one shape in which a cluster shows, stores and compares its container subnets.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional, Union

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from pulumi_tke_hybrid.component.args import (
    Args,
    SeverityInput,
    args_class,
    check_deferred,
    child_options,
    note_while_pending,
    parse_args,
    refuse_wrong_options,
    register_declared_outputs,
    report,
)
from pulumi_tke_hybrid.component.inputs import (
    Input,
    NoneAllowed,
    one_or_more,
    pending_paths,
    value_after,
    value_if_known,
)
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.tke import cidrs, names
from pulumi_tke_hybrid.tke.cluster import Subnet
from pulumi_tke_hybrid.tke.objects import known
from pulumi_tke_hybrid.tke.rule import ADOPTED, COMBINATION, Finding
from pulumi_tke_hybrid.tke.rules import zones_and_subnets


@args_class(
    vpc_id=names.vpc_problem,
    zone=names.zone_problem,
    cidr_block=cidrs.cidr_problem,
    subnet_id=names.subnet_problem,
    route_table_id=NoneAllowed(names.route_table_problem),
    vpc_cidr=NoneAllowed(cidrs.vpc_cidr_problem),
    tags=NoneAllowed(),
    name=names.cloud_name_problem,
)
class EniZoneSubnetArgs(Args):
    """Arguments of `EniZoneSubnet`."""

    vpc_id: Input[str]
    """The cluster's VPC. A change replaces the subnet, which is refused while it is registered."""

    zone: Input[str]
    """Zone of the subnet and of the nodes it serves, e.g. `ap-guangzhou-4`: an ENI must be in its node's zone
    (article, step 5). A change replaces the subnet, which is refused while it is registered."""

    cidr_block: Input[str]
    """Range of the subnet, inside the VPC. Dedicate it to pods: nodes and load balancers elsewhere. Three
    addresses are Tencent's. A change replaces the subnet, which is refused while it is registered."""

    subnet_id: Optional[Input[str]] = None
    """Adopt this existing subnet instead of creating one; zone and range then describe the existing
    subnet. Default: a subnet is made. Another one is another container subnet: refused at preview while
    the former one is registered."""

    route_table_id: Optional[Input[str]] = None
    """Route table of the subnet. Default: the VPC's default one. Updated in place."""

    tags: Optional[Input[Mapping[str, Input[str]]]] = None
    """Tags of the subnet. Updated in place. Default: none."""

    vpc_cidr: Optional[Union[Input[str], Sequence[Input[str]]]] = None
    """Range of the VPC, or a list of its primary and secondary ranges, for the check that the subnet lies in
    one of them. Default: the check is left out. Changes nothing that exists."""

    name: Optional[Input[str]] = None
    """Name in the cloud, 1 to 60 characters. Default: the component's name. Updated in place."""

    deletion_protection: Optional[bool] = None
    """Refuse to delete or replace the subnet (Pulumi's `protect`): pods would lose their network with it.
    Default: true. Updated in place."""

    rules: Optional[Mapping[str, SeverityInput]] = None
    """Severities of single rules, by their ids in docs/rules.md: `error`, `warning` or `note`. Default: each
    rule's own. Changes nothing that exists."""

    def problems(self) -> Iterator[Finding]:
        if self.vpc_cidr is not None:
            vpc, later = one_or_more(self.vpc_cidr)
            pending = pending_paths(self, "", "cidr_block") + (["vpc_cidr"] if later else [])
            yield from zones_and_subnets.subnet_findings(
                value_if_known(self.cidr_block), () if later else vpc, pending
            )
        if self.subnet_id is not None:
            for name in ("route_table_id", "tags", "name", "deletion_protection"):
                if (given := getattr(self, name)) is not None and given is not False:
                    yield COMBINATION.finding(
                        name,
                        "belongs to a subnet that is created",
                        why="with subnet_id an existing one is adopted as it is",
                        todo="leave it out",
                    )


@args_class(
    subnet_id=names.subnet_problem, zone=names.zone_problem, cidr_block=NoneAllowed(cidrs.cidr_problem)
)
class EniSubnetArgs(Args):
    """A container subnet that is described rather than passed as an `EniZoneSubnet`."""

    subnet_id: Input[str]
    """Its id. Another one is another container subnet: refused at preview while the former one is
    registered."""

    zone: Input[str]
    """Its zone, e.g. `ap-guangzhou-4`. It has to be the zone that the subnet has. Changes nothing that
    exists."""

    cidr_block: Optional[Input[str]] = None
    """Its range, for checks. Default: those checks are left out. Changes nothing that exists."""


class EniZoneSubnet(pulumi.ComponentResource):
    """One container subnet in one zone: created, or adopted by its id."""

    subnet_id: pulumi.Output[str]
    """Id of the subnet."""
    zone: pulumi.Output[str]
    """Its zone."""
    cidr_block: pulumi.Output[str]
    """Its range."""
    available_ip_count: pulumi.Output[int]
    """Free addresses when last read."""

    def __init__(
        self,
        name: str,
        args: EniZoneSubnetArgs | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the subnet, or look the adopted subnet up.

        `name` is the component's name, and the subnet's in the cloud where `args.name` is left out. `args`
        may be a dictionary of the same shape. Raises `InvalidInputs`, naming each property, before anything
        is made; for an adopted subnet also if its VPC, zone or range differs.
        """
        owner = f"EniZoneSubnet {name!r}"
        parsed = parse_args(EniZoneSubnetArgs, args, owner)
        refuse_wrong_options(opts, owner, "tencentcloud")
        shown = {
            "zone": parsed.zone,
            "cidrBlock": parsed.cidr_block,
            "subnetId": parsed.subnet_id,
            "rules": parsed.rules,
        }
        super().__init__("tke-hybrid:index:EniZoneSubnet", name, shown, opts)
        if parsed.name is None and parsed.subnet_id is None:
            problem = names.cloud_name_problem(name)
            InvalidInputs.raise_if_any(owner, [problem.under("name")] if problem else [])
        self.args = parsed
        """The inputs of the component, for checks before anything exists."""
        checked = check_deferred(self, owner, parsed)
        self.zone = pulumi.Output.from_input(parsed.zone)
        self.cidr_block = pulumi.Output.from_input(parsed.cidr_block)
        if parsed.subnet_id is None:
            self._create(name, parsed, checked, opts)
        else:
            self._adopt(owner, parsed)
        register_declared_outputs(self, EniZoneSubnet)

    def _create(
        self,
        name: str,
        args: EniZoneSubnetArgs,
        checked: Input[bool],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        subnet = tencentcloud.subnet.Instance(
            f"{name}-subnet",
            vpc_id=args.vpc_id,
            availability_zone=args.zone,
            cidr_block=value_after(args.cidr_block, checked),
            name=name if args.name is None else args.name,
            is_multicast=False,  # the provider's default, true, needs an allow-listed account
            route_table_id=args.route_table_id,
            tags=args.tags,
            # Never False: it would override the caller's own protection.
            opts=child_options(
                self,
                protect=None if args.deletion_protection is False else True,
                ignore_changes=[*((opts.ignore_changes or ()) if opts else ())],
            ),
        )
        self.subnet_id = subnet.id
        self.available_ip_count = subnet.available_ip_count

    def _adopt(self, owner: str, args: EniZoneSubnetArgs) -> None:
        wanted = pulumi.Output.from_input(args.subnet_id or "")
        note_while_pending(
            self,
            wanted,
            "subnet_id: is not known yet; VPC, zone and range are compared with the subnet during `up`,"
            " before its id is used",
        )

        def wrong_id(subnet_id: str, what: str, why: str, todo: str) -> InvalidInputs:
            return InvalidInputs(
                owner, [ADOPTED.finding("subnet_id", what, value=subnet_id, why=why, todo=todo)]
            )

        def look(subnet_id: str) -> list[dict[str, Any]]:
            try:
                found = tencentcloud.vpc.get_subnets(
                    subnet_id=subnet_id, opts=pulumi.InvokeOptions(parent=self)
                )
                return [
                    {
                        "vpc_id": subnet.vpc_id,
                        "zone": subnet.availability_zone,
                        "cidr_block": subnet.cidr_block,
                        "free": subnet.available_ip_count,
                    }
                    for subnet in found.instance_lists
                ]
            except Exception as error:  # the engine raises nothing narrower for a function that failed
                why, todo = str(error).partition("\n")[0], "`tke-hybrid doctor` checks the credentials"
                raise wrong_id(subnet_id, "could not be looked up", why, todo) from None

        stated = {"vpc_id": args.vpc_id, "zone": args.zone, "cidr_block": args.cidr_block}

        def compare(values: dict[str, Any]) -> int:
            subnets = values["subnets"]
            if not subnets:
                why, todo = "or these credentials may not see it", "check the id, the region, the credentials"
                raise wrong_id(values["id"], "is not in this region and account", why, todo)
            live = subnets[0]
            wrong = [
                ADOPTED.finding(
                    name,
                    f"is stated, but {values['id']} has {live[name]}",
                    value=value,
                    todo="state what is there",
                )
                for name, value in values["stated"].items()
                if live[name] != value
            ]
            InvalidInputs.raise_if_any(owner, wrong)
            if live["free"] == 0:
                full = zones_and_subnets.full_finding(values["id"], live["cidr_block"])
                report(self, owner, args.settings, [full])
            return int(live["free"])

        self.available_ip_count = pulumi.Output.all(
            subnets=wanted.apply(look), id=wanted, stated=stated
        ).apply(compare)
        # The id is known only after the comparison.
        self.subnet_id = value_after(wanted, self.available_ip_count)


_MADE, ADOPTED_SUBNET, STATED_SUBNET = "", "adopted", "stated"
"""Origin of a container subnet: made by an `EniZoneSubnet`; adopted by one, so the subnet stays; or stated
by its id, so its owner is not known."""


@dataclass
class ContainerSubnet(Args):
    """A container subnet of a cluster, passed as a component, described by the program, or stored by the
    guard."""

    subnet_id: Input[str]
    zone: Input[str]
    cidr_block: Input[str] | None
    origin: str = _MADE
    vpc_id: Input[str] | None = None

    @classmethod
    def of(cls, given: "EniZoneSubnet | EniSubnetArgs | ContainerSubnet") -> "ContainerSubnet":
        """Return the container subnet for an item of `eni_subnets`."""
        if isinstance(given, ContainerSubnet):
            return given
        if isinstance(given, EniSubnetArgs):
            return cls(given.subnet_id, given.zone, given.cidr_block, STATED_SUBNET)
        args = given.args
        origin = _MADE if args.subnet_id is None else ADOPTED_SUBNET
        return cls(given.subnet_id, args.zone, args.cidr_block, origin, args.vpc_id)

    @classmethod
    def from_guard(cls, stored: Mapping[str, Any]) -> "ContainerSubnet":
        """Return the container subnet that `guarded` gave to the guard."""
        subnet_id, zone = (str(known(stored.get(name)) or "") for name in ("id", "zone"))
        return cls(subnet_id, zone, known(stored.get("cidr")), str(stored.get("from") or _MADE))

    def guarded(self) -> dict[str, Any]:
        """Return the container subnet as the guard stores it."""
        stored = {"id": self.subnet_id, "zone": self.zone, "cidr": self.cidr_block}
        return {**stored, "from": self.origin} if self.origin else stored

    def declared(self, path: str) -> Subnet:
        """Return the known values, for the rules."""
        return Subnet(
            value_if_known(self.cidr_block),
            value_if_known(self.subnet_id) or "",
            zone=value_if_known(self.zone) or "",
            vpc_id=value_if_known(self.vpc_id) or "",
            path=path,
        )
