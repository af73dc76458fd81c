"""One workload that is rolled, moved and scaled, on a cluster of another stack."""

import os
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.tke import keys as tke_keys

config = pulumi.Config()
kubeconfig = pulumi.Output.secret(os.environ["LAB_KUBECONFIG"])
provider = kubernetes.Provider(
    "cluster", kubeconfig=kubeconfig, cluster_identifier=config.require("clusterId")
)
seconds = config.get("timeout")
GRACEFUL = {
    "kubernetes:core/v1:Service": tke_keys.SERVICE_GRACE_DELETION,
    "kubernetes:networking.k8s.io/v1:Ingress": tke_keys.INGRESS_GRACE_DELETION,
}


def changed(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """With `timeout`, the workload is waited for no longer than that many seconds; `graceful` false takes
    TKE's part of a rollout away."""
    if args.type_ in GRACEFUL and config.get_bool("graceful") is False:
        props: Any = args.props
        props["metadata"]["annotations"].pop(GRACEFUL[args.type_], None)
        return pulumi.ResourceTransformResult(props, args.opts)
    if seconds is None or args.type_ not in (
        "kubernetes:apps/v1:Deployment",
        "kubernetes:apps/v1:StatefulSet",
    ):
        return None
    args.opts.custom_timeouts = pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s")
    return pulumi.ResourceTransformResult(args.props, args.opts)


balancer = tke.internal(config.require("subnetId"))
layer_seven = config.get("front") == "ingress"
network = tke.PodNetwork(config.get("network") or "eni")
workload = tke.ClientIpWorkload(
    "web",
    tke.ClientIpWorkloadArgs(
        image=config.get("image") or "nginx:1",
        replicas=config.get_int("replicas") or 4,
        kind=tke.WorkloadKind(config.get("kind") or "deployment"),
        network=network,
        direct=config.get_bool("direct"),
        rollout=tke.RolloutArgs(pre_stop_seconds=config.get_int("preStop")),
        fixed_ip=config.get_bool("fixedIp"),
        exposure=tke.not_exposed() if layer_seven else balancer,
        ingress=tke.IngressArgs(exposure=balancer) if layer_seven else None,
    ),
    pulumi.ResourceOptions(provider=provider, transforms=[changed]),
)
pulumi.export("address", workload.address)
