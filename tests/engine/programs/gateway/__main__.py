"""Two gateways from charts: the settings of the first are values, of the second a transform."""

import os
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke

config = pulumi.Config()
provider = kubernetes.Provider(
    "cluster",
    kubeconfig=pulumi.Output.secret(os.environ["LAB_KUBECONFIG"]),
    cluster_identifier=config.require("clusterId"),
)
charts = Path(__file__).parent / "charts"
exposure = tke.internal(config.require("subnetId"))
pod = tke.eni_pod_template()
kubernetes.helm.v4.Chart(
    "ingress-nginx",
    chart=str(charts / "ingress-nginx"),
    values={
        "controller": {
            "podAnnotations": pod["annotations"],
            "resources": pod["resources"],
            "service": {"annotations": tke.direct_service_annotations(exposure)},
        }
    },
    opts=pulumi.ResourceOptions(provider=provider),
)
kubernetes.helm.v4.Chart(
    "traefik",
    chart=str(charts / "traefik"),
    opts=pulumi.ResourceOptions(
        provider=provider,
        transforms=[tke.gateway_transform(exposure, workloads=[config.get("moved") or "traefik"])],
    ),
)
if config.get_bool("release"):
    kubernetes.helm.v3.Release(
        "release",
        chart=str(charts / "traefik"),
        opts=pulumi.ResourceOptions(
            provider=provider, transforms=[tke.gateway_transform(exposure, workloads=["traefik"])]
        ),
    )
