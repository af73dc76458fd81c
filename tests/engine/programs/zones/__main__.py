"""A cluster over a configurable list of zones, registered by API or by ConfigMap, with one direct
workload."""

import os
from pathlib import Path
from typing import Any

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tke_hybrid as tke

config = pulumi.Config()
password_file = os.environ.get(
    "LAB_PASSWORD_FILE"
)  # as of a vault: the CLI puts configuration into the program's environment
key = config.get("key") or "skey-12345678"
log_in: dict[str, Any] = (
    {"password": pulumi.Output.secret(Path(password_file).read_text())}
    if password_file
    else {"key_ids": [key]}
)
zones: list[str] = config.require_object("zones")
pools: list[str] = config.get_object("pools") or zones
first_block = config.get_int("firstBlock") or 64
prefix = config.get_int("prefix") or 22
vpc = tencentcloud.vpc.Instance(
    "vpc", name="zones", cidr_block=config.get("vpcCidr") or "10.0.0.0/16", is_multicast=False
)


def subnet(zone: str, third: int) -> tencentcloud.subnet.Instance:
    name = f"nodes-{zone}"
    return tencentcloud.subnet.Instance(
        name,
        vpc_id=vpc.id,
        availability_zone=zone,
        cidr_block=f"10.0.{third}.0/24",
        name=name,
        is_multicast=False,
    )


nodes = {zone: subnet(zone, index) for index, zone in enumerate(dict.fromkeys([*zones, *pools]))}
cluster = tke.HybridCluster(
    "zones",
    tke.HybridClusterArgs(
        vpc_id=vpc.id,
        cluster_cidr=config.get("clusterCidr") or "192.168.0.0/20",
        cluster_max_pod_num=config.get_int("pods") or 64,
        cluster_max_service_num=1024,
        eni_subnets=[
            tke.EniZoneSubnet(
                f"pods-{zone}",
                tke.EniZoneSubnetArgs(
                    vpc_id=vpc.id,
                    zone=(index == 0 and config.get("movedTo")) or zone,
                    cidr_block=f"10.0.{first_block + 4 * index}.0/{prefix}",
                    deletion_protection=False,
                ),
            )
            for index, zone in enumerate(zones)
        ],
        ip_reclaim=(
            tke.never() if config.get("reclaim") == "never" else tke.after(config.get_int("reclaim") or 300)
        ),
        static_ip=config.get_bool("staticIp") is not False,
        zone_registration=tke.ZoneRegistration(config.get("registration") or "api"),
        deletion_protection=False,
        allow_cluster_replacement=config.get_bool("replace"),
        release_kept_ips=config.get_bool("release"),
        tags={"note": config.get("note") or "none"},
        node_pools=[
            tke.NodePoolArgs(
                name=zone,
                zone=zone,
                subnet_id=nodes[zone].id,
                instance_type=config.get("instanceType") or "S5.LARGE8",
                size=config.get_int("size") or 1,
                autoscale=(
                    tke.AutoscaleArgs(min_size=1, max_size=most)
                    if (most := config.get_int("mostNodes"))
                    else None
                ),
                labels={"tier": tier} if (tier := config.get("tier")) else None,
                keep_machines=False,
                global_route_only=zone not in zones
                or bool(config.get("movedTo")),  # switches the check for uncovered zones off
                **log_in,
            )
            for zone in pools
        ],
    ),
)
if config.get_bool("workload") is not False:
    tke.ClientIpWorkload(
        "web",
        tke.ClientIpWorkloadArgs(
            image="nginx",
            replicas=len(zones),
            exposure=tke.internal(nodes[zones[0]].id),
            kind=tke.WorkloadKind.STATEFUL_SET if config.get_bool("fixed") else None,
            fixed_ip=config.get_bool("fixed"),
        ),
        pulumi.ResourceOptions(provider=cluster.provider),
    )
pulumi.export("clusterId", cluster.cluster_id)
pulumi.export("ipamd", cluster.ipamd_config_data)
pulumi.export("kubeconfig", cluster.kubeconfig)
