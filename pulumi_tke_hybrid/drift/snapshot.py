"""All sources of a cluster's pod network as they were read at one moment. Reads nothing and compares
nothing."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pulumi_tke_hybrid.cloud.vpc_cni_state import LiveVpcCni
from pulumi_tke_hybrid.tke import ipamd, names
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.tke.ipamd import Version

CLOUD, IPAMD, CONFIG_MAP, PROGRAM = "cloud", "ipamd", "configmap", "program"
LIVE = (CLOUD, IPAMD, CONFIG_MAP)
"""Sources that list container subnets: these three, and the program."""


def lies_in(address: str, blocks: Iterable[str]) -> bool:
    """Whether an address lies in one of the ranges. A text that is no address or no range never does."""
    try:
        found = ipaddress.ip_address(address)
        return any(found in ipaddress.ip_network(block, strict=False) for block in blocks if block)
    except ValueError:
        return False


@dataclass(frozen=True)
class Unavailable:
    """A source that was not read."""

    reason: str
    wanted: bool = True
    """False: the user left the source out, so the exit code does not depend on the source."""


@dataclass(frozen=True)
class CloudList:
    """The cluster in the cloud's list (`DescribeClusters`)."""

    vpc_id: str
    overlay: str
    """Range of the GlobalRouter pods."""
    subnets: tuple[str, ...]


@dataclass(frozen=True)
class NetworkConf:
    """The container subnets in the configuration of an ipamd from 3.5.0 on; None: not named in a known
    way."""

    vpc_id: str | None = None
    subnets: tuple[str, ...] | None = None


@dataclass(frozen=True)
class IpamdObjects:
    """The objects inside the cluster that configure ipamd."""

    present: bool
    """Whether the ConfigMap `tke-eni-ipamd` exists."""
    has_deployment: bool
    """Whether the Deployment of ipamd is in the cluster; some platforms host ipamd elsewhere."""
    vpc_id: str = ""
    subnets: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    """VPC, subnets and zones: the keys that an ipamd before 3.5.0 reads at its start."""
    image: str = ""
    """Image of ipamd in the Deployment; empty where the Deployment names no image."""
    conf: NetworkConf | None = None
    """The configuration that an ipamd from 3.5.0 on reads; None: missing."""


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
    """The zone's name, where the CBS add-on has written its label."""
    pod_ranges: tuple[str, ...] = ()
    virtual: bool = False
    """A super or a registered node: its pods do not use an ENI of the node."""


@dataclass(frozen=True)
class EniPod:
    """A pod whose annotation selects the shared ENI."""

    namespace: str
    name: str
    workload: str
    node: str
    address: str
    """Empty until the pod has an address."""
    requests_address: bool
    """Whether the first container requests an ENI address; without that request the pod gets none."""
    on_host: bool = False
    """Host network: the node's own address."""


@dataclass(frozen=True)
class Snapshot:
    """All sources at one moment."""

    cluster_id: str
    region: str
    cloud: CloudList | Unavailable
    ipamd: LiveVpcCni | Unavailable
    network: tuple[VpcSubnet, ...] | Unavailable
    """The subnets of the VPC."""
    instances: frozenset[str] | Unavailable
    """Addresses of the cluster's CVM instances: a node has one of them, or the kubeconfig is another
    cluster's."""
    config_map: IpamdObjects | Unavailable
    nodes: tuple[Node, ...] | Unavailable
    pods: tuple[EniPod, ...] | Unavailable
    program: ClusterFacts | None = None
    """The facts of the program; None without `--facts`."""
    addon: str | Unavailable = Unavailable("not read", wanted=False)
    """Version of the add-on eniipamd (`DescribeAddon`); empty: component management does not have the
    add-on."""

    @property
    def ipamd_version(self) -> Version | None:
        """The version of ipamd by its image, else by component management; None where neither names one."""
        image = self.config_map.image if isinstance(self.config_map, IpamdObjects) else ""
        return ipamd.version(image) or ipamd.parsed_version(self.addon if isinstance(self.addon, str) else "")

    @property
    def reads_keys(self) -> bool | None:
        """Whether ipamd reads the three keys of its ConfigMap, as before 3.5.0; None: version not known."""
        version = self.ipamd_version
        return None if version is None else version < ipamd.ADDON_SINCE

    @property
    def unavailable(self) -> Iterator[tuple[str, Unavailable]]:
        """The sources that were not read, with their names."""
        sources: Mapping[str, object] = {
            "the cloud's cluster list": self.cloud,
            "IPAMD": self.ipamd,
            "the VPC's subnets": self.network,
            "the ConfigMap": self.config_map,
            "the nodes": self.nodes,
            "the pods": self.pods,
        }
        for name, source in sources.items():
            if isinstance(source, Unavailable):
                yield name, source

    @property
    def lists(self) -> dict[str, tuple[str, ...] | None]:
        """The container subnets that each source lists, in order; None where a source has no list."""
        live, keys = self.ipamd, self.config_map
        found: dict[str, tuple[str, ...] | None] = dict.fromkeys((*LIVE, PROGRAM))
        if isinstance(self.cloud, CloudList):
            found[CLOUD] = self.cloud.subnets
        if isinstance(live, LiveVpcCni) and (live.ipamd_subnets or live.running):
            found[IPAMD] = live.ipamd_subnets
        if isinstance(keys, IpamdObjects) and keys.present and self.reads_keys:
            found[CONFIG_MAP] = keys.subnets
        if self.program:
            found[PROGRAM] = tuple(subnet.subnet_id for subnet in self.program.subnets)
        return found

    @property
    def working(self) -> tuple[str, ...] | None:
        """The subnets that ipamd allocates from: ipamd's own list, else the cloud's."""
        lists = self.lists
        return lists[IPAMD] if lists[IPAMD] is not None else lists[CLOUD]

    @property
    def known_subnets(self) -> tuple[VpcSubnet, ...]:
        """The subnets of the VPC; empty where they were not read."""
        return () if isinstance(self.network, Unavailable) else self.network

    def subnet_of(self, address: str) -> VpcSubnet | None:
        """The subnet of the VPC that holds an address."""
        return next((subnet for subnet in self.known_subnets if lies_in(address, [subnet.block])), None)

    def zone_of(self, node: Node) -> str | None:
        """The zone of a node: by the CBS add-on's label, else by the node's subnet, else by the label's
        number."""
        own = None if node.zone_name else self.subnet_of(node.address)
        return node.zone_name or (own.zone if own else names.zone_by_label(node.zone_label, self.region))
