"""Fixed texts for network engineers: the terms that a review explains, and the question for each rule.

docs/network-terms.md is generated from `TERMS`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One term of TKE or Pulumi."""

    name: str
    pattern: str
    """Regular expression of the spellings in a review."""
    text: str


TERMS: Sequence[Term] = (
    Term(
        "Apply",
        r"\bapply|\bapplied",
        "The run of `pulumi up` after the merge. A preview changes nothing; the apply does.",
    ),
    Term(
        "cbr0",
        r"cbr0",
        "The bridge on each node that connects the node's GlobalRouter pods. Without direct access a pod "
        "may see the address of cbr0 where its client's should be.",
    ),
    Term(
        "Container range",
        r"clusterCidr|pod range|container range",
        "The cluster's own range (clusterCidr) for pods on the overlay. It belongs to no VPC subnet, and "
        "other networks need a route to it.",
    ),
    Term(
        "Container subnet",
        r"(pod|container|ENI) subnets?|eniSubnetIds",
        "Also pod subnet or ENI subnet: a VPC subnet that holds addresses of pods. Each zone whose"
        " nodes run such pods needs one, because a network interface must be in its node's zone.",
    ),
    Term(
        "Direct access",
        r"[Dd]irect(-| )access",
        "The load balancer sends to the pods' own addresses, and pods see their clients' addresses. "
        "Without it the load balancer sends to a port of the nodes (node port), and pods see the address "
        "of a node.",
    ),
    Term(
        "ENI",
        r"\bENIs?\b",
        "Elastic network interface: a network card of a node in a VPC subnet. A pod with an address of "
        "such a card is an ENI pod: other hosts of the VPC reach the pod as they reach a server.",
    ),
    Term(
        "GlobalRouter",
        r"GlobalRouter|overlay",
        "The pods' first network, an overlay: addresses of the cluster's own range, outside of the VPC's "
        "subnets. Other hosts see the node's address instead of the pod's, unless the destination is in "
        "the non-masquerade list.",
    ),
    Term(
        "ipamd",
        r"ipamd",
        "The address allocator: the program in the cluster that gives pods their addresses of container"
        " subnets. While ipamd is away, running pods keep their addresses, and new pods wait.",
    ),
    Term(
        "Kept address",
        r"[Kk]ept address|kept ones|claim-delete-policy",
        "A pod of a StatefulSet comes back with the address that it had before a restart, so that allow-lists"
        " and DNS entries stay right.",
    ),
    Term(
        "Non-masquerade list",
        r"[Nn]on-?[Mm]asquerade|ip-masq-agent",
        "Destination ranges to which pods on the overlay show their own address. Towards all other"
        " destinations they show their node's.",
    ),
    Term(
        "Readiness gate",
        r"[Rr]eadiness gate",
        "With direct access a new pod counts as ready only when the load balancer sends to it; until then a"
        " rollout keeps the old pods.",
    ),
    Term(
        "VPC-CNI",
        r"VPC-CNI|vpcCni|VpcCni",
        "The pods' second network: pods with addresses of container subnets. In a hybrid cluster VPC-CNI is"
        " on beside GlobalRouter, and each workload chooses.",
    ),
)


CHECKS: Mapping[str, str] = {
    "addresses-short": (
        "how many pods does a rollout start at once in this zone? The free addresses must be enough for them"
    ),
    "balancer-replaced": (
        "which clients use this address (DNS records, allow-lists, other networks)? They must be moved first"
    ),
    "cluster-rebuilt": (
        "may the whole cluster stop and lose its addresses? A rebuild is almost never intended: ask the"
        " author"
    ),
    "deployment-replaced": "may all pods of the workload stop at the same time?",
    "direct-access-off": (
        "do the applications, their logs or their allow-lists need the clients' own addresses?"
    ),
    "eni-pods-fit": (
        "are nodes or addresses for these pods added elsewhere? Otherwise the rollout stands still"
    ),
    "exposure-widened": (
        "may these clients reach the pods or the API server? If this is not intended, do not merge"
    ),
    "fixed-annotation": "is another load balancer wanted? Then it needs a second object, not this change",
    "gr-source-address": (
        "do the firewalls and allow-lists of the destinations admit the pods' own range as well as the nodes'"
        " addresses?"
    ),
    "ipamd-removed": "do pods still need addresses of container subnets? Without ipamd no new pod gets one",
    "ipamd-restart": "does another change roll out pods at the same time? Then wait until ipamd is back",
    "kept-address-off": (
        "is the address of one of these pods in an allow-list or in DNS? If you do not know, ask the author"
    ),
    "node-pool-rebuilt": "can other nodes take the pods, and are the nodes drained before?",
    "phantom-hybrid": "do pods of this cluster need addresses of container subnets? They get none",
    "pod-network-off": (
        "does any pod still use an address of these container subnets? If so, or if you do not know,"
        " do not merge"
    ),
    "pod-subnet-leaves": (
        "send the change back to its author: TKE gives a container subnet up only with the whole pod network"
    ),
    "pods-leave-eni": (
        "do the applications, their logs or their allow-lists need the clients' own addresses, or the pods'"
        " own addresses?"
    ),
    "protection-off": "is a deletion planned next? If you know of none, ask the author",
    "range-changed": (
        "is anything in this range still in use (nodes, load balancers, pods, databases)? If so, do not merge"
    ),
    "refused-update": "nothing on the network: the apply fails, so send the change back to its author",
    "security-group-narrowed": (
        "do clients in these ranges still connect to the resources with this security group?"
    ),
    "statefulset-replaced": "may all pods of the workload stop at the same time?",
    "switch-unmanaged": "is the cluster removed as well? If not, keep the resource in the program",
    "workload-deleted": "do clients still use these pods?",
    "zone-uncovered": (
        "will pods with addresses of container subnets run in this zone? Without a container subnet there"
        " they do not start"
    ),
}
"""By rule: a question about a change that a network engineer can answer."""


def terms_in(text: str) -> list[Term]:
    """Return the terms that occur in the text."""
    return [term for term in TERMS if re.search(term.pattern, text)]
