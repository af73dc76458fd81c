"""A stand-in for the API, no larger than the stand-in plugin's own tests need. The lab's is
`tests.lab.cloud`."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.fields import validate

Json = dict[str, Any]
ADMIN_PASSWORD = "open-sesame"  # of nothing


class Fault(Exception):
    def __init__(self, code: str, message: str = "no") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass
class FakeApi:
    calls: list[tuple[str, Json]] = field(default_factory=list[tuple[str, Json]])
    faults: dict[str, list[Fault]] = field(default_factory=dict[str, list[Fault]])
    """Action -> errors to answer first."""
    hosts: set[str] = field(default_factory=set[str])
    empty_subnets_as_list: bool = False
    vpcs: dict[str, Json] = field(default_factory=dict[str, Json])
    subnets: dict[str, Json] = field(default_factory=dict[str, Json])
    clusters: dict[str, Json] = field(default_factory=dict[str, Json])
    workers: list[Json] = field(default_factory=list[Json])
    eni_subnets: list[str] = field(default_factory=list[str])
    cni_type: str = ""
    phases: list[str] = field(default_factory=lambda: ["running"])
    """Answers of DescribeIPAMD after an enable; the last one stays."""
    endpoints: dict[bool, str] = field(default_factory=lambda: {False: "NotFound", True: "NotFound"})
    pools: dict[str, Json] = field(default_factory=dict[str, Json])
    pool_states: list[str] = field(default_factory=list[str])
    """LifeStates answered before `normal`."""
    launch: Json = field(default_factory=dict[str, Any])
    group: Json = field(default_factory=dict[str, Any])

    def actions(self) -> list[str]:
        return [action for action, _ in self.calls]

    def sent(self, action: str) -> list[Json]:
        return [request for name, request in self.calls if name == action]

    def answer(self, action: str, request: Json) -> Json:
        self.calls.append((action, request))
        if self.faults.get(action):
            raise self.faults[action].pop(0)
        handler: Callable[[Json], Json] | None = getattr(self, f"on_{action}", None)
        if handler is None:
            raise Fault("InvalidAction", action)
        return handler(request)

    # -- vpc

    def on_CreateVpc(self, request: Json) -> Json:
        vpc: Json = {
            "VpcId": f"vpc-{len(self.vpcs)}",
            "VpcName": request["VpcName"],
            "CidrBlock": request["CidrBlock"],
            "CreatedTime": "2026-01-01 00:00:00",
            "IsDefault": False,
            "EnableMulticast": request["EnableMulticast"] == "true",
            "DnsServerSet": ["183.60.83.19"],
            "AssistantCidrSet": [],
            "TagSet": request.get("Tags", []),
        }
        self.vpcs[vpc["VpcId"]] = vpc
        return {"Vpc": vpc}

    def on_DescribeVpcs(self, request: Json) -> Json:
        found = [self.vpcs[name] for name in request["Filters"][0]["Values"] if name in self.vpcs]
        return {"TotalCount": len(found), "VpcSet": found}

    def on_DescribeRouteTables(self, request: Json) -> Json:
        return {"TotalCount": 1, "RouteTableSet": [{"RouteTableId": "rtb-0", "Main": True}]}

    def on_ModifyVpcAttribute(self, request: Json) -> Json:
        self.vpcs[request["VpcId"]]["VpcName"] = request["VpcName"]
        return {}

    def on_DeleteVpc(self, request: Json) -> Json:
        if self.vpcs.pop(request["VpcId"], None) is None:
            raise Fault("ResourceNotFound")
        return {}

    def on_CreateSubnet(self, request: Json) -> Json:
        subnet: Json = {
            "SubnetId": f"subnet-{len(self.subnets)}",
            "SubnetName": request["SubnetName"],
            "VpcId": request["VpcId"],
            "CidrBlock": request["CidrBlock"],
            "Zone": request["Zone"],
            "RouteTableId": "rtb-0",
            "CdcId": "",
            "CreatedTime": "2026-01-01 00:00:00",
            "IsDefault": False,
            "EnableBroadcast": False,
            "AvailableIpAddressCount": 253,
        }
        self.subnets[subnet["SubnetId"]] = subnet
        return {"Subnet": subnet}

    def on_ModifySubnetAttribute(self, request: Json) -> Json:
        self.subnets[request["SubnetId"]]["EnableBroadcast"] = request["EnableBroadcast"] == "true"
        return {}

    def on_DescribeSubnets(self, request: Json) -> Json:
        wanted = {item["Name"]: item["Values"] for item in request["Filters"]}
        found = [
            subnet
            for subnet in self.subnets.values()
            if subnet["SubnetId"] in wanted.get("subnet-id", [subnet["SubnetId"]])
            and subnet["VpcId"] in wanted.get("vpc-id", [subnet["VpcId"]])
        ]
        return {"TotalCount": len(found), "SubnetSet": found}

    def on_DeleteSubnet(self, request: Json) -> Json:
        if self.subnets.pop(request["SubnetId"], None) is None:
            raise Fault("ResourceNotFound")
        return {}

    def on_DescribeResourceTagsByResourceIds(self, request: Json) -> Json:
        return {"Tags": []}

    # -- cluster

    def on_CreateCluster(self, request: Json) -> Json:
        cluster_id = f"cls-{len(self.clusters)}"
        self.clusters[cluster_id] = request
        return {"ClusterId": cluster_id}

    def on_DescribeClusters(self, request: Json) -> Json:
        names = request.get("ClusterIds", list(self.clusters))
        found = [self._cluster(name, self.clusters[name]) for name in names if name in self.clusters]
        return {"TotalCount": len(found), "Clusters": found}

    def _cluster(self, cluster_id: str, created: Json) -> Json:
        cidr, basic = created["ClusterCIDRSettings"], created["ClusterBasicSettings"]
        advanced = created["ClusterAdvancedSettings"]
        properties = {"NetworkType": advanced["NetworkType"], "NodeNameType": "lan-ip"}
        if self.cni_type:
            properties["VpcCniType"] = self.cni_type
        return {
            "ClusterId": cluster_id,
            "ClusterName": basic.get("ClusterName", ""),
            "ClusterDescription": basic.get("ClusterDescription", ""),
            "ClusterVersion": basic.get("ClusterVersion", "1.32.2"),
            "ClusterOs": basic["ClusterOs"],
            "ClusterType": "MANAGED_CLUSTER",
            "ClusterStatus": "Running",
            "ClusterNodeNum": len(self.workers),
            "ProjectId": 0,
            "Property": json.dumps(properties),
            "ClusterLevel": "L5",
            "OsCustomizeType": "GENERAL",
            "DeletionProtection": advanced["DeletionProtection"],
            "ClusterNetworkSettings": {
                "VpcId": basic["VpcId"],
                "Ipvs": advanced["IPVS"],
                "ClusterCIDR": cidr["ClusterCIDR"],
                "ServiceCIDR": cidr.get("ServiceCIDR") or "10.0.255.0/24",
                "MaxNodePodNum": cidr["MaxNodePodNum"],
                "MaxClusterServiceNum": cidr["MaxClusterServiceNum"],
                "IgnoreClusterCIDRConflict": cidr["IgnoreClusterCIDRConflict"],
                "Subnets": self.eni_subnets or ([] if self.empty_subnets_as_list else None),
            },
        }

    def on_ModifyClusterAttribute(self, request: Json) -> Json:
        self.clusters[request["ClusterId"]]["ClusterBasicSettings"]["ClusterName"] = request["ClusterName"]
        return {}

    def on_DeleteCluster(self, request: Json) -> Json:
        if self.clusters.pop(request["ClusterId"], None) is None:
            raise Fault("InternalError.ClusterNotFound")
        return {}

    def on_DescribeClusterInstances(self, request: Json) -> Json:
        page = self.workers[request["Offset"] : request["Offset"] + request["Limit"]]
        return {"TotalCount": len(self.workers), "InstanceSet": page}

    def on_DescribeClusterVirtualNode(self, request: Json) -> Json:
        return {"Nodes": []}

    def on_DescribeClusterEndpointStatus(self, request: Json) -> Json:
        return {"Status": self.endpoints[request["IsExtranet"]]}

    def on_CreateClusterEndpoint(self, request: Json) -> Json:
        self.endpoints[request["IsExtranet"]] = "Created"
        return {}

    def on_DeleteClusterEndpoint(self, request: Json) -> Json:
        self.endpoints[request["IsExtranet"]] = "NotFound"
        return {}

    def on_DescribeClusterKubeconfig(self, request: Json) -> Json:
        return {"Kubeconfig": "kubeconfig-text"}

    def on_DescribeClusterEndpoints(self, request: Json) -> Json:
        return {"ClusterIntranetSubnetId": "subnet-0", "ClusterIntranetDomain": ""}

    def on_DescribeClusterSecurity(self, request: Json) -> Json:
        opened = self.endpoints[False] == "Created"
        return {
            "UserName": "admin",
            "Password": ADMIN_PASSWORD,
            "CertificationAuthority": "ca",
            "ClusterExternalEndpoint": "",
            "PgwEndpoint": "10.0.0.9" if opened else "",
            "Domain": "",
            "SecurityPolicy": [],
        }

    def on_DescribeClusterAsGroupOption(self, request: Json) -> Json:
        return {"ClusterAsGroupOption": {"IsScaleDownEnabled": False, "Expander": "random"}}

    def on_DescribeLogSwitches(self, request: Json) -> Json:
        return {}

    def on_DescribeClusterExtraArgs(self, request: Json) -> Json:
        return {}

    def on_DescribeClusterAuthenticationOptions(self, request: Json) -> Json:
        return {}

    def on_EnableVpcCniNetworkType(self, request: Json) -> Json:
        self.eni_subnets = list(request["Subnets"])
        self.cni_type = request["VpcCniType"]
        return {}

    def on_AddVpcCniSubnets(self, request: Json) -> Json:
        self.eni_subnets += request["SubnetIds"]
        return {}

    def on_DisableVpcCniNetworkType(self, request: Json) -> Json:
        self.eni_subnets, self.cni_type = [], ""
        return {}

    def on_DescribeIPAMD(self, request: Json) -> Json:
        phase = self.phases.pop(0) if len(self.phases) > 1 else self.phases[0]
        return {"EnableIPAMD": bool(self.eni_subnets), "DisableVpcCniMode": False, "Phase": phase}

    # -- node pool

    def on_CreateClusterNodePool(self, request: Json) -> Json:
        group, launch = (
            json.loads(request["AutoScalingGroupPara"]),
            json.loads(request["LaunchConfigurePara"]),
        )
        desired = group.get("DesiredCapacity", group["MinSize"])
        self.launch = {**launch, "InstanceTypes": [launch["InstanceType"]]}
        self.group = {
            "AutoScalingGroupName": "tke-np",
            "VpcId": group["VpcId"],
            "SubnetIdSet": group["SubnetIds"],
            "ProjectId": 0,
            "DefaultCooldown": 300,
            "RetryPolicy": group["RetryPolicy"],
            "TerminationPolicySet": ["OLDEST_INSTANCE"],
            "ZoneSet": [],
        }
        self.pools["np-0"] = {
            "NodePoolId": "np-0",
            "Name": request["Name"],
            "LaunchConfigurationId": "asc-0",
            "AutoscalingGroupId": "asg-0",
            "AutoscalingGroupStatus": "enabled" if request["EnableAutoscale"] else "disabled",
            "MinNodesNum": group["MinSize"],
            "MaxNodesNum": group["MaxSize"],
            "DesiredNodesNum": desired,
            "NodePoolOs": request["NodePoolOs"],
            "OsCustomizeType": request["OsCustomizeType"],
            "Labels": request.get("Labels", []),
            "Taints": request.get("Taints", []),
            "NodeCountSummary": {
                "ManuallyAdded": {"Total": 0, "Normal": 0},
                "AutoscalingAdded": {"Total": desired, "Normal": desired},
            },
        }
        return {"NodePoolId": "np-0"}

    def on_DescribeClusterNodePoolDetail(self, request: Json) -> Json:
        pool = self.pools.get(request["NodePoolId"])
        if pool is None:
            return {"NodePool": None}
        return {"NodePool": {**pool, "LifeState": self.pool_states.pop(0) if self.pool_states else "normal"}}

    def on_ModifyNodePoolInstanceTypes(self, request: Json) -> Json:
        return {}

    def on_ModifyLaunchConfigurationAttributes(self, request: Json) -> Json:
        return {}

    def on_InvokeCommand(self, request: Json) -> Json:
        return {}

    def on_ModifyNodePoolDesiredCapacityAboutAsg(self, request: Json) -> Json:
        self.pools[request["NodePoolId"]]["DesiredNodesNum"] = request["DesiredCapacity"]
        return {}

    def on_ModifyClusterNodePool(self, request: Json) -> Json:
        return {}

    def on_DeleteClusterNodePool(self, request: Json) -> Json:
        for name in request["NodePoolIds"]:
            self.pools.pop(name, None)
        return {}

    def on_DescribeLaunchConfigurations(self, request: Json) -> Json:
        return {"LaunchConfigurationSet": [self.launch]}

    def on_DescribeAutoScalingGroups(self, request: Json) -> Json:
        return {"AutoScalingGroupSet": [self.group]}


@contextmanager
def serving(api: FakeApi) -> Generator[str]:
    """Serve `api` as an HTTP proxy; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            api.hosts.add(self.path)
            service = self.path.removeprefix("http://").split(".", 1)[0]
            try:
                # Every request has to fit the official SDK's models.
                validate(service, self.headers["X-TC-Version"], self.headers["X-TC-Action"], request)
                response = api.answer(self.headers["X-TC-Action"], request)
            except (Fault, ApiError) as fault:
                response = {"Error": {"Code": fault.code, "Message": fault.message}}
            body = json.dumps({"Response": {**response, "RequestId": "x"}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """No lines on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
