"""One cluster and many workloads, each checked against the cluster's facts; counts the checks' time."""

import atexit
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid import client_ip_workload
from pulumi_tke_hybrid.component import args
from pulumi_tke_hybrid.component.args import Args
from pulumi_tke_hybrid.tke.rules import address_capacity
from pulumi_tke_hybrid.workload import rollout

spent = {"seconds": 0.0, "depth": 0}


def timed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function to add up its time; nested calls count once."""

    def wrapper(*arguments: Any, **named: Any) -> Any:
        begin, spent["depth"] = time.perf_counter(), spent["depth"] + 1
        try:
            return function(*arguments, **named)
        finally:
            spent["depth"] -= 1
            if not spent["depth"]:
                spent["seconds"] += time.perf_counter() - begin

    return wrapper


def listed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a generator function to return a list."""
    return lambda *arguments, **named: list(function(*arguments, **named))


if os.environ.get("BENCHMARK_CHECKS") == "off":
    Args.judged = lambda self: []  # type: ignore[method-assign]
    for module in (args, client_ip_workload):
        module.check_deferred = lambda component, owner, args: pulumi.Output.from_input(True)  # type: ignore[attr-defined]
else:
    Args.judged = timed(Args.judged)  # type: ignore[method-assign]
    client_ip_workload.check_deferred = timed(client_ip_workload.check_deferred)  # type: ignore[attr-defined]
    client_ip_workload.max_surge = timed(client_ip_workload.max_surge)  # type: ignore[attr-defined]
    rollout.room_of = timed(rollout.room_of)  # type: ignore[attr-defined]
    address_capacity.capacity_findings = timed(listed(address_capacity.capacity_findings))
    address_capacity.fact_findings = timed(listed(address_capacity.fact_findings))
    rollout.report = timed(rollout.report)  # type: ignore[attr-defined]
atexit.register(lambda: Path(os.environ["BENCHMARK_RESULT"]).write_text(json.dumps(spent)))

zone, block = "ap-guangzhou-4", "10.0.64.0/18"
cluster = tke.HybridCluster(
    "hybrid",
    {
        "vpc_id": "vpc-12345678",
        "vpc_cidr": "10.0.0.0/16",
        "cluster_cidr": "172.16.0.0/14",
        "cluster_max_pod_num": 64,
        "cluster_max_service_num": 4096,
        "ip_reclaim": tke.after(300),
        "eni_subnets": [{"subnet_id": "subnet-aaaaaaaa", "zone": zone, "cidr_block": block}],
        "node_pools": [
            {
                "name": "four",
                "zone": zone,
                "subnet_id": "subnet-bbbbbbbb",
                "instance_type": "S5.4XLARGE64",
                "size": 60,
                "keep_machines": False,
                "key_ids": ["skey-12345678"],
            }
        ],
    },
)
facts = {
    "clusterId": "cls-12345678",
    "vpcId": "vpc-12345678",
    "region": "ap-guangzhou",
    "staticIp": True,
    "ipReclaim": "300s",
    "zones": {zone: [{"subnetId": "subnet-aaaaaaaa", "cidrBlock": block}]},
    "nodePools": [{"zone": zone, "size": 60, "instanceType": "S5.4XLARGE64"}],
}
for index in range(pulumi.Config().require_int("workloads")):
    described = {
        "image": "nginx",
        "replicas": 3,
        "exposure": tke.internal("subnet-cccccccc"),
        "cluster_facts": facts,
    }
    tke.ClientIpWorkload(f"web-{index}", described, pulumi.ResourceOptions(provider=cluster.provider))
