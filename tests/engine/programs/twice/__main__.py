"""Two instances of every component in one stack."""

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tke_hybrid as tke

ZONES = ["ap-guangzhou-4", "ap-guangzhou-6"]
for number, registration in enumerate(tke.ZoneRegistration):
    name = registration.value
    vpc = tencentcloud.vpc.Instance(name, name=name, cidr_block=f"10.{number}.0.0/16", is_multicast=False)
    nodes = {
        zone: tencentcloud.subnet.Instance(
            f"{name}-{zone}",
            vpc_id=vpc.id,
            availability_zone=zone,
            cidr_block=f"10.{number}.{index}.0/24",
            name=f"{name}-{zone}",
            is_multicast=False,
        )
        for index, zone in enumerate(ZONES)
    }
    cluster = tke.HybridCluster(
        name,
        tke.HybridClusterArgs(
            vpc_id=vpc.id,
            cluster_cidr="192.168.0.0/20",
            cluster_max_pod_num=64,
            cluster_max_service_num=1024,
            eni_subnets=[
                tke.EniZoneSubnet(
                    f"{name}-pods-{zone}",
                    tke.EniZoneSubnetArgs(
                        vpc_id=vpc.id,
                        zone=zone,
                        cidr_block=f"10.{number}.{64 + 4 * index}.0/22",
                        deletion_protection=False,
                    ),
                )
                for index, zone in enumerate(ZONES)
            ],
            ip_reclaim=tke.never(),
            zone_registration=registration,
            deletion_protection=False,
            node_pools=[
                tke.NodePoolArgs(
                    name=zone,
                    zone=zone,
                    subnet_id=nodes[zone].id,
                    instance_type="S5.LARGE8",
                    size=1,
                    keep_machines=False,
                    key_ids=["skey-12345678"],
                )
                for zone in ZONES
            ],
        ),
    )
    for kind in tke.WorkloadKind:
        tke.ClientIpWorkload(
            f"{name}-{kind.value}",
            tke.ClientIpWorkloadArgs(
                image="nginx",
                kind=kind,
                exposure=tke.internal(nodes[ZONES[0]].id),
                ingress=tke.IngressArgs(exposure=tke.internal(nodes[ZONES[0]].id)),
                fixed_ip=kind is tke.WorkloadKind.STATEFUL_SET,
            ),
            pulumi.ResourceOptions(provider=cluster.provider),
        )
