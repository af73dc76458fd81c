"""A cluster with two node pools and an endpoint, for `python -m benchmarks.against_raw --cluster`.

`BENCHMARK_SHAPE` is `raw` (resources of the vendor's provider, without VPC-CNI) or `components`
(`HybridCluster`, with VPC-CNI).
"""

import atexit
import os
import resource
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes
import tencentcloud_iac_pulumi as tencentcloud

ZONES = ["ap-guangzhou-4", "ap-guangzhou-6"]
KEY = "skey-12345678"


def write_cpu_seconds() -> None:
    """Write the CPU seconds of this process, in user mode."""
    seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    Path(os.environ["BENCHMARK_CPU_FILE"]).write_text(str(seconds))


def subnet(name: str, zone: str, block: str) -> tencentcloud.subnet.Instance:
    return tencentcloud.subnet.Instance(
        name, vpc_id=vpc.id, availability_zone=zone, cidr_block=block, name=name, is_multicast=False
    )


def raw() -> None:
    """Make the container subnets, the cluster, its node pools, its endpoint and the Kubernetes provider."""
    for index, zone in enumerate(ZONES):
        subnet(f"pods-{zone}", zone, f"10.0.{64 + 4 * index}.0/22")
    cluster = tencentcloud.kubernetes.Cluster(
        "cluster",
        vpc_id=vpc.id,
        cluster_name="cluster",
        network_type="GR",
        cluster_cidr="192.168.0.0/20",
        cluster_max_pod_num=64,
        cluster_max_service_num=1024,
    )
    pools = [
        tencentcloud.kubernetes.NodePool(
            f"pool-{zone}",
            cluster_id=cluster.id,
            name=zone,
            vpc_id=vpc.id,
            subnet_ids=[nodes[zone].id],
            min_size=0,
            max_size=1,
            desired_capacity=1,
            enable_auto_scale=False,
            wait_node_ready=True,
            delete_keep_instance=False,
            auto_scaling_config=tencentcloud.kubernetes.NodePoolAutoScalingConfigArgs(
                instance_type="S5.LARGE8", key_ids=[KEY]
            ),
            opts=pulumi.ResourceOptions(ignore_changes=["zones"]),
        )
        for zone in ZONES
    ]
    endpoint = tencentcloud.kubernetes.ClusterEndpoint(
        "endpoint",
        cluster_id=cluster.id,
        cluster_intranet=True,
        cluster_intranet_subnet_id=nodes[ZONES[0]].id,
        opts=pulumi.ResourceOptions(depends_on=pools),
    )
    kubernetes.Provider("kubernetes", kubeconfig=endpoint.kube_config_intranet, cluster_identifier=cluster.id)


def components() -> None:
    """Make the same as components."""
    import pulumi_tke_hybrid as tke

    tke.HybridCluster(
        "cluster",
        tke.HybridClusterArgs(
            vpc_id=vpc.id,
            cluster_cidr="192.168.0.0/20",
            cluster_max_pod_num=64,
            cluster_max_service_num=1024,
            ip_reclaim=tke.after(300),
            deletion_protection=False,
            eni_subnets=[
                tke.EniZoneSubnet(
                    f"pods-{zone}",
                    tke.EniZoneSubnetArgs(
                        vpc_id=vpc.id,
                        zone=zone,
                        cidr_block=f"10.0.{64 + 4 * index}.0/22",
                        deletion_protection=False,
                    ),
                )
                for index, zone in enumerate(ZONES)
            ],
            node_pools=[
                tke.NodePoolArgs(
                    name=zone,
                    zone=zone,
                    subnet_id=nodes[zone].id,
                    instance_type="S5.LARGE8",
                    size=1,
                    keep_machines=False,
                    key_ids=[KEY],
                )
                for zone in ZONES
            ],
        ),
    )


atexit.register(write_cpu_seconds)
vpc = tencentcloud.vpc.Instance("vpc", name="cluster", cidr_block="10.0.0.0/16", is_multicast=False)
nodes = {zone: subnet(f"nodes-{zone}", zone, f"10.0.{index}.0/24") for index, zone in enumerate(ZONES)}
{"raw": raw, "components": components}[os.environ["BENCHMARK_SHAPE"]]()
