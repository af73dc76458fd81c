"""A hybrid cluster made of the provider's own resources; with `moved` the same one inside the components. See
docs/adoption.md."""

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tke_hybrid as tke

ZONE = "ap-guangzhou-4"
config = pulumi.Config()
vpc = tencentcloud.vpc.Instance("vpc", name="moved", cidr_block="10.0.0.0/16", is_multicast=False)
nodes = tencentcloud.subnet.Instance(
    "nodes", vpc_id=vpc.id, availability_zone=ZONE, cidr_block="10.0.0.0/24", name="nodes", is_multicast=False
)


def raw() -> None:
    pods = tencentcloud.subnet.Instance(
        "pods",
        vpc_id=vpc.id,
        availability_zone=ZONE,
        cidr_block="10.0.64.0/22",
        name="pods",
        is_multicast=False,
    )
    cluster = tencentcloud.kubernetes.Cluster(
        "live",
        vpc_id=vpc.id,
        cluster_name="live",
        cluster_cidr="192.168.0.0/20",
        cluster_max_pod_num=64,
        cluster_max_service_num=1024,
        # The provider reads these only when it updates a cluster, so a program like this one has had a second
        # `up`.
        eni_subnet_ids=[pods.id] if config.get_bool("hybrid") else None,
    )
    tencentcloud.kubernetes.NodePool(
        "workers",
        cluster_id=cluster.id,
        name="workers",
        vpc_id=vpc.id,
        subnet_ids=[nodes.id],
        min_size=0,
        max_size=10,
        desired_capacity=1,
        enable_auto_scale=False,
        wait_node_ready=True,
        delete_keep_instance=False,
        auto_scaling_config=tencentcloud.kubernetes.NodePoolAutoScalingConfigArgs(
            instance_type="S5.LARGE8", key_ids=["skey-12345678"]
        ),
    )


# The name of each resource inside the components, and its name in the recorded stack.
BEFORE = {"hybrid-cluster": "live", "hybrid-pool-workers": "workers", "pods-subnet": "pods"}


def renamed(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Give a resource inside a component an alias to its old name."""
    before = BEFORE.get(args.name)
    if before is None:
        return None
    alias = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=before, parent=pulumi.ROOT_STACK_RESOURCE)])
    return pulumi.ResourceTransformResult(args.props, pulumi.ResourceOptions.merge(args.opts, alias))


def moved() -> None:
    opts = pulumi.ResourceOptions(transforms=[renamed])
    pods = tke.EniZoneSubnet(
        "pods",
        tke.EniZoneSubnetArgs(vpc_id=vpc.id, zone=ZONE, cidr_block="10.0.64.0/22", deletion_protection=False),
        opts,
    )
    workers = tke.NodePoolArgs(
        name="workers",
        zone=ZONE,
        subnet_id=nodes.id,
        instance_type="S5.LARGE8",
        size=1,
        keep_machines=False,
        key_ids=["skey-12345678"],
    )
    tke.HybridCluster(
        "hybrid",
        tke.HybridClusterArgs(
            vpc_id=vpc.id,
            cluster_name="live",
            cluster_cidr="192.168.0.0/20",
            cluster_max_pod_num=64,
            cluster_max_service_num=1024,
            eni_subnets=[pods],
            ip_reclaim=tke.after(300),
            non_masquerade=tke.NonMasquerade.KEEP,
            node_pools=[workers],
            deletion_protection=False,
        ),
        opts,
    )


if config.get_bool("moved"):
    moved()
else:
    raw()
