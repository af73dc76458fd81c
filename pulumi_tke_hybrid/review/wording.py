"""Foreign text made fit for a comment: no secret, no control character, no Markdown, HTML or mention, and
never too long.

Addresses in a comment: the page of a rule, the job that made the comment. An address of an odd shape is left
out.

Words of the network that a review uses, each in one or two plain lines. docs/network-terms.md is made of
them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata

from pulumi_tke_hybrid.cli import text as cli_text
from pulumi_tke_hybrid.cli.text import shown
from pulumi_tke_hybrid.tke.values import SECRET

NAME = 80
"""Characters of a name that are shown."""
SENTENCE = 600
_SHAPES = re.compile(
    r"AKID[A-Za-z0-9]{12,}"  # a Tencent key id
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+"  # a signed token
    r"|(?<=://)[^/\s@]+:[^/\s@]+(?=@)"  # user and password of an address
    r"|-----BEGIN[\s\S]*?(-----END[^-]*-----|$)"
    r"|\b(gh[pousr]|glpat|pul)[-_][A-Za-z0-9_-]{16,}"
    r"|(?i:(?:password|passwd|passphrase|secret|token)\s*[=:]\s*)\S+"
)
_FENCE = re.compile(r"`+")


class Words:
    """Text of one review. It knows the secrets that were met, so a name that holds one is not shown whole."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted(secrets, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def line(self, text: str, most: int = SENTENCE) -> str:
        """One printable line for a terminal or a program."""
        cut = text[: most * 20]
        if self._secrets is not None:
            cut = self._secrets.sub(SECRET, cut)
        return shown(_SHAPES.sub(SECRET, cut), most)

    def prose(self, text: str, most: int = SENTENCE) -> str:
        """The same inside a sentence of Markdown."""
        return cli_text.plain(self.line(text, most), most)

    def code(self, text: str, most: int = NAME) -> str:
        """The same as a name of Markdown, also in a table's cell."""
        inside = self.line(text, most).replace("|", "¦")
        fence = "`" * (max((len(run) for run in _FENCE.findall(inside)), default=0) + 1)
        pad = " " if inside.startswith("`") or inside.endswith("`") or not inside.strip() else ""
        return f"{fence}{pad}{inside or ' '}{pad}{fence}"


_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~%/+-]*)?")


def documentation(given: str = "") -> str:
    """Where the folder docs/ can be read, without a slash at the end: `given`, else the package's page; empty
    if neither is known."""
    urls = dict(
        entry.split(", ", 1) for entry in metadata.metadata("pulumi-tke-hybrid").get_all("Project-URL") or []
    )
    return _checked(given or urls.get("Documentation", "")).rstrip("/")


def job(environment: Mapping[str, str]) -> str:
    """The address of the job on GitHub or GitLab; empty outside of both."""
    run = environment.get("GITHUB_RUN_ID", "")
    project = environment.get("GITHUB_REPOSITORY", "")
    if run and project:
        return _checked(
            f"{environment.get('GITHUB_SERVER_URL') or 'https://github.com'}/{project}/actions/runs/{run}"
        )
    return _checked(environment.get("CI_JOB_URL", ""))


def _checked(address: str) -> str:
    return address if _ADDRESS.fullmatch(address) else ""


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
        "Also container subnet or ENI subnet: a VPC subnet that holds addresses of pods. Each zone whose"
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
        "The address allocator: the program in the cluster that gives pods their addresses of pod subnets."
        " While ipamd is away, running pods keep their addresses, and new pods wait.",
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
        "The pods' second network: pods with addresses of pod subnets. In a hybrid cluster it is on"
        " beside GlobalRouter, and each workload chooses.",
    ),
)


def used(text: str) -> list[Term]:
    """The terms that a text uses."""
    return [term for term in TERMS if re.search(term.pattern, text)]
