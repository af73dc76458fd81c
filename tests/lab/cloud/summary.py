"""The world of the stand-ins as tests may look at it: no kubeconfig, no password, no request."""

from dataclasses import asdict

from tests.lab.cloud.params import Json
from tests.lab.world import Cluster, World


def summary(world: World) -> Json:
    return {
        "region": world.region,
        "vpcs": [asdict(vpc) for vpc in world.vpcs.values()],
        "subnets": [{**asdict(subnet), "available": subnet.available} for subnet in world.subnets.values()],
        "security_groups": [asdict(group) for group in world.security_groups.values()],
        "route_tables": [asdict(table) for table in world.route_tables.values()],
        "clusters": [_cluster(cluster) for cluster in world.clusters.values()],
        "load_balancers": [asdict(balancer) for balancer in world.load_balancers.values()],
    }


def _cluster(cluster: Cluster) -> Json:
    return {
        "cluster_id": cluster.cluster_id,
        "name": cluster.name,
        "vpc_id": cluster.vpc_id,
        "region": cluster.region,
        "status": cluster.status,
        "network_type": cluster.network_type,
        "cluster_cidr": cluster.cluster_cidr,
        "service_cidr": cluster.service_cidr,
        "max_pod_num": cluster.max_pod_num,
        "max_service_num": cluster.max_service_num,
        "version": cluster.version,
        "non_static_ip_mode": cluster.non_static_ip_mode,
        "deletion_protection": cluster.deletion_protection,
        "tags": cluster.tags,
        "node_pools": [
            {
                "node_pool_id": pool.node_pool_id,
                "name": pool.name,
                "subnet_ids": pool.subnet_ids,
                "instance_type": pool.instance_type,
                "min_size": pool.min_size,
                "max_size": pool.max_size,
                "desired": pool.desired,
                "labels": pool.labels,
                "taints": pool.taints,
                "life_state": pool.life_state,
            }
            for pool in cluster.node_pools.values()
        ],
        "instances": [asdict(instance) for instance in cluster.instances.values()],
        "vpc_cni": asdict(cluster.vpc_cni) if cluster.vpc_cni else None,
        "intranet": asdict(cluster.intranet),
        "internet": asdict(cluster.internet),
        "has_kubeconfig": bool(cluster.kubeconfig),
    }
