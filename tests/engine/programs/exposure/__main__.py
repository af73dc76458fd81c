"""One workload whose way to its clients changes, on a cluster of another stack."""

import os

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke

config = pulumi.Config()
kubeconfig = pulumi.Output.secret(os.environ["LAB_KUBECONFIG"])
provider = kubernetes.Provider(
    "cluster", kubeconfig=kubeconfig, cluster_identifier=config.require("clusterId")
)
subnet = config.require("subnetId")
ways = {
    "none": tke.not_exposed(),
    "internal": tke.internal(subnet),
    "public": tke.public(),
}


def _stop(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    """Let the run end after the Service and before the pods."""

    def end(_: pulumi.ResourceHookArgs) -> None:
        raise RuntimeError("the run ends half-way")

    if args.name != "web-deployment" or args.opts.hooks is None:
        return None
    hook = pulumi.ResourceHook("half-way", end)
    args.opts.hooks.before_update = [*(args.opts.hooks.before_update or []), hook]
    return pulumi.ResourceTransformationResult(args.props, args.opts)


workload = tke.ClientIpWorkload(
    "web",
    tke.ClientIpWorkloadArgs(
        image="nginx",
        exposure=ways[config.require("way")],
        selector=config.get_object("selector"),
        allow_address_change=config.get_bool("allow"),
        network=tke.PodNetwork(config.get("network") or "eni"),
        direct=config.get_bool("direct"),
    ),
    pulumi.ResourceOptions(
        provider=provider, transformations=[_stop] if config.get_bool("halfWay") else None
    ),
)
disk = config.get("disk")
if disk is not None:
    requests = kubernetes.core.v1.VolumeResourceRequirementsArgs(requests={"storage": disk})
    claim = kubernetes.core.v1.PersistentVolumeClaimArgs(
        metadata=kubernetes.meta.v1.ObjectMetaArgs(name="data"),
        spec=kubernetes.core.v1.PersistentVolumeClaimSpecArgs(
            access_modes=["ReadWriteOnce"], resources=requests
        ),
    )
    tke.ClientIpWorkload(
        "store",
        tke.ClientIpWorkloadArgs(
            image="nginx",
            exposure=tke.not_exposed(),
            kind=tke.WorkloadKind.STATEFUL_SET,
            replicas=0,
            volume_claims=[claim],
        ),
        pulumi.ResourceOptions(provider=provider),
    )
pulumi.export("address", workload.address)
