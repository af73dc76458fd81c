"""Reads every source of a cluster's pod network, one after the other. Never writes.

A source that cannot be read becomes `Unavailable` with the reason, and the others are read all the same.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, cast

import yaml

from pulumi_tke_hybrid.cli.process import shown
from pulumi_tke_hybrid.cloud.api_client import Answer, Cloud, all_pages
from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.cloud.clusters import addon_version, instance_addresses
from pulumi_tke_hybrid.cloud.vpc_cni_state import LiveVpcCni, read_vpc_cni
from pulumi_tke_hybrid.drift.snapshot import (
    CloudList,
    EniPod,
    IpamdObjects,
    NetworkConf,
    Node,
    Snapshot,
    Unavailable,
    VpcSubnet,
)
from pulumi_tke_hybrid.kube import KubeError, NotFound, client
from pulumi_tke_hybrid.kube.client import Kind, KubeClient
from pulumi_tke_hybrid.tke import ipamd, keys, objects
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.tke.enis import has_ended, selects_eni
from pulumi_tke_hybrid.tke.objects import Json, at

NETWORK_CONF = "tke-network-conf"
"""A ConfigMap in kube-system that may hold the configuration of an ipamd from 3.5.0 on."""
NETWORK_CONF_KEY = "tke-network-conf.yaml"
"""The key of that configuration, found in `tke-network-conf` and in `tke-eni-ipamd` (457/50360)."""
_VPC_FIELD = "vpc-cni.vpc-id"
_SUBNET_ID = re.compile(r"subnet-[a-z0-9]{8}")
Progress = Callable[[str], None]
T = TypeVar("T")


def collect(
    cloud: Cloud,
    kube: KubeClient | Unavailable,
    cluster_id: str,
    region: str,
    program: ClusterFacts | None,
    progress: Progress,
) -> Snapshot:
    """Read all sources. Without the cluster in the cloud's list, the other sources of the cloud are not
    read."""
    progress("the cloud's cluster list")
    listed = _read(lambda: _cluster(cloud, cluster_id, region))
    progress("IPAMD")
    state = _after(listed, lambda _: _ipamd(cloud, cluster_id))
    progress("subnets of the VPC")
    addon = _after(listed, lambda _: addon_version(cloud, cluster_id, ipamd.ADDON))
    network = _after(listed, lambda found: _network(cloud, found.vpc_id))
    if isinstance(kube, Unavailable):
        return Snapshot(
            cluster_id, region, listed, state, network, kube, kube, kube, kube, program=program, addon=addon
        )
    progress("CVM instances of the cluster")
    instances = _after(listed, lambda _: instance_addresses(cloud, cluster_id))
    progress("the ConfigMap of ipamd")
    config_map = _read(lambda: _ipamd_objects(kube))
    progress("nodes")
    nodes = _read(lambda: tuple(map(node, kube.list(client.NODE))))
    progress("pods")
    pods = _read(lambda: eni_pods(kube.list(client.POD)))
    return Snapshot(
        cluster_id, region, listed, state, network, instances, config_map, nodes, pods, program, addon
    )


def _read(call: Callable[[], T | Unavailable]) -> T | Unavailable:
    try:
        return call()
    except KubeError as error:
        return Unavailable(str(error))
    except CloudError as error:
        return Unavailable(f"{error.action} failed: {error.code}: {shown(error.message, 200)}")


def _after(listed: CloudList | Unavailable, call: Callable[[CloudList], T | Unavailable]) -> T | Unavailable:
    return listed if isinstance(listed, Unavailable) else _read(lambda: call(listed))


def _cluster(cloud: Cloud, cluster_id: str, region: str) -> CloudList | Unavailable:
    response = cloud.call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]})
    found: Sequence[Answer] = response.get("Clusters") or ()
    if not found:
        return Unavailable(
            f"{cluster_id} is not in region {region} of this account; check id, region and credentials"
        )
    network: Answer = found[0].get("ClusterNetworkSettings") or {}
    return CloudList(
        vpc_id=str(network.get("VpcId") or ""),
        overlay=str(network.get("ClusterCIDR") or ""),
        subnets=tuple(network.get("Subnets") or ()),
    )


def _ipamd(cloud: Cloud, cluster_id: str) -> LiveVpcCni | Unavailable:
    live = read_vpc_cni(cloud, cluster_id)
    if live is not None and not live.enabled:
        live = read_vpc_cni(cloud, cluster_id)  # VPC-CNI counts as off only after two equal responses
    return Unavailable(f"{cluster_id} is gone") if live is None else live


def _network(cloud: Cloud, vpc_id: str) -> tuple[VpcSubnet, ...]:
    def read(page: Mapping[str, int]) -> Answer:
        # Of all lists of the API, this service alone expects its numbers as text.
        numbers = {name: str(number) for name, number in page.items()}
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
        return cloud.call("vpc", "DescribeSubnets", {"Filters": filters, **numbers})

    return tuple(
        VpcSubnet(
            str(item["SubnetId"]),
            str(item["Zone"]),
            str(item["CidrBlock"]),
            int(item["AvailableIpAddressCount"]),
        )
        for item in all_pages(read, "SubnetSet")
    )


def _ipamd_objects(kube: KubeClient) -> IpamdObjects:
    return ipamd_objects(
        _config_map(kube, ipamd.NAME),
        _found(kube, client.DEPLOYMENT, ipamd.NAME),
        _config_map(kube, NETWORK_CONF),
    )


def _config_map(kube: KubeClient, name: str) -> Json | None:
    found = _found(kube, client.CONFIG_MAP, name)
    return None if found is None else objects.child(found, "data")


def _found(kube: KubeClient, kind: Kind, name: str) -> Json | None:
    try:
        return kube.get(kind, ipamd.NAMESPACE, name)
    except NotFound:
        return None


def ipamd_objects(
    data: Mapping[str, str] | None, deployment: Json | None, other: Mapping[str, str] | None = None
) -> IpamdObjects:
    """Parse the objects of ipamd; `data` of the ConfigMap `tke-eni-ipamd`, `other` of `tke-network-conf`,
    None for an object that does not exist."""
    own = data or {}
    text = own.get(NETWORK_CONF_KEY) or (other or {}).get(NETWORK_CONF_KEY)
    containers = objects.children(deployment or {}, "spec", "template", "spec", "containers")
    return IpamdObjects(
        present=data is not None,
        has_deployment=deployment is not None,
        vpc_id=own.get(ipamd.VPC_ID, "").strip(),
        subnets=tuple(ipamd.registered_subnets(own)),
        zones=tuple(part.strip() for part in own.get(ipamd.ZONES, "").split(":") if part.strip()),
        image=ipamd.own_image({str(item.get("name")): str(item.get("image") or "") for item in containers}),
        conf=network_conf(text) if text else None,
    )


def network_conf(text: str) -> NetworkConf:
    """Parse the YAML that an ipamd from 3.5.0 on reads.

    The vendor documents neither the names nor the shapes of its fields (`vpc-cni.vpc-id`, with dots or
    nested), so a field of another shape counts as missing.
    """
    try:
        values = dict(_fields(yaml.safe_load(text), ""))
    except (yaml.YAMLError, RecursionError):
        return NetworkConf()
    lists = [
        found
        for name, value in values.items()
        if name.startswith("vpc-cni.") and "subnet" in name and (found := _subnet_ids(value)) is not None
    ]
    vpc = values.get(_VPC_FIELD)
    return NetworkConf(vpc if isinstance(vpc, str) and vpc else None, lists[0] if len(lists) == 1 else None)


def _fields(value: object, path: str) -> Iterator[tuple[str, object]]:
    """The fields by their names with dots."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, item in cast(dict[object, object], value).items():
        yield from _fields(item, f"{path}.{key}" if path else str(key))


def _subnet_ids(value: object) -> tuple[str, ...] | None:
    """The ids of a list, or of a text that joins them as the older keys do; None where an item is no id."""
    parts = re.split("[:,]", value) if isinstance(value, str) else objects.items(value)
    found = [item.strip() for item in parts if isinstance(item, str)]
    fits = 0 < len(found) == len(parts) and all(map(_SUBNET_ID.fullmatch, found))
    return tuple(found) if fits else None


def node(live: Json) -> Node:
    """Parse a node object."""
    labels = objects.child(live, "metadata", "labels")
    return Node(
        name=objects.name_of(live),
        address=objects.internal_address(live),
        zone_label=str(labels.get(keys.ZONE_LABEL, "")),
        zone_name=str(labels.get(keys.CBS_ZONE_LABEL, "")),
        pod_ranges=tuple(objects.pod_ranges(live)),
        virtual=objects.is_virtual(live),
    )


def eni_pods(live: Iterable[Json]) -> tuple[EniPod, ...]:
    """Parse the pod objects that select the shared ENI and have not ended."""
    return tuple(_eni_pod(pod) for pod in live if selects_eni(pod) and not has_ended(pod))


def _eni_pod(pod: Json) -> EniPod:
    containers = objects.children(pod, "spec", "containers")
    requests = objects.child(containers[0], "resources", "requests") if containers else {}
    return EniPod(
        namespace=objects.namespace_of(pod),
        name=objects.name_of(pod),
        workload=_workload(pod),
        node=objects.node_of(pod),
        address=objects.pod_address(pod),
        requests_address=keys.ENI_IP in requests,
        on_host=bool(at(pod, "spec", "hostNetwork")),
    )


def _workload(pod: Json) -> str:
    """The name of the pod's owner: of the Deployment, not of its ReplicaSet."""
    owners = objects.children(pod, "metadata", "ownerReferences")
    if not owners:
        return objects.name_of(pod)
    generation = objects.child(pod, "metadata", "labels").get("pod-template-hash", "")
    return str(owners[0]["name"]).removesuffix(f"-{generation}")
