"""The run of `verify`: read the cluster, send the traffic, read the cluster again, judge, write the
reports."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from rich.console import Console

from pulumi_tke_hybrid.cli import files, process
from pulumi_tke_hybrid.cli.process import CouldNotTell, ExitCode, WrongUse
from pulumi_tke_hybrid.cli.result import ReportFiles, finish
from pulumi_tke_hybrid.kube.client import KubeClient
from pulumi_tke_hybrid.tke.objects import child, children, name_of
from pulumi_tke_hybrid.verify import caveats, pod_tables, probe
from pulumi_tke_hybrid.verify import structure as structure_checks
from pulumi_tke_hybrid.verify.answers import address_in
from pulumi_tke_hybrid.verify.backends import UNPLACED, Backends, Coverage, out_of_reach, results
from pulumi_tke_hybrid.verify.cluster_snapshot import (
    ClusterObjects,
    ContainerSubnets,
    Frontend,
    known_addresses,
    read_objects,
)
from pulumi_tke_hybrid.verify.command import VerifyArguments
from pulumi_tke_hybrid.verify.inside import JobRequest, JobRun, JobSettings, free_nodes
from pulumi_tke_hybrid.verify.pod_tables import Kubectl, TcpTableReader, ports_of
from pulumi_tke_hybrid.verify.probe import ProbePlan, Progress, Traffic, progress_on
from pulumi_tke_hybrid.verify.report import Verification, as_result
from pulumi_tke_hybrid.verify.target import Listener, Target, TargetOptions, target_of_listener, target_of_url
from pulumi_tke_hybrid.verify.verdict import Case, forgery_of, ranges

_FACTS = "pulumi stack output clusterFacts --json"


@dataclass(frozen=True)
class VerifyOptions(TargetOptions):
    """The options of a run, parsed."""

    frontend: Frontend | None = None
    expect: str = ""
    """The client's address; empty means this machine's own on each connection."""
    plan: ProbePlan = field(default_factory=ProbePlan)
    coverage: Coverage = field(default_factory=Coverage)
    subnets: ContainerSubnets = field(default_factory=ContainerSubnets)
    structure_only: bool = False
    accept_header: bool | None = None
    """Whether HEADER_ONLY is a success; None: if the listener is HTTP."""
    load_balancers: Sequence[str] = ()
    """Further addresses or ranges of the load balancer."""
    nodes: Sequence[str] = ()
    """Further addresses of nodes."""
    kubectl: Kubectl | None = None
    """The peers are read from the pods' TCP tables."""
    job: JobSettings | None = None
    """A Job in the VPC sends the traffic."""


def run(given: VerifyArguments) -> ExitCode:
    files.refuse_change("verify", given.fail_on)
    reports, parsed = ReportFiles(given.json_file, given.markdown_file), parse(given)
    with process.like_ctrl_c(), progress_on(Console(stderr=True)) as progress:
        found = verify(parsed, lambda: files.connect(given.kubeconfig, given.context), progress)
    return finish("verify", as_result(replace(found, fail_on=given.fail_on)), reports)


def parse(given: VerifyArguments) -> VerifyOptions:
    """Return the options of a run. Raises WrongUse."""
    if given.service and given.ingress:
        raise WrongUse("give --service or --ingress, not both")
    if not given.in_vpc:
        of_job = {"--image": given.image, "--pull-secret": given.pull_secret}
        files.refuse("without --in-vpc there is no Job", of_job)
    elif not given.image:
        raise WrongUse(
            "--in-vpc needs --image: any image with Python and this library: `pip install --no-deps .` in a"
            " clone"
        )
    frontend = Frontend.parse("Service", given.service) if given.service else None
    frontend = Frontend.parse("Ingress", given.ingress) if given.ingress else frontend
    zones = [zone.strip() for zone in given.zones.split(",") if zone.strip()]
    return VerifyOptions(
        url=given.url,
        port=given.port,
        path=given.path,
        tcp=given.tcp,
        host=given.host,
        insecure=given.insecure,
        proxy_protocol=given.proxy_protocol.value if given.proxy_protocol else None,
        frontend=frontend,
        expect=given.expect_client,
        plan=ProbePlan(
            requests=given.requests,
            concurrency=given.concurrency,
            deadline=given.deadline,
            retry=given.deadline / 2,
            peer_field=given.peer_field,
            pod_field=given.pod_field,
            from_log=given.from_log,
        ),
        coverage=Coverage(zones, given.min_per_zone, not given.sample),
        subnets=ContainerSubnets.of(
            files.read_facts(given.facts, _FACTS) if given.facts else None, given.subnet or ()
        ),
        structure_only=given.structure_only,
        accept_header=given.accept_header,
        load_balancers=given.lb_address or (),
        nodes=given.node_address or (),
        kubectl=Kubectl(given.kubeconfig, given.context) if given.from_tcp_table else None,
        job=JobSettings(given.image, frontend.namespace if frontend else "", given.pull_secret)
        if given.in_vpc
        else None,
    )


def verify(given: VerifyOptions, connect: Callable[[], KubeClient], progress: Progress) -> Verification:
    """Return the verification. Raises CouldNotTell, KubeError or WrongUse."""
    _check(given)
    kube = connect() if given.frontend else None
    first = _read_when_ready(kube, given, progress)
    if given.structure_only and first:
        return _structure_alone(given, first)
    target = target_of(given, first)
    _check_target(given, target)
    subject = f"{given.frontend} at {target.shown}" if given.frontend else target.shown
    progress.step(f"sending requests to {subject}")
    backends = first.backends(given.subnets.region) if first else Backends()
    traffic = _send(given, target, backends, kube, first, progress)
    second = read_objects(kube, given.frontend) if kube and given.frontend else None
    return replace(_judge(given, traffic, backends, second, target), subject=subject)


def _structure_alone(given: VerifyOptions, objects: ClusterObjects) -> Verification:
    if given.port:
        _listener(given.port, objects)
    # Without readable nodes no zone is known, which is a finding of the structure.
    backends = objects.backends(given.subnets.region)
    return Verification(
        str(given.frontend),
        given.expect,
        header_accepted=True,
        structure=structure_checks.check(objects, given.subnets, given.port),
        out_of_reach=out_of_reach(backends, given.coverage) if objects.nodes else [],
    )


def _check(given: VerifyOptions) -> None:
    """Refuse options that contradict each other. Raises WrongUse."""
    if not given.url and not given.frontend:
        raise WrongUse("nothing to verify: give a URL, --service or --ingress")
    if given.url:
        in_url = {"--port": given.port, "--path": given.path != "/", "--tcp": given.tcp}
        files.refuse("the URL holds scheme, port and path", in_url)
    if given.tcp and given.frontend and given.frontend.kind == "Ingress":
        raise WrongUse("--tcp goes with --service: an Ingress takes HTTP")
    if given.structure_only and not given.frontend:
        raise WrongUse("--structure-only needs --service or --ingress")
    if given.structure_only:
        of_traffic = {
            "the URL": given.url,
            "--in-vpc": given.job,
            "--from-log": given.plan.from_log,
            "--from-tcp-table": given.kubectl,
            "--expect-client": given.expect,
        }
        files.refuse("--structure-only sends no traffic", of_traffic)
    if given.plan.from_log and not given.frontend:
        raise WrongUse("--from-log needs --service or --ingress: their pods' logs are read")
    if given.kubectl and not (given.frontend and given.frontend.kind == "Service"):
        raise WrongUse(
            "--from-tcp-table needs --service: an Ingress connects to a pod only when a request is complete"
        )
    if given.kubectl and (given.plan.from_log or given.job):
        raise WrongUse("--from-tcp-table goes neither with --from-log nor with --in-vpc")
    if given.job and not given.frontend:
        raise WrongUse("--in-vpc needs --service or --ingress: the Job must not run beside their pods")
    _check_addresses(given)


def _check_addresses(given: VerifyOptions) -> None:
    if given.expect and not address_in(given.expect):
        raise WrongUse(f"{given.expect!r} is no address; write --expect-client 10.0.0.3")
    for block in given.load_balancers:
        if not ranges([(block, "")]):
            example = "--lb-address 10.0.8.10 or --lb-address 100.64.0.0/10"
            raise WrongUse(f"{block!r} is no address or range; write {example}")
    for address in given.nodes:
        if not address_in(address):
            raise WrongUse(f"{address!r} is no address; write --node-address 10.0.0.4")


def _check_target(given: VerifyOptions, target: Target) -> None:
    """Refuse options that the listener's protocol does not have. Raises WrongUse."""
    if given.plan.from_log and not target.http:
        raise WrongUse(f"--from-log reads access logs of HTTP requests; {target.shown} gets none")
    if target.scheme == "udp" and (given.kubectl or given.proxy_protocol or given.tcp):
        raise WrongUse(f"{target.shown} is UDP: leave out --tcp, --from-tcp-table and --proxy-protocol")


def _read_when_ready(
    kube: KubeClient | None, given: VerifyOptions, progress: Progress
) -> ClusterObjects | None:
    """Read the cluster as soon as the load balancer has an address."""
    if kube is None or given.frontend is None:
        return None
    progress.step(f"reading {given.frontend}")
    started = time.monotonic()
    while True:
        found = read_objects(kube, given.frontend)
        waiting = not given.structure_only and not given.url and not found.load_balancer_addresses
        if not waiting or child(found.body, "spec").get("type", "LoadBalancer") != "LoadBalancer":
            return found
        if time.monotonic() - started > given.plan.retry:
            raise CouldNotTell(f"{given.frontend} has no load balancer address after {given.plan.retry:g} s")
        time.sleep(1)


def target_of(given: VerifyOptions, objects: ClusterObjects | None) -> Target:
    """Return the target of the requests. Raises WrongUse or CouldNotTell."""
    if given.url:
        return target_of_url(given)
    assert objects is not None, "checked: a URL, or a Service or Ingress"
    addresses = objects.load_balancer_addresses
    if not addresses:
        raise WrongUse(
            f"{objects.frontend} has no load balancer; give the URL that leads to the pods as well"
        )
    return target_of_listener(given, addresses, _listener(given.port, objects), bool(given.kubectl))


def _listener(number: int, objects: ClusterObjects) -> Listener:
    """Return the listener of that port; 0 means the first listener. Raises WrongUse."""
    listeners = objects.listeners
    found = next((listener for listener in listeners if number in (0, listener.port)), None)
    if found is None:
        known = ", ".join(map(str, listeners)) or "none"
        raise WrongUse(f"{objects.frontend} has no port {number}; it has {known}")
    return found


def _send(
    given: VerifyOptions,
    target: Target,
    backends: Backends,
    kube: KubeClient | None,
    objects: ClusterObjects | None,
    progress: Progress,
) -> Traffic:
    pods = objects.pods if objects else ()
    started = time.monotonic()
    if given.job and kube and objects:
        job = JobRun(kube, given.job, JobRequest(target, given.plan, backends), progress)
        traffic = job.run(free_nodes(objects.nodes, pods))
    elif given.kubectl and objects:
        ports = {
            name_of(pod): ports_of(objects.services, pod) for pod in pods if name_of(pod) in backends.expected
        }
        reader = TcpTableReader(given.kubectl, objects.frontend.namespace, ports)
        traffic = asyncio.run(pod_tables.run(target, given.plan, backends, reader, progress.watch))
    else:
        traffic = asyncio.run(probe.run(target, given.plan, backends, progress.watch))
    if given.plan.from_log and kube and objects:
        time.sleep(1)  # until the last lines are in the logs
        containers = {
            name_of(pod): str(first.get("name") or "")
            for pod in pods
            for first in children(pod, "spec", "containers")[:1]
        }
        seconds = int(time.monotonic() - started) + 5
        namespace = objects.frontend.namespace
        probe.add_answers_in_logs(kube, namespace, containers, traffic, given.plan, seconds)
    return traffic


def _judge(
    given: VerifyOptions, traffic: Traffic, backends: Backends, objects: ClusterObjects | None, target: Target
) -> Verification:
    """Return the verification of traffic. `objects` are read after the traffic, `backends` before."""
    structure = structure_checks.check(objects, given.subnets, target.port) if objects else None
    known = known_addresses(
        objects, given.subnets, [*given.load_balancers, traffic.remote], map(address_in, given.nodes)
    )
    if objects:
        backends = backends.merge(objects.backends(given.subnets.region))
    addresses = objects.load_balancer_addresses if objects and not given.url else []
    unused = [  # a dual-stack load balancer has two addresses
        f"the load balancer's address {address} got no traffic; repeat with the URL of that address"
        for address in addresses
        if address != target.host
    ]
    expect = address_in(given.expect)
    forgery = forgery_of(traffic.forged, known, expect)
    case = Case(known, expect, structure.keeps_source if structure else None, forgery)
    found = results(traffic.tally.counts, backends, case, given.coverage)
    zones = {pod.zone for pod in backends.pods} | {*given.subnets.by_zone} | {*given.coverage.zones}
    measured = caveats.Measured(
        traffic,
        found,
        case,
        backends,
        structure,
        zones=len(zones - {UNPLACED}),
        from_job=given.job is not None,
        forging=target.http and not given.kubectl,
    )
    return Verification(
        subject="",
        expected=expect or traffic.local,
        header_accepted=bool(structure and structure.layer7)
        if given.accept_header is None
        else given.accept_header,
        results=replace(found, uncovered=(*found.uncovered, *unused)),
        structure=structure,
        caveats=caveats.find(measured),
        traffic=traffic,
    )
