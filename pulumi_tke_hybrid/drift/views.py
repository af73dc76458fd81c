"""The picture as rows, the same for the terminal, for Markdown and for JSON."""

from dataclasses import dataclass

from pulumi_tke_hybrid.drift.compare_pods import nodes_by_zone, places
from pulumi_tke_hybrid.drift.finding import reclaim_words
from pulumi_tke_hybrid.drift.sources import (
    CLOUD,
    CONFIG_MAP,
    IPAMD,
    PROGRAM,
    CloudSide,
    ConfigMapSide,
    IpamdSide,
    Picture,
    Unread,
)
from pulumi_tke_hybrid.tke.ipamd import shown


@dataclass(frozen=True)
class SettingRow:
    """One setting, as each side says it; empty where it says nothing."""

    name: str
    cloud: str = ""
    ipamd: str = ""
    config_map: str = ""
    program: str = ""


@dataclass(frozen=True)
class SubnetRow:
    """One subnet, and whether each side lists it; None: that side says nothing."""

    subnet: str
    zone: str
    block: str
    free: int | None
    cloud: bool | None
    ipamd: bool | None
    config_map: bool | None
    program: bool | None


@dataclass(frozen=True)
class ZoneRow:
    """One zone: its nodes, and the subnets that serve it."""

    zone: str
    nodes: int
    subnets: tuple[str, ...]


@dataclass(frozen=True)
class PodRow:
    """One ENI pod."""

    pod: str
    workload: str
    node: str
    address: str
    place: str
    subnet: str


def setting_rows(picture: Picture) -> list[SettingRow]:
    """The settings side by side."""
    cloud = picture.cloud if isinstance(picture.cloud, CloudSide) else None
    ipamd = picture.ipamd if isinstance(picture.ipamd, IpamdSide) else None
    config_map = (
        picture.config_map if isinstance(picture.config_map, ConfigMapSide) and picture.keys_count else None
    )
    wish = picture.wish
    return [
        SettingRow("VPC-CNI", ipamd=_on(ipamd.enabled) if ipamd else "", program="on" if wish else ""),
        SettingRow("phase", ipamd=(f"{ipamd.phase} {ipamd.reason}".strip() or "none") if ipamd else ""),
        SettingRow("version", ipamd=version(picture)),
        SettingRow(
            "VPC",
            cloud=cloud.vpc_id if cloud else "",
            config_map=config_map.vpc_id if config_map else "",
            program=wish.vpc_id if wish else "",
        ),
        SettingRow(
            "reclaim",
            ipamd=reclaim_words(ipamd.reclaim_seconds) if ipamd and ipamd.enabled else "",
            program=reclaim_words(wish.reclaim_seconds) if wish else "",
        ),
        SettingRow(
            "static IP",
            ipamd="" if ipamd is None or ipamd.static_ip is None else _on(ipamd.static_ip),
            program=_on(wish.static_ip) if wish else "",
        ),
    ]


def version(picture: Picture) -> str:
    """ipamd's version; empty where it is not known."""
    found = picture.ipamd_version
    return shown(found) if found else ""


def subnet_rows(picture: Picture) -> list[SubnetRow]:
    """Every subnet that a side lists."""
    lists = picture.lists
    live = (
        {}
        if isinstance(picture.network, Unread)
        else {subnet.subnet_id: subnet for subnet in picture.network}
    )
    wished = {subnet.subnet_id: subnet for subnet in picture.wish.subnets} if picture.wish else {}

    def says(side: str, subnet: str) -> bool | None:
        items = lists[side]
        return None if items is None else subnet in items

    rows: list[SubnetRow] = []
    for subnet in dict.fromkeys(item for side in lists.values() for item in side or ()):
        known = live.get(subnet) or wished.get(subnet)
        rows.append(
            SubnetRow(
                subnet=subnet,
                zone=known.zone if known else "",
                block=known.block if known else "",
                free=live[subnet].free if subnet in live else None,
                cloud=says(CLOUD, subnet),
                ipamd=says(IPAMD, subnet),
                config_map=says(CONFIG_MAP, subnet),
                program=says(PROGRAM, subnet),
            )
        )
    return rows


def zone_rows(picture: Picture) -> list[ZoneRow]:
    """Every zone that has nodes or a working subnet."""
    nodes = nodes_by_zone(picture)
    by_zone: dict[str, list[str]] = {zone or "(unknown)": [] for zone in nodes}
    for subnet in () if isinstance(picture.network, Unread) else picture.network:
        if subnet.subnet_id in (picture.working or ()):
            by_zone.setdefault(subnet.zone, []).append(subnet.subnet_id)
    return [
        ZoneRow(zone, len(nodes.get(None if zone == "(unknown)" else zone, [])), tuple(subnets))
        for zone, subnets in sorted(by_zone.items())
    ]


def pod_rows(picture: Picture) -> list[PodRow]:
    """Every ENI pod."""
    found = [
        PodRow(
            f"{pod.namespace}/{pod.name}",
            f"{pod.namespace}/{pod.workload}",
            pod.node,
            pod.address,
            place,
            own.subnet_id if own else "",
        )
        for pod, place, own in places(picture)
    ]
    return sorted(found, key=lambda row: row.pod)


def _on(value: bool) -> str:
    return "on" if value else "off"
