"""Words of the network that a review uses, each in one or two plain lines. docs/network-terms.md is made of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One word."""

    name: str
    pattern: str
    """Regular expression of the spellings that a review uses."""
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
        "Pod subnet",
        r"(pod|container|ENI) subnets?|eniSubnetIds",
        "Also container subnet or ENI subnet: a VPC subnet that holds addresses of pods. Each zone whose nodes "
        "run such pods needs one, because a network interface must be in its node's zone.",
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
        "such a card is an ENI pod: other hosts of the VPC reach it as they reach a machine.",
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
        "The address allocator: the program in the cluster that gives pods their addresses of pod subnets. While ipamd is "
        "away, running pods keep their addresses, and new pods wait.",
    ),
    Term(
        "Kept address",
        r"[Kk]ept address|kept ones|claim-delete-policy",
        "A pod of a StatefulSet comes back with the address that it had before a restart, so that allow-lists and DNS entries stay right.",
    ),
    Term(
        "Non-masquerade list",
        r"[Nn]on-?[Mm]asquerade|ip-masq-agent",
        "Destination ranges to which pods on the overlay show their own address. Towards all other destinations they show their node's.",
    ),
    Term(
        "Readiness gate",
        r"[Rr]eadiness gate",
        "With direct access a new pod counts as ready only when the load balancer sends to it; until then a rollout keeps the old pods.",
    ),
    Term(
        "VPC-CNI",
        r"VPC-CNI|vpcCni|VpcCni",
        "The pods' second network: pods with addresses of pod subnets. In a hybrid cluster it is on"
        " beside GlobalRouter, and each workload chooses.",
    ),
)


def used(text: str) -> list[Term]:
    """The terms that a text uses."""
    return [term for term in TERMS if re.search(term.pattern, text)]
