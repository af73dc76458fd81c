"""Rules on changes of a cluster, of VPC-CNI and of their protection, on resources that leave the stack, and
on versions of providers."""

from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Step, is_patch
from pulumi_tke_hybrid.plan.rules.registry import ENDING, REMAINING, Shape, rule
from pulumi_tke_hybrid.tke.objects import texts, unknown
from pulumi_tke_hybrid.tke.rule import Finding, Rule, note_rule, warning_rule

APPLY_FAILS = "certain: the apply fails"
"""Begins the effect of a change that the provider refuses during the apply."""
PROVIDER = "terraform-provider-tencentcloud 1.82.42, as the Pulumi provider 0.2.3 has it"

CLUSTER_REBUILT = Rule(
    "cluster-rebuilt",
    "A change does not replace or delete a cluster; the finding names the fields that force a replacement.",
    "the operation on the cluster",
    PROVIDER,
)
POD_NETWORK_OFF = Rule(
    "pod-network-off",
    "The list of container subnets does not become empty, and `VpcCni` with on_delete=disable stays in the "
    "program: both would switch VPC-CNI off.",
    "the list before and after",
    PROVIDER,
)
POD_SUBNET_LEAVES = Rule(
    "pod-subnet-leaves",
    "A container subnet stays in the lists of its cluster, of `VpcCni` and of ipamd's ConfigMap, and is not "
    "deleted or replaced.",
    "the list before and after; the operation on the subnet",
    PROVIDER,
)
PHANTOM_HYBRID = Rule(
    "phantom-hybrid",
    "A new GlobalRouter cluster has no ENI fields: the provider keeps these fields in its state and does "
    "nothing with them.",
    "the inputs of a new cluster",
    PROVIDER,
)
REFUSED_UPDATE = Rule(
    "refused-update",
    "Reclaim time and CNI type do not change while VPC-CNI is on: the provider refuses the change during "
    "the apply, and every later update.",
    "the inputs before and after",
    PROVIDER,
)
PROTECTION_OFF = warning_rule(
    "protection-off",
    "`deletionProtection` and `protect` of clusters and subnets stay on.",
    "protection before and after",
    PROVIDER,
)
SWITCH_UNMANAGED = warning_rule(
    "switch-unmanaged",
    "`VpcCni` stays in the program. Without `VpcCni` the pod network stays on, and its settings are "
    "unmanaged.",
    "the operation on VpcCni",
    "pulumi_tke_hybrid.vpc_cni: deleting it leaves the pod network on",
)


def listed_subnets(step: Step) -> tuple[list[str] | None, list[str] | None]:
    """Return the container subnets that a cluster or switch lists, before and after; None where not known."""
    key = resource_types.subnets_key(step.type)
    before = _known_list(step.old.get(key)) or []
    if step.type == resource_types.CLUSTER and key in step.changed_inputs:
        before = before or _known_list(step.state.get(key)) or []
    return before, _known_list(step.new.get(key))


def registered(step: Step) -> set[str]:
    """Return the container subnets that stay registered: TKE cannot unregister a single subnet. None stays
    where VPC-CNI is switched off."""
    key = resource_types.subnets_key(step.type)
    in_the_cloud = key if step.type == resource_types.CLUSTER else "registeredSubnets"
    wanted = {item for item in texts(step.new.get(key)) if not unknown(item)}
    _, after = listed_subnets(step)
    if step.op.ends or (after == [] and key in step.changed_inputs):
        return wanted
    return wanted.union(texts(step.old.get(key)), texts(step.state.get(in_the_cloud)))


def _known_list(value: Any) -> list[str] | None:
    """Return the ids of a list; None where an id is not known."""
    if unknown(value):
        return None
    found = texts(value)
    return None if any(map(unknown, found)) else found


@rule(CLUSTER_REBUILT, on=resource_types.CLUSTER, operations=ENDING)
def _cluster_rebuilt(step: Step) -> Iterator[Finding]:
    if step.op is Op.REPLACE:
        yield CLUSTER_REBUILT.finding(
            step.name,
            "would rebuild the whole cluster: TKE fixes this when a cluster is made",
            value=resource_types.reasons(step),
            why="certain, when it is applied: the cluster is deleted and built again, and every node, pod and"
            " address of it is lost; the outage lasts until everything is deployed again",
            todo=resource_types.way_back(step),
            intended=(
                "build a second cluster, move the workloads and their clients, and remove this one afterwards"
            ),
        )
    else:
        yield CLUSTER_REBUILT.finding(
            step.name,
            "the cluster would be deleted",
            why="certain, when it is applied: every node, pod and address of the cluster is lost for good",
            todo="keep the cluster in the program",
            intended="move the workloads and their clients away first",
        )


@rule(
    POD_NETWORK_OFF,
    POD_SUBNET_LEAVES,
    on=resource_types.LISTING,
    operations=(Op.UPDATE,),
)
def _pod_network_list(step: Step) -> Iterator[Finding]:
    if step.type == resource_types.CLUSTER and "eniSubnetIds" not in step.changed_inputs:
        return  # the program ignores changes of the list, or does not set the list
    before, after = listed_subnets(step)
    if not before or after is None:
        return
    yield from list_losses(f"{step.name}.{resource_types.subnets_key(step.type)}", before, after)


def list_losses(
    where: str, before: Sequence[str], after: Sequence[str], *, refused: bool = True
) -> Iterator[Finding]:
    """Report the subnets that leave a list. `refused`: the apply fails where a single subnet leaves, as for a
    cluster and a switch."""
    gone = [item for item in before if item not in after]
    if before and not after:
        yield POD_NETWORK_OFF.finding(
            where,
            "leave the list of container subnets, which becomes empty",
            value=", ".join(before),
            why="certain, when it is applied, which succeeds: every pod with an address of these subnets"
            " loses its network (VPC-CNI is switched off); the network is back only when VPC-CNI is on"
            " again and the pods are made anew; pods on the overlay (GlobalRouter) go on",
            todo="keep the list as it is",
            intended="move every pod off these subnets first (take the pods' ENI annotation away and roll"
            " them out)",
        )
    elif gone:
        why = (
            f"{APPLY_FAILS} at this cluster, because TKE takes no single subnet out of the list; later"
            " updates of it fail too until the subnet is back; pods that run keep their network"
            if refused
            else (
                "certain, after the next restart of ipamd: new pods get no address of it, and in a zone"
                " without another container subnet they do not start; pods that run keep their network"
            )
        )
        yield POD_SUBNET_LEAVES.finding(
            where,
            f"{'leaves' if len(gone) == 1 else 'leave'} the list of container subnets",
            value=", ".join(gone),
            why=why,
            todo=f"keep {', '.join(gone)} in the list",
            intended="add another subnet beside it and keep this one in the list",
        )


@rule(PHANTOM_HYBRID, on=resource_types.CLUSTER, operations=(Op.CREATE, Op.REPLACE))
def _phantom(step: Step) -> Iterator[Finding]:
    if not step.creates or step.new.get("networkType") not in (None, "GR"):
        return
    given = [key for key in ("eniSubnetIds", "vpcCniType") if step.new.get(key)]
    if given:
        yield PHANTOM_HYBRID.finding(
            f"{step.name}.{given[0]}",
            "would not switch VPC-CNI on in the new cluster",
            value=" and ".join(given),
            why="certain, when it is applied, which succeeds: no pod gets an address of a container subnet,"
            " for the provider ignores these fields when it makes a GlobalRouter cluster; every later"
            " preview still shows the cluster as if VPC-CNI were on",
            todo="leave these fields out, and switch VPC-CNI on with VpcCni or HybridCluster",
        )


@rule(REFUSED_UPDATE, on=resource_types.CLUSTER, operations=(Op.UPDATE,))
def _refused_update(step: Step) -> Iterator[Finding]:
    fixed = [key for key in ("vpcCniType", "claimExpiredSeconds") if key in step.changed_inputs]
    before, after = listed_subnets(step)
    lists_some = after is None or bool(after)  # unknown ids are no empty list
    switched = bool(before) != lists_some and "eniSubnetIds" in step.changed_inputs
    if fixed and not switched:
        yield REFUSED_UPDATE.finding(
            f"{step.name}.{fixed[0]}",
            "cannot change while VPC-CNI is on",
            value=", ".join(
                f"{key} {step.old.get(key, 'not set')} → {step.new.get(key, 'not set')}" for key in fixed
            ),
            why=f"{APPLY_FAILS} at this cluster, and so does every later update of it until the value is"
            " back; what runs goes on unharmed, but other changes of the same apply may be left half"
            " done",
            todo="go back to the old value",
        )


@rule(POD_NETWORK_OFF, on=resource_types.SWITCH, operations=ENDING)
def _switched_off(step: Step) -> Iterator[Finding]:
    """Report a switch with on_delete=disable that is deleted or replaced: a replacement deletes the old
    switch."""
    if step.old.get("onDelete") != "disable":
        return
    what, where, todo = "leaves the program", "", "keep it"
    if step.op is Op.REPLACE:
        what, where, todo = step.ending, " in the old cluster", "go back to the old value"
    yield POD_NETWORK_OFF.finding(
        step.name,
        f"{what}, and its on_delete is disable",
        why=f"certain, when it is applied, which succeeds: VPC-CNI is switched off{where}, and every pod with"
        " an address of a container subnet loses its network; pods on the overlay (GlobalRouter) go on",
        todo=todo,
        intended="set on_delete=keep and apply that first: then the pod network stays on",
    )


@rule(SWITCH_UNMANAGED, on=resource_types.SWITCH, operations=(Op.DELETE,))
def _unmanaged(step: Step) -> Iterator[Finding]:
    if step.old.get("onDelete") != "disable":
        yield SWITCH_UNMANAGED.finding(
            step.name,
            "leaves the program",
            why="nothing changes for running pods: the pod network stays on; from then on no program manages"
            " or checks its settings",
            todo="keep it in the program unless the cluster goes too",
        )


@rule(PROTECTION_OFF, on=resource_types.SWITCH, operations=(Op.UPDATE,))
def _may_disable(step: Step) -> Iterator[Finding]:
    if step.old.get("onDelete") != "disable" and step.new.get("onDelete") == "disable":
        yield PROTECTION_OFF.finding(
            f"{step.name}.onDelete",
            "instead of keep",
            value="disable",
            why="nothing happens to traffic now; possible later: the deletion of this resource switches"
            " VPC-CNI off, and every pod with an address of a container subnet loses its network",
            todo="keep on_delete=keep until the pod network is really to be switched off",
        )


@rule(PROTECTION_OFF, on=(resource_types.CLUSTER, resource_types.SUBNET), operations=REMAINING)
def _protection_off(step: Step) -> Iterator[Finding]:
    if not step.old or not step.new:
        return
    was_on = {"deletionProtection": step.old.get("deletionProtection") is True, "protect": step.was_protected}
    is_on = {"deletionProtection": bool(step.new.get("deletionProtection")), "protect": step.protected}
    off = [key for key in was_on if was_on[key] and not is_on[key]]
    if off:
        yield PROTECTION_OFF.finding(
            f"{step.name}.{off[0]}",
            "true → false",
            value=" and ".join(off),
            why="nothing happens to traffic now; possible later: one wrong line in a program deletes the"
            " resource, and the pods' network with it, without being refused",
            todo="keep the protection on until the resource is really to be deleted",
        )


LEFT_UNMANAGED = note_rule(
    "left-unmanaged",
    "A resource with `retain_on_delete` that leaves the stack and stays in the cloud is named.",
    "the operation; retainOnDelete in the stack's last state",
    "Pulumi, resource option retainOnDelete: the engine makes no call of the provider",
)
VERSION_CHANGE = note_rule(
    "version-change",
    "A change of a provider's version is named.",
    "versions of the providers",
    "lists of the provider that are ordered in one version and sets in another: tf-tencent#4121",
)


@rule(LEFT_UNMANAGED, on=Shape.ANY)
def _left_unmanaged(step: Step) -> Iterator[Finding]:
    """Report a retained resource of the network that leaves the program, or beside which a new one is
    created."""
    if not step.left or not step.custom or not _is_of_network(step):
        return
    beside = step.op is not Op.LEAVE
    if beside and is_patch(step.type):
        return
    yield LEFT_UNMANAGED.finding(
        step.name,
        (
            "stays in the cloud as it is, and a new one is made beside it"
            if beside
            else "leaves the stack only, and stays in the cloud as it is"
        ),
        value=step.id,
        why="the program retains it, so nothing is deleted; from then on no program changes or guards it",
        todo="keep its id, so that a program can import it again or somebody can delete it",
    )


def _is_of_network(step: Step) -> bool:
    if step.type.startswith("tencentcloud:"):
        return resource_types.may_hold_network(step.type)
    return step.type.startswith("kubernetes:") or step.type == resource_types.SWITCH


@rule(VERSION_CHANGE, on=Shape.PROVIDER)
def _version_changed(step: Step) -> Iterator[Finding]:
    before, after = step.old.get("version"), step.new.get("version")
    if before and after and before != after:
        yield VERSION_CHANGE.finding(
            step.name,
            f"instead of {before}",
            value=f"{step.type.removeprefix(resource_types.PROVIDERS)} {after}",
            why="differences without a line in the program may come from it",
            todo="read its list of changes",
        )
