"""All sides read, one after the other. What cannot be read says why, and the rest is read all the same."""

from collections.abc import Callable, Sequence

from pulumi_tke_hybrid.cloud.addons import addon_version
from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.cloud.live_vpc_cni import Live, look
from pulumi_tke_hybrid.cloud.machines import machine_addresses
from pulumi_tke_hybrid.cloud.pages import PAGE, all_pages
from pulumi_tke_hybrid.console.text import shown
from pulumi_tke_hybrid.drift.kube import Kube
from pulumi_tke_hybrid.drift.sides import AddonSide, CloudSide, IpamdSide, Picture, Unread, VpcSubnet, Wish
from pulumi_tke_hybrid.tke import ipamd as ipamd_addon

Progress = Callable[[str], None]


def collect(cloud: Cloud, kube: Kube | Unread, cluster_id: str, region: str, wish: Wish | None, progress: Progress) -> Picture:
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
    return Picture(cluster_id, region, side, ipamd, network, machines, config_map, nodes, kube.eni_pods(), wish, addon)


def _cluster(cloud: Cloud, cluster_id: str, region: str) -> Answer | Unread:
    try:
        found: Sequence[Answer] = cloud.call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]}).get("Clusters") or ()
    except CloudError as error:
        return _unread(error)
    return found[0] if found else Unread(f"{cluster_id} is not in region {region} of this account; check id, region and credentials")


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
        live = look(cloud, cluster_id)
        if live is not None and not live.enabled:
            live = look(cloud, cluster_id)  # "off" is believed when it is said twice
    except CloudError as error:
        return _unread(error)
    return Unread(f"{cluster_id} is gone") if live is None else _ipamd_side(live)


def _ipamd_side(live: Live) -> IpamdSide:
    return IpamdSide(live.enabled, live.phase, live.reason, live.ipamd_subnets, live.reclaim_seconds, live.static_ip, live.cni_type)


def _addon(cloud: Cloud, cluster_id: str) -> AddonSide | Unread:
    try:
        return AddonSide(addon_version(cloud, cluster_id, ipamd_addon.ADDON))
    except CloudError as error:
        return _unread(error)


def _network(cloud: Cloud, vpc_id: str) -> tuple[VpcSubnet, ...] | Unread:
    def page(offset: int) -> Answer:
        # Of all lists of the API, only this service wants its numbers as text.
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
        return cloud.call("vpc", "DescribeSubnets", {"Filters": filters, "Limit": str(PAGE), "Offset": str(offset)})

    try:
        items = all_pages(page, "SubnetSet")
    except CloudError as error:
        return _unread(error)
    return tuple(
        VpcSubnet(str(item["SubnetId"]), str(item["Zone"]), str(item["CidrBlock"]), int(item["AvailableIpAddressCount"])) for item in items
    )


def _machines(cloud: Cloud, cluster_id: str) -> frozenset[str] | Unread:
    try:
        return machine_addresses(cloud, cluster_id)
    except CloudError as error:
        return _unread(error)


def _unread(error: CloudError) -> Unread:
    return Unread(f"{error.action} failed: {error.code}: {shown(error.message, 200)}")
