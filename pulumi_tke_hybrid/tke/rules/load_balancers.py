"""Which workloads of a program name one existing load balancer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

LISTENER_QUOTA_LIMIT = 50
LISTENERS = Rule(
    "listener-quota",
    Severity.WARNING,
    "A load balancer has at most 50 listeners.",
    "the ports of everything that names the load balancer",
    "214/6187: 50 listeners for each load balancer by default",
)
NAMED_TWICE = Rule(
    "load-balancer-named-twice",
    Severity.ERROR,
    "An existing load balancer is named by one workload, or shared on purpose.",
    "the ids of the program's load balancers",
    "457/46370, 457/45490",
    fixed_severity=True,
)


def listener_findings(path: str, count: int, whose: str) -> Iterator[Finding]:
    """That so many ports and protocols are more than a load balancer takes."""
    if count > LISTENER_QUOTA_LIMIT:
        yield LISTENERS.finding(
            path,
            f"listeners on {whose}, and a load balancer takes {LISTENER_QUOTA_LIMIT} by default",
            value=count,
            why=(
                "TKE makes no listener beyond that, so clients of the ports left over get no answer; the"
                " apply may wait for an address"
            ),
            todo="have the quota raised by a ticket, or share the ports out to two load balancers",
        )


@dataclass(frozen=True)
class Use:
    """That the Service or the Ingress of a workload names a load balancer."""

    owner: str
    """The workload, as errors name it."""
    path: str
    """Property path of the exposure."""
    shared: bool = False
    """Whether the program says that the load balancer is shared. An Ingress never shares one."""
    ports: frozenset[tuple[int, str]] = frozenset()
    """Ports with their transport, as far as they are known."""


def use_findings(use: Use, balancer: str, others: Sequence[Use]) -> Iterator[Finding]:
    """What is wrong with one use more of a load balancer."""
    path = f"{use.path}.load_balancer_id"
    for other in others:
        if not (use.shared and other.shared):
            yield NAMED_TWICE.finding(
                path,
                f"is also the load balancer of {other.owner} ({other.path})",
                value=balancer,
                why=(
                    "TKE gives a load balancer to one Service or one Ingress; listeners of a second one fail"
                    " or take the first one's place"
                ),
                todo=(
                    "make another load balancer; for two Services on different ports, where the account or"
                    " the controller shares load balancers (457/46370), say existing_clb(id, shared=True) in"
                    " both"
                ),
            )
        elif both := sorted(use.ports & other.ports):
            yield NAMED_TWICE.finding(
                path,
                f"listens on {', '.join(f'{port}/{transport}' for port, transport in both)} for"
                f" {other.owner} already",
                value=balancer,
                why="a listener sends to one Service",
                todo="use other ports, or another load balancer",
            )


def sum_findings(use: Use, balancer: str, others: Sequence[Use]) -> Iterator[Finding]:
    """Whether all workloads that share a load balancer have more listeners together than it takes."""
    every = use.ports.union(*(other.ports for other in others))
    if others and len(every) > len(use.ports):
        yield from listener_findings(
            f"{use.path}.load_balancer_id",
            len(every),
            f"load balancer {balancer}, for {len(others) + 1} workloads together",
        )
