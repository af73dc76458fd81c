"""One wrong program a case; the case is chosen by configuration."""

from collections.abc import Callable
from typing import Any

import pulumi

import pulumi_tke_hybrid as tke

ZONE, OTHER = "ap-guangzhou-4", "ap-guangzhou-6"
VPC, SUBNET = "vpc-12345678", "subnet-12345678"


def later(value: Any) -> "pulumi.Output[Any]":
    return pulumi.Output.from_input(value)


def cluster(**more: Any) -> None:
    described: dict[str, Any] = {
        "vpc_id": VPC,
        "cluster_cidr": "192.168.0.0/20",
        "cluster_max_pod_num": 64,
        "cluster_max_service_num": 1024,
        "ip_reclaim": tke.after(300),
        "eni_subnets": [tke.EniSubnetArgs(subnet_id=SUBNET, zone=ZONE)],
        **more,
    }
    tke.HybridCluster("demo", tke.HybridClusterArgs(**described))


def pool(**more: Any) -> tke.NodePoolArgs:
    described: dict[str, Any] = {
        "name": "a", "zone": ZONE, "subnet_id": "subnet-87654321", "instance_type": "S5.LARGE8", "size": 1,
        "keep_machines": False, "key_ids": ["skey-12345678"], **more,
    }  # fmt: skip
    return tke.NodePoolArgs(**described)


def workload(**more: Any) -> None:
    described: dict[str, Any] = {
        "image": "nginx",
        "exposure": tke.internal(SUBNET),
        "use_ambient_provider": True,
        **more,
    }
    tke.ClientIpWorkload("web", tke.ClientIpWorkloadArgs(**described))


CASES: dict[str, Callable[[], object]] = {
    "uncovered-zone": lambda: cluster(node_pools=[pool(), pool(name="b", zone=OTHER)]),
    "foreign-zone": lambda: cluster(
        eni_subnets=[
            tke.EniSubnetArgs(subnet_id=SUBNET, zone=ZONE),
            tke.EniSubnetArgs(subnet_id="subnet-22222222", zone="ap-shanghai-2"),
        ]
    ),
    "several-at-once": lambda: cluster(
        cluster_cidr="192.168.1.0/20", cluster_max_pod_num=63, ip_reclaim=tke.after(60)
    ),
    "pool-log-in": lambda: cluster(node_pools=[pool(key_ids=None)]),
    "endpoint": lambda: cluster(
        node_pools=[pool()], endpoint=tke.EndpointArgs(access=tke.EndpointAccess.INTERNET)
    ),
    "subnet-outside": lambda: tke.EniZoneSubnet(
        "pods", {"vpc_id": VPC, "zone": ZONE, "cidr_block": "10.1.0.0/22", "vpc_cidr": "10.0.0.0/16"}
    ),
    "inside-an-output": lambda: tke.EniZoneSubnet(
        "pods", {"vpc_id": VPC, "zone": later("guangzhou"), "cidr_block": "10.0.64.0/22"}
    ),
    "inside-an-output-beside-a-warning": lambda: cluster(
        node_pools=[pool(size=later(-1))], ip_reclaim=tke.never()
    ),
    "switch": lambda: tke.VpcCni(
        "cni",
        {
            "cluster_id": "cls-1",
            "vpc_id": VPC,
            "subnets": [SUBNET],
            "ip_reclaim": "soon",
            "region": "ap-guangzhou",
        },
    ),
    "empty-list": lambda: tke.VpcCni(
        "cni",
        {
            "cluster_id": "cls-12345678",
            "vpc_id": VPC,
            "subnets": [],
            "ip_reclaim": "300s",
            "region": "ap-guangzhou",
        },
    ),
    "configmap": lambda: tke.IpamdConfig(
        "ipamd", {"vpc_id": VPC, "eni_subnets": [], "use_ambient_provider": True}
    ),
    "fixed-deployment": lambda: workload(fixed_ip=True),
    "exposure": lambda: workload(exposure=tke.ExposureArgs(kind=tke.ExposureKind.INTERNAL, bandwidth=4096)),
    "misspelt": lambda: tke.ClientIpWorkload(
        "web", {"image": "nginx", "exposure": {"kind": "none"}, "replica": 3}
    ),
    "own-annotation": lambda: workload(pod_annotations={"tke.cloud.tencent.com/networks": "tke-direct-eni"}),
    "autoscale": lambda: cluster(node_pools=[pool(autoscale=tke.AutoscaleArgs(min_size=5, max_size=2))]),
    "port": lambda: workload(ports=[tke.PortArgs(port=70000)]),
    "ipamd-subnet": lambda: tke.IpamdSubnetArgs(subnet_id="subnet-a:b", zone=ZONE),
    "eni-subnet": lambda: tke.EniSubnetArgs(subnet_id=SUBNET, zone=ZONE, cidr_block="10.0.64.1/22"),
    "ingress-host": lambda: workload(ingress={"exposure": tke.public(), "hosts": ["shop"]}),
}

CASES[pulumi.Config().require("case")]()
