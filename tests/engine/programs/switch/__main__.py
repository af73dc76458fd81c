"""VPC-CNI alone, of a cluster made outside the program; a destroy disables VPC-CNI."""

import pulumi

import pulumi_tke_hybrid as tke

config = pulumi.Config()
tke.VpcCni(
    "switch",
    tke.VpcCniArgs(
        cluster_id=config.require("clusterId"),
        vpc_id=config.require("vpcId"),
        subnets=config.require_object("subnets"),
        ip_reclaim=tke.after(300),
        on_delete=tke.OnDelete.DISABLE,
    ),
)
