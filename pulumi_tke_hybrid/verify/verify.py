"""`verify`, step by step: look at the cluster, send the traffic, look again, judge."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from pulumi_tke_hybrid.cli import options
from pulumi_tke_hybrid.cli.exit_code import WrongUse
from pulumi_tke_hybrid.kube.objects import child, name_of
from pulumi_tke_hybrid.verify import caveats, cluster, in_cluster_job, pod_tables
from pulumi_tke_hybrid.verify import structure as structure_checks
from pulumi_tke_hybrid.verify.answers import Version, address_in
from pulumi_tke_hybrid.verify.backends import UNPLACED, Addresses, Roster, ranges
from pulumi_tke_hybrid.verify.cluster import Front, Snapshot, Subnets
from pulumi_tke_hybrid.verify.in_cluster_job import JobSettings
from pulumi_tke_hybrid.verify.inside import Order
from pulumi_tke_hybrid.verify.kube import CannotVerify, Kube
from pulumi_tke_hybrid.verify.listener import LAYER_7, Listener
from pulumi_tke_hybrid.verify.pod_tables import Kubectl, Tables, answers_in_logs, ports_of
from pulumi_tke_hybrid.verify.probe import Plan, Progress, Traffic, run
from pulumi_tke_hybrid.verify.probe_client import Scheme, Target
from pulumi_tke_hybrid.verify.report import Outcome, Sent
from pulumi_tke_hybrid.verify.structure import Structure
from pulumi_tke_hybrid.verify.verdict import Case, Wish, forgery_of, out_of_reach, results


@dataclass(frozen=True)
class Wanted:
    """What the user asked for."""

    url: str = ""
    front: Front | None = None
    expect: str = ""
    """The client's address; empty means this machine's own on each connection."""
    plan: Plan = field(default_factory=Plan)
    wish: Wish = field(default_factory=Wish)
    subnets: Subnets = field(default_factory=Subnets)
    structure_only: bool = False
    accept_header: bool | None = None
    """Whether HEADER_ONLY is a success; None: if the listener is HTTP."""
    load_balancers: Sequence[str] = ()
    """Further addresses or ranges of the load balancer."""
    nodes: Sequence[str] = ()
    """Further addresses of nodes."""
    port: int = 0
    """Port of the Service, 0: its first one; of the Ingress, 0: 443 with TLS, else 80. A URL has its own."""
    path: str = "/"
    tcp: bool = False
    """The Service speaks plain TCP."""
    host: str = ""
    insecure: bool = False
    proxy_protocol: Version | None = None
    kubectl: Kubectl | None = None
    """Learn the peers from the pods' TCP tables, read with it."""
    job: JobSettings | None = None
    """Send the traffic from a Job in the VPC."""


def verify(wanted: Wanted, connect: Callable[[], Kube], progress: Progress) -> Outcome:
    """The whole run. Raises CannotVerify or WrongUse."""
    _check(wanted)
    kube = connect() if wanted.front or wanted.job else None
    first = _look(kube, wanted, progress)
    subject = str(wanted.front) if wanted.front else ""
    if wanted.structure_only and first:
        if wanted.port:
            _listener(wanted.port, first)
        before = structure_checks.check(first, wanted.subnets, wanted.port)
        # Nodes that cannot be read leave no zone to tell, which the structure says.
        missing = out_of_reach(cluster.roster(first, wanted.subnets), wanted.wish) if first.nodes else []
        return Outcome(subject, wanted.expect, header_accepted=True, structure=before, out_of_reach=missing)
    target = target_of(wanted, first)
    _check_target(wanted, target)
    subject = f"{subject} at {target.shown}" if subject else target.shown
    progress.say(f"asking {subject}")
    roster = cluster.roster(first, wanted.subnets) if first else Roster()
    started = time.monotonic()
    traffic = _send(wanted, target, roster, kube, first, progress)
    if wanted.plan.from_log and kube and wanted.front:
        time.sleep(1)  # until the last lines are in the logs
        answers_in_logs(
            kube, wanted.front.namespace, traffic, wanted.plan, int(time.monotonic() - started) + 5
        )
    second = cluster.look(kube, wanted.front) if kube and wanted.front else None
    if second:
        roster = roster.with_also(cluster.roster(second, wanted.subnets).pods)
    after = structure_checks.check(second, wanted.subnets, target.port) if second else None
    known = cluster.addresses(
        second, wanted.subnets, [*wanted.load_balancers, traffic.remote], map(address_in, wanted.nodes)
    )
    outcome = _judge(
        wanted, subject, traffic, roster, after, known, forging=target.http and not wanted.kubectl
    )
    return _with_others(
        outcome, [] if wanted.url or not second else cluster.load_balancer_addresses(second), target.host
    )


def _with_others(outcome: Outcome, addresses: Sequence[str], used: str) -> Outcome:
    """The outcome, with the addresses of the load balancer that got no traffic: a dual-stack balancer has
    two."""
    others = [
        f"the load balancer's address {address} got no traffic; repeat with its URL"
        for address in addresses
        if address != used
    ]
    if outcome.results is None or not others:
        return outcome
    return replace(outcome, results=replace(outcome.results, uncovered=(*outcome.results.uncovered, *others)))


def _check(wanted: Wanted) -> None:
    if not wanted.url and not wanted.front:
        raise WrongUse("nothing to verify: give a URL, --service or --ingress")
    if wanted.url:
        told_twice = {"--port": wanted.port, "--path": wanted.path != "/", "--tcp": wanted.tcp}
        options.refuse("the URL says scheme, port and path", told_twice)
    if wanted.tcp and wanted.front and wanted.front.kind == "Ingress":
        raise WrongUse("--tcp goes with --service: an Ingress speaks HTTP")
    if wanted.structure_only and not wanted.front:
        raise WrongUse("--structure-only needs --service or --ingress")
    if wanted.structure_only:
        of_traffic = {
            "the URL": wanted.url,
            "--in-vpc": wanted.job,
            "--from-log": wanted.plan.from_log,
            "--from-tcp-table": wanted.kubectl,
            "--expect-client": wanted.expect,
        }
        options.refuse("--structure-only sends no traffic", of_traffic)
    if wanted.plan.from_log and not wanted.front:
        raise WrongUse("--from-log needs --service or --ingress: their pods' logs are read")
    if wanted.kubectl and not (wanted.front and wanted.front.kind == "Service"):
        raise WrongUse(
            "--from-tcp-table needs --service: an Ingress connects to a pod only when a request is complete"
        )
    if wanted.kubectl and (wanted.plan.from_log or wanted.job):
        raise WrongUse("--from-tcp-table goes neither with --from-log nor with --in-vpc")
    if wanted.job and not wanted.front:
        raise WrongUse("--in-vpc needs --service or --ingress: the Job must not run beside their pods")
    if wanted.expect and not address_in(wanted.expect):
        raise WrongUse(f"{wanted.expect!r} is no address; write --expect-client 10.0.0.3")
    for block in wanted.load_balancers:
        if not ranges([(block, "")]):
            raise WrongUse(
                f"{block!r} is no address or range; write --lb-address 10.0.8.10 or --lb-address"
                " 100.64.0.0/10"
            )
    for address in wanted.nodes:
        if not address_in(address):
            raise WrongUse(f"{address!r} is no address; write --node-address 10.0.0.4")


def _look(kube: Kube | None, wanted: Wanted, progress: Progress) -> Snapshot | None:
    """The cluster, as soon as the load balancer has an address."""
    if kube is None or wanted.front is None:
        return None
    progress.say(f"reading {wanted.front}")
    started = time.monotonic()
    while True:
        found = cluster.look(kube, wanted.front)
        waiting = not wanted.structure_only and not wanted.url and not cluster.load_balancer_addresses(found)
        if not waiting or child(found.body, "spec").get("type", "LoadBalancer") != "LoadBalancer":
            return found
        if time.monotonic() - started > wanted.plan.patience:
            raise CannotVerify(
                f"{wanted.front} has no load balancer address after {wanted.plan.patience:g} s"
            )
        time.sleep(1)


def target_of(wanted: Wanted, snapshot: Snapshot | None) -> Target:
    """Where the questions go."""
    if wanted.url:
        return _from_url(wanted)
    assert snapshot is not None, "checked: a URL, or something in the cluster"
    addresses = cluster.load_balancer_addresses(snapshot)
    if not addresses:
        raise WrongUse(f"{snapshot.front} has no load balancer; give the URL that leads to its pods as well")
    scheme, port, host = (
        _of_ingress(wanted, snapshot) if snapshot.front.kind == "Ingress" else _of_service(wanted, snapshot)
    )
    address = min(addresses, key=lambda given: ":" in given)  # IPv4 where there is a choice
    return Target(
        scheme, address, port, wanted.path, wanted.host or host, wanted.insecure, wanted.proxy_protocol
    )


def _check_target(wanted: Wanted, target: Target) -> None:
    """Refuse what makes no sense on the listener."""
    if wanted.plan.from_log and not target.http:
        raise WrongUse(f"--from-log reads access logs of HTTP requests; {target.shown} gets none")
    if target.scheme == "udp" and (wanted.kubectl or wanted.proxy_protocol or wanted.tcp):
        raise WrongUse(f"{target.shown} is UDP: leave out --tcp, --from-tcp-table and --proxy-protocol")


def _from_url(wanted: Wanted) -> Target:
    try:
        parts = urlsplit(wanted.url)
        port = parts.port
    except ValueError:
        raise WrongUse("the URL cannot be read; write http://10.0.8.10/ or tcp://10.0.8.10:5000") from None
    schemes: dict[str, tuple[Scheme, int]] = {
        "http": ("http", 80),
        "https": ("https", 443),
        "tcp": ("tcp", 0),
    }
    if parts.scheme not in schemes or not parts.hostname:
        raise WrongUse("the URL must begin with http://, https:// or tcp:// and name a host")
    if parts.username or parts.password:
        raise WrongUse("the URL holds credentials; they would end up in logs, so leave them out")
    scheme, default = schemes[parts.scheme]
    if not (port or default):
        raise WrongUse("tcp:// needs a port: tcp://10.0.8.10:5000")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii() or any(character.isspace() for character in path):
        raise WrongUse("the URL's path must be written in plain ASCII, with %XX for everything else")
    return Target(
        scheme, parts.hostname, port or default, path, wanted.host, wanted.insecure, wanted.proxy_protocol
    )


def _of_service(wanted: Wanted, snapshot: Snapshot) -> tuple[Scheme, int, str]:
    listener = _listener(wanted.port, snapshot)
    protocol = listener.protocol
    if protocol in LAYER_7 and (wanted.tcp or wanted.kubectl):
        option = "--tcp" if wanted.tcp else "--from-tcp-table"
        raise WrongUse(
            f"{option} does not go with port {listener}: there the load balancer itself answers HTTP"
        )
    inside_tcp: Scheme = "tcp" if wanted.tcp else "https" if listener.port == 443 else "http"
    schemes: dict[str, Scheme] = {
        "HTTP": "http",
        "HTTPS": "https",
        "UDP": "udp",
        "TCP": inside_tcp,
        "TCP_SSL": "tls" if wanted.tcp else "https",
    }
    return schemes[protocol], listener.port, listener.host


def _listener(number: int, snapshot: Snapshot) -> Listener:
    """The listener of that port; 0: the first one. Raises WrongUse."""
    listeners = snapshot.listeners
    found = next((listener for listener in listeners if number in (0, listener.port)), None)
    if found is None:
        raise WrongUse(
            f"{snapshot.front} has no port {number}; it has {', '.join(map(str, listeners)) or 'none'}"
        )
    return found


def _of_ingress(wanted: Wanted, snapshot: Snapshot) -> tuple[Scheme, int, str]:
    listener = _listener(wanted.port, snapshot)
    return "https" if listener.protocol == "HTTPS" else "http", listener.port, listener.host


def _send(
    wanted: Wanted,
    target: Target,
    roster: Roster,
    kube: Kube | None,
    snapshot: Snapshot | None,
    progress: Progress,
) -> Traffic:
    if wanted.job and kube and snapshot:
        return in_cluster_job.run(
            kube, wanted.job, Order(target, wanted.plan, roster), snapshot, progress.say
        )
    if wanted.kubectl and snapshot:
        ports = {
            name_of(pod): ports_of(snapshot.services, pod)
            for pod in snapshot.pods
            if name_of(pod) in roster.wanted
        }
        tables = Tables(wanted.kubectl, snapshot.front.namespace, ports)
        return asyncio.run(pod_tables.run(target, wanted.plan, roster, tables, progress.watch))
    return asyncio.run(run(target, wanted.plan, roster, progress.watch))


def _judge(
    wanted: Wanted,
    subject: str,
    traffic: Traffic,
    roster: Roster,
    structure: Structure | None,
    known: Addresses,
    forging: bool,
) -> Outcome:
    expect = address_in(wanted.expect)
    case = Case(
        known,
        expect,
        structure.keeps_source if structure else None,
        forgery_of(traffic.forged, known, expect),
    )
    found = results(traffic.tally.counts, roster, case, wanted.wish)
    zones = {pod.zone for pod in roster.pods} | set(wanted.subnets.by_zone) | set(wanted.wish.zones)
    accepted = (
        wanted.accept_header if wanted.accept_header is not None else bool(structure and structure.layer7)
    )
    return Outcome(
        subject=subject,
        expected=expect or traffic.local,
        header_accepted=accepted,
        results=found,
        structure=structure,
        traps=caveats.find(
            traffic, found, case, roster, structure, len(zones - {UNPLACED}), wanted.job is not None, forging
        ),
        sent=Sent(
            traffic.requests,
            traffic.replies,
            traffic.seconds,
            dict(traffic.failures),
            traffic.local,
            traffic.remote,
        ),
    )
