"""The rule on the source address of GlobalRouter pods: the ranges without source NAT (non-masquerade) in
ip-masq-agent's list.

The list changes by VPC-CNI, by new container subnets, and by its own ConfigMap.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_network

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.rules.clusters import listed_subnets
from pulumi_tke_hybrid.plan.rules.registry import rule
from pulumi_tke_hybrid.plan.rules.system_objects import object_name, strings
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.values import unknown

GR_SOURCE_ADDRESS = Rule(
    "gr-source-address",
    Severity.WARNING,
    "The source address of GlobalRouter pods does not change: by VPC-CNI with add_vpc, by subnets that the "
    "provider adds, by the list of ip-masq-agent.",
    "how VPC-CNI treats egress; ip-masq-agent's list before and after",
    "457/56371",
)
_CONFIG_MAP = "ip-masq-agent-config"


@rule(GR_SOURCE_ADDRESS, on=resource_types.CLUSTER, operations=(Op.UPDATE,))
def _egress_of_cluster(step: Step) -> Iterator[Finding]:
    """Report subnets that the provider adds: the provider does not set SkipAddingNonMasqueradeCIDRs."""
    if not step.differs("eniSubnetIds"):
        return
    before, after = listed_subnets(step)
    if after is None or set(after) - set(before or ()):
        listed = f"{_added(before, after)} to the list of container subnets"
        todo = (
            "list the container subnets in a VpcCni with non_masquerade=keep instead: then no range is added"
        )
        switched_on = f"VPC-CNI (pods with addresses of container subnets) is switched on: {listed}"
        yield _egress(
            f"{step.name}.eniSubnetIds",
            listed if before else switched_on,
            todo,
            again=bool(before),
        )


@rule(GR_SOURCE_ADDRESS, on=resource_types.SWITCH, operations=(Op.CREATE, Op.UPDATE))
def _egress_of_switch(step: Step) -> Iterator[Finding]:
    if step.new.get("nonMasquerade") != "add_vpc":
        return
    before, after = listed_subnets(step)
    todo = "set non_masquerade=keep: then no range is added"
    where, again = f"{step.name}.nonMasquerade", step.old.get("nonMasquerade") == "add_vpc"
    if step.op is Op.CREATE and unknown(step.new.get("clusterId")):
        # A cluster that is made in the same run has no pod yet whose address could change.
        found = _egress(where, "VPC-CNI of a new cluster is switched on with nonMasquerade add_vpc", todo)
        why = (
            "certain, from the first pod on: pods on the overlay (GlobalRouter) reach other hosts of the VPC"
            " with their own pod address as source, not with their node's; possible: a firewall or allow-list"
            " there refuses them"
        )
        yield replace(found, severity=Severity.NOTE, why=why)
    elif step.op is Op.CREATE:
        yield _egress(where, "VPC-CNI is switched on with nonMasquerade add_vpc", todo)
    elif after is None or set(after) - set(before or ()):
        yield _egress(
            where,
            f"{_added(before, after)} to the container subnets, with nonMasquerade add_vpc",
            todo,
            again=again,
        )
    elif not again:
        yield _egress(where, "nonMasquerade keep → add_vpc", todo)


def _added(before: Sequence[str] | None, after: Sequence[str] | None) -> str:
    """The ids that a list gains, as text."""
    new = [item for item in after or () if item not in (before or ())]
    return f"+{', '.join(new)}" if new else "subnets whose ids are known only after the apply are added"


def _egress(where: str, what: str, todo: str, *, again: bool = False) -> Finding:
    """Return the finding. `again`: an earlier addition of subnets has added the VPC's range already."""
    adds = (
        "a new container subnet makes TKE add the VPC's range to the list of ranges without source NAT"
        " (non-masquerade)"
    )
    sees = (
        "pods on the overlay (GlobalRouter) reach other hosts of the VPC with their own pod address as source"
        " instead of their node's"
    )
    effect = (
        f"possible, as soon as it is applied: {adds}, and if the range is not in the list already, {sees}"
        if again
        else f"certain, as soon as it is applied: {adds}, so {sees}"
    )
    return GR_SOURCE_ADDRESS.finding(
        where,
        what,
        why=f"{effect}; possible: a firewall or allow-list there refuses them",
        todo=todo,
        intended="admit the cluster's pod range at the destinations first",
    )


@rule(GR_SOURCE_ADDRESS, on=resource_types.CONFIG_MAPS)
def _masquerade_list(step: Step) -> Iterator[Finding]:
    if object_name(step) == _CONFIG_MAP and step.old.get("data") != step.new.get("data"):
        yield GR_SOURCE_ADDRESS.finding(
            f"{step.name}.data",
            _ranges_text(step),
            why=(
                "certain, as soon as it is applied: these destinations see another source address of pods on"
                " the overlay (GlobalRouter); the pod's own for ranges in this list (non-masquerade), the"
                " node's for all others; possible: a firewall or allow-list there refuses them"
            ),
            todo="keep the list as it is",
            intended=(
                "admit the cluster's pod range at the added destinations, and the nodes' addresses at the"
                " removed ones"
            ),
        )


_MOST = 5
"""Number of ranges that a finding lists."""
_RANGE = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}")


def _ranges_text(step: Step) -> str:
    """The ranges that the list gains and loses. The list is text in YAML or JSON; only the ranges are
    read."""
    before, after = (
        _RANGE.findall(" ".join(strings(props.get("data")).values())) for props in (step.old, step.new)
    )
    added = ", ".join([item for item in after if item not in before][:_MOST])
    removed = [item for item in before if item not in after][:_MOST]
    rest = any(_overlap(gone, left) for gone in removed for left in after)
    parts = [f"+{added}: these destinations see the pods' own address from now on"] if added else []
    if removed:
        parts.append(
            f"-{', '.join(removed)}: these destinations see the node's address from now on"
            f"{', as far as no other range of the list holds them' if rest else ''}"
        )
    change = f" ({'; '.join(parts)})" if parts else ""
    verb = "goes" if step.op is Op.DELETE else "changes"
    return f"the list of ip-masq-agent (non-masquerade ranges) {verb}{change}"


def _overlap(one: str, other: str) -> bool:
    """Whether two ranges share addresses; a text that is no range may hold any address."""
    try:
        return ip_network(one, strict=False).overlaps(ip_network(other, strict=False))
    except ValueError:
        return True
