"""The vendor's raw resources, and raw objects in the cluster; `change` selects the difference from the last
`up`."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import tencentcloud_iac_pulumi as tencentcloud

config = pulumi.Config()
changes = set((config.get("change") or "").split("+"))
stage = config.get_int("stage") or 2
FOUR, SIX, SEVEN = "ap-guangzhou-4", "ap-guangzhou-6", "ap-guangzhou-7"
NETWORKS = "tke.cloud.tencent.com/networks"
DIRECT = "service.cloud.tencent.com/direct-access"
CLAIM = "tke.cloud.tencent.com/vpc-ip-claim-delete-policy"
INTERNAL = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"


def on(change: str, then: Any, otherwise: Any) -> Any:
    return then if change in changes else otherwise


vpc = tencentcloud.vpc.Instance(
    "vpc", name="raw", cidr_block=on("vpc-range", "10.0.0.0/15", "10.0.0.0/16"), is_multicast=False
)


def subnet(name: str, zone: str, block: str) -> tencentcloud.subnet.Instance:
    return tencentcloud.subnet.Instance(
        name,
        vpc_id=vpc.id,
        availability_zone=zone,
        cidr_block=block,
        name=name,
        is_multicast=False,
        opts=pulumi.ResourceOptions(
            protect=name == "pods-4" and "unprotect" not in changes and not config.get_bool("unprotected")
        ),
    )


nodes = {
    FOUR: subnet("nodes-4", FOUR, "10.0.0.0/24"),
    SIX: subnet("nodes-6", SIX, on("node-range", "10.0.9.0/24", "10.0.1.0/24")),
}
pods = [subnet("pods-4", FOUR, "10.0.64.0/28"), subnet("pods-6", SIX, "10.0.68.0/28")]
if changes & {"uncovered", "new-zone"}:
    nodes[SEVEN] = subnet("nodes-7", SEVEN, "10.0.2.0/24")
if "new-zone" in changes:
    pods.append(subnet("pods-7", SEVEN, "10.0.72.0/22"))
listed = [item.id for item in pods]
listed = (
    on("list-empty", None, on("list-shrinks", listed[:1], listed))
    if stage > 1
    else on("phantom", listed, None)
)
cluster = tencentcloud.kubernetes.Cluster(
    "cluster",
    vpc_id=vpc.id,
    cluster_name="raw",
    network_type="GR",
    cluster_cidr="192.168.0.0/20",
    cluster_max_pod_num=on("cluster-pods", 128, 64),
    cluster_max_service_num=1024,
    is_non_static_ip_mode="not-static" in changes,
    claim_expired_seconds=on("reclaim", 600, 300),
    eni_subnet_ids=listed,
    deletion_protection="deletion-protection" not in changes and stage > 1 and "destroy" not in changes,
    tags={"note": on("tag", "changed", "none")},
)
group = tencentcloud.security.Group("clients", name="clients", description="clients of the pods")
tencentcloud.security.GroupRuleSet(
    "clients-rules",
    security_group_id=group.id,
    ingresses=[
        tencentcloud.security.GroupRuleSetIngressArgs(
            action="ACCEPT", cidr_block=block, protocol="TCP", port="80"
        )
        for block in on("group", ["10.0.0.0/16"], ["10.0.0.0/16", "203.0.113.0/24"])
    ],
)
pools: list[tencentcloud.kubernetes.NodePool] = []
for zone, place in nodes.items():
    if zone == SIX and "pool-gone" in changes:
        continue
    pools.append(
        tencentcloud.kubernetes.NodePool(
            f"pool-{zone}",
            cluster_id=cluster.id,
            name=zone,
            vpc_id=vpc.id,
            subnet_ids=[place.id],
            min_size=0,
            max_size=10,
            desired_capacity=on("more-nodes", 2, 1),
            enable_auto_scale=False,
            wait_node_ready=True,
            delete_keep_instance=False,
            auto_scaling_config=tencentcloud.kubernetes.NodePoolAutoScalingConfigArgs(
                instance_type=on("machines", "S5.2XLARGE16", "S5.LARGE8") if zone == SIX else "S5.LARGE8",
                password=config.require_secret("nodePassword"),
            ),
            opts=pulumi.ResourceOptions(ignore_changes=["zones"]),
        )
    )
if stage > 1 and "destroy" not in changes:
    endpoint = tencentcloud.kubernetes.ClusterEndpoint(
        "endpoint",
        cluster_id=cluster.id,
        cluster_intranet=True,
        cluster_intranet_subnet_id=nodes[FOUR].id,
        opts=pulumi.ResourceOptions(depends_on=pools[:1]),
    )
    provider = kubernetes.Provider(
        "kubernetes",
        kubeconfig=endpoint.kube_config_intranet,
        cluster_identifier=cluster.id,
        enable_server_side_apply=True,
    )
    opts = pulumi.ResourceOptions(provider=provider, delete_before_replace=True)
    skip = {"pulumi.com/skipAwait": "true"}

    def workload(name: str, annotations: dict[str, str], replicas: int, **more: Any) -> dict[str, Any]:
        labels = {"app": name, **(on("deployment", {"part": "front"}, {}) if name == "web" else {})}
        return {
            "metadata": kubernetes.meta.v1.ObjectMetaArgs(name=name, annotations=skip),
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels, "annotations": annotations},
                    "spec": {
                        "containers": [
                            {
                                "name": name,
                                "image": on("image", "nginx:1.29", "nginx:1.28"),
                                "env": [{"name": "PASSWORD", "value": "planted-Secret-7f3a"}],
                            }
                        ]
                    },
                },
                **more,
            },
            "opts": opts,
        }

    eni = {} if "leave-eni" in changes else {NETWORKS: "tke-route-eni"}
    kept = on("claim", eni, {**eni, CLAIM: "Never"})
    kubernetes.apps.v1.Deployment("web", **workload("web", eni, on("replicas", 40, 2)))
    kubernetes.apps.v1.StatefulSet(
        "db", **workload("db", kept, 1, serviceName=on("statefulset", "other", "db"))
    )
    kubernetes.core.v1.Service(
        on("service-renamed-urn", "front-2", "front"),
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=on("service-renamed", "front-2", "front"),
            annotations={**skip, DIRECT: on("direct-off", "false", "true"), INTERNAL: nodes[FOUR].id},
        ),
        spec=kubernetes.core.v1.ServiceSpecArgs(
            type=on("service-type", "ClusterIP", "LoadBalancer"),
            selector={"app": "web"},
            ports=[kubernetes.core.v1.ServicePortArgs(port=80)],
        ),
        opts=opts,
    )
    masquerade = on("masquerade", "172.16.0.0/12", "10.0.0.0/16")
    patching = {"pulumi.com/patchFieldManager": "raw", "pulumi.com/patchForce": "true", **skip}
    kubernetes.core.v1.ConfigMapPatch(
        "egress",
        metadata=kubernetes.meta.v1.ObjectMetaPatchArgs(
            name="ip-masq-agent-config", namespace="kube-system", annotations=patching
        ),
        data={"config": f"NonMasqueradeCIDRs: [{masquerade}]"},
        opts=pulumi.ResourceOptions(provider=provider, retain_on_delete=True),
    )
    kubernetes.apps.v1.DeploymentPatch(
        "ipamd",
        metadata=kubernetes.meta.v1.ObjectMetaPatchArgs(
            name="tke-eni-ipamd", namespace="kube-system", annotations=patching
        ),
        spec=kubernetes.apps.v1.DeploymentSpecPatchArgs(
            template=kubernetes.core.v1.PodTemplateSpecPatchArgs(
                metadata=kubernetes.meta.v1.ObjectMetaPatchArgs(
                    annotations={"restarted": on("restart", "2", "1")}
                )
            )
        ),
        opts=pulumi.ResourceOptions(provider=provider, retain_on_delete=True),
    )
if "crash" in changes:
    raise ValueError("the program broke near planted-Secret-7f3a")
