"""Functions of the stand-in plugin: `getClusters`, `getSubnets` and `getZonesByProduct`."""

import hashlib
import json
from collections.abc import Callable
from typing import cast

from tests.lab.tencentcloud_plugin.client import INTERNAL_ERROR, Api, ApiError, Json
from tests.lab.tencentcloud_plugin.tags import read_tags
from tests.lab.tencentcloud_plugin.tke import (
    Side,
    describe_security,
    describe_workers,
    kubeconfig,
    settled_endpoint_status,
)
from tests.lab.tencentcloud_plugin.values import Object, Value

Invoke = Callable[[Api, Object], Object]
_PAGE = 100
_NOT_MODELLED = ("resultOutputFile", "kubeConfigFilePrefix")


def _result(arguments: Object, identity: list[str], **values: Value) -> Object:
    for name in _NOT_MODELLED:
        if arguments.get(name):
            raise ValueError(f"the stand-in plugin does not model `{name}`")
    digest = hashlib.sha256(",".join(identity).encode()).hexdigest()
    return {**arguments, **values, "id": str(int(digest[:8], 16))}


def get_clusters(api: Api, arguments: Object) -> Object:
    """Reads both kubeconfigs, also without an open endpoint; some fields of the schema are never filled."""
    request: Json = {"Limit": _PAGE, "Offset": 0}
    if arguments.get("clusterId") and arguments.get("clusterName"):
        raise ValueError("cluster_id, cluster_name only one can be set one")
    if arguments.get("clusterId"):
        request["ClusterIds"] = [arguments["clusterId"]]
    if arguments.get("clusterName"):
        request["Filters"] = [{"Name": "ClusterName", "Values": [arguments["clusterName"]]}]
    answer = api.retried_call("tke", "DescribeClusters", request, api.timing.read)
    wanted = cast("Object", arguments.get("tags") or {})
    lists: list[Value] = []
    for cluster in cast("list[Json]", answer["Clusters"] or []):
        tags = _cluster_tags(cluster)
        if all(tags.get(key) == value for key, value in wanted.items()):
            lists.append(_cluster(api, cluster, tags))
    return _result(arguments, [str(cast("Object", item)["clusterId"]) for item in lists], lists=lists)


def _cluster_tags(cluster: Json) -> Object:
    specifications: list[Json] = cluster.get("TagSpecification") or []
    return {tag["Key"]: tag["Value"] for tag in specifications[0]["Tags"]} if specifications else {}


def _cluster(api: Api, cluster: Json, tags: Object) -> Value:
    cluster_id = str(cluster["ClusterId"])
    network: Json = cluster["ClusterNetworkSettings"]
    workers = describe_workers(api, cluster_id)
    security = describe_security(api, cluster_id)
    internet_config = _kubeconfig(api, cluster_id, "internet")
    intranet_config = _kubeconfig(api, cluster_id, "intranet")
    settled_endpoint_status(api, cluster_id, "internet")
    settled_endpoint_status(api, cluster_id, "intranet")
    properties = cast("Json", json.loads(cluster["Property"]))
    return {
        "cdcId": str(cluster.get("CdcId") or ""),
        "certificationAuthority": str(security.get("CertificationAuthority") or ""),
        "claimExpiredSeconds": 0,
        "clusterAsEnabled": False,
        "clusterCidr": str(network.get("ClusterCIDR") or ""),
        "clusterDeployType": str(cluster["ClusterType"]).upper(),
        "clusterDesc": str(cluster["ClusterDescription"]),
        "clusterExternalEndpoint": str(security.get("ClusterExternalEndpoint") or ""),
        "clusterExtraArgs": [],
        "clusterId": cluster_id,
        "clusterIpvs": bool(network["Ipvs"]),
        "clusterMaxPodNum": int(network.get("MaxNodePodNum") or 0),
        "clusterMaxServiceNum": int(network.get("MaxClusterServiceNum") or 0),
        "clusterName": str(cluster["ClusterName"]),
        "clusterNodeNum": int(cluster["ClusterNodeNum"]),
        "clusterOs": str(cluster["ClusterOs"]),
        "clusterVersion": str(cluster["ClusterVersion"]),
        "containerRuntime": str(cluster.get("ContainerRuntime") or ""),
        "deletionProtection": bool(cluster.get("DeletionProtection")),
        "domain": str(security.get("Domain") or ""),
        "eniSubnetIds": cast("list[Value]", network.get("Subnets") or []),
        "ignoreClusterCidrConflict": bool(network.get("IgnoreClusterCIDRConflict")),
        "isNonStaticIpMode": False,
        "kubeConfig": internet_config,
        "kubeConfigIntranet": intranet_config,
        "kubeProxyMode": str(network.get("KubeProxyMode") or ""),
        "networkType": "",
        "nodeNameType": "",
        "password": str(security.get("Password") or ""),
        "pgwEndpoint": str(security.get("PgwEndpoint") or ""),
        "projectId": int(cluster["ProjectId"]),
        "securityPolicies": cast("list[Value]", security.get("SecurityPolicy") or []),
        "serviceCidr": str(network.get("ServiceCIDR") or ""),
        "tags": tags,
        "userName": str(security.get("UserName") or ""),
        "vpcCniType": str(properties.get("VpcCniType") or ""),
        "vpcId": str(network["VpcId"]),
        "workerInstancesLists": [
            {
                "failedReason": str(worker.raw.get("FailedReason") or ""),
                "instanceId": worker.instance_id,
                "instanceRole": worker.role,
                "instanceState": worker.state,
                "lanIp": str(worker.raw.get("LanIP") or ""),
            }
            for worker in workers
        ],
    }


def _kubeconfig(api: Api, cluster_id: str, side: Side) -> str:
    try:
        return kubeconfig(api, cluster_id, side)
    except ApiError:
        # The vendor's second attempt goes out with an empty cluster id.
        return api.timing.retry(api.timing.read, lambda: api.retrying(lambda: kubeconfig(api, "", side)))


def get_subnets(api: Api, arguments: Object) -> Object:
    filters: list[Json] = []
    for name, field in (
        ("vpcId", "vpc-id"),
        ("subnetId", "subnet-id"),
        ("name", "subnet-name"),
        ("availabilityZone", "zone"),
        ("cidrBlock", "cidr-block"),
        ("cdcId", "cdc-id"),
        ("tagKey", "tag-key"),
    ):
        if arguments.get(name):
            filters.append({"Name": field, "Values": [arguments[name]]})
    if "isDefault" in arguments:
        filters.append({"Name": "is-default", "Values": ["true" if arguments["isDefault"] else "false"]})
    if "isRemoteVpcSnat" in arguments:
        flag = "true" if arguments["isRemoteVpcSnat"] else "false"
        filters.append({"Name": "is-remote-vpc-snat", "Values": [flag]})
    for key, value in cast("Object", arguments.get("tags") or {}).items():
        filters.append({"Name": f"tag:{key}", "Values": [value]})
    found: list[Json] = []
    while True:
        answer = api.retried_call(
            "vpc",
            "DescribeSubnets",
            {"Filters": filters, "Limit": str(_PAGE), "Offset": str(len(found))},
            api.timing.read,
        )
        page: list[Json] = answer["SubnetSet"] or []
        found += page
        if len(page) < _PAGE or len(found) >= int(answer["TotalCount"]):
            break
    lists: list[Value] = [
        {
            "availabilityZone": subnet["Zone"],
            "availableIpCount": subnet["AvailableIpAddressCount"],
            "cdcId": subnet["CdcId"],
            "cidrBlock": subnet["CidrBlock"],
            "createTime": subnet["CreatedTime"],
            "isDefault": subnet["IsDefault"],
            "isMulticast": subnet["EnableBroadcast"],
            "name": subnet["SubnetName"],
            "routeTableId": subnet["RouteTableId"],
            "subnetId": subnet["SubnetId"],
            "tags": read_tags(api, "vpc", "subnet", str(subnet["SubnetId"])),
            "vpcId": subnet["VpcId"],
        }
        for subnet in found
    ]
    return _result(arguments, [str(subnet["SubnetId"]) for subnet in found], instanceLists=lists)


def get_zones_by_product(api: Api, arguments: Object) -> Object:
    answer = api.retried_call(
        "api", "DescribeZones", {"Product": arguments["product"]}, api.timing.read, (INTERNAL_ERROR,)
    )
    zones: list[Value] = []
    for zone in cast("list[Json]", answer["ZoneSet"] or []):
        state = zone["ZoneState"]
        if state != "AVAILABLE" and not arguments.get("includeUnavailable"):
            continue
        if arguments.get("name") and zone["Zone"] != arguments["name"]:
            continue
        zones.append(
            {"description": zone["ZoneName"], "id": str(zone["ZoneId"]), "name": zone["Zone"], "state": state}
        )
    return _result(arguments, [str(cast("Object", zone)["id"]) for zone in zones], zones=zones)


INVOKES: dict[str, Invoke] = {
    "tencentcloud:Kubernetes/getClusters:getClusters": get_clusters,
    "tencentcloud:Vpc/getSubnets:getSubnets": get_subnets,
    "tencentcloud:Availability/getZonesByProduct:getZonesByProduct": get_zones_by_product,
}
