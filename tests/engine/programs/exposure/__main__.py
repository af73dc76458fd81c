"""One workload whose way to its clients changes, on a cluster of another stack."""

import os

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke

config = pulumi.Config()
kubeconfig = pulumi.Output.secret(os.environ["LAB_KUBECONFIG"])
provider = kubernetes.Provider("cluster", kubeconfig=kubeconfig, cluster_identifier=config.require("clusterId"))
subnet = config.require("subnetId")
ways = {
    "none": tke.not_exposed(),
    "internal": tke.internal(subnet),
    "public": tke.public(),
}
workload = tke.ClientIpWorkload(
    "web",
    tke.ClientIpWorkloadArgs(
        image="nginx",
        exposure=ways[config.require("way")],
        selector=config.get_object("selector"),
        allow_address_change=config.get_bool("allow"),
    ),
    pulumi.ResourceOptions(provider=provider),
)
pulumi.export("address", workload.address)
