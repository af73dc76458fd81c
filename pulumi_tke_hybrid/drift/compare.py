"""The sides compared: what does not agree, in words. Pure; what a side does not tell is never guessed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pulumi_tke_hybrid.cli.options import other_cluster
from pulumi_tke_hybrid.cli.text import several
from pulumi_tke_hybrid.drift import compare_config_map, compare_pods, compare_subnets
from pulumi_tke_hybrid.drift import compare_pods as compare_zones
from pulumi_tke_hybrid.drift.finding import Finding, FindingId, Severity, reclaim_words
from pulumi_tke_hybrid.drift.sources import CloudSide, IpamdSide, Picture, Unread, Wish
from pulumi_tke_hybrid.tke import ipamd as ipamd_facts
from pulumi_tke_hybrid.tke import keys

_ORDER = list(Severity)


def compare(picture: Picture) -> list[Finding]:
    """All findings, the worst first. Nothing of a cluster that is another one is compared."""
    picture = _of_one_cluster(picture)
    found = [*_unread(picture), *_switch(picture)]
    if not any(finding.id == "vpc-cni-off" for finding in found):
        found += [
            *compare_subnets.findings(picture),
            *compare_config_map.findings(picture),
            *compare_zones.zone_findings(picture),
            *compare_pods.findings(picture),
            *_program(picture),
        ]
    return sorted(found, key=lambda finding: (_ORDER.index(finding.severity), finding.id, finding.subject))


def _of_one_cluster(picture: Picture) -> Picture:
    """The picture without its in-cluster sides where the kubeconfig is that of another cluster."""
    nodes, machines = picture.nodes, picture.machines
    if isinstance(nodes, Unread) or isinstance(machines, Unread):
        return picture
    reason = other_cluster(picture.cluster_id, [node.address for node in nodes if not node.virtual], machines)
    if not reason:
        return picture
    other = Unread(reason)
    return replace(picture, config_map=other, nodes=other, pods=other)


def _unread(picture: Picture) -> Iterator[Finding]:
    reasons: dict[str, list[str]] = {}
    for name, side in picture.unread:
        if side.wanted:
            reasons.setdefault(side.reason, []).append(name)
    for reason, names in reasons.items():
        subject = ", ".join(names)
        yield Finding(
            "side-not-read",
            Severity.UNKNOWN,
            subject,
            subject[0].upper() + subject[1:],
            "not read",
            reason,
            "drift there would not be seen, so run the command again when it can be read",
        )
    if isinstance(picture.machines, Unread) and not isinstance(picture.nodes, Unread):
        yield Finding(
            "cluster-not-checked",
            Severity.NOTE,
            picture.cluster_id,
            f"Kubeconfig of {picture.cluster_id}",
            "not checked",
            f"the cluster's machines could not be read ({picture.machines.reason})",
            "make sure that the kubeconfig is this cluster's",
        )


def _switch(picture: Picture) -> Iterator[Finding]:
    """Is VPC-CNI on, and does ipamd work."""
    ipamd, cluster = picture.ipamd, picture.cluster_id
    if isinstance(ipamd, Unread):
        return
    if not ipamd.enabled:
        subnets = len(picture.cloud.subnets) if isinstance(picture.cloud, CloudSide) else 0
        pods = 0 if isinstance(picture.pods, Unread) else len(picture.pods)
        says = "; the program says that it is on" if picture.wish else ""
        yield Finding(
            "vpc-cni-off",
            Severity.DANGER,
            cluster,
            f"VPC-CNI of {cluster}",
            f"off, though {several(subnets, 'subnet')} in the cloud's list" if subnets else "off",
            f"{several(pods, 'ENI pod') if pods else 'ENI pods'} cannot work, new ones stay Pending{says}",
            "run `pulumi refresh`, review the preview, then `pulumi up` switches it on again",
        )
    elif ipamd_facts.has_failed(ipamd.phase):
        yield Finding(
            "ipamd-failed",
            Severity.DANGER,
            cluster,
            f"ipamd of {cluster}",
            f"{ipamd.phase} ({ipamd.reason or 'no reason given'})",
            "no pod gets a new ENI address",
            "look at the pods tke-eni-ipamd and tke-eni-agent in kube-system",
        )
    elif not ipamd_facts.is_running(ipamd.phase):
        yield Finding(
            "ipamd-busy",
            Severity.WARNING,
            cluster,
            f"ipamd of {cluster}",
            ipamd_facts.phase_words(ipamd.phase, ipamd.reason),
            "its list may lag behind; a cluster without a ready node stays like this",
            "look again once it is running",
        )


def _program(picture: Picture) -> Iterator[Finding]:
    """What the program fixes and the cloud says otherwise. Nothing of this can be changed in place."""
    wish, ipamd = picture.wish, picture.ipamd
    if wish is None:
        return
    if isinstance(picture.cloud, CloudSide) and picture.cloud.vpc_id != wish.vpc_id:
        yield _differs("program-vpc", picture, "VPC", picture.cloud.vpc_id, wish.vpc_id)
    if isinstance(ipamd, IpamdSide):
        yield from _setting(picture, wish, ipamd)


def _setting(picture: Picture, wish: Wish, ipamd: IpamdSide) -> Iterator[Finding]:
    if ipamd.static_ip is None:
        yield Finding(
            "static-ip-unknown",
            Severity.NOTE,
            picture.cluster_id,
            f"Static-IP mode of {picture.cluster_id}",
            "not told by the API",
            f"the program says {_on(wish.static_ip)}",
            "nothing to do",
        )
    elif ipamd.static_ip != wish.static_ip:
        yield _differs("static-ip", picture, "static-IP mode", _on(ipamd.static_ip), _on(wish.static_ip))
    if (
        wish.static_ip
        and ipamd_facts.is_running(ipamd.phase)
        and ipamd.reclaim_seconds != wish.reclaim_seconds
    ):
        yield _reclaim(picture, reclaim_words(ipamd.reclaim_seconds), reclaim_words(wish.reclaim_seconds))
    if ipamd.cni_type and ipamd.cni_type != keys.ROUTE_ENI:
        yield _differs("cni-type", picture, "CNI type", ipamd.cni_type, keys.ROUTE_ENI)


def _reclaim(picture: Picture, live: str, wished: str) -> Finding:
    """What a program can do about it depends on ipamd's version."""
    fixed = "an ipamd before 3.5.0 fixes it when VPC-CNI is switched on"
    settings = f"from 3.5.0 on it is a setting of the add-on {ipamd_facts.ADDON}"
    known = {True: fixed, False: settings, None: f"{fixed}, {settings}"}[picture.keys_count]
    todo = "write the live value into the program"
    if not picture.keys_count:
        todo += f", or the program's into the settings of {ipamd_facts.ADDON} (component management)"
    return Finding(
        "reclaim",
        Severity.WARNING,
        picture.cluster_id,
        f"Reclaim time of {picture.cluster_id}",
        live,
        f"the program says {wished}; `up` cannot change it: {known}",
        todo,
    )


def _differs(finding: FindingId, picture: Picture, what: str, live: str, wished: str) -> Finding:
    return Finding(
        finding,
        Severity.WARNING,
        picture.cluster_id,
        f"{what[0].upper()}{what[1:]} of {picture.cluster_id}",
        live,
        f"the program says {wished}; TKE fixes it, so `up` cannot change it",
        "write the live value into the program",
    )


def _on(value: bool) -> str:
    return "on" if value else "off"


def worst(findings: Sequence[Finding]) -> Severity:
    """The worst severity; a note where there is nothing."""
    return min((finding.severity for finding in findings), key=_ORDER.index, default=Severity.NOTE)
