"""The programs and the parts of the world that the tests of the stand-in plugin share."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Literal

from tests.lab.cloud_tests.sdk import REGION, SECRET_ID, SECRET_KEY, Lab
from tests.lab.tencentcloud_plugin.driver import Client, Managed
from tests.lab.tencentcloud_plugin.values import Object, Secret, Value
from tests.lab.world import Instance

CLUSTER = "tencentcloud:Kubernetes/cluster:Cluster"
ENDPOINT = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
NODE_POOL = "tencentcloud:Kubernetes/nodePool:NodePool"
SUBNET = "tencentcloud:Subnet/instance:Instance"
VPC = "tencentcloud:Vpc/instance:Instance"
VPC_ID = "vpc-00000000"
ZONE = f"{REGION}-4"
SUBNETS = A, B, C = "subnet-a", "subnet-b", "subnet-c"
GR: Object = {"vpcId": VPC_ID, "clusterCidr": "172.16.0.0/16", "clusterName": "hybrid"}
PODS: Object = {"vpcId": VPC_ID, "availabilityZone": ZONE, "cidrBlock": "10.0.9.0/24", "name": "pods"}
"""A subnet."""

PASSWORD = "Pass-word-1"  # of no machine


def configured(client: Client) -> Client:
    client.configure({"secretId": SECRET_ID, "secretKey": Secret(SECRET_KEY), "region": REGION})
    return client


def pool_of(cluster: Managed) -> Object:
    return {
        "clusterId": cluster.id,
        "name": "workers",
        "vpcId": VPC_ID,
        "subnetIds": [A],
        "minSize": 1,
        "maxSize": 4,
        "desiredCapacity": 2,
        "enableAutoScale": False,
        "autoScalingConfig": {
            "instanceType": "S5.MEDIUM4",
            "password": Secret(PASSWORD),
            "orderlySecurityGroupIds": ["sg-0"],
        },
    }


def hybrid(*subnets: str) -> Object:
    return {**GR, "eniSubnetIds": list[Value](subnets)}


def intranet(cluster: Managed) -> Object:
    return {"clusterId": cluster.id, "clusterIntranet": True, "clusterIntranetSubnetId": A}


def add_worker(
    cloud: Lab,
    cluster: Managed,
    state: Literal["initializing", "running"],
    *,
    key: str = "",
    name: str = "ins-0",
) -> None:
    """Put a node into the world, or replace the node of the same `key`."""
    node = Instance(name, "np-0", A, ZONE, "10.0.0.20", "S5.MEDIUM4", state)
    cloud.world.clusters[cluster.id].instances[key or name] = node


@contextmanager
def meanwhile(change: Callable[[], None]) -> Generator[None]:
    """Call `change` every 20 ms beside the test, in place of the controllers."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(0.02):
            change()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)
    assert not thread.is_alive()
