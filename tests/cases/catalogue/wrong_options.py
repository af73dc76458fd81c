"""Wrong resource options, and gateways that cannot be transformed."""

import pulumi

import pulumi_tke_hybrid as tke
from tests.cases.catalogue.described import (
    hybrid,
    ipamd,
    switch,
    workload,
    zone_subnet,
)
from tests.cases.catalogue.wrong_program import (
    CLUSTER_ITSELF,
    PROVIDER,
    Wrong,
    untyped,
)


def _transformed_release() -> None:
    args = pulumi.ResourceTransformArgs(
        True, "kubernetes:helm.sh/v3:Release", "traefik", {}, pulumi.ResourceOptions()
    )
    tke.gateway_transform(tke.public(), workloads=None)(args)


OPTIONS = [
    Wrong(
        "workload, a component of no Service's name",
        lambda: tke.ClientIpWorkload("1web", workload()),
        ("name: '1web' begins with a digit",),
    ),
    Wrong(
        "workload, a component of no object's name",
        lambda: tke.ClientIpWorkload("Web_App", workload()),
        ("name: 'Web_App' is not a Kubernetes name",),
    ),
    Wrong(
        "workload, no provider",
        lambda: tke.ClientIpWorkload("web", workload(use_ambient_provider=None)),
        ("opts.provider: no Kubernetes provider",),
    ),
    Wrong(
        "ipamd, no provider",
        lambda: tke.IpamdConfig("ipamd", ipamd(use_ambient_provider=None)),
        ("opts.provider: no Kubernetes provider",),
    ),
    Wrong(
        "workload, a cluster as provider",
        lambda: tke.ClientIpWorkload("web", workload(), pulumi.ResourceOptions(provider=CLUSTER_ITSELF)),
        ("opts.provider: must be a Kubernetes provider, not a HybridCluster; pass cluster.provider",),
    ),
    Wrong(
        "cluster, a cluster as provider",
        lambda: tke.HybridCluster("demo", hybrid(), pulumi.ResourceOptions(provider=CLUSTER_ITSELF)),
        ("opts.provider: must be a tencentcloud provider, not a HybridCluster; pass the provider itself",),
    ),
    Wrong(
        "subnet, no options",
        lambda: tke.EniZoneSubnet("pods", zone_subnet(), untyped({"protect": True})),
        ("opts: must be ResourceOptions, not a dict; write ResourceOptions(...)",),
    ),
    Wrong(
        "switch, a text as provider",
        lambda: tke.VpcCni("cni", switch(), pulumi.ResourceOptions(providers=untyped(["china"]))),
        ("opts.providers: must be a tencentcloud provider, not a str",),
    ),
    Wrong(
        "ipamd, a cluster as provider",
        lambda: tke.IpamdConfig("ipamd", ipamd(), pulumi.ResourceOptions(providers=[CLUSTER_ITSELF])),
        ("opts.providers: must be a Kubernetes provider, not a HybridCluster; pass cluster.provider",),
    ),
    Wrong(
        "workload, a provider as options",
        lambda: tke.ClientIpWorkload("web", workload(), PROVIDER),
        ("opts: must be ResourceOptions, not a Provider; write ResourceOptions(provider=...) around it",),
    ),
    Wrong(
        "workload, a dictionary as options",
        lambda: tke.ClientIpWorkload("web", workload(), untyped({"provider": PROVIDER})),
        ("opts: must be ResourceOptions, not a dict; write ResourceOptions(...)",),
    ),
    Wrong(
        "workload, one provider for several",
        lambda: tke.ClientIpWorkload("web", workload(), pulumi.ResourceOptions(providers=PROVIDER)),
        ("opts.providers: must be a list, not a Provider; write [...] around it, or use provider=",),
    ),
    Wrong(
        "workload, a name as provider",
        lambda: tke.ClientIpWorkload(
            "web", workload(), pulumi.ResourceOptions(providers=untyped({"a": "b"}))
        ),
        ("opts.providers: must be a Kubernetes provider, not a str; pass the provider itself",),
    ),
    Wrong(
        "gateway, a Helm release",
        _transformed_release,
        ("opts.transforms: does nothing in a helm.sh/v3 Release",),
    ),
]
