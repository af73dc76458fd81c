"""ingress-nginx on VPC-CNI: nginx sees its clients, behind a load balancer that outlives the Service."""

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke

config = pulumi.Config()
cluster = pulumi.StackReference(config.require("cluster"))
provider = kubernetes.Provider(
    "cluster",
    kubeconfig=cluster.require_output("kubeconfig"),
    cluster_identifier=cluster.require_output("clusterId"),
)
options = pulumi.ResourceOptions(provider=provider)

# The Service comes first: TKE adds a readiness gate only to a pod that a direct Service selects at creation.
service = kubernetes.core.v1.Service(
    "gateway",
    metadata=kubernetes.meta.v1.ObjectMetaArgs(
        name="gateway",
        annotations=tke.direct_service_annotations(tke.existing_clb(config.require("loadBalancerId"))),
    ),
    spec=kubernetes.core.v1.ServiceSpecArgs(
        type="LoadBalancer",
        selector={"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"},
        ports=[
            kubernetes.core.v1.ServicePortArgs(name=name, port=port, target_port=name)
            for name, port in (("http", 80), ("https", 443))
        ],
    ),
    opts=options,
)
pod = tke.eni_pod_template()
kubernetes.helm.v4.Chart(
    "ingress-nginx",
    chart="ingress-nginx",
    repository_opts=kubernetes.helm.v4.RepositoryOptsArgs(repo="https://kubernetes.github.io/ingress-nginx"),
    values={
        "controller": {
            "replicaCount": 2,
            "podAnnotations": pod["annotations"],
            "resources": pod["resources"],
            "service": {"enabled": False},
            "publishService": {"enabled": False},
        }
    },
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[service]),
)
pulumi.export("address", service.status.load_balancer.ingress[0].ip)
