"""The workloads that WORKLOADS describes as JSON (name -> arguments), on a cluster of another stack."""

import json
import os
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke

provider = kubernetes.Provider(
    "cluster",
    kubeconfig=pulumi.Output.secret(os.environ["LAB_KUBECONFIG"]),
    cluster_identifier=pulumi.Config().require("clusterId"),
    enable_server_side_apply=True,
)
described: dict[str, dict[str, Any]] = json.loads(os.environ["WORKLOADS"])
for name, described_as in described.items():
    args = {"image": "nginx", **described_as}
    before = args.pop("formerly", None)
    aliases = [pulumi.Alias(name=before)] if before else None
    workload = tke.ClientIpWorkload(name, args, pulumi.ResourceOptions(provider=provider, aliases=aliases))
    pulumi.export(name, {"address": workload.address, "clientIpFrom": workload.client_ip_from})
