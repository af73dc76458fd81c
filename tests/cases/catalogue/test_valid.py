"""Nothing that works is refused: five hundred generated programs, every input given somewhere, plain and
late."""

import dataclasses
import ipaddress
import random
from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.capacity.propose import ZoneDemand, propose
from pulumi_tke_hybrid.component.args import Args, parse_args
from pulumi_tke_hybrid.tke.enis import eni_limit
from tests.cases.catalogue.described import (
    CLB,
    CLUSTER,
    VPC,
    awake,
    eni_subnet,
    hybrid,
    later,
    pool,
    switch,
    workload,
    zone_subnet,
)
from tests.unit.programs import Graph, run

TYPES = (
    "S5.SMALL2",
    "S5.MEDIUM4",
    "S5.LARGE8",
    "SA2.2XLARGE16",
    "S5.4XLARGE64",
    "IT5.8XLARGE128",
    "BMI5.24XLARGE192",
)
OVERLAYS = ("192.168.0.0/16", "172.16.0.0/14", "172.24.0.0/14")


def identifier(prefix: str, number: int) -> str:
    return f"{prefix}-{number:08d}"


def generated_cluster(seed: int) -> dict[str, Any]:
    """A cluster that a user might write: zones, pools of all sizes, subnets that hold them, new or
    adopted."""
    dice = random.Random(seed)
    zones = [f"ap-guangzhou-{number}" for number in dice.sample(range(1, 9), dice.randint(1, 4))]
    vpc = dice.choice(["10.0.0.0/14", "10.64.0.0/13", "172.30.0.0/15"])
    blocks = ipaddress.IPv4Network(vpc).subnets(new_prefix=22)
    node_blocks = {zone: str(next(blocks)) for zone in zones}
    pools: list[dict[str, Any]] = []
    for index in range(dice.randint(1, 4)):
        size, zone = dice.randint(0 if index else 1, 8), zones[index % len(zones)]
        described = pool(
            name=f"pool-{index}",
            zone=zone,
            subnet_id=identifier("subnet", 100 + zones.index(zone)),
            size=size,
            instance_type=dice.choice(TYPES),
            keep_machines=dice.random() < 0.5,
        )
        if dice.random() < 0.4:
            described["autoscale"] = {"min_size": min(size, 1), "max_size": max(size, 1) + dice.randint(0, 5)}
        if dice.random() < 0.5:
            described["subnet_cidr"] = node_blocks[zone]
        if dice.random() < 0.3:
            described |= {
                "key_ids": None,
                "password": "Not-A-Secret-1",
                "labels": {"team": "a"},
                "security_group_ids": ["sg-12345678"],
            }
        pools.append(described)
    limit = eni_limit("S5.4XLARGE64")
    assert limit is not None
    wishes = [
        ZoneDemand(zone, 13 * sum(item["zone"] == zone for item in pools) or 1, 0, limit) for zone in zones
    ]
    taken = {block: block for block in node_blocks.values()}
    placed = propose(
        vpc,
        [dataclasses.replace(wish, pods=wish.nodes * 29) for wish in wishes],
        taken,
        dice.choice([0.0, 0.5, 1.0]),
    )
    described_subnets = [
        {
            "subnet_id": identifier("subnet", index),
            "zone": item.zone,
            "cidr_block": item.block if dice.random() < 0.9 else None,
        }
        for index, item in enumerate(placed)
    ]
    found: dict[str, Any] = {
        "vpc_id": VPC,
        "eni_subnets": described_subnets,
        "node_pools": pools,
        "vpc_cidr": dice.choice([vpc, vpc, None]),
        "ip_reclaim": dice.choice([tke.after(300), tke.after(3600), tke.after(1_000_000), tke.never()]),
        "non_masquerade": dice.choice([None, "keep", "add_vpc"]),
        "deadline_seconds": dice.choice([None, 60, 1200]),
    }
    if dice.random() < 0.25:
        found |= {"existing_cluster_id": CLUSTER, "static_ip": True, "kubeconfig": dice.choice([None, "{}"])}
    else:
        overlay = dice.choice(OVERLAYS)
        found |= {
            "cluster_cidr": overlay,
            "cluster_max_pod_num": dice.choice([32, 64, 128, 256]),
            "cluster_max_service_num": dice.choice([256, 1024, 4096]),
            "service_cidr": dice.choice([None, "192.168.128.0/17"]),
            "cluster_name": dice.choice([None, "prod"]),
            "tags": {"env": "test"},
            "other_cidrs": {"office": "10.200.0.0/16"},
            "release_kept_ips": dice.choice([None, True]),
            "zone_registration": dice.choice([None, "api", "configmap"]),
            "endpoint": dice.choice([None, {}, {"access": "internet", "security_group_id": "sg-12345678"}]),
        }
        if overlay.startswith("192") and found["service_cidr"]:
            found["service_cidr"] = "172.20.0.0/20"
        if dice.random() < 0.2:
            found |= {"static_ip": False, "ip_reclaim": tke.never()}
    for name in ("cluster_cidr", "ip_reclaim", "vpc_cidr"):
        if found.get(name) and dice.random() < 0.15:
            found[name] = later(found[name])
    return found


def generated_workload(seed: int) -> dict[str, Any]:
    dice = random.Random(seed)
    stateful, on_eni = dice.random() < 0.3, dice.random() < 0.8
    exposures: list[dict[str, Any]] = [
        {"kind": "public", "bandwidth": dice.randint(1, 2048)},
        {"kind": "internal", "subnet_id": CLB},
        {"kind": "existing", "load_balancer_id": "lb-12345678"},
        {"kind": "none"},
    ]
    return workload(
        exposure=dice.choice(exposures),
        replicas=dice.choice([0, 1, 2, 5, later(3), 90]),
        kind="statefulset" if stateful else "deployment",
        network="eni" if on_eni else "global_route",
        fixed_ip=stateful and on_eni and dice.random() < 0.5,
        ports=dice.choice(
            [None, [{"port": 80}], [{"port": 443, "target_port": 8443}, {"port": 53, "protocol": "UDP"}]]
        ),
        ingress=dice.choice(
            [None, {"exposure": {"kind": "public"}, "hosts": ["shop.example.com"], "path": "/"}]
        ),
        labels={"team": "a"},
        namespace=dice.choice([None, "web"]),
    )


GENERATED: list[tuple[type[Args], Any]] = [
    *((tke.HybridClusterArgs, generated_cluster) for _ in range(300)),
    *((tke.ClientIpWorkloadArgs, generated_workload) for _ in range(200)),
]


def test_no_generated_valid_program_is_refused() -> None:
    def program() -> None:
        for seed, (cls, generate) in enumerate(GENERATED):
            try:
                parse_args(cls, awake(generate(seed)), f"seed {seed}")
            except tke.InvalidInputs as error:
                pytest.fail(f"seed {seed}: {error}\n{generate(seed)}")

    assert len(GENERATED) == 500
    run(program)


@pytest.mark.parametrize("seed", range(0, 300, 25))
def test_a_generated_cluster_runs_to_its_end(seed: int) -> None:
    graph = run(lambda: tke.HybridCluster("demo", awake(generated_cluster(seed))))
    assert graph.named("demo-vpc-cni-switch")


def test_a_switch_alone_is_valid() -> None:
    assert parse_args(tke.VpcCniArgs, switch(), "it")


def said(described: dict[str, Any], preview: bool = False) -> list[tuple[str, str]]:
    graph = Graph(preview=preview)
    run(lambda: tke.HybridCluster("demo", awake(described)), into=graph, preview=preview)
    return graph.said


def test_every_generated_warning_names_property_value_and_cure() -> None:
    for seed in range(0, 300, 30):
        for level, text in said(generated_cluster(seed)):
            assert level in ("warning", "info")
            assert text.endswith("]"), "a warning names the rule that sets it"
            assert text.count("; ") >= 1


def test_a_value_that_is_passed_on_unchecked_may_resolve_to_none() -> None:
    nothing = later(None)
    a_pool = pool(labels=nothing, security_group_ids=nothing, subnet_cidr=nothing)
    described = hybrid(
        node_pools=[a_pool],
        tags=nothing,
        cluster_version=nothing,
        vpc_cidr=nothing,
        eni_subnets=[eni_subnet(cidr_block=nothing)],
    )
    assert run(lambda: tke.HybridCluster("demo", awake(described))).named("demo-cluster")
    assert run(
        lambda: tke.EniZoneSubnet(
            "pods", awake(zone_subnet(tags=nothing, route_table_id=nothing, vpc_cidr=nothing))
        )
    ).named("pods-subnet")
    assert run(lambda: tke.VpcCni("cni", awake(switch(region=nothing)))).named("cni-switch")
