"""A cluster of a name that the VPC has already."""

import pulumi

import pulumi_tke_hybrid as tke

config = pulumi.Config()
tke.HybridCluster(
    "orphan",
    tke.HybridClusterArgs(
        vpc_id=config.require("vpcId"),
        cluster_cidr="172.16.0.0/20",
        cluster_max_pod_num=64,
        cluster_max_service_num=1024,
        eni_subnets=[tke.EniSubnetArgs(subnet_id=config.require("subnetId"), zone="ap-guangzhou-4")],
        ip_reclaim=tke.after(300),
        deletion_protection=False,
    ),
)
