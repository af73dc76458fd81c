"""The result of `drift`: settings, subnets, zones and ENI pods side by side, with the findings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pulumi_tke_hybrid.cli.process import FailOn, several, shown
from pulumi_tke_hybrid.cli.result import Column, Result, Table
from pulumi_tke_hybrid.cloud.vpc_cni_state import LiveVpcCni, reclaim_words
from pulumi_tke_hybrid.drift.compare import REGISTERED, nodes_by_zone, on_or_off, places
from pulumi_tke_hybrid.drift.snapshot import (
    CLOUD,
    CONFIG_MAP,
    IPAMD,
    PROGRAM,
    CloudList,
    EniPod,
    IpamdObjects,
    Snapshot,
    VpcSubnet,
)
from pulumi_tke_hybrid.tke import ipamd
from pulumi_tke_hybrid.tke.rule import Finding, Severity

MARKER = "<!-- tke-hybrid:drift -->"
"""First line of the Markdown, by which a comment is found again."""
_UNKNOWN_ZONE = "(unknown)"


@dataclass(frozen=True)
class SettingRow:
    """A setting in each source; empty where a source does not have the setting."""

    name: str
    cloud: str = ""
    ipamd: str = ""
    config_map: str = ""
    program: str = ""


@dataclass(frozen=True)
class SubnetRow:
    """A container subnet, and whether each source lists it; None: the source has no list."""

    subnet: str
    zone: str
    """Zone and range: by the VPC, else by the program, else empty."""
    block: str
    free: int | None
    """None: the subnet is not in the VPC."""
    listed: dict[str, bool | None]


@dataclass(frozen=True)
class ZoneRow:
    """A zone: its nodes, and the container subnets that serve it."""

    zone: str
    nodes: int
    subnets: tuple[str, ...]


PodRow = tuple[EniPod, str, VpcSubnet | None]
"""An ENI pod, the place of its address, and its subnet."""


def setting_rows(snapshot: Snapshot) -> list[SettingRow]:
    """The settings side by side."""
    cloud = snapshot.cloud.vpc_id if isinstance(snapshot.cloud, CloudList) else ""
    live = snapshot.ipamd if isinstance(snapshot.ipamd, LiveVpcCni) else None
    keys = snapshot.config_map if isinstance(snapshot.config_map, IpamdObjects) else None
    program, version = snapshot.program, snapshot.ipamd_version
    return [
        SettingRow("VPC-CNI", ipamd=on_or_off(live.enabled) if live else "", program="on" if program else ""),
        SettingRow("phase", ipamd=(f"{live.phase} {live.reason}".strip() or "none") if live else ""),
        SettingRow("version", ipamd=ipamd.shown(version) if version else ""),
        SettingRow(
            "VPC",
            cloud=cloud,
            config_map=keys.vpc_id if keys and snapshot.reads_keys else "",
            program=program.vpc_id if program else "",
        ),
        SettingRow(
            "reclaim",
            ipamd=reclaim_words(live.reclaim_seconds) if live and live.enabled else "",
            program=reclaim_words(ipamd.seconds_of(program.ip_reclaim)) if program else "",
        ),
        SettingRow(
            "static IP",
            ipamd=on_or_off(live.static_ip) if live and live.static_ip is not None else "",
            program=on_or_off(program.static_ip) if program and program.static_ip is not None else "",
        ),
    ]


def subnet_rows(snapshot: Snapshot) -> list[SubnetRow]:
    """Every container subnet that a source lists."""
    lists = snapshot.lists
    known: dict[str, tuple[str, str, int | None]] = {}
    for item in snapshot.program.subnets if snapshot.program else ():
        known[item.subnet_id] = item.zone, item.cidr or "", None
    known |= {item.subnet_id: (item.zone, item.block, item.free) for item in snapshot.known_subnets}
    return [
        SubnetRow(
            subnet,
            *known.get(subnet, ("", "", None)),
            {name: None if items is None else subnet in items for name, items in lists.items()},
        )
        for subnet in dict.fromkeys(item for items in lists.values() for item in items or ())
    ]


def zone_rows(snapshot: Snapshot) -> list[ZoneRow]:
    """Every zone that has nodes or a working container subnet."""
    nodes = {zone or _UNKNOWN_ZONE: names for zone, names in nodes_by_zone(snapshot).items()}
    by_zone: dict[str, list[str]] = {zone: [] for zone in nodes}
    for subnet in snapshot.known_subnets:
        if subnet.subnet_id in (snapshot.working or ()):
            by_zone.setdefault(subnet.zone, []).append(subnet.subnet_id)
    return [
        ZoneRow(zone, len(nodes.get(zone, ())), tuple(subnets)) for zone, subnets in sorted(by_zone.items())
    ]


def _pod_name(pod: EniPod) -> str:
    return f"{pod.namespace}/{pod.name}"


def _listed(head: str, source: str) -> Column[SubnetRow]:
    return Column(head, source, lambda row: row.listed[source])


_SUBNETS: list[Column[SubnetRow]] = [
    Column("subnet", "subnet", lambda row: row.subnet),
    Column("zone", "zone", lambda row: row.zone, text=lambda row: row.zone or "?"),
    Column("range", "range", lambda row: row.block, text=lambda row: row.block or "?"),
    Column("free", "free", lambda row: row.free, right=True),
    _listed("cloud list", CLOUD),
    _listed("ipamd", IPAMD),
    _listed("ConfigMap", CONFIG_MAP),
    _listed("program", PROGRAM),
]
_SETTINGS: list[Column[SettingRow]] = [
    Column("setting", "setting", lambda row: row.name),
    Column("cloud list", CLOUD, lambda row: row.cloud),
    Column("ipamd", IPAMD, lambda row: row.ipamd),
    Column("ConfigMap", CONFIG_MAP, lambda row: row.config_map),
    Column("program", PROGRAM, lambda row: row.program),
]
_ZONES: list[Column[ZoneRow]] = [
    Column("zone", "zone", lambda row: row.zone),
    Column("nodes", "nodes", lambda row: row.nodes, right=True),
    Column("subnets", "subnets", lambda row: row.subnets),
]
_PODS: list[Column[PodRow]] = [
    Column("ENI pod", "pod", lambda row: _pod_name(row[0])),
    Column("", "workload", lambda row: f"{row[0].namespace}/{row[0].workload}"),
    Column("node", "node", lambda row: row[0].node),
    Column("address", "address", lambda row: row[0].address, text=lambda row: row[0].address or "none"),
    Column("where", "place", lambda row: row[1]),
    Column("", "subnet", lambda row: row[2].subnet_id if row[2] else ""),
]


def tables(snapshot: Snapshot) -> list[Table[Any]]:
    """All sources side by side."""
    return [
        Table(
            "subnets",
            _SUBNETS,
            subnet_rows(snapshot),
            fault=lambda row: not all(row.listed.values()),
            title=f"{snapshot.cluster_id} in {snapshot.region}",
        ),
        Table("settings", _SETTINGS, setting_rows(snapshot)),
        Table("zones", _ZONES, zone_rows(snapshot), fault=lambda row: not row.subnets),
        Table(
            "pods",
            _PODS,
            sorted(places(snapshot), key=lambda row: _pod_name(row[0])),
            fault=lambda row: row[1] != REGISTERED,
            faults_only=True,
            folded="ENI pods",
        ),
    ]


def result(
    snapshot: Snapshot,
    findings: Sequence[Finding],
    accept: Sequence[str] = (),
    fail_on: FailOn = FailOn.ERROR,
) -> Result:
    """The result of one run; `accept` has `id` or `id:subject` of the findings that the user accepts."""
    unavailable = list(snapshot.unavailable)
    found = Result(
        findings=findings,
        tables=tables(snapshot),
        notes=[f"{name}: not read: {source.reason}" for name, source in unavailable if not source.wanted],
        fail_on=fail_on,
        accept=accept,
        marker=MARKER,
    )
    data = {
        "cluster": snapshot.cluster_id,
        "region": snapshot.region,
        "notRead": [
            {"side": name, "reason": shown(source.reason), "wanted": source.wanted}
            for name, source in unavailable
        ],
        "findings": [_finding(found, finding) for finding in findings],
    }
    return replace(found, headline=_headline(snapshot, found), data=data)


def _finding(found: Result, finding: Finding) -> dict[str, object]:
    return {
        "id": finding.rule.id,
        "severity": found.level(finding),
        "subject": shown(finding.path),
        "accepted": found.accepted(finding),
        "message": shown(finding.message, 2000),
        "what": shown(finding.value),
        "value": shown(finding.what),
        "why": shown(finding.why),
        "todo": shown(finding.todo),
    }


def _headline(snapshot: Snapshot, found: Result) -> str:
    """The number of findings of each kind, and what they rest on."""
    dangers, warnings = found.count(Severity.ERROR), found.count(Severity.WARNING)
    unknowns, accepted = found.count(None), sum(map(found.accepted, found.findings))
    numbers = [several(dangers, "dangerous difference")] if dangers else []
    numbers += [several(warnings, "difference")] if warnings else []
    numbers += [f"could not tell in {several(unknowns, 'place')}"] if unknowns else []
    skipped = [name for name, source in snapshot.unavailable if not source.wanted]
    rest = [f"{accepted} accepted"] if accepted else []
    rest += [f"left out: {', '.join(skipped)}"] if skipped else []
    rest += [] if snapshot.program else ["no --facts, so the program was not compared"]
    return f"{snapshot.cluster_id}: {', '.join(numbers) or 'no drift'}" + (
        f" ({'; '.join(rest)})" if rest else ""
    )
