"""The workloads that WORKLOADS describes as JSON (name -> arguments), on a cluster of another stack."""

import json
import os
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke

later = hasattr(kubernetes.ProviderArgs, "upsert_existing_objects")  # from pulumi-kubernetes 4.29
further: dict[str, Any] = {"upsert_existing_objects": True} if later else {}
provider = kubernetes.Provider(
    "cluster",
    kubeconfig=pulumi.Output.secret(os.environ["LAB_KUBECONFIG"]),
    cluster_identifier=pulumi.Config().require("clusterId"),
    enable_server_side_apply=True,
    **further,
)


def whole_pod() -> dict[str, Any]:
    """Containers of pulumi-kubernetes types, which JSON cannot have."""
    core = kubernetes.core.v1
    mount = core.VolumeMountArgs(name="shared", mount_path="/shared")
    amounts = core.ResourceRequirementsArgs(
        requests={"cpu": "250m", "memory": "256Mi"}, limits={"cpu": "500m", "memory": "1Gi"}
    )
    probe = core.ProbeArgs(http_get=core.HTTPGetActionArgs(path="/", port=80), period_seconds=5)
    stop = core.LifecycleArgs(
        pre_stop=core.LifecycleHandlerArgs(exec_=core.ExecActionArgs(command=["/bin/drain"]))
    )
    return {
        "image": None,
        "init_containers": [core.ContainerArgs(name="prepare", image="busybox", volume_mounts=[mount])],
        "containers": [
            core.ContainerArgs(
                name="web", image="nginx", resources=amounts, readiness_probe=probe, volume_mounts=[mount]
            ),
            core.ContainerArgs(name="log", image="fluent-bit", lifecycle=stop, volume_mounts=[mount]),
        ],
        "volumes": [core.VolumeArgs(name="shared", empty_dir=core.EmptyDirVolumeSourceArgs())],
        "tolerations": [core.TolerationArgs(key="team", operator="Exists")],
    }


described: dict[str, dict[str, Any]] = json.loads(os.environ["WORKLOADS"])
for name, described_as in described.items():
    args: dict[str, Any] = {"image": "nginx", **described_as}
    if args.pop("whole", False):
        args |= whole_pod()
    before = args.pop("formerly", None)
    aliases = [pulumi.Alias(name=before)] if before else None
    opts = pulumi.ResourceOptions(
        provider=provider, aliases=aliases, ignore_changes=args.pop("ignored", None)
    )
    workload = tke.ClientIpWorkload(name, args, opts)
    pulumi.export(name, {"address": workload.address, "clientIpFrom": workload.client_ip_from})
