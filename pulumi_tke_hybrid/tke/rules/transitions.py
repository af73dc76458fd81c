"""What TKE fixes when a cluster, a node pool or VPC-CNI is made: changes against the last known state."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.inputs import EMPTY

CLUSTER_FIXED = Rule(
    "cluster-fixed",
    Severity.ERROR,
    "What TKE fixes when a cluster is made does not change, unless allow_cluster_replacement says so.",
    "the stack's last state",
    "fields of the provider's cluster that force a replacement",
    firm=True,
)
POOL_FIXED = Rule(
    "pool-fixed",
    Severity.ERROR,
    "What TKE fixes when a node pool is made does not change under the pool's name.",
    "the stack's last state",
    "fields of the provider's node pool that force a replacement",
    firm=True,
)
SWITCH_FIXED = Rule(
    "switch-fixed",
    Severity.ERROR,
    "What TKE fixes when VPC-CNI is switched on does not change.",
    "the stack's last state",
    "457/55757; turning it off ends every ENI pod's network",
    firm=True,
)
SUBNET_REMOVED = Rule(
    "subnet-removed",
    Severity.ERROR,
    "A registered subnet stays in the list.",
    "the stack's last state",
    "the provider: to remove one, VPC-CNI must be turned off first",
    firm=True,
)
STACK_PLACE = Rule(
    "stack-place",
    Severity.ERROR,
    "A stack stays with its region and its account.",
    "the stack's last state, the credentials",
    "a cluster never moves; GetCallerIdentity tells the account",
    firm=True,
)

CLUSTER = {
    "vpcId": "the VPC",
    "clusterCidr": "the overlay range",
    "clusterMaxPodNum": "the overlay addresses of a node",
    "clusterMaxServiceNum": "the number of Services",
    "serviceCidr": "the range of Services",
    "staticIp": "static-IP mode",
}
"""Properties of a cluster that the provider answers with a replacement."""

POOL = {"subnetId": "the nodes' subnet", "instanceType": "the machine type"}
"""The same for a node pool."""

SWITCH = {"staticIp": "static mode", "cniType": "CNI type", "ipReclaim": "reclaim time", "nonMasquerade": "treatment of egress"}
"""Fixed when VPC-CNI is switched on."""

Unknown = Callable[[object], bool]
Props = Mapping[str, Any]


def cluster_findings(before: Props, after: Props, unknown: Unknown) -> Iterator[Finding]:
    """One for each change that would rebuild the cluster."""
    for name, what in CLUSTER.items():
        old, new = before.get(name), after.get(name)
        if old is not None and not unknown(new) and old != new:
            yield CLUSTER_FIXED.finding(
                f"cluster.{name}",
                f"instead of {old}",
                value=new,
                why=f"TKE fixes {what} when the cluster is made, so this would rebuild the whole cluster",
                todo=f"go back to {old}, or say allow_cluster_replacement=True",
            )


def pool_findings(before: Props, after: Props, unknown: Unknown) -> Iterator[Finding]:
    """One for each change that would rebuild a node pool of the same name."""
    for pool, old in before.items():
        new = after.get(pool, {})
        for name, what in POOL.items():
            if old.get(name) is not None and new.get(name) is not None and not unknown(new[name]) and old[name] != new[name]:
                yield POOL_FIXED.finding(
                    f"nodePools.{pool}.{name}",
                    f"instead of {old[name]}",
                    value=new[name],
                    why=f"TKE fixes {what} when the pool is made, so this would rebuild it and its {old.get('size')} machines at once",
                    todo="add a pool of another name, drain the nodes of this one, then remove it",
                )


def subnet_findings(before: Sequence[Any], after: Sequence[Any], unknown: Unknown) -> Iterator[Finding]:
    """Whether a registered subnet left the list of VPC-CNI, or all did."""
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


def switch_findings(before: Props, after: Props, unknown: Unknown) -> Iterator[Finding]:
    """One for each change of what VPC-CNI fixes when it is switched on."""
    for name, what in SWITCH.items():
        old, new = before.get(name), after.get(name)
        if not unknown(new) and old is not None and old != new:
            yield SWITCH_FIXED.finding(
                name,
                f"instead of {old}",
                value=new,
                why=f"TKE fixes the {what} when VPC-CNI is switched on",
                todo=f"go back to {old} (changing it for good means switching VPC-CNI off, which ends every ENI pod's network)",
            )
