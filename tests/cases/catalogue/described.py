"""Valid descriptions of every argument class, to be spoilt in one place."""

import dataclasses
from dataclasses import dataclass
from typing import Any, cast

import pulumi

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.component.args import Args

VPC, CLUSTER = "vpc-12345678", "cls-12345678"
FOUR, SIX = "ap-guangzhou-4", "ap-guangzhou-6"
PODS_4, PODS_6, NODES_4, NODES_6, CLB = (f"subnet-{letter * 8}" for letter in "abcde")

Described = dict[str, Any]


@dataclass(frozen=True)
class Late:
    """Stands for a value that the program gets out of something else."""

    value: Any


def later(value: Any) -> Any:
    return Late(value)


def awake(described: Any) -> Any:
    """The description with Outputs in place of late values; they belong to the run that makes them."""
    if isinstance(described, Late):
        return pulumi.Output.from_input(described.value)
    if isinstance(described, dict):
        return {key: awake(value) for key, value in cast(Described, described).items()}
    if isinstance(described, list):
        return [awake(item) for item in described]
    return described


def pool(**more: Any) -> Described:
    return {
        "name": "four",
        "zone": FOUR,
        "subnet_id": NODES_4,
        "instance_type": "S5.LARGE8",
        "size": 2,
        "keep_machines": False,
        "key_ids": ["skey-12345678"],
        **more,
    }


def eni_subnet(**more: Any) -> Described:
    return {"subnet_id": PODS_4, "zone": FOUR, "cidr_block": "10.0.64.0/22", **more}


def second_subnet(**more: Any) -> Described:
    return eni_subnet(**{"subnet_id": PODS_6, "zone": SIX, "cidr_block": "10.0.68.0/22", **more})


def hybrid(**more: Any) -> Described:
    return {
        "vpc_id": VPC,
        "vpc_cidr": "10.0.0.0/16",
        "cluster_cidr": "192.168.0.0/20",
        "cluster_max_pod_num": 64,
        "cluster_max_service_num": 1024,
        "ip_reclaim": tke.after(300),
        "eni_subnets": [eni_subnet(), second_subnet()],
        "node_pools": [pool(), pool(name="six", zone=SIX, subnet_id=NODES_6)],
        **more,
    }


def adopted(**more: Any) -> Described:
    gone = dict.fromkeys(("cluster_cidr", "cluster_max_pod_num", "cluster_max_service_num"))
    return hybrid(**{"existing_cluster_id": CLUSTER, "static_ip": True, **gone, **more})


def zone_subnet(**more: Any) -> Described:
    return {"vpc_id": VPC, "vpc_cidr": "10.0.0.0/16", "zone": FOUR, "cidr_block": "10.0.64.0/22", **more}


def workload(**more: Any) -> Described:
    return {
        "image": "nginx",
        "exposure": {"kind": "internal", "subnet_id": CLB},
        "use_ambient_provider": True,
        **more,
    }


def switch(**more: Any) -> Described:
    return {
        "cluster_id": CLUSTER,
        "vpc_id": VPC,
        "subnets": [PODS_4],
        "ip_reclaim": tke.after(300),
        "region": "ap-guangzhou",
        **more,
    }


def ipamd(**more: Any) -> Described:
    return {
        "vpc_id": VPC,
        "eni_subnets": [{"subnet_id": PODS_4, "zone": FOUR}],
        "use_ambient_provider": True,
        **more,
    }


def facts(**more: Any) -> Described:
    return {
        "clusterId": CLUSTER,
        "vpcId": VPC,
        "region": "ap-guangzhou",
        "staticIp": True,
        "ipReclaim": "300s",
        "zones": {FOUR: [{"subnetId": PODS_4, "cidrBlock": "10.0.64.0/28"}]},
        "nodePools": [{"zone": FOUR, "size": 2, "instanceType": "S5.LARGE8"}],
        **more,
    }


CLASSES: dict[type[Args], Described] = {
    tke.HybridClusterArgs: hybrid(),
    tke.EniSubnetArgs: eni_subnet(),
    tke.NodePoolArgs: pool(),
    tke.AutoscaleArgs: {"min_size": 1, "max_size": 3},
    tke.EndpointArgs: {},
    tke.EniZoneSubnetArgs: zone_subnet(),
    tke.VpcCniArgs: switch(),
    tke.IpamdConfigArgs: ipamd(),
    tke.IpamdSubnetArgs: {"subnet_id": PODS_4, "zone": FOUR},
    tke.ClientIpWorkloadArgs: workload(),
    tke.ExposureArgs: {"kind": "public"},
    tke.IngressArgs: {"exposure": {"kind": "public"}},
    tke.IngressPathArgs: {"path": "/"},
    tke.PortArgs: {"port": 80},
    tke.ListenerArgs: {"scheduler": "WRR"},
    tke.HealthCheckArgs: {},
    tke.RolloutArgs: {},
}


def properties(cls: type[Args]) -> list[str]:
    fields: Any = dataclasses.fields
    return [item.name for item in fields(cls)]
