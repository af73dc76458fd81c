"""Rules on the load balancer behind a Service or an Ingress: which one, how it listens, who else uses it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.tke.rule import Finding, fixed_rule, warning_rule

LISTENER_QUOTA_LIMIT = 50
LISTENERS = warning_rule(
    "listener-quota",
    "A load balancer has at most 50 listeners.",
    "the ports of everything that names the load balancer",
    "214/6187: 50 listeners for each load balancer by default",
)
NAMED_TWICE = fixed_rule(
    "load-balancer-named-twice",
    "An existing load balancer is named by one workload, or shared on purpose.",
    "the ids of the program's load balancers",
    "457/46370, 457/45490",
)
NO_LOAD_BALANCER = fixed_rule(
    "no-load-balancer", "Settings of a load balancer need one.", "the exposure", "follows from the API"
)
SHARED_LOAD_BALANCER = fixed_rule(
    "shared-load-balancer", "A Service and an Ingress cannot share a load balancer.", "both ids", "457/45490"
)
LOCAL_TRAFFIC = fixed_rule(
    "local-traffic",
    "`externalTrafficPolicy: Local` is about node ports in front of GlobalRouter pods.",
    "the workload",
    "457/38426",
)
PASS_TO_TARGET = fixed_rule(
    "pass-to-target",
    "TKE sets pass-to-target only on a load balancer that TKE makes.",
    "the exposure",
    "457/51258",
)
TLS_CERTIFICATE = fixed_rule(
    "tls-certificate",
    "A TCP_SSL port has a certificate, and no other port has one.",
    "the port",
    "457/51258: specify-protocol",
)
HEALTH_CHECK_TIMEOUT = fixed_rule(
    "health-check-timeout",
    "The timeout of a health check is below its interval.",
    "the health check",
    "follows from both values",
)
INGRESS_PORT = fixed_rule(
    "ingress-port",
    "An Ingress sends to a TCP port of the workload's Service.",
    "the ports and the Ingress",
    "Kubernetes API; an Ingress passes HTTP on, over TCP",
)


def setting_without_load_balancer(path: str) -> Finding:
    """Refuse a setting of the Service's load balancer where the Service has none."""
    return NO_LOAD_BALANCER.finding(
        path,
        "is about the Service's load balancer, and exposure 'none' has none",
        todo="leave it out, or choose an exposure",
    )


def same_load_balancer_findings(service: str | None, ingress: str | None) -> Iterator[Finding]:
    """Compare the ids of the existing load balancers of a Service and of an Ingress."""
    if service is not None and service == ingress:
        yield SHARED_LOAD_BALANCER.finding(
            "ingress.exposure.load_balancer_id",
            "is the Service's",
            value=service,
            why="TKE refuses to share a load balancer between a Service and an Ingress",
            todo="give the Ingress another one",
        )


SHARED_INGRESS_FINDING = SHARED_LOAD_BALANCER.finding(
    "exposure.shared",
    "is about Services",
    why="an Ingress has a load balancer of its own (457/45490)",
    todo="leave it out",
)


def local_traffic_findings(*, exposed: bool, direct: bool, on_eni: bool) -> Iterator[Finding]:
    """Return why `external_traffic_policy='local'` has no use."""
    path = "external_traffic_policy"
    if not exposed:
        yield LOCAL_TRAFFIC.finding(
            path, "'local' is about a load balancer, and exposure 'none' has none", todo="leave it out"
        )
    elif direct:
        yield LOCAL_TRAFFIC.finding(
            path,
            "'local' has no effect with direct access",
            why="the load balancer sends to the pods, not to node ports, and pods see their client already",
            todo="leave it out, or set direct=False",
        )
    elif on_eni:
        yield LOCAL_TRAFFIC.finding(
            path,
            "'local' is the way for GlobalRouter pods",
            why="ENI pods see their client with direct access, evenly loaded and without a gap at rollouts",
            todo="set direct=True, or leave it out",
        )


def pass_to_target_finding(kind: str) -> Finding:
    """Refuse `pass_to_target` on a load balancer of this kind, which TKE does not make."""
    return PASS_TO_TARGET.finding(
        "pass_to_target",
        f"TKE sets it only on load balancers that it makes, this one is {kind!r}",
        todo="leave it out, and set LoadBalancerPassToTarget on a load balancer of your own",
    )


CERTIFICATE_FINDING = TLS_CERTIFICATE.finding(
    "certificate_id",
    "belongs to protocol 'TCP_SSL', and only to it",
    why="the load balancer needs it to end TLS",
)
"""A TCP_SSL port without a certificate, or a certificate of another port."""


def health_check_findings(timeout: int | None, interval: int | None) -> Iterator[Finding]:
    """Compare the seconds of a health check. None: not given, or not known yet."""
    if timeout is not None and interval is not None and timeout >= interval:
        yield HEALTH_CHECK_TIMEOUT.finding(
            "timeout",
            f"{timeout} s is not below the interval of {interval} s",
            why="a check must end before the next one begins",
        )


def ingress_port_findings(
    path: str, number: int, ports: Sequence[tuple[int | None, str]]
) -> Iterator[Finding]:
    """Compare a port of an Ingress with the Service's ports: number (None: not known yet) and transport."""
    transports = {transport for other, transport in ports if other == number}
    numbers = [other for other, _ in ports]
    if not transports and None not in numbers:
        yield INGRESS_PORT.finding(
            path, f"{number} is none of the workload's ports ({', '.join(map(str, numbers))})"
        )
    elif transports == {"UDP"}:
        yield INGRESS_PORT.finding(
            path,
            f"{number} is UDP",
            why="an Ingress passes HTTP on, over TCP",
            todo="name a TCP port of the workload",
        )


def listener_findings(path: str, count: int, whose: str) -> Iterator[Finding]:
    """Compare the number of listeners with the quota of a load balancer."""
    if count > LISTENER_QUOTA_LIMIT:
        yield LISTENERS.finding(
            path,
            f"listeners on {whose}, and a load balancer takes {LISTENER_QUOTA_LIMIT} by default",
            value=count,
            why="TKE makes no listener beyond that, so clients of the ports left over get no answer; the"
            " apply may wait for an address",
            todo="have the quota raised by a ticket, or share the ports out to two load balancers",
        )


@dataclass(frozen=True)
class LoadBalancerUse:
    """The use of an existing load balancer by the Service or the Ingress of a workload."""

    owner: str
    """Name of the workload in errors."""
    path: str
    """Property path of the exposure."""
    shared: bool = False
    """Whether the program shares the load balancer on purpose. An Ingress never shares a load balancer."""
    ports: frozenset[tuple[int, str]] = frozenset()
    """Known ports with their transport."""


def use_findings(use: LoadBalancerUse, balancer: str, others: Sequence[LoadBalancerUse]) -> Iterator[Finding]:
    """Compare a use of a load balancer with the `others`."""
    path = f"{use.path}.load_balancer_id"
    for other in others:
        if not (use.shared and other.shared):
            yield NAMED_TWICE.finding(
                path,
                f"is also the load balancer of {other.owner} ({other.path})",
                value=balancer,
                why="TKE gives a load balancer to one Service or one Ingress; listeners of a second one fail"
                " or take the first one's place",
                todo="make another load balancer; for two Services on different ports, where the account or"
                " the controller shares load balancers (457/46370), use existing_clb(id, shared=True) in"
                " both",
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


def sum_findings(use: LoadBalancerUse, balancer: str, others: Sequence[LoadBalancerUse]) -> Iterator[Finding]:
    """Compare the listeners of all workloads that share a load balancer with the quota."""
    every = use.ports.union(*(other.ports for other in others))
    if others and len(every) > len(use.ports):
        yield from listener_findings(
            f"{use.path}.load_balancer_id",
            len(every),
            f"load balancer {balancer}, for {len(others) + 1} workloads together",
        )
