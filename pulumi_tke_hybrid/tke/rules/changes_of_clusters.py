"""Dangerous changes of a cluster, its pod network and its protection."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.step import Check, Op, Step, texts, unknown

_PROVIDER = "terraform-provider-tencentcloud 1.82.42, as the Pulumi provider 0.2.3 has it"

CLUSTER_REBUILT = Rule(
    "cluster-rebuilt", Severity.ERROR, "A plan never rebuilds or deletes a cluster unnoticed.", "the operation on the cluster", _PROVIDER
)
POD_NETWORK_OFF = Rule(
    "pod-network-off", Severity.ERROR, "A cluster's list of pod subnets never becomes empty.", "the list before and after", _PROVIDER
)
POD_SUBNET_LEAVES = Rule(
    "pod-subnet-leaves",
    Severity.ERROR,
    "A pod subnet never leaves the list, is deleted or replaced.",
    "the list before and after; the operation on the subnet",
    _PROVIDER,
)
PHANTOM_HYBRID = Rule(
    "phantom-hybrid",
    Severity.ERROR,
    "A GlobalRouter cluster is never created with ENI fields: the provider keeps them in its state and does not act on them.",
    "the inputs of a new cluster",
    _PROVIDER,
)
REFUSED_UPDATE = Rule(
    "refused-update",
    Severity.ERROR,
    "Reclaim time and CNI type are fixed once VPC-CNI is on; the provider refuses a change while it applies it.",
    "the inputs before and after",
    _PROVIDER,
)
GR_SOURCE_ADDRESS = Rule(
    "gr-source-address",
    Severity.WARNING,
    "The source address that others see of GlobalRouter pods changes only knowingly.",
    "how VPC-CNI treats egress; ip-masq-agent's list before and after",
    "457/56371",
)
PROTECTION_OFF = Rule(
    "protection-off",
    Severity.WARNING,
    "Clusters and pod subnets stay protected against deletion.",
    "protection before and after",
    _PROVIDER,
)
SWITCH_UNMANAGED = Rule(
    "switch-unmanaged",
    Severity.WARNING,
    "The pod network's settings stay in the program.",
    "the operation on VpcCni",
    "pulumi_tke_hybrid.vpc_cni: deleting it leaves the pod network on",
)


def listed_subnets(step: Step) -> tuple[list[str] | None, list[str] | None]:
    """The pod subnets that a cluster or switch lists, before and after; None where the preview cannot tell."""
    key = "eniSubnetIds" if step.type == tokens.CLUSTER else "subnets"
    before = _known_list(step.old.get(key)) or []
    if step.type == tokens.CLUSTER and step.differs(key):
        before = before or _known_list(step.state.get(key)) or []
    return before, _known_list(step.new.get(key))


def registered(step: Step) -> set[str]:
    """Pod subnets that stay registered whatever the new list says, because TKE cannot unregister one; none where the network goes off."""
    key, in_the_cloud = ("eniSubnetIds", "eniSubnetIds") if step.type == tokens.CLUSTER else ("subnets", "registeredSubnets")
    wanted = {item for item in texts(step.new.get(key)) if not unknown(item)}
    _, after = listed_subnets(step)
    if step.op.ends or (after == [] and step.differs(key)):
        return wanted
    return wanted.union(texts(step.old.get(key)), texts(step.state.get(in_the_cloud)))


def _known_list(value: Any) -> list[str] | None:
    """The ids of a list, or None where it, or part of it, is not known."""
    if unknown(value):
        return None
    found = texts(value)
    return None if any(unknown(item) for item in found) else found


def _cluster_rebuilt(step: Step) -> Iterator[Finding]:
    if step.op is Op.REPLACE:
        yield CLUSTER_REBUILT.finding(
            step.name,
            "would rebuild the whole cluster",
            value=step.replaced_for,
            why="TKE fixes it when a cluster is made, so every node, pod and load balancer address goes",
            todo="go back to the old value, or build a second cluster and move",
        )
    elif step.op is Op.DELETE:
        yield CLUSTER_REBUILT.finding(
            step.name,
            "the cluster would be deleted",
            why="every node, pod and load balancer address goes with it",
            todo="keep it in the program, or accept this finding",
        )


def _pod_network_list(step: Step) -> Iterator[Finding]:
    if step.op is not Op.UPDATE:
        return
    if step.type == tokens.CLUSTER and not step.differs("eniSubnetIds"):
        return  # ignored, or not touched
    before, after = listed_subnets(step)
    if not before or after is None:
        return
    where = f"{step.name}.{'eniSubnetIds' if step.type == tokens.CLUSTER else 'subnets'}"
    yield from list_losses(where, before, after)


def list_losses(where: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Finding]:
    """What a list of pod subnets loses."""
    gone = [item for item in before if item not in after]
    if before and not after:
        yield POD_NETWORK_OFF.finding(
            where,
            "leave the list of pod subnets, which becomes empty",
            value=", ".join(before),
            why="that turns VPC-CNI off, and every ENI pod of the cluster loses its network",
            todo="keep the list as it is",
        )
    elif gone:
        yield POD_SUBNET_LEAVES.finding(
            where,
            "leaves the list of pod subnets",
            value=", ".join(gone),
            why="TKE cannot unregister one subnet, and pods hold addresses in it",
            todo="keep it and add another one beside it",
        )


def _phantom(step: Step) -> Iterator[Finding]:
    if not step.creates or step.new.get("networkType") not in (None, "GR"):
        return
    given = [key for key in ("eniSubnetIds", "vpcCniType") if step.new.get(key)]
    if given:
        yield PHANTOM_HYBRID.finding(
            f"{step.name}.{given[0]}",
            "would not switch VPC-CNI on",
            value=" and ".join(given),
            why="the provider ignores ENI fields when it creates a GlobalRouter cluster and keeps them in its state, so the cluster looks "
            "hybrid and is not",
            todo="leave them out and use VpcCni or HybridCluster",
        )


def _refused_update(step: Step) -> Iterator[Finding]:
    if step.op is not Op.UPDATE:
        return
    fixed = [key for key in ("vpcCniType", "claimExpiredSeconds") if step.differs(key)]
    before, after = listed_subnets(step)
    lists_some = after is None or bool(after)  # ids that are still to come are no empty list
    switched = bool(before) != lists_some and step.differs("eniSubnetIds")
    if fixed and not switched:
        yield REFUSED_UPDATE.finding(
            f"{step.name}.{fixed[0]}",
            "cannot be changed while VPC-CNI stays as it is",
            value=" and ".join(fixed),
            why="the provider refuses it while it applies the plan, and with it every later update of the cluster",
            todo="go back to the old value",
        )


def _egress_of_cluster(step: Step) -> Iterator[Finding]:
    """The provider never says SkipAddingNonMasqueradeCIDRs."""
    if step.op is not Op.UPDATE or not step.differs("eniSubnetIds"):
        return
    before, after = listed_subnets(step)
    if after is None or set(after) - set(before or ()):
        yield _egress(f"{step.name}.eniSubnetIds", "adds pod subnets", "use VpcCni with non_masquerade=keep, or admit the cluster's range")


def _egress_of_switch(step: Step) -> Iterator[Finding]:
    if step.new.get("nonMasquerade") != "add_vpc":
        return
    before, after = listed_subnets(step)
    todo = "say non_masquerade=keep, or admit the cluster's range where that traffic goes"
    where = f"{step.name}.nonMasquerade"
    if step.op is Op.CREATE and unknown(step.new.get("clusterId")):
        # A cluster that is made in the same run has no pod yet whose address could change.
        yield replace(_egress(where, "VPC-CNI of a new cluster is switched on with add_vpc", todo), severity=Severity.NOTE)
    elif step.op is Op.CREATE:
        yield _egress(where, "VPC-CNI is switched on with add_vpc", todo)
    elif step.op is Op.UPDATE and (after is None or set(after) - set(before or ())):
        yield _egress(where, "pod subnets are added with add_vpc", todo)
    elif step.op is Op.UPDATE and step.old.get("nonMasquerade") != "add_vpc":
        yield _egress(where, "add_vpc instead of keep", todo)


def _egress(where: str, what: str, todo: str) -> Finding:
    return GR_SOURCE_ADDRESS.finding(
        where,
        what,
        why="the VPC's range joins the non-masquerade list, so what GlobalRouter pods send into the VPC carries the pod's address "
        "instead of its node's",
        todo=todo,
    )


def _switched_off(step: Step) -> Iterator[Finding]:
    """A replacement deletes the old switch, so it switches off as well."""
    if not step.op.ends or step.old.get("onDelete") != "disable":
        return
    if step.op is Op.DELETE:
        what, where, todo = "leaves the program", "", "keep it"
    else:
        what, where, todo = f"would be replaced ({step.replaced_for})", " in the old cluster", "go back to the old value"
    yield POD_NETWORK_OFF.finding(
        step.name,
        f"{what}, and its on_delete is disable",
        why=f"that turns VPC-CNI off{where}, and every ENI pod of the cluster loses its network",
        todo=f"{todo}, or say on_delete=keep and apply that first",
    )


def _unmanaged(step: Step) -> Iterator[Finding]:
    if step.op is Op.DELETE and step.old.get("onDelete") != "disable":
        yield SWITCH_UNMANAGED.finding(
            step.name,
            "leaves the program",
            why="the pod network stays on, and nothing guards its settings any more",
            todo="keep it unless the cluster goes too",
        )


def protection(step: Step) -> Iterator[Finding]:
    if not step.old or not step.new:
        return
    off = ["deletionProtection"] if step.old.get("deletionProtection") is True and not step.new.get("deletionProtection") else []
    off += ["protect"] if step.was_protected and not step.protected else []
    if off:
        yield PROTECTION_OFF.finding(
            f"{step.name}.{off[0]}",
            "is switched off",
            value=" and ".join(off),
            why="one wrong line in a later program can then delete it, and the pods' network with it",
            todo="keep it on until the day it has to go",
        )


CHECKS: dict[str, Sequence[Check]] = {
    tokens.CLUSTER: (_cluster_rebuilt, _pod_network_list, _phantom, _refused_update, _egress_of_cluster, protection),
    tokens.SWITCH: (_pod_network_list, _egress_of_switch, _switched_off, _unmanaged),
}
