"""The article's cluster in two zones, with four paths to nginx: on three paths, nginx sees its client."""

from functools import partial
from ipaddress import IPv4Network

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tke_hybrid as tke

config = pulumi.Config()
zones: list[str] = config.require_object("zones")
vpc_cidr, protect, keys = config.require("vpcCidr"), config.require_bool("protect"), [config.require("keyId")]
small, large = (list(IPv4Network(vpc_cidr).subnets(new_prefix=prefix)) for prefix in (24, 22))

vpc = tencentcloud.vpc.Instance("vpc", name="tke-hybrid", cidr_block=vpc_cidr, is_multicast=False)
nodes = partial(tke.NodePoolArgs, instance_type="S5.LARGE8", size=1, keep_machines=False, key_ids=keys)
pods = {"vpc_id": vpc.id, "vpc_cidr": vpc_cidr, "deletion_protection": protect}


def subnet(name: str, zone: str, block: str) -> tencentcloud.subnet.Instance:
    return tencentcloud.subnet.Instance(
        name, vpc_id=vpc.id, availability_zone=zone, cidr_block=block, name=name, is_multicast=False
    )


clb = subnet("clb", zones[0], str(small[8]))
cluster = tke.HybridCluster(
    "hybrid",
    tke.HybridClusterArgs(
        vpc_id=vpc.id,
        vpc_cidr=vpc_cidr,
        cluster_cidr=config.require("clusterCidr"),
        cluster_max_pod_num=64,
        cluster_max_service_num=1024,
        eni_subnets=[
            tke.EniZoneSubnet(f"pods-{zone}", {**pods, "zone": zone, "cidr_block": str(large[16 + i])})
            for i, zone in enumerate(zones)
        ],
        node_pools=[
            nodes(name=zone, zone=zone, subnet_id=subnet(f"nodes-{zone}", zone, str(small[i])).id)
            for i, zone in enumerate(zones)
        ],
        ip_reclaim=tke.after(300),
        deletion_protection=protect,
    ),
)
workloads: dict[str, dict[str, object]] = {
    "nginx-gr": {"network": "global_route"},
    "nginx-deploy": {"ingress": {"exposure": tke.internal(clb.id)}},
    "nginx-sts": {"kind": "statefulset", "fixed_ip": True},
}
for name, how in workloads.items():
    args = {"image": "nginx", "replicas": len(zones), "exposure": tke.internal(clb.id), **how}
    workload = tke.ClientIpWorkload(name, args, pulumi.ResourceOptions(provider=cluster.provider))
    pulumi.export(name, {"address": workload.address, "clientIpFrom": workload.client_ip_from})
pulumi.export("clusterId", cluster.cluster_id)
pulumi.export("kubeconfig", cluster.kubeconfig)  # a secret
pulumi.export("clusterFacts", cluster.cluster_facts)
