"""Compares the lists of container subnets, and the ConfigMap of ipamd as far as ipamd's version reads it.

Before 3.5.0 ipamd reads three keys of its ConfigMap at its start, as the article edits them. From 3.5.0 on
TKE manages ipamd as the add-on eniipamd, with a key whose fields are not documented (457/50360): a
difference there is no danger, and no finding advises an edit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pulumi_tke_hybrid.drift.collect import NETWORK_CONF_KEY
from pulumi_tke_hybrid.drift.snapshot import (
    CLOUD,
    CONFIG_MAP,
    IPAMD,
    PROGRAM,
    CloudList,
    IpamdObjects,
    NetworkConf,
    Snapshot,
    Unavailable,
)
from pulumi_tke_hybrid.tke import ipamd
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity, note_rule, warning_rule

_LISTS = {CLOUD: "the cloud's list", IPAMD: "ipamd", CONFIG_MAP: "the ConfigMap"}
_NAME = f"{ipamd.NAMESPACE}/{ipamd.NAME}"
_ARTICLE, _ADDON = "the article: ipamd reads the ConfigMap at its start", "457/50360: the add-on eniipamd"

ONLY_IN_PROGRAM = warning_rule(
    "subnet-only-in-program", "The cluster knows the program's subnets.", "the facts", "arithmetic"
)
NOT_IN_PROGRAM = warning_rule(
    "subnet-not-in-program", "The program has all registered subnets.", "the facts", "arithmetic"
)
BY_CONFIG_MAP = warning_rule(
    "subnet-by-configmap",
    "A subnet is registered by the API.",
    "the cloud's list, ipamd's list",
    "the article: a zone that is added by the ConfigMap is not in the cloud's list",
)
NOT_EVERYWHERE = warning_rule(
    "subnet-not-everywhere", "Every source lists the same subnets.", "two lists", "arithmetic"
)
ONE_SIDE = Rule(
    "subnet-one-side", "No source alone lists a subnet.", "two lists, one of them ipamd's", _ARTICLE
)
GONE = Rule("subnet-gone", "A registered subnet is in the VPC.", "the VPC's subnets", "DescribeSubnets")
DESCRIBED_WRONGLY = warning_rule(
    "subnet-described-wrongly",
    "The program has the live zone and range of a subnet.",
    "the facts, the VPC's subnets",
    "DescribeSubnets",
)
NOT_COMPARED = note_rule(
    "configmap-not-compared", "The ConfigMap is compared.", "the version of ipamd", _ADDON
)
ADDON_VPC = warning_rule("addon-vpc", "The add-on has the cluster's VPC.", "ipamd from 3.5.0 on", _ADDON)
ADDON_SUBNETS = warning_rule(
    "addon-subnets", "The add-on has ipamd's subnets.", "ipamd from 3.5.0 on", _ADDON
)
MISSING = Rule("configmap-missing", "The ConfigMap exists.", "ipamd before 3.5.0", _ARTICLE)
CONFIG_MAP_VPC = Rule("configmap-vpc", "The ConfigMap has the cluster's VPC.", "ipamd before 3.5.0", _ARTICLE)
CONFIG_MAP_ZONES = warning_rule(
    "configmap-zones", "The ConfigMap has each subnet's zone.", "ipamd before 3.5.0", _ARTICLE
)


def subnet_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """A finding for each container subnet that some source does not list or describes otherwise."""
    lists = snapshot.lists
    live = {name: found for name in _LISTS if (found := lists[name]) is not None}
    program = lists[PROGRAM]
    for subnet in dict.fromkeys(item for source in lists.values() for item in source or ()):
        having = [name for name in live if subnet in live[name]]
        lacking = [name for name in live if name not in having]
        if having:
            yield from _registered(snapshot, subnet, having, lacking)
        if program is not None and not having and live:
            yield _subnet(
                ONLY_IN_PROGRAM,
                subnet,
                "is in the program only",
                "the cluster does not know it, so no pod gets an address in it",
                "`pulumi up` registers it",
            )
        if program is not None and having and subnet not in program:
            yield _subnet(
                NOT_IN_PROGRAM,
                subnet,
                f"is listed by {_names(having)}, not in the program",
                "it was added outside of the program; it is never removed",
                "add it, with its zone, to eni_subnets",
            )
    yield from _described(snapshot)


def _registered(
    snapshot: Snapshot, subnet: str, having: Sequence[str], lacking: Sequence[str]
) -> Iterator[Finding]:
    if lacking:
        yield _lacking(snapshot, subnet, having, lacking)
    in_vpc = {known.subnet_id for known in snapshot.known_subnets}
    if not isinstance(snapshot.network, Unavailable) and subnet not in in_vpc:
        yield _subnet(
            GONE,
            subnet,
            "is registered, but not in the cluster's VPC",
            "it was deleted, or never belonged there; allocation from it fails",
            "add another subnet of its zone; a registered one cannot be taken out",
        )


def _lacking(snapshot: Snapshot, subnet: str, having: Sequence[str], lacking: Sequence[str]) -> Finding:
    what = f"is listed by {_names(having)}, not by {_names(lacking)}"
    in_program = subnet in (snapshot.lists[PROGRAM] or ())
    if lacking == [CLOUD] and (IPAMD in having or in_program):  # the article's way of adding a zone
        return _by_config_map(snapshot, subnet, what, in_program)
    if snapshot.lists[IPAMD] is None:
        rule, why, todo = NOT_EVERYWHERE, "ipamd has no list now", "look again once ipamd is running"
    elif having == [CONFIG_MAP]:
        rule = ONE_SIDE
        why = (
            "the ConfigMap was edited by hand and ipamd not restarted; at its next restart it takes this list"
        )
        todo = (
            f"if it is intended: add it to the program, then `pulumi up`; if not: take {subnet} out of the"
            " ConfigMap"
        )
    elif having == [IPAMD]:
        rule = ONE_SIDE
        why = "ipamd works with it until its next restart, then pods there get no address"
        todo = "register it again: `pulumi up` with the subnet in the program"
    elif having == [CLOUD]:
        rule, why = ONE_SIDE, "ipamd does not work with it, so no pod gets an address in it"
        todo = "see whether AddVpcCniSubnets is still under way, then look at tke-eni-ipamd in kube-system"
    elif lacking == [IPAMD]:
        rule, why = NOT_EVERYWHERE, "ipamd does not work with it yet"
        todo = "if it stays so: kubectl -n kube-system rollout restart deployment/tke-eni-ipamd"
    else:
        rule = NOT_EVERYWHERE
        why = "an ipamd that reads the ConfigMap at its start loses the subnet at its next restart"
        todo = f"put {subnet} back into the ConfigMap, then restart ipamd"
    return _subnet(rule, subnet, what, why, todo)


def _by_config_map(snapshot: Snapshot, subnet: str, what: str, in_program: bool) -> Finding:
    ways = {True: "by the ConfigMap", False: "by the settings of the add-on", None: "by ipamd's own settings"}
    way = ways[snapshot.reads_keys]
    why = f"it was registered {way}, not by the API, so the cloud does not protect it from deletion"
    if in_program:
        finding = _subnet(BY_CONFIG_MAP, subnet, what, why, "nothing to do")
        return replace(finding, severity=Severity.NOTE)
    todo = "if it is intended, give --facts of the program that has the subnet"
    return _subnet(BY_CONFIG_MAP, subnet, what, why, todo)


def _described(snapshot: Snapshot) -> Iterator[Finding]:
    """Zone and range of the program's subnets, against those of the VPC."""
    known = {subnet.subnet_id: subnet for subnet in snapshot.known_subnets}
    for declared in snapshot.program.subnets if snapshot.program else ():
        live = known.get(declared.subnet_id)
        if live is not None and (declared.zone, declared.cidr or live.block) != (live.zone, live.block):
            yield _subnet(
                DESCRIBED_WRONGLY,
                declared.subnet_id,
                f"is {live.block} in {live.zone}",
                f"in the program it is {declared.cidr or live.block} in {declared.zone}, and the checks of"
                " zones and capacity use that",
                "write the live values into the program",
            )


def _subnet(rule: Rule, subnet: str, what: str, why: str, todo: str) -> Finding:
    return rule.finding(subnet, what, value=f"Subnet {subnet}", why=why, todo=todo)


def _of_config_map(rule: Rule, what: str, why: str, todo: str, value: str = f"ConfigMap {_NAME}") -> Finding:
    return rule.finding(_NAME, what, value=value, why=why, todo=todo)


def _names(lists: Sequence[str]) -> str:
    return " and ".join(_LISTS[name] for name in lists)


def config_map_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """The differences of ipamd's configuration, or why it was not compared."""
    found, version = snapshot.config_map, snapshot.ipamd_version
    if isinstance(found, Unavailable):
        return
    nothing = not found.present and not found.has_deployment and found.conf is None and version is None
    if snapshot.reads_keys or nothing:
        yield from _keys(snapshot, found)
    elif version is None:
        yield _version_unknown(snapshot, found)
    else:
        yield from _addon_conf(snapshot, found.conf or NetworkConf(), ipamd.shown(version))


def _version_unknown(snapshot: Snapshot, found: IpamdObjects) -> Finding:
    image = f"its image {found.image} has no version" if found.image else "its Deployment names no image"
    if not found.has_deployment:
        image = "its Deployment is not in the cluster"
    reason = f"component management has no add-on {ipamd.ADDON}"
    if isinstance(snapshot.addon, Unavailable):
        reason = snapshot.addon.reason
    why = (
        f"ipamd's version is not known ({image}; {reason}), and from {ipamd.shown(ipamd.ADDON_SINCE)} on it"
        " does not read these keys"
    )
    todo = (
        "look at the version in component management or at ipamd's image, or accept the finding by --accept"
        " configmap-not-compared"
    )
    return replace(_of_config_map(NOT_COMPARED, "is not compared", why, todo), unknown=True)


def _addon_conf(snapshot: Snapshot, conf: NetworkConf, version: str) -> Iterator[Finding]:
    """From 3.5.0 on."""
    key = f"{NETWORK_CONF_KEY} of ipamd {version}"
    settings = f"look at the settings of {ipamd.ADDON} in component management"
    if conf.vpc_id and isinstance(snapshot.cloud, CloudList) and conf.vpc_id != snapshot.cloud.vpc_id:
        why = f"the cluster is in {snapshot.cloud.vpc_id}"
        yield _of_config_map(ADDON_VPC, f"is {conf.vpc_id}", why, settings, f"VPC in {key}")
    known, value = snapshot.working, f"Subnets in {key}"
    if conf.subnets is None:
        why = (
            f"TKE manages this ipamd as add-on {ipamd.ADDON}, whose configuration does not name them in a"
            " known way"
        )
        todo = "nothing to do: the cloud's list and ipamd's list are compared"
        yield _of_config_map(NOT_COMPARED, "are not compared", why, todo, value)
    elif known is not None and set(conf.subnets) != set(known):
        source = "ipamd reports" if snapshot.lists[IPAMD] is not None else "the cloud lists"
        what = f"are {', '.join(conf.subnets) or 'none'}"
        why = f"{source} {', '.join(known) or 'none'}; one of the two may lag behind"
        yield _of_config_map(ADDON_SUBNETS, what, why, f"look again later; if it lasts, {settings}", value)


def _keys(snapshot: Snapshot, found: IpamdObjects) -> Iterator[Finding]:
    """Before 3.5.0: the three keys."""
    if not found.present:
        yield _missing(found)
        return
    if isinstance(snapshot.cloud, CloudList) and found.vpc_id != snapshot.cloud.vpc_id:
        what, vpc = f"is {found.vpc_id or 'empty'}", snapshot.cloud.vpc_id
        why = f"the cluster is in {vpc}; after its next start ipamd finds no subnet"
        value = f"{ipamd.VPC_ID} in {_NAME}"
        yield _of_config_map(CONFIG_MAP_VPC, what, why, f"write {vpc} there", value)
    zones = {subnet.subnet_id: subnet.zone for subnet in snapshot.known_subnets}
    if found.zones and all(subnet in zones for subnet in found.subnets):
        wanted = tuple(zones[subnet] for subnet in found.subnets)
        if found.zones != wanted:
            what, value = f"is {':'.join(found.zones)}", f"{ipamd.ZONES} in {_NAME}"
            why = (
                f"the subnets lie in {':'.join(wanted)}; older ipamd reads both lists side by side, newer"
                " ignores this one"
            )
            yield _of_config_map(CONFIG_MAP_ZONES, what, why, "align it with the subnets", value)


def _missing(found: IpamdObjects) -> Finding:
    if found.has_deployment:
        why = "ipamd reads its subnets there when it starts, so the running ipamd cannot be started again"
        todo = "write it again with IpamdConfig, or switch to registration by the API"
        return _of_config_map(MISSING, "is missing", why, todo)
    what, why = "is missing, like ipamd's Deployment", "newer platforms host ipamd outside the cluster"
    return replace(_of_config_map(MISSING, what, why, "nothing to do"), severity=Severity.NOTE)
