"""Rules on immutable fields: changes of a cluster, a node pool or VPC-CNI against the stack's last state."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.tke.objects import Props, items, unknown
from pulumi_tke_hybrid.tke.rule import EMPTY, Finding, Rule, fixed_rule

CLUSTER_FIXED = fixed_rule(
    "cluster-fixed",
    "Immutable fields of a cluster change only with allow_cluster_replacement.",
    "the stack's last state",
    "fields of the provider's cluster that force a replacement",
)
POOL_FIXED = fixed_rule(
    "pool-fixed",
    "Immutable fields of a node pool do not change under the pool's name.",
    "the stack's last state",
    "fields of the provider's node pool that force a replacement",
)
SWITCH_FIXED = fixed_rule(
    "switch-fixed",
    "Fields that TKE fixes when VPC-CNI is switched on do not change.",
    "the stack's last state",
    "457/55757; turning it off ends every ENI pod's network",
)
SUBNET_REMOVED = fixed_rule(
    "subnet-removed",
    "A registered subnet stays in the list.",
    "the stack's last state",
    "the provider: to remove one, VPC-CNI must be turned off first",
)
STACK_PLACE = fixed_rule(
    "stack-place",
    "A stack stays with its region and its account.",
    "the stack's last state, the credentials",
    "a cluster never moves; GetCallerIdentity returns the account",
)

PROVIDER_ACCOUNT = Rule(
    "provider-account",
    "The key of an explicit provider belongs to the stack's account; set `warning` where the provider assumes"
    " a role of that account.",
    "the provider's key and the stack's",
    "GetCallerIdentity returns the account; requests about VPC-CNI use the stack's key",
)

CLUSTER = {
    "vpcId": ("vpc_id", "the VPC"),
    "clusterCidr": ("cluster_cidr", "the overlay range"),
    "clusterMaxPodNum": ("cluster_max_pod_num", "the overlay addresses of a node"),
    "clusterMaxServiceNum": ("cluster_max_service_num", "the number of Services"),
    "serviceCidr": ("service_cidr", "the range of Services"),
    "staticIp": ("static_ip", "static-IP mode"),
}
"""Properties whose change replaces a cluster: the property of the component, and its noun in messages."""

ADOPTED_CLUSTER = {"clusterId": ("existing_cluster_id", "its cluster"), "vpcId": ("vpc_id", "its VPC")}
"""Properties that a node pool takes from an adopted cluster."""

SUBNET = {"zone": ("zone", "the zone"), "cidr": ("cidr_block", "the range")}
"""Properties whose change replaces a container subnet."""

SWITCH = {
    "staticIp": ("static_ip", "static mode"),
    "cniType": ("cni_type", "CNI type"),
    "ipReclaim": ("ip_reclaim", "reclaim time"),
    "nonMasquerade": ("non_masquerade", "treatment of egress"),
}
"""Properties that TKE fixes when VPC-CNI is switched on; the reclaim time only before ipamd 3.5.0."""

_FOR_GOOD = " (changing it for good means switching VPC-CNI off, which ends every ENI pod's network)"
_RECLAIM = (
    "this provider does not change the reclaim time once VPC-CNI is on; from ipamd 3.5.0 on it is a setting"
    " of the add-on eniipamd (component management), and once it is changed there, the program may follow"
)


def cluster_findings(before: Props, after: Props) -> Iterator[Finding]:
    """Return a finding for each change that would replace the cluster."""
    vpc = before.get("vpcId")
    if vpc and not unknown(vpc) and unknown(after.get("vpcId")):
        yield CLUSTER_FIXED.finding(
            "vpc_id",
            f"is not known yet, instead of {vpc}",
            why="a VPC that is still to be made would rebuild the whole cluster",
            todo=f"{keep_what_was_known(str(vpc))}; if the rebuild is intended, set"
            " allow_cluster_replacement=True",
        )
    for name, (property_, what) in CLUSTER.items():
        old, new = before.get(name), after.get(name)
        if before and not unknown(new) and old != new:
            back = "leave it out" if old is None else f"go back to {_shown(old)}"
            yield CLUSTER_FIXED.finding(
                property_,
                "instead of TKE's own choice" if old is None else f"instead of {_shown(old)}",
                value="(left out)" if new is None else _shown(new),
                why=f"TKE fixes {what} when the cluster is made, so this would rebuild the whole cluster",
                todo=f"{back}; if the rebuild is intended, set allow_cluster_replacement=True",
            )


def pool_path(name: str, stored: Props) -> str:
    """Return the path of a pool that the guard stores. The key `property` names the list of the pool; a pool
    without the key is in `node_pools`."""
    return f"{stored.get('property') or 'node_pools'}[{name}]"


def pool_findings(before: Props, after: Props, fixed: Mapping[str, tuple[str, str]]) -> Iterator[Finding]:
    """Return a finding for each change that would replace a node pool of the same name. `fixed`: properties
    whose change replaces a pool, each with the property of the component and its noun in messages."""
    for pool, old in before.items():
        new = after.get(pool, {})
        was, path = pool_path(pool, old), pool_path(pool, new)
        if new and was != path:
            yield POOL_FIXED.finding(
                path,
                f"instead of {was}",
                why="a pool of another kind is another pool, so this would delete the pool and its"
                f" {_shown(old.get('size'))} machines at once",
                todo="add a pool of another name, drain the nodes of this one, then remove it",
            )
            continue
        for name, (property_, what) in fixed.items():
            if name in old and name in new and not _somewhere(new[name]) and old[name] != new[name]:
                yield POOL_FIXED.finding(
                    f"{path}.{property_}",
                    f"instead of {_listed(old[name])}",
                    value=_listed(new[name]),
                    why=f"TKE fixes {what} when the pool is made, so this would rebuild it and its "
                    f"{_shown(old.get('size'))} machines at once",
                    todo="add a pool of another name, drain the nodes of this one, then remove it",
                )


def adopted_findings(before: Props, after: Props, pools: Props) -> Iterator[Finding]:
    """Return a finding for each change of an adopted cluster that would replace its node pools."""
    for name, (property_, what) in ADOPTED_CLUSTER.items():
        old, new = before.get(name), after.get(name)
        if not pools or not old or not new or old == new:
            continue
        machines = sum(int(pool.get("size") or 0) for pool in pools.values())
        todo = f"go back to {old}, and make another HybridCluster for another cluster"
        yield POOL_FIXED.finding(
            property_,
            f"is not known yet, instead of {old}" if unknown(new) else f"instead of {old}",
            value="" if unknown(new) else new,
            why=f"TKE fixes {what} when a pool is made, so this would rebuild {', '.join(sorted(pools))} with"
            f" {machines} machines at once",
            todo=keep_what_was_known(old) if unknown(new) else todo,
        )


def owner_findings(before: Props, after: Props) -> Iterator[Finding]:
    """Refuse a program that adopts a cluster instead of its own, or makes a cluster instead of the adopted
    cluster.

    `before`, `after`: properties of the guard (`cluster`, `adopted`, `nodePools`).
    """
    old: Props = before.get("adopted") or {}
    new: Props = after.get("adopted") or {}
    if before.get("cluster") and new:
        yield CLUSTER_FIXED.finding(
            "existing_cluster_id",
            "instead of the cluster that this program made",
            value="" if unknown(new.get("clusterId")) else str(new.get("clusterId")),
            why="what a program no longer makes is deleted, with all that runs in it",
            todo="leave it out; import a lost cluster (docs/recovery.md); another cluster is"
            " another HybridCluster's",
        )
    kept = sorted(before.get("nodePools", {}).keys() & after.get("nodePools", {}).keys())
    if old and after.get("cluster") and kept:
        yield POOL_FIXED.finding(
            "existing_cluster_id",
            f"is gone, instead of {old.get('clusterId')}",
            why=f"TKE fixes its cluster when a pool is made, so this would rebuild {', '.join(kept)} in a"
            " new one",
            todo="go back, and make another HybridCluster for a new cluster",
        )


def subnet_findings(before: Sequence[Any], after: Sequence[Any]) -> Iterator[Finding]:
    """Refuse to remove registered subnets from the list of VPC-CNI."""
    if not after:
        yield EMPTY.finding(
            "subnets",
            "is empty",
            why="an empty list would switch the pod network of every ENI workload off",
            todo="list one subnet for each node zone",
        )
        return
    gone = [subnet for subnet in before if not unknown(subnet) and subnet not in after]
    if gone:
        yield SUBNET_REMOVED.finding(
            "subnets",
            "left the list",
            value=", ".join(gone),
            why="TKE cannot unregister one subnet and pods hold addresses in it",
            todo="put it back (a replaced subnet counts as gone: keep the old one and add another)",
        )


def registration_findings(before: str, after: str) -> Iterator[Finding]:
    """Refuse to move zones from the API to ipamd's ConfigMap. A move to the API loses no zone."""
    if (before, after) == ("api", "configmap"):
        yield SUBNET_REMOVED.finding(
            "zone_registration",
            "instead of api",
            value=after,
            why="all subnets but the first would leave the list of VPC-CNI, and TKE cannot unregister one",
            todo="go back to api",
        )


def replaced_subnet_findings(before: Sequence[Props], after: Sequence[Props]) -> Iterator[Finding]:
    """Refuse to replace registered subnets: those whose id is not known any more."""
    kept = [subnet.get("id") for subnet in after if not unknown(subnet.get("id"))]
    for index, (old, new) in enumerate(zip(before, after, strict=False)):
        if unknown(old.get("id")) or old.get("id") in kept or not unknown(new.get("id")):
            continue
        place = f"the place of {old.get('id')}, in which pods hold addresses and which TKE cannot unregister"
        changed = [
            name
            for name in SUBNET
            if old.get(name) is not None and not unknown(new.get(name)) and old[name] != new.get(name)
        ]
        for name in changed:
            property_, what = SUBNET[name]
            yield SUBNET_REMOVED.finding(
                f"eni_subnets[{index}].{property_}",
                f"instead of {old[name]}",
                value=new.get(name),
                why=f"{what} of a subnet is fixed when it is made, so another one would take {place}",
                todo=f"go back to {old[name]} and add another subnet at the end of the list",
            )
        if not changed:
            yield SUBNET_REMOVED.finding(
                f"eni_subnets[{index}].subnet_id",
                f"is not known yet, instead of {old.get('id')}",
                why=f"a subnet that is still to be made would take {place}",
                todo=keep_what_was_known(str(old.get("id"))),
            )


def keep_what_was_known(known: str) -> str:
    """Return the action for an id that the last state has and the preview does not know."""
    return (
        f"keep {known}; if a refresh with other credentials or in another region took it for gone, `pulumi"
        " stack import` of an earlier export brings it back; if it is looked up only during the update,"
        " write its id"
    )


def switch_findings(before: Props, after: Props) -> Iterator[Finding]:
    """Return a finding for each change of a field that TKE fixes when VPC-CNI is switched on."""
    for name, (property_, what) in SWITCH.items():
        old, new = before.get(name), after.get(name)
        if not unknown(new) and old is not None and old != new:
            yield SWITCH_FIXED.finding(
                property_,
                f"instead of {old}",
                value=new,
                why=_RECLAIM if name == "ipReclaim" else f"TKE fixes the {what} when VPC-CNI is switched on",
                todo=f"go back to {old}{'' if name == 'ipReclaim' else _FOR_GOOD}",
            )


def _somewhere(value: object) -> bool:
    """Whether the value, or an item of a list, is not known."""
    return unknown(value) or any(map(unknown, items(value)))


def _listed(value: object) -> object:
    listed = items(value)
    return ", ".join(map(str, listed)) or "none" if listed or value == [] else _shown(value)


def _shown(value: object) -> object:
    """Return a whole number for a float without fraction: a state has only floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
