"""Raw provider resources with `VpcCni` beside them: nodes in a zone before VPC-CNI knows a subnet there."""

import pulumi
import pulumi_kubernetes as kubernetes
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tke_hybrid as tke

registered: list[str] = pulumi.Config().require_object("registered")
ZONES = {"ap-guangzhou-4": "100004", "ap-guangzhou-7": "100007"}  # a zone and the number in its node label
vpc = tencentcloud.vpc.Instance("vpc", name="late", cidr_block="10.0.0.0/16", is_multicast=False)


def subnet(name: str, zone: str, block: str) -> tencentcloud.subnet.Instance:
    return tencentcloud.subnet.Instance(
        name, vpc_id=vpc.id, availability_zone=zone, cidr_block=block, name=name, is_multicast=False
    )


nodes = {zone: subnet(f"nodes-{zone}", zone, f"10.0.{index}.0/24") for index, zone in enumerate(ZONES)}
pods = {zone: subnet(f"pods-{zone}", zone, f"10.0.{64 + 4 * index}.0/22") for index, zone in enumerate(ZONES)}
cluster = tencentcloud.kubernetes.Cluster(
    "late",
    vpc_id=vpc.id,
    cluster_name="late",
    network_type="GR",
    cluster_cidr="192.168.0.0/20",
    cluster_max_pod_num=64,
    cluster_max_service_num=1024,
    opts=pulumi.ResourceOptions(ignore_changes=["eniSubnetIds", "vpcCniType", "claimExpiredSeconds"]),
)
pools = [
    tencentcloud.kubernetes.NodePool(
        f"pool-{zone}",
        cluster_id=cluster.id,
        name=zone,
        vpc_id=vpc.id,
        subnet_ids=[nodes[zone].id],
        min_size=0,
        max_size=3,
        desired_capacity=1,
        enable_auto_scale=False,
        wait_node_ready=True,
        delete_keep_instance=False,
        auto_scaling_config={"instance_type": "S5.LARGE8", "key_ids": ["skey-12345678"]},
    )
    for zone in ZONES
]
vpc_cni = tke.VpcCni(
    "cni",
    tke.VpcCniArgs(
        cluster_id=cluster.id,
        vpc_id=vpc.id,
        subnets=[pods[zone].id for zone in registered],
        ip_reclaim=tke.after(300),
    ),
    pulumi.ResourceOptions(depends_on=pools),
)
endpoint = tencentcloud.kubernetes.ClusterEndpoint(
    "endpoint",
    cluster_id=cluster.id,
    cluster_intranet=True,
    cluster_intranet_subnet_id=nodes["ap-guangzhou-4"].id,
    opts=pulumi.ResourceOptions(depends_on=pools),
)
provider = kubernetes.Provider(
    "kubernetes", kubeconfig=endpoint.kube_config_intranet, cluster_identifier=cluster.id
)
kubernetes.core.v1.Pod(
    "late",
    metadata={
        "name": "late",
        "annotations": {"tke.cloud.tencent.com/networks": "tke-route-eni", "pulumi.com/skipAwait": "true"},
    },
    spec={
        "node_selector": {"topology.kubernetes.io/zone": ZONES["ap-guangzhou-7"]},
        "containers": [
            {
                "name": "late",
                "image": "nginx",
                "resources": {
                    "requests": {"tke.cloud.tencent.com/eni-ip": "1"},
                    "limits": {"tke.cloud.tencent.com/eni-ip": "1"},
                },
            }
        ],
    },
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[vpc_cni]),
)
pulumi.export("clusterId", cluster.id)
