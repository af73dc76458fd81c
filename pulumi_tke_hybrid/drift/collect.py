"""The in-cluster sides, read through the Kubernetes API. Never writes.

ipamd's objects inside the cluster, as a side.

All sides read, one after the other. What cannot be read says why, and the rest is read all the same."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from pulumi_tke_hybrid.cli.options import connect
from pulumi_tke_hybrid.cli.text import shown
from pulumi_tke_hybrid.cloud.client import PAGE, Answer, Cloud, all_pages
from pulumi_tke_hybrid.cloud.clusters import addon_version, instance_addresses
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.cloud.vpc_cni_state import LiveVpcCni, read_vpc_cni
from pulumi_tke_hybrid.drift import sources
from pulumi_tke_hybrid.drift.sources import (
    AddonSide,
    CloudSide,
    ConfigMapSide,
    EniPod,
    IpamdSide,
    Node,
    Picture,
    Unread,
    VpcSubnet,
    Wish,
)
from pulumi_tke_hybrid.kube import client
from pulumi_tke_hybrid.kube.client import Kind, KubeClient
from pulumi_tke_hybrid.kube.errors import KubeError, NotFound
from pulumi_tke_hybrid.kube.objects import (
    child,
    children,
    internal_address,
    is_virtual,
    name_of,
    namespace_of,
    node_of,
    pod_address,
    pod_ranges,
)
from pulumi_tke_hybrid.tke import ipamd, keys
from pulumi_tke_hybrid.tke import ipamd as ipamd_addon
from pulumi_tke_hybrid.tke.enis import over, selects_eni
from pulumi_tke_hybrid.tke.values import Json, at

T = TypeVar("T")


class Kube(Protocol):
    """What is asked of a cluster. Each answer may be that it could not be read."""

    def config_map(self) -> ConfigMapSide | Unread:
        """ipamd's ConfigMap."""
        ...

    def nodes(self) -> tuple[Node, ...] | Unread:
        """All nodes."""
        ...

    def eni_pods(self) -> tuple[EniPod, ...] | Unread:
        """All living pods that ask for the shared ENI."""
        ...


class LiveKube:
    """A real cluster."""

    def __init__(self, live: KubeClient) -> None:
        self._client = live

    @classmethod
    def connect(cls, kubeconfig: Path | None, context: str) -> "LiveKube":
        """By a file, else by `KUBECONFIG`. Raises `WrongUse` or `KubeError`."""
        return cls(connect(kubeconfig, context))

    def config_map(self) -> ConfigMapSide | Unread:
        def call() -> ConfigMapSide:
            deployment = self._found(client.DEPLOYMENT, ipamd.NAME)
            own, other = self._data(ipamd.NAME), self._data(sources.NAME)
            return config_map_side(own, deployment, other)

        return _answer(call)

    def nodes(self) -> tuple[Node, ...] | Unread:
        return _answer(lambda: tuple(node_side(node) for node in self._client.list(client.NODE)))

    def eni_pods(self) -> tuple[EniPod, ...] | Unread:
        return _answer(lambda: eni_pod_sides(self._client.list(client.POD)))

    def _data(self, name: str) -> Json | None:
        live = self._found(client.CONFIG_MAP, name)
        return None if live is None else live.get("data") or {}

    def _found(self, kind: Kind, name: str) -> Json | None:
        """ipamd's object of that kind; None where there is none."""
        try:
            return self._client.get(kind, ipamd.NAMESPACE, name)
        except NotFound:
            return None


def _answer(call: Callable[[], T]) -> T | Unread:
    try:
        return call()
    except KubeError as error:
        return Unread(str(error))


def node_side(node: Json) -> Node:
    """A node object."""
    labels = child(node, "metadata", "labels")
    return Node(
        name=name_of(node),
        address=internal_address(node),
        zone_label=str(labels.get(keys.ZONE_LABEL, "")),
        zone_name=str(labels.get(keys.CBS_ZONE_LABEL, "")),
        pod_ranges=tuple(pod_ranges(node)),
        virtual=is_virtual(node),
    )


def eni_pod_sides(pods: Iterable[Json]) -> tuple[EniPod, ...]:
    """Those pod objects that ask for the shared ENI and are not over."""
    return tuple(eni_pod_side(pod) for pod in pods if selects_eni(pod) and not over(pod))


def eni_pod_side(pod: Json) -> EniPod:
    """A pod object."""
    containers = children(pod, "spec", "containers")
    return EniPod(
        namespace=namespace_of(pod),
        name=name_of(pod),
        workload=_workload(pod),
        node=node_of(pod),
        address=pod_address(pod),
        asks=bool(containers) and keys.ENI_IP in child(containers[0], "resources", "requests"),
        on_host=bool(at(pod, "spec", "hostNetwork")),
    )


def _workload(pod: Json) -> str:
    """The name of what made the pod: of the Deployment, not of its ReplicaSet."""
    owners = children(pod, "metadata", "ownerReferences")
    if not owners:
        return name_of(pod)
    generation = child(pod, "metadata", "labels").get("pod-template-hash", "")
    return str(owners[0]["name"]).removesuffix(f"-{generation}")


def config_map_side(
    data: Mapping[str, str] | None, deployment: Json | None, other: Mapping[str, str] | None = None
) -> ConfigMapSide:
    """`data`: of the ConfigMap `tke-eni-ipamd`; `other`: of `tke-network-conf`. None: the object is not
    there."""
    own = data or {}
    text = own.get(sources.KEY) or (other or {}).get(sources.KEY)
    return ConfigMapSide(
        present=data is not None,
        read_by_deployment=deployment is not None,
        vpc_id=own.get(ipamd.VPC_ID, "").strip(),
        subnets=tuple(ipamd.registered_subnets(own)),
        zones=tuple(part.strip() for part in own.get(ipamd.ZONES, "").split(":") if part.strip()),
        image=_image(deployment or {}),
        conf=sources.network_conf(text) if text else None,
    )


def _image(deployment: Json) -> str:
    containers: list[Json] = at(deployment, "spec", "template", "spec", "containers") or []
    return ipamd.own_image({str(item.get("name")): str(item.get("image") or "") for item in containers})


Progress = Callable[[str], None]


def collect(
    cloud: Cloud, kube: Kube | Unread, cluster_id: str, region: str, wish: Wish | None, progress: Progress
) -> Picture:
    """Look at everything. Only reads."""
    progress("the cloud's cluster list")
    cluster = _cluster(cloud, cluster_id, region)
    progress("IPAMD")
    ipamd = cluster if isinstance(cluster, Unread) else _ipamd(cloud, cluster_id)
    progress("subnets of the VPC")
    side = cluster if isinstance(cluster, Unread) else _cloud_side(cluster)
    addon = cluster if isinstance(cluster, Unread) else _addon(cloud, cluster_id)
    network = side if isinstance(side, Unread) else _network(cloud, side.vpc_id)
    if isinstance(kube, Unread):
        return Picture(cluster_id, region, side, ipamd, network, kube, kube, kube, kube, wish, addon)
    progress("machines of the cluster")
    machines = side if isinstance(side, Unread) else _machines(cloud, cluster_id)
    progress("ipamd's ConfigMap")
    config_map = kube.config_map()
    progress("nodes")
    nodes = kube.nodes()
    progress("pods")
    return Picture(
        cluster_id, region, side, ipamd, network, machines, config_map, nodes, kube.eni_pods(), wish, addon
    )


def _cluster(cloud: Cloud, cluster_id: str, region: str) -> Answer | Unread:
    try:
        found: Sequence[Answer] = (
            cloud.call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]}).get("Clusters") or ()
        )
    except CloudError as error:
        return _unread(error)
    return (
        found[0]
        if found
        else Unread(
            f"{cluster_id} is not in region {region} of this account; check id, region and credentials"
        )
    )


def _cloud_side(cluster: Answer) -> CloudSide:
    network: Answer = cluster.get("ClusterNetworkSettings") or {}
    return CloudSide(
        name=str(cluster.get("ClusterName") or ""),
        vpc_id=str(network.get("VpcId") or ""),
        overlay=str(network.get("ClusterCIDR") or ""),
        subnets=tuple(network.get("Subnets") or ()),
    )


def _ipamd(cloud: Cloud, cluster_id: str) -> IpamdSide | Unread:
    try:
        live = read_vpc_cni(cloud, cluster_id)
        if live is not None and not live.enabled:
            live = read_vpc_cni(cloud, cluster_id)  # "off" is believed when it is said twice
    except CloudError as error:
        return _unread(error)
    return Unread(f"{cluster_id} is gone") if live is None else _ipamd_side(live)


def _ipamd_side(live: LiveVpcCni) -> IpamdSide:
    return IpamdSide(
        live.enabled,
        live.phase,
        live.reason,
        live.ipamd_subnets,
        live.reclaim_seconds,
        live.static_ip,
        live.cni_type,
    )


def _addon(cloud: Cloud, cluster_id: str) -> AddonSide | Unread:
    try:
        return AddonSide(addon_version(cloud, cluster_id, ipamd_addon.ADDON))
    except CloudError as error:
        return _unread(error)


def _network(cloud: Cloud, vpc_id: str) -> tuple[VpcSubnet, ...] | Unread:
    def page(offset: int) -> Answer:
        # Of all lists of the API, only this service wants its numbers as text.
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
        return cloud.call(
            "vpc", "DescribeSubnets", {"Filters": filters, "Limit": str(PAGE), "Offset": str(offset)}
        )

    try:
        items = all_pages(page, "SubnetSet")
    except CloudError as error:
        return _unread(error)
    return tuple(
        VpcSubnet(
            str(item["SubnetId"]),
            str(item["Zone"]),
            str(item["CidrBlock"]),
            int(item["AvailableIpAddressCount"]),
        )
        for item in items
    )


def _machines(cloud: Cloud, cluster_id: str) -> frozenset[str] | Unread:
    try:
        return instance_addresses(cloud, cluster_id)
    except CloudError as error:
        return _unread(error)


def _unread(error: CloudError) -> Unread:
    return Unread(f"{error.action} failed: {error.code}: {shown(error.message, 200)}")
