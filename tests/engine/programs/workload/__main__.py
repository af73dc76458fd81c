"""A workload in a stack of its own, on a cluster of another stack."""

import os

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke

config = pulumi.Config()
provider = kubernetes.Provider(
    "cluster",
    kubeconfig=pulumi.Output.secret(os.environ["LAB_KUBECONFIG"]),
    cluster_identifier=config.require("clusterId"),
)
tke.ClientIpWorkload(
    config.require("name"),
    tke.ClientIpWorkloadArgs(
        image="nginx",
        replicas=3,
        exposure=tke.internal(config.require("subnetId")),
        ingress=tke.IngressArgs(exposure=tke.internal(config.require("subnetId"))),
    ),
    pulumi.ResourceOptions(provider=provider),
)
