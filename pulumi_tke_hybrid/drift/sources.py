"""What an ipamd from 3.5.0 on is configured with: YAML under one key of a ConfigMap, read while ipamd runs
(457/50360).

The key was seen in the ConfigMap `tke-eni-ipamd`, and in one named `tke-network-conf`. Its fields are written
with dots
(`vpc-cni.vpc-id`); the vendor documents neither their names nor their shapes, so a field that is not as
expected counts
as not told, and nothing here is ever taken for more than a hint.

The sides that say something about a cluster's pod network, as they were read.

The program's wish, read from the stack's output `cluster_facts`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import yaml

from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli.exit_code import WrongUse
from pulumi_tke_hybrid.tke import ipamd
from pulumi_tke_hybrid.tke.ipamd import Version

NAME = "tke-network-conf"
"""The ConfigMap of its own, in kube-system."""
KEY = "tke-network-conf.yaml"
_VPC = "vpc-cni.vpc-id"
_SUBNET = re.compile(r"subnet-[a-z0-9]{8}")


@dataclass(frozen=True)
class NetworkConf:
    """The part of it that is about subnets."""

    vpc_id: str | None = None
    """None: not told."""
    subnets: tuple[str, ...] | None = None
    """None: not told."""


def network_conf(text: str) -> NetworkConf:
    """Of the text under `KEY`."""
    try:
        values = dict(_fields(yaml.safe_load(text), ""))
    except (yaml.YAMLError, RecursionError):
        return NetworkConf()
    lists = [
        found
        for name, value in values.items()
        if name.startswith("vpc-cni.") and (found := _subnets(name, value)) is not None
    ]
    vpc = values.get(_VPC)
    return NetworkConf(vpc if isinstance(vpc, str) and vpc else None, lists[0] if len(lists) == 1 else None)


def _fields(value: object, path: str) -> Iterator[tuple[str, object]]:
    """The fields by their dotted names, whether they are written with dots or nested."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, item in cast(dict[object, object], value).items():
        yield from _fields(item, f"{path}.{key}" if path else str(key))


def _subnets(name: str, value: object) -> tuple[str, ...] | None:
    """The ids in a field that is named for subnets and holds nothing else; as a list, or joined as in the
    older keys."""
    items = (
        cast(list[object], value)
        if isinstance(value, list)
        else re.split("[:,]", value)
        if isinstance(value, str)
        else []
    )
    found = [item.strip() for item in items if isinstance(item, str)]
    fits = (
        "subnet" in name
        and items
        and len(found) == len(items)
        and all(_SUBNET.fullmatch(item) for item in found)
    )
    return tuple(found) if fits else None


CLOUD, IPAMD, CONFIG_MAP, PROGRAM = "cloud", "ipamd", "configmap", "program"
LIVE = (CLOUD, IPAMD, CONFIG_MAP)
"""Sides that list subnets: these, and the program."""


@dataclass(frozen=True)
class Unread:
    """A side that was not read."""

    reason: str
    wanted: bool = True
    """False: the user said that it does not count."""


@dataclass(frozen=True)
class CloudSide:
    """The cluster as TKE's own list has it (`DescribeClusters`)."""

    name: str
    vpc_id: str
    overlay: str
    """Range of the GlobalRouter pods."""
    subnets: tuple[str, ...]


@dataclass(frozen=True)
class IpamdSide:
    """What TKE says about ipamd (`DescribeIPAMD`, and the cluster's properties)."""

    enabled: bool
    phase: str
    reason: str
    subnets: tuple[str, ...]
    reclaim_seconds: int | None
    static_ip: bool | None
    """None: the API did not tell."""
    cni_type: str | None


@dataclass(frozen=True)
class ConfigMapSide:
    """What ipamd is configured with inside the cluster."""

    present: bool
    """Whether the ConfigMap `tke-eni-ipamd` is there."""
    read_by_deployment: bool
    """Whether the Deployment that reads it is in the cluster; some platforms host ipamd elsewhere."""
    vpc_id: str = ""
    subnets: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    """These three: the keys that an ipamd before 3.5.0 reads at its start."""
    image: str = ""
    """Of ipamd, in its Deployment; empty where that does not tell one."""
    conf: NetworkConf | None = None
    """What an ipamd from 3.5.0 on reads; None: not there."""


@dataclass(frozen=True)
class AddonSide:
    """The add-on eniipamd, as component management has it (`DescribeAddon`)."""

    version: str
    """Empty: component management does not have it."""


@dataclass(frozen=True)
class VpcSubnet:
    """A subnet of the cluster's VPC."""

    subnet_id: str
    zone: str
    block: str
    free: int


@dataclass(frozen=True)
class Node:
    """A node of the cluster."""

    name: str
    address: str
    zone_label: str
    """`topology.kubernetes.io/zone`: on TKE a number."""
    zone_name: str = ""
    """The zone's name, where an add-on wrote it beside."""
    pod_ranges: tuple[str, ...] = ()
    virtual: bool = False
    """A super or a registered node: its pods do not live on an ENI of the node."""


@dataclass(frozen=True)
class EniPod:
    """A pod whose annotation asks for the shared ENI."""

    namespace: str
    name: str
    workload: str
    node: str
    address: str
    """Empty before it has one."""
    asks: bool
    """Whether it asks the scheduler for an ENI address; without that it gets none."""
    on_host: bool = False
    """Host network: the node's own address."""


@dataclass(frozen=True)
class WishedSubnet:
    """A container subnet as the program says."""

    subnet_id: str
    zone: str
    block: str


@dataclass(frozen=True)
class Wish:
    """The program, as its output `cluster_facts` tells."""

    cluster_id: str
    vpc_id: str
    region: str
    subnets: tuple[WishedSubnet, ...]
    static_ip: bool
    reclaim_seconds: int | None


@dataclass(frozen=True)
class Picture:
    """All sides at one moment."""

    cluster_id: str
    region: str
    cloud: CloudSide | Unread
    ipamd: IpamdSide | Unread
    network: tuple[VpcSubnet, ...] | Unread
    """The subnets of the VPC."""
    machines: frozenset[str] | Unread
    """Addresses of the cluster's machines, to tell whether the kubeconfig is this cluster's."""
    config_map: ConfigMapSide | Unread
    nodes: tuple[Node, ...] | Unread
    pods: tuple[EniPod, ...] | Unread
    wish: Wish | None = None
    addon: AddonSide | Unread = Unread("not read", wanted=False)

    @property
    def ipamd_version(self) -> Version | None:
        """Of the ipamd that runs: by its image, else by component management; None where neither tells it."""
        image = self.config_map.image if isinstance(self.config_map, ConfigMapSide) else ""
        addon = self.addon.version if isinstance(self.addon, AddonSide) else ""
        return ipamd.version(image) or ipamd.parsed_version(addon)

    @property
    def keys_count(self) -> bool | None:
        """Whether ipamd takes its subnets from the three keys of its ConfigMap, as before 3.5.0; None: its
        version is not known."""
        version = self.ipamd_version
        return None if version is None else version < ipamd.ADDON_SINCE

    @property
    def unread(self) -> Iterator[tuple[str, Unread]]:
        """The sides that were not read, with their names."""
        sides: Mapping[str, object] = {
            "the cloud's cluster list": self.cloud,
            "IPAMD": self.ipamd,
            "the VPC's subnets": self.network,
            "the ConfigMap": self.config_map,
            "the nodes": self.nodes,
            "the pods": self.pods,
        }
        for name, side in sides.items():
            if isinstance(side, Unread):
                yield name, side

    @property
    def lists(self) -> dict[str, tuple[str, ...] | None]:
        """The subnets that each side lists, in order; None where that side says nothing."""
        busy = (
            isinstance(self.ipamd, IpamdSide)
            and not self.ipamd.subnets
            and not ipamd.is_running(self.ipamd.phase)
        )
        return {
            CLOUD: self.cloud.subnets if isinstance(self.cloud, CloudSide) else None,
            IPAMD: self.ipamd.subnets if isinstance(self.ipamd, IpamdSide) and not busy else None,
            CONFIG_MAP: (
                side.subnets
                if isinstance(side := self.config_map, ConfigMapSide) and side.present and self.keys_count
                else None
            ),
            PROGRAM: tuple(subnet.subnet_id for subnet in self.wish.subnets) if self.wish else None,
        }

    @property
    def working(self) -> tuple[str, ...] | None:
        """The subnets that pods get addresses from: ipamd's list, as far as it tells."""
        lists = self.lists
        return lists[IPAMD] if lists[IPAMD] is not None else lists[CLOUD]


HOW = "pulumi stack output <name of the exported cluster_facts> --json"


def read(name: str) -> Wish | None:
    """The wish in a file, `-` for standard input; None without one."""
    if not name:
        return None
    found = files.read("--facts", name, HOW)
    try:
        return wish(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WrongUse(
            f"--facts {name} is not a cluster's facts ({type(error).__name__}: {error}); write it with: {HOW}"
        ) from None


def wish(facts: Mapping[str, Any]) -> Wish:
    """The facts as the component writes them."""
    zones = cast(Mapping[str, list[Mapping[str, Any]]], facts["zones"])
    return Wish(
        cluster_id=str(facts["clusterId"]),
        vpc_id=str(facts["vpcId"]),
        region=str(facts["region"]),
        subnets=tuple(
            WishedSubnet(str(item["subnetId"]), zone, str(item.get("cidrBlock") or ""))
            for zone, items in zones.items()
            for item in items
        ),
        static_ip=bool(facts["staticIp"]),
        reclaim_seconds=ipamd.seconds_of(str(facts["ipReclaim"])),
    )
