"""The smallest hybrid cluster: a VPC, two container subnets, one pool of one node; no workload. It can
grow."""

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tke_hybrid as tke

ZONES = ("ap-guangzhou-4", "ap-guangzhou-6")
config = pulumi.Config()
eni_subnets = config.get_int("eniSubnets") or 2
pools = config.get_int("pools") or 1

vpc = tencentcloud.vpc.Instance("vpc", name="faults", cidr_block="10.0.0.0/16", is_multicast=False)
nodes = [
    tencentcloud.subnet.Instance(
        f"nodes-{number}",
        vpc_id=vpc.id,
        availability_zone=ZONES[number % 2],
        cidr_block=f"10.0.{number}.0/24",
        name=f"nodes-{number}",
        is_multicast=False,
    )
    for number in range(pools)
]
tke.HybridCluster(
    "faults",
    tke.HybridClusterArgs(
        vpc_id=vpc.id,
        cluster_cidr="192.168.0.0/20",
        cluster_max_pod_num=64,
        cluster_max_service_num=1024,
        eni_subnets=[
            tke.EniZoneSubnet(
                f"pods-{number}",
                tke.EniZoneSubnetArgs(
                    vpc_id=vpc.id,
                    zone=ZONES[number % 2],
                    cidr_block=f"10.0.{64 + 4 * number}.0/22",
                    deletion_protection=False,
                ),
            )
            for number in range(eni_subnets)
        ],
        ip_reclaim=tke.after(300),
        deletion_protection=False,
        deadline_seconds=config.get_int("deadline") or 60,
        node_pools=[
            tke.NodePoolArgs(
                name=f"pool-{number}",
                zone=ZONES[number % 2],
                subnet_id=nodes[number].id,
                instance_type="S5.LARGE8",
                size=1,
                keep_machines=False,
                key_ids=["skey-12345678"],
            )
            for number in range(pools)
        ],
    ),
)
