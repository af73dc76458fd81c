"""A cluster that is already there becomes hybrid, or is taken as the hybrid that it is."""

import pulumi

import pulumi_tke_hybrid as tke

config = pulumi.Config()
subnets: list[dict[str, str]] = config.require_object("subnets")
nodes = config.get("nodes")
tke.HybridCluster(
    "adopted",
    tke.HybridClusterArgs(
        vpc_id=config.require("vpcId"),
        existing_cluster_id=config.require("clusterId"),
        eni_subnets=[
            tke.EniZoneSubnet(
                f"pods-{subnet['zone']}",
                tke.EniZoneSubnetArgs(
                    vpc_id=config.require("vpcId"),
                    zone=subnet["zone"],
                    cidr_block=subnet["cidr"],
                    subnet_id=subnet["id"],
                ),
            )
            for subnet in subnets
        ],
        node_pools=(
            [
                tke.NodePoolArgs(
                    name="workers",
                    zone=subnets[0]["zone"],
                    subnet_id=nodes,
                    instance_type=config.get("instanceType") or "S5.LARGE8",
                    size=1,
                    key_ids=["skey-12345678"],
                    keep_machines=False,
                )
            ]
            if nodes
            else None
        ),
        ip_reclaim=tke.after(300),
        static_ip=True,
    ),
)
