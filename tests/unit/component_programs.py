"""Programs with every component, for tests of registered resources."""

import runpy
from functools import cache
from pathlib import Path
from typing import Any

import pulumi

import pulumi_tke_hybrid as tke
from tests.unit.programs import Graph, run

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/two_zone_hybrid/__main__.py"
CONFIG = {
    "unit:zones": '["ap-guangzhou-4", "ap-guangzhou-6"]',
    "unit:vpcCidr": "10.0.0.0/16",
    "unit:clusterCidr": "192.168.0.0/20",
    "unit:protect": "false",
    "unit:keyId": "skey-12345678",
}


def pool(zone: str, **more: Any) -> tke.NodePoolArgs:
    described: dict[str, Any] = {
        "name": zone,
        "zone": zone,
        "subnet_id": "subnet-99999999",
        "instance_type": "S5.LARGE8",
        "size": 1,
        "keep_machines": False,
        "key_ids": ["skey-12345678"],
        **more,
    }
    return tke.NodePoolArgs(**described)


def cluster(
    name: str = "demo",
    zones: tuple[str, ...] = ("ap-guangzhou-4", "ap-guangzhou-6"),
    opts: pulumi.ResourceOptions | None = None,
    **more: Any,
) -> tke.HybridCluster:
    described: dict[str, Any] = {
        "vpc_id": "vpc-12345678",
        "cluster_cidr": "192.168.0.0/20",
        "cluster_max_pod_num": 64,
        "cluster_max_service_num": 1024,
        "ip_reclaim": tke.after(300),
        "eni_subnets": [
            tke.EniSubnetArgs(subnet_id=f"subnet-{zone[-1] * 8}", zone=zone, cidr_block=None)
            for zone in zones
        ],
        "node_pools": [pool(zone) for zone in zones],
        **more,
    }
    return tke.HybridCluster(name, tke.HybridClusterArgs(**described), opts)


def workload(name: str, on: tke.HybridCluster, **more: Any) -> tke.ClientIpWorkload:
    described: dict[str, Any] = {"image": "nginx", "exposure": tke.internal("subnet-88888888"), **more}
    return tke.ClientIpWorkload(
        name, tke.ClientIpWorkloadArgs(**described), pulumi.ResourceOptions(provider=on.provider)
    )


@cache
def example(preview: bool = False) -> Graph:
    return run(lambda: runpy.run_path(str(EXAMPLE)), config=CONFIG, preview=preview)


def everything() -> None:
    api = cluster("api")
    configmap = cluster("configmap", zone_registration=tke.ZoneRegistration.CONFIGMAP)
    for on, name in ((api, "one"), (configmap, "two")):
        workload(name, on, ingress=tke.IngressArgs(exposure=tke.internal("subnet-88888888")))
        workload(f"{name}-sts", on, kind=tke.WorkloadKind.STATEFUL_SET, fixed_ip=True)
    tke.EniZoneSubnet(
        "made", tke.EniZoneSubnetArgs(vpc_id="vpc-12345678", zone="ap-guangzhou-4", cidr_block="10.0.64.0/22")
    )
    tke.VpcCni(
        "alone",
        {
            "cluster_id": "cls-12345678",
            "vpc_id": "vpc-12345678",
            "subnets": ["subnet-44444444"],
            "ip_reclaim": tke.after(300),
            "region": "ap-guangzhou",
        },
    )


@cache
def all_components() -> Graph:
    """Return the registered resources of `everything`."""
    return run(everything)
