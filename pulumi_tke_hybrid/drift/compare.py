"""Compares the sources of a snapshot and returns the findings. Reads nothing; a value that a source does not
have is never guessed.

This module has the cluster's own settings, the zones of the nodes and the pods; `compare_subnets` has the
subnets and the ConfigMap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pulumi_tke_hybrid.cli.files import other_cluster
from pulumi_tke_hybrid.cli.process import listed, several
from pulumi_tke_hybrid.cloud.vpc_cni_state import LiveVpcCni, reclaim_words
from pulumi_tke_hybrid.drift import compare_subnets
from pulumi_tke_hybrid.drift.snapshot import (
    LIVE,
    CloudList,
    EniPod,
    Snapshot,
    Unavailable,
    VpcSubnet,
    lies_in,
)
from pulumi_tke_hybrid.tke import ipamd, keys
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity, note_rule, warning_rule

_SEVERITIES = [Severity.ERROR, None, Severity.WARNING, Severity.NOTE]
"""The order of the report; None: a rule that could not be checked."""
_FIXED_BY_TKE = "EnableVpcCniNetworkType: chosen when VPC-CNI is switched on"

SIDE_NOT_READ = warning_rule(
    "side-not-read", "Every source is read.", "the source", "drift that is not read is not seen"
)
CLUSTER_NOT_CHECKED = note_rule(
    "cluster-not-checked",
    "The kubeconfig is that of the cluster.",
    "the cluster's CVM instances",
    "a node's address is that of a CVM instance",
)
VPC_CNI_OFF = Rule(
    "vpc-cni-off", "VPC-CNI is on.", "DescribeIPAMD", "DescribeIPAMD: EnableIPAMD, DisableVpcCniMode"
)
IPAMD_FAILED = Rule("ipamd-failed", "ipamd has not failed.", "DescribeIPAMD", "DescribeIPAMD: Phase")
IPAMD_BUSY = warning_rule("ipamd-busy", "ipamd is running.", "DescribeIPAMD", "DescribeIPAMD: Phase")
PROGRAM_VPC = warning_rule(
    "program-vpc", "The program names the cluster's VPC.", "the facts", "a cluster never moves"
)
STATIC_IP = warning_rule(
    "static-ip", "The program names the live static-IP mode.", "the facts", _FIXED_BY_TKE
)
STATIC_IP_UNKNOWN = note_rule(
    "static-ip-unknown",
    "The API returns the static-IP mode.",
    "DescribeClusters",
    "DescribeClusters: Property.IsNonStaticIpMode",
)
CNI_TYPE = warning_rule("cni-type", "The CNI type is tke-route-eni.", "the facts", _FIXED_BY_TKE)
RECLAIM = warning_rule(
    "reclaim",
    "The program names the live reclaim time.",
    "the facts",
    "457/50360: fixed before ipamd 3.5.0, a setting of the add-on from then on",
)

REGISTERED, OVERLAY, HOST, OUTSIDE, WAITING = "registered", "overlay", "host", "outside", "waiting"
"""Where the address of an ENI pod is."""
_ARTICLE = "the article: an ENI pod has an address of a container subnet"

ON_OVERLAY = Rule("eni-pod-on-overlay", "An ENI pod has no address of the overlay.", "the pods", _ARTICLE)
ON_HOST = Rule(
    "eni-pod-on-host",
    "An ENI pod does not use its node's network.",
    "the pods",
    "457/64886; Kubernetes: hostNetwork",
)
POD_OUTSIDE = warning_rule(
    "eni-pod-outside",
    "An ENI pod's address is in a registered subnet.",
    "the pods, the VPC's subnets, ipamd's list",
    _ARTICLE,
)
POD_WAITING = note_rule("eni-pod-waiting", "An ENI pod has an address.", "the pods", _ARTICLE)
ZONE_UNKNOWN = warning_rule(
    "node-zone-unknown", "The zone of a node is known.", "the nodes", "TKE's label of the zone"
)
ZONE_UNCOVERED = Rule(
    "node-zone-uncovered",
    "Each zone with nodes has a container subnet.",
    "the nodes, the VPC's subnets, ipamd's list",
    "the article, step 5: an ENI is in its node's zone",
)


def compare(snapshot: Snapshot) -> list[Finding]:
    """All findings, the worst first. The objects of another cluster are not compared."""
    snapshot = _of_one_cluster(snapshot)
    found = [*_unavailable(snapshot), *_switch(snapshot)]
    if not any(finding.rule is VPC_CNI_OFF for finding in found):
        found += [
            *compare_subnets.subnet_findings(snapshot),
            *compare_subnets.config_map_findings(snapshot),
            *zone_findings(snapshot),
            *pod_findings(snapshot),
            *_program(snapshot),
        ]
    return sorted(found, key=_rank)


def _rank(finding: Finding) -> tuple[int, str, str]:
    return _SEVERITIES.index(finding.judged_severity), finding.rule.id, finding.path


def rule_ids() -> set[str]:
    """The ids of all rules of `drift`."""
    values = [*globals().values(), *vars(compare_subnets).values()]
    return {value.id for value in values if isinstance(value, Rule)}


def _of_one_cluster(snapshot: Snapshot) -> Snapshot:
    """The snapshot, without the cluster's own objects where the kubeconfig is that of another cluster."""
    nodes, instances = snapshot.nodes, snapshot.instances
    if isinstance(nodes, Unavailable) or isinstance(instances, Unavailable):
        return snapshot
    reason = other_cluster(
        snapshot.cluster_id, [node.address for node in nodes if not node.virtual], instances
    )
    if not reason:
        return snapshot
    other = Unavailable(reason)
    return replace(snapshot, config_map=other, nodes=other, pods=other)


def _unavailable(snapshot: Snapshot) -> Iterator[Finding]:
    reasons: dict[str, list[str]] = {}
    for name, source in snapshot.unavailable:
        if source.wanted:
            reasons.setdefault(source.reason, []).append(name)
    for reason, names in reasons.items():
        sources = ", ".join(names)
        finding = SIDE_NOT_READ.finding(
            sources,
            "could not be read",
            value=sources[0].upper() + sources[1:],
            why=reason,
            todo="drift there is not seen, so run the command again when the API can be reached",
        )
        yield replace(finding, unknown=True)
    if isinstance(snapshot.instances, Unavailable) and not isinstance(snapshot.nodes, Unavailable):
        why = f"the cluster's CVM instances could not be read ({snapshot.instances.reason})"
        todo = "make sure that the kubeconfig is this cluster's"
        yield _of_cluster(CLUSTER_NOT_CHECKED, snapshot, "Kubeconfig", "is not checked", why, todo)


def _switch(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether VPC-CNI is on and ipamd works."""
    live = snapshot.ipamd
    if isinstance(live, Unavailable):
        return
    if not live.enabled:
        subnets = len(snapshot.cloud.subnets) if isinstance(snapshot.cloud, CloudList) else 0
        pods = 0 if isinstance(snapshot.pods, Unavailable) else len(snapshot.pods)
        in_program = "; in the program it is on" if snapshot.program else ""
        what = f"is off, with {several(subnets, 'subnet')} in the cloud's list" if subnets else "is off"
        affected = several(pods, "ENI pod") if pods else "ENI pods"
        why = f"{affected} cannot work, new pods stay Pending{in_program}"
        todo = "run `pulumi refresh`, review the preview, then `pulumi up` switches it on again"
        yield _of_cluster(VPC_CNI_OFF, snapshot, "VPC-CNI", what, why, todo)
    elif ipamd.has_failed(live.phase):
        what = f"is in phase {live.phase} ({live.reason or 'without a reason'})"
        todo = "look at the pods tke-eni-ipamd and tke-eni-agent in kube-system"
        yield _of_cluster(IPAMD_FAILED, snapshot, "ipamd", what, "no pod gets a new ENI address", todo)
    elif not live.running:
        why = "its list may lag behind; a cluster without a ready node stays like this"
        todo = "look again once it is running"
        yield _of_cluster(IPAMD_BUSY, snapshot, "ipamd", f"is not running: {live.words}", why, todo)


def _program(snapshot: Snapshot) -> Iterator[Finding]:
    """Settings that differ from the program's, none of which can be changed in place."""
    program, live = snapshot.program, snapshot.ipamd
    if program is None:
        return
    if isinstance(snapshot.cloud, CloudList) and program.vpc_id not in ("", snapshot.cloud.vpc_id):
        yield _differs(PROGRAM_VPC, snapshot, "VPC", snapshot.cloud.vpc_id, program.vpc_id)
    if isinstance(live, LiveVpcCni):
        yield from _settings(snapshot, program, live)


def _settings(snapshot: Snapshot, program: ClusterFacts, live: LiveVpcCni) -> Iterator[Finding]:
    if program.static_ip is not None and live.static_ip is None:
        what, why = "is missing in the API's response", f"in the program it is {on_or_off(program.static_ip)}"
        yield _of_cluster(STATIC_IP_UNKNOWN, snapshot, "Static-IP mode", what, why, "nothing to do")
    elif program.static_ip is not None and live.static_ip is not None and live.static_ip != program.static_ip:
        there, here = on_or_off(live.static_ip), on_or_off(program.static_ip)
        yield _differs(STATIC_IP, snapshot, "Static-IP mode", there, here)
    if program.static_ip and live.running:
        wanted = ipamd.seconds_of(program.ip_reclaim)
        if live.reclaim_seconds != wanted:
            yield _reclaim(snapshot, reclaim_words(live.reclaim_seconds), reclaim_words(wanted))
    if live.cni_type and live.cni_type != keys.ROUTE_ENI:
        yield _differs(CNI_TYPE, snapshot, "CNI type", live.cni_type, keys.ROUTE_ENI)


def _reclaim(snapshot: Snapshot, live: str, in_program: str) -> Finding:
    """How a program can change the reclaim time depends on the version of ipamd."""
    fixed = "an ipamd before 3.5.0 fixes it when VPC-CNI is switched on"
    setting = f"from 3.5.0 on it is a setting of the add-on {ipamd.ADDON}"
    reason = {True: fixed, False: setting, None: f"{fixed}, {setting}"}[snapshot.reads_keys]
    todo = "write the live value into the program"
    if not snapshot.reads_keys:
        todo += f", or the program's into the settings of {ipamd.ADDON} (component management)"
    why = f"in the program it is {in_program}; `up` cannot change it: {reason}"
    return _of_cluster(RECLAIM, snapshot, "Reclaim time", f"is {live}", why, todo)


def _differs(rule: Rule, snapshot: Snapshot, setting: str, live: str, in_program: str) -> Finding:
    why = f"in the program it is {in_program}; TKE fixes it, so `up` cannot change it"
    return _of_cluster(rule, snapshot, setting, f"is {live}", why, "write the live value into the program")


def _of_cluster(rule: Rule, snapshot: Snapshot, subject: str, what: str, why: str, todo: str) -> Finding:
    cluster = snapshot.cluster_id
    return rule.finding(cluster, what, value=f"{subject} of {cluster}", why=why, todo=todo)


def on_or_off(value: bool) -> str:
    """`on` or `off`."""
    return "on" if value else "off"


def places(snapshot: Snapshot) -> list[tuple[EniPod, str, VpcSubnet | None]]:
    """Each ENI pod, the place of its address, and the subnet that holds the address."""
    if isinstance(snapshot.pods, Unavailable):
        return []
    nodes = () if isinstance(snapshot.nodes, Unavailable) else snapshot.nodes
    overlay = [block for node in nodes for block in node.pod_ranges]
    overlay += [snapshot.cloud.overlay] if isinstance(snapshot.cloud, CloudList) else []
    registered = {subnet for source in LIVE for subnet in snapshot.lists[source] or ()}

    def place(pod: EniPod) -> tuple[str, VpcSubnet | None]:
        if pod.on_host:
            return HOST, None
        if not pod.address:
            return WAITING, None
        if lies_in(pod.address, overlay):
            return OVERLAY, None
        own = snapshot.subnet_of(pod.address)
        return (REGISTERED if own is not None and own.subnet_id in registered else OUTSIDE), own

    return [(pod, *place(pod)) for pod in snapshot.pods]


def pod_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """A finding for each workload whose pods are in a wrong place."""
    groups: dict[tuple[str, bool, str], list[tuple[EniPod, VpcSubnet | None]]] = {}
    for pod, place, own in places(snapshot):
        lacks_request = place == OVERLAY and not pod.requests_address
        workload = f"{pod.namespace}/{pod.workload}"
        groups.setdefault((place, lacks_request, workload), []).append((pod, own))
    compared = not isinstance(snapshot.network, Unavailable) and snapshot.working is not None
    for (place, lacks_request, workload), found in sorted(groups.items(), key=lambda item: item[0]):
        if place == REGISTERED or (place == OUTSIDE and not compared):
            continue
        subnets = sorted({own.subnet_id for _, own in found if own is not None})
        rule, what, why, todo = _misplaced(place, lacks_request, [pod for pod, _ in found], subnets)
        yield rule.finding(workload, what, value=f"ENI pods of {workload}", why=why, todo=todo)


def _misplaced(
    place: str, lacks_request: bool, pods: Sequence[EniPod], subnets: Sequence[str]
) -> tuple[Rule, str, str, str]:
    """The broken rule, what the pods do, why that matters, and what to do."""
    if place == OVERLAY:
        rule, what = ON_OVERLAY, f"have addresses of the overlay: {_addresses(pods)}"
        why = "they request an ENI address, but do not have one, so they do not see their clients"
        todo = (
            "if they are older than VPC-CNI, restart the workload; else look for Cilium chaining, under which"
            " ENI pods keep the overlay"
        )
        if lacks_request:
            why = (
                f"the annotation is there, but the first container does not request {keys.ENI_IP}, so they do"
                " not see their clients"
            )
            todo = (
                f'give its first container {keys.ENI_IP}: "1" in requests and limits (ClientIpWorkload does)'
            )
    elif place == HOST:
        rule, what = ON_HOST, f"use the host network: {_addresses(pods)}"
        why = "with host network the annotation has no effect"
        todo = "take hostNetwork away, or the annotation"
    elif place == OUTSIDE:
        where = ", ".join(subnets) or "no subnet of the VPC"
        rule, what = POD_OUTSIDE, f"have addresses in {where}: {_addresses(pods)}"
        why = "no source lists that subnet, so their successors get addresses elsewhere, or none"
        todo = "register the subnet again, or restart the workload at a time that suits it"
    else:
        rule, what = POD_WAITING, f"have no address: {_addresses(pods)}"
        why = "they start, or no node of a covered zone has an address left"
        todo = "look at their events if it lasts"
    return rule, what, why, todo


def _addresses(pods: Sequence[EniPod]) -> str:
    names = listed([f"{pod.name} {pod.address}".rstrip() for pod in pods], 3)
    return f"{several(len(pods), 'pod')} ({names})"


def nodes_by_zone(snapshot: Snapshot) -> dict[str | None, list[str]]:
    """Names of the nodes by zone, None for an unknown zone. Super and registered nodes have no ENI and are
    left out."""
    found: dict[str | None, list[str]] = {}
    for node in () if isinstance(snapshot.nodes, Unavailable) else snapshot.nodes:
        if not node.virtual:
            found.setdefault(snapshot.zone_of(node), []).append(node.name)
    return found


def zone_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """A finding for each zone without a container subnet, and one for the nodes of an unknown zone."""
    by_zone, working = nodes_by_zone(snapshot), snapshot.working
    unknown = by_zone.pop(None, [])
    if unknown:
        finding = ZONE_UNKNOWN.finding(
            "nodes",
            f"is not known ({listed(unknown)})",
            value=f"Zone of {several(len(unknown), 'node')}",
            why="neither its label nor its address names the zone, so ENI pods may find no subnet there",
            todo="look at the label topology.kubernetes.io/zone",
        )
        yield replace(finding, unknown=True)
    if working is None or isinstance(snapshot.network, Unavailable):
        return
    covered = {subnet.zone for subnet in snapshot.network if subnet.subnet_id in working}
    for zone, nodes in by_zone.items():
        if zone is not None and zone not in covered:
            yield ZONE_UNCOVERED.finding(
                zone,
                f"has {several(len(nodes), 'node')} ({listed(nodes, 3)}), and no container subnet (zones with"
                f" a subnet: {', '.join(sorted(covered)) or 'none'})",
                value=f"Zone {zone}",
                why="an ENI must be in its node's zone, so ENI pods never run there and the pool cannot grow",
                todo=f"add an EniZoneSubnet in {zone} to eni_subnets; for a pool without ENI pods: --accept"
                f" node-zone-uncovered:{zone}",
            )
