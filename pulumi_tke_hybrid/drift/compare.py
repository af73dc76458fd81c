"""Compares the sources of a snapshot and returns the findings. Reads nothing; a value that a source does not
have is never guessed.

This module has the cluster's own settings; the subnets, the ConfigMap, the zones and the pods have their own.
"""

from collections.abc import Iterator
from dataclasses import replace

from pulumi_tke_hybrid.cli.files import other_cluster
from pulumi_tke_hybrid.cli.process import several
from pulumi_tke_hybrid.cloud.vpc_cni_state import LiveVpcCni
from pulumi_tke_hybrid.drift import compare_pods, compare_subnets
from pulumi_tke_hybrid.drift.snapshot import CloudList, Snapshot, Unavailable
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


def compare(snapshot: Snapshot) -> list[Finding]:
    """All findings, the worst first. The objects of another cluster are not compared."""
    snapshot = _of_one_cluster(snapshot)
    found = [*_unavailable(snapshot), *_switch(snapshot)]
    if not any(finding.rule is VPC_CNI_OFF for finding in found):
        found += [
            *compare_subnets.subnet_findings(snapshot),
            *compare_subnets.config_map_findings(snapshot),
            *compare_pods.zone_findings(snapshot),
            *compare_pods.pod_findings(snapshot),
            *_program(snapshot),
        ]
    return sorted(found, key=_rank)


def _rank(finding: Finding) -> tuple[int, str, str]:
    return _SEVERITIES.index(finding.judged_severity), finding.rule.id, finding.path


def rule_ids() -> set[str]:
    """The ids of all rules of `drift`."""
    modules = (compare_subnets, compare_pods)
    rules = [*globals().values(), *(value for module in modules for value in vars(module).values())]
    return {rule.id for rule in rules if isinstance(rule, Rule)}


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
        yield CLUSTER_NOT_CHECKED.finding(
            snapshot.cluster_id,
            "is not checked",
            value=f"Kubeconfig of {snapshot.cluster_id}",
            why=f"the cluster's CVM instances could not be read ({snapshot.instances.reason})",
            todo="make sure that the kubeconfig is this cluster's",
        )


def _switch(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether VPC-CNI is on and ipamd works."""
    live, cluster = snapshot.ipamd, snapshot.cluster_id
    if isinstance(live, Unavailable):
        return
    if not live.enabled:
        subnets = len(snapshot.cloud.subnets) if isinstance(snapshot.cloud, CloudList) else 0
        pods = 0 if isinstance(snapshot.pods, Unavailable) else len(snapshot.pods)
        in_program = "; in the program it is on" if snapshot.program else ""
        yield VPC_CNI_OFF.finding(
            cluster,
            f"is off, with {several(subnets, 'subnet')} in the cloud's list" if subnets else "is off",
            value=f"VPC-CNI of {cluster}",
            why=f"{several(pods, 'ENI pod') if pods else 'ENI pods'} cannot work, new pods stay"
            f" Pending{in_program}",
            todo="run `pulumi refresh`, review the preview, then `pulumi up` switches it on again",
        )
    elif ipamd.has_failed(live.phase):
        yield IPAMD_FAILED.finding(
            cluster,
            f"is in phase {live.phase} ({live.reason or 'without a reason'})",
            value=f"ipamd of {cluster}",
            why="no pod gets a new ENI address",
            todo="look at the pods tke-eni-ipamd and tke-eni-agent in kube-system",
        )
    elif not live.running:
        yield IPAMD_BUSY.finding(
            cluster,
            f"is not running: {live.words}",
            value=f"ipamd of {cluster}",
            why="its list may lag behind; a cluster without a ready node stays like this",
            todo="look again once it is running",
        )


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
        yield STATIC_IP_UNKNOWN.finding(
            snapshot.cluster_id,
            "is missing in the API's response",
            value=f"Static-IP mode of {snapshot.cluster_id}",
            why=f"in the program it is {on_or_off(program.static_ip)}",
            todo="nothing to do",
        )
    elif program.static_ip is not None and live.static_ip is not None and live.static_ip != program.static_ip:
        yield _differs(
            STATIC_IP, snapshot, "static-IP mode", on_or_off(live.static_ip), on_or_off(program.static_ip)
        )
    if program.static_ip and live.running:
        wanted = ipamd.seconds_of(program.ip_reclaim)
        if live.reclaim_seconds != wanted:
            yield _reclaim(snapshot, reclaim_time(live.reclaim_seconds), reclaim_time(wanted))
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
    return RECLAIM.finding(
        snapshot.cluster_id,
        f"is {live}",
        value=f"Reclaim time of {snapshot.cluster_id}",
        why=f"in the program it is {in_program}; `up` cannot change it: {reason}",
        todo=todo,
    )


def _differs(rule: Rule, snapshot: Snapshot, setting: str, live: str, in_program: str) -> Finding:
    return rule.finding(
        snapshot.cluster_id,
        f"is {live}",
        value=f"{setting[0].upper()}{setting[1:]} of {snapshot.cluster_id}",
        why=f"in the program it is {in_program}; TKE fixes it, so `up` cannot change it",
        todo="write the live value into the program",
    )


def on_or_off(value: bool) -> str:
    """`on` or `off`."""
    return "on" if value else "off"


def reclaim_time(seconds: int | None) -> str:
    """`300 s`, or `never` for None."""
    return "never" if seconds is None else f"{seconds} s"
