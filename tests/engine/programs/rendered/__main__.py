"""Workloads whose objects are written to files instead of a cluster: refusals of changes need no cluster."""

import json
import os

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke

provider = kubernetes.Provider("files", render_yaml_to_directory=os.environ["LAB_FILES"])
for name, args in json.loads(os.environ["LAB_WORKLOADS"]).items():
    tke.ClientIpWorkload(name, {"image": "nginx", **args}, pulumi.ResourceOptions(provider=provider))
