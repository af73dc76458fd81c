"""One workload, or several, in a stack of their own, on a cluster of another stack."""

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
name, count = config.require("name"), config.get_int("count") or 1
for each in [name] if count == 1 else [f"{name}-{number}" for number in range(count)]:
    tke.ClientIpWorkload(
        each,
        tke.ClientIpWorkloadArgs(
            image="nginx",
            replicas=3,
            exposure=tke.internal(config.require("subnetId")),
            ingress=tke.IngressArgs(exposure=tke.internal(config.require("subnetId"))),
        ),
        pulumi.ResourceOptions(provider=provider),
    )
