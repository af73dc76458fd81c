"""Wrong programs, each with the lines that it must end with."""

# A case is read as one line.

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke
from tests.unit.catalogue.described import (
    CLB,
    CLUSTER,
    FOUR,
    NODES_4,
    PODS_4,
    PODS_6,
    SIX,
    Described,
    adopted,
    awake,
    eni_subnet,
    facts,
    hybrid,
    ipamd,
    later,
    pool,
    second_subnet,
    switch,
    workload,
    zone_subnet,
)


@dataclass(frozen=True)
class Wrong:
    """A program, and all its lines, each as `path: …` or its beginning."""

    name: str
    program: Callable[[], object]
    lines: tuple[str, ...]


def cluster(name: str, described: Described, *lines: str) -> Wrong:
    return Wrong(f"cluster, {name}", lambda: tke.HybridCluster("demo", awake(described)), lines)


def subnet(name: str, described: Described, *lines: str) -> Wrong:
    return Wrong(f"subnet, {name}", lambda: tke.EniZoneSubnet("pods", awake(described)), lines)


def app(name: str, described: Described, *lines: str) -> Wrong:
    return Wrong(f"workload, {name}", lambda: tke.ClientIpWorkload("web", awake(described)), lines)


def cni(name: str, described: Described, *lines: str) -> Wrong:
    return Wrong(f"switch, {name}", lambda: tke.VpcCni("cni", awake(described)), lines)


def config(name: str, described: Described, *lines: str) -> Wrong:
    return Wrong(f"ipamd, {name}", lambda: tke.IpamdConfig("ipamd", awake(described)), lines)


def one_pool(**more: Any) -> Described:
    return hybrid(node_pools=[pool(**more)])


CLUSTER_ITSELF: Any = tke.HybridCluster.__new__(tke.HybridCluster)
"""Where a provider belongs; nothing is registered for it."""


class _Vpc(pulumi.Resource):
    """A resource; nothing is registered for it."""

    def __init__(self) -> None:
        self.zone = FOUR


EMPTY = (
    "is empty; its Output holds no value, as that of another stack does by a wrong name; correct where it"
    " comes from, or give it a value"
)
PROVIDER: Any = pulumi.ProviderResource.__new__(kubernetes.Provider)
"""A provider; nothing is registered for it."""
SHAPE = "what the program makes depends on it"
NO_SUBNET = "must be an instance of EniZoneSubnet, or a dictionary or an instance of EniSubnetArgs"


def _container(**more: Any) -> kubernetes.core.v1.ContainerArgs:
    return kubernetes.core.v1.ContainerArgs(name="a", image="a", **more)


ZONES = [
    cluster("a zone without subnet", hybrid(node_pools=[pool(), pool(name="b", zone="ap-guangzhou-7", subnet_id=CLB)]),
            "node_pools[1].zone: ap-guangzhou-7 has no pod subnet (zones that have one: ap-guangzhou-4, ap-guangzhou-6); an ENI must be in "
            "its node's zone, so TKE refuses the nodes or leaves ENI pods Pending; add an EniZoneSubnet in ap-guangzhou-7 to eni_subnets, "
            "or say global_route_only=True [zone-uncovered]"),
    cluster("a subnet of another region", hybrid(eni_subnets=[eni_subnet(), second_subnet(zone="ap-shanghai-2")], node_pools=[pool()]),
            "eni_subnets[1].zone: ap-shanghai-2 is not in region ap-guangzhou; a cluster spans zones of one region; use a zone of "
            "ap-guangzhou, or a cluster of its own in ap-shanghai"),
    cluster("a pool of another region", one_pool(zone="ap-shanghai-2"), "node_pools[0].zone: ap-shanghai-2 is not in region ap-guangzhou"),
    cluster("a node label's number as zone", one_pool(zone="100004"),
            "node_pools[0].zone: '100004' is not a zone; it is the number that nodes carry in topology.kubernetes.io/zone; write it as region "
            "and number, for example 'ap-guangzhou-4'"),
    cluster("a zone with another number", one_pool(zone="ap-guangzhou-\uff14"), "node_pools[0].zone: 'ap-guangzhou-\uff14' is not a zone"),
    cni("a zone as region", switch(region=FOUR), "region: 'ap-guangzhou-4' is not a region; write it without a zone's number, for example 'ap-guangzhou'"),
    cluster("a region as zone", hybrid(eni_subnets=[eni_subnet(zone="ap-guangzhou")]), "eni_subnets[0].zone: 'ap-guangzhou' is not a zone"),
    cluster("a late zone without subnet", one_pool(zone=later("ap-guangzhou-7")), "node_pools[0].zone: ap-guangzhou-7 has no pod subnet"),
    cluster("a late zone of another region", hybrid(eni_subnets=[eni_subnet(), second_subnet(zone=later("ap-shanghai-2"))], node_pools=[pool()]),
            "eni_subnets[1].zone: ap-shanghai-2 is not in region ap-guangzhou"),
    cluster("no ENI subnet", hybrid(eni_subnets=[], node_pools=None), "eni_subnets: is empty; without an ENI subnet no pod can have a VPC address"),
    cluster("the label of a zone as an error", hybrid(
        node_pools=[pool(labels={"topology.kubernetes.io/zone": "ap-guangzhou-4"})], rules={"zone-label-name": "error"}),
            "node_pools[0].labels: ap-guangzhou-4 is given for topology.kubernetes.io/zone; TKE writes the zone's number there"),
    subnet("a zone with capitals", zone_subnet(zone="AP-GUANGZHOU-4"), "zone: 'AP-GUANGZHOU-4' is not a zone"),
    config("a zone without number", ipamd(eni_subnets=[{"subnet_id": PODS_4, "zone": "guangzhou"}]), "eni_subnets[0].zone: 'guangzhou' is not a zone"),
]  # fmt: skip

RANGES = [
    cluster("host bits", hybrid(cluster_cidr="192.168.1.0/20"),
            "cluster_cidr: 192.168.1.0/20 has host bits set; the range it lies in is 192.168.0.0/20"),
    cluster("no prefix", hybrid(cluster_cidr="192.168.0.0"), "cluster_cidr: '192.168.0.0' has no prefix length; write it as '192.168.0.0/22'"),
    cluster("no range", hybrid(vpc_cidr="all"), "vpc_cidr: 'all' is not an IPv4 range; write it as '10.0.64.0/22'"),
    cluster("IPv6", hybrid(service_cidr="fd00::/108"), "service_cidr: 'fd00::/108' is not an IPv4 range"),
    cluster("a public overlay", hybrid(cluster_cidr="12.0.0.0/16"),
            "cluster_cidr: 12.0.0.0/16 is not private; TKE takes overlay ranges out of 9.0.0.0/8, 10.0.0.0/8, 11.0.0.0/8, 172.16.0.0/12 "
            "or 192.168.0.0/16"),
    cluster("overlay over VPC", hybrid(cluster_cidr="10.0.0.0/20"),
            "cluster_cidr: 10.0.0.0/20 overlaps 10.0.0.0/16 (vpc_cidr); both would use the same addresses; choose a free range [range-overlap]"),
    cluster("overlay over another cluster", hybrid(other_cidrs={"blue": "192.168.0.0/18"}),
            "cluster_cidr: 192.168.0.0/20 overlaps 192.168.0.0/18 (other_cidrs['blue'])"),
    cluster("pods over an office", hybrid(other_cidrs={"office": "10.0.64.0/24"}),
            "vpc_cidr: 10.0.0.0/16 overlaps 10.0.64.0/24 (other_cidrs['office'])",
            "eni_subnets[0].cidr_block: 10.0.64.0/22 overlaps 10.0.64.0/24 (other_cidrs['office'])"),
    cluster("a wrong other range", hybrid(other_cidrs={"office": "10.0.64.1/24"}),
            "other_cidrs['office']: 10.0.64.1/24 has host bits set; the range it lies in is 10.0.64.0/24"),
    cluster("a wrong other range that comes late", hybrid(other_cidrs={"office": later("10.1.2.3/16")}),
            "other_cidrs['office']: 10.1.2.3/16 has host bits set; the range it lies in is 10.1.0.0/16"),
    cluster("an overlay over another cluster that comes late", hybrid(other_cidrs={"blue": later("192.168.0.0/18")}),
            "cluster_cidr: 192.168.0.0/20 overlaps 192.168.0.0/18 (other_cidrs['blue'])"),
    cluster("a wrong secondary range", hybrid(vpc_cidr=["10.0.0.0/16", "10.1.0.0"]),
            "vpc_cidr: '10.1.0.0' has no prefix length; write it as '10.1.0.0/22'"),
    cluster("an overlay over a secondary range", hybrid(vpc_cidr=["10.0.0.0/16", "192.168.0.0/24"]),
            "cluster_cidr: 192.168.0.0/20 overlaps 192.168.0.0/24 (vpc_cidr)"),
    subnet("outside of each range", zone_subnet(vpc_cidr=["10.1.0.0/16", "10.2.0.0/16"]),
           "cidr_block: 10.0.64.0/22 lies in none of the VPC's ranges 10.1.0.0/16, 10.2.0.0/16; a subnet is a part of its VPC"),
    cluster("a mask", hybrid(vpc_cidr="10.0.0.0/255.255.0.0"),
            "vpc_cidr: 10.0.0.0/255.255.0.0 is not in CIDR notation; the cloud gets it as it is written; write it as '10.0.0.0/16'"),
    cluster("a late host mask", hybrid(cluster_cidr=later("192.168.0.0/0.0.15.255")),
            "cluster_cidr: 192.168.0.0/0.0.15.255 is not in CIDR notation"),
    cluster("Services over the VPC", hybrid(service_cidr="10.0.0.0/22"), "service_cidr: 10.0.0.0/22 overlaps 10.0.0.0/16 (vpc_cidr)"),
    cluster("Services over the overlay", hybrid(service_cidr="192.168.8.0/22"),
            "service_cidr: 192.168.8.0/22 overlaps 192.168.0.0/20 (cluster_cidr)"),
    cluster("two subnets that overlap", hybrid(eni_subnets=[eni_subnet(), second_subnet(cidr_block="10.0.66.0/24")]),
            "eni_subnets[1].cidr_block: 10.0.66.0/24 overlaps 10.0.64.0/22 (eni_subnets[0].cidr_block)"),
    cluster("a subnet outside the VPC", hybrid(eni_subnets=[eni_subnet(cidr_block="10.1.0.0/22"), second_subnet()]),
            "eni_subnets[0].cidr_block: 10.1.0.0/22 does not lie in the VPC's range 10.0.0.0/16; a subnet is a part of its VPC; choose a free "
            "range inside, or list the VPC's secondary ranges in vpc_cidr too [range-outside-vpc]"),
    cluster("nodes outside the VPC", one_pool(subnet_cidr="10.2.0.0/24"),
            "node_pools[0].subnet_cidr: 10.2.0.0/24 does not lie in the VPC's range 10.0.0.0/16"),
    cluster("nodes over pods", one_pool(subnet_cidr="10.0.64.0/24"),
            "node_pools[0].subnet_cidr: 10.0.64.0/24 overlaps 10.0.64.0/22 (eni_subnets[0].cidr_block)"),
    cluster("a late range that overlaps", hybrid(eni_subnets=[eni_subnet(), second_subnet(cidr_block=later("10.0.64.0/24"))]),
            "eni_subnets[1].cidr_block: 10.0.64.0/24 overlaps 10.0.64.0/22 (eni_subnets[0].cidr_block)"),
    cluster("a late overlay over the VPC", hybrid(cluster_cidr=later("10.0.0.0/20")), "cluster_cidr: 10.0.0.0/20 overlaps 10.0.0.0/16 (vpc_cidr)"),
    cluster("too small", hybrid(cluster_cidr="192.168.0.0/22"),
            "cluster_cidr: 192.168.0.0/22 has 1024 addresses, too few for 1024 services and one node with 64 pods; the size of a "
            "node's range stays as it is"),
    cluster("an overlay for fewer nodes", one_pool(size=60),
            "cluster_cidr: 192.168.0.0/20 has overlay ranges for 48 nodes of 64 addresses, the pools have 60; a node without a range cannot "
            "join; the size of a node's range stays as it is, and a further range (AddClusterCIDR) is for accounts on TKE's allow-list"),
    cluster("an overlay for fewer nodes than may be", hybrid(
        node_pools=[pool(autoscale={"min_size": 1, "max_size": 49})], rules={"overlay-headroom": "error"}),
            "cluster_cidr: 192.168.0.0/20 has overlay ranges for 48 nodes of 64 addresses, the pools have up to 49"),
    cluster("63 pods", hybrid(cluster_max_pod_num=63), "cluster_max_pod_num: 63 is not a power of two; TKE rounds it up; use 64"),
    cluster("2 pods", hybrid(cluster_max_pod_num=2), "cluster_max_pod_num: 2 is outside 16 to 256, the range TKE accepts; 64 suits"),
    cluster("8 pods", hybrid(cluster_max_pod_num=8, rules={"few-pods-per-node": "error"}), "cluster_max_pod_num: 8 is below 16; the API accepts"),
    cluster("512 pods", hybrid(cluster_max_pod_num=512), "cluster_max_pod_num: 512 is outside 16 to 256, the range TKE accepts"),
    cluster("1000 services", hybrid(cluster_max_service_num=1000), "cluster_max_service_num: 1000 is not a power of two; TKE rounds it up; use 1024"),
    cluster("16 services", hybrid(cluster_max_service_num=16),
            "cluster_max_service_num: 16 is outside 32 to 32768, the range TKE accepts; 1024 suits most clusters"),
    cluster("65536 services", hybrid(cluster_max_service_num=65536), "cluster_max_service_num: 65536 is outside 32 to 32768"),
    cluster("a late size", hybrid(cluster_max_pod_num=later(48)), "cluster_max_pod_num: 48 is not a power of two"),
    subnet("outside the VPC", zone_subnet(cidr_block="10.1.0.0/22"), "cidr_block: 10.1.0.0/22 does not lie in the VPC's range 10.0.0.0/16"),
    subnet("late and outside the VPC", zone_subnet(cidr_block=later("10.1.0.0/22")),
           "cidr_block: 10.1.0.0/22 does not lie in the VPC's range 10.0.0.0/16"),
    subnet("a wrong VPC range", zone_subnet(vpc_cidr="10.0.0.0/8/8"), "vpc_cidr: '10.0.0.0/8/8' is not an IPv4 range"),
]  # fmt: skip

SIZES = [
    cluster("more nodes than addresses", hybrid(eni_subnets=[eni_subnet(cidr_block="10.0.64.0/28"), second_subnet()], node_pools=[pool(size=7)]),
            "eni_subnets[0].cidr_block: 10.0.64.0/28 has 13 addresses, enough for 6 of the 7 nodes in ap-guangzhou-4; each node needs one for "
            "its ENI and one for a pod at least; use a larger range, or add another ENI subnet in the zone [eni-addresses]"),
    cluster("a late size that is too much", hybrid(
        eni_subnets=[eni_subnet(cidr_block="10.0.64.0/28"), second_subnet()], node_pools=[pool(size=later(7))]),
            "eni_subnets[0].cidr_block: 10.0.64.0/28 has 13 addresses, enough for 6 of the 7 nodes"),
    cluster("no room for full ENIs", hybrid(
        eni_subnets=[eni_subnet(cidr_block="10.0.64.0/28"), second_subnet()], node_pools=[pool(size=2)], rules={"eni-headroom": "error"}),
            "eni_subnets[0].cidr_block: 10.0.64.0/28 has 13 addresses, 2 nodes in ap-guangzhou-4 with one full ENI each take 20 (1 nodes fit); "
            "further nodes join and get no ENI, and ENI pods do not run there"),
    cluster("an autoscaler without room", hybrid(
        eni_subnets=[eni_subnet(cidr_block="10.0.64.0/26"), second_subnet()],
        node_pools=[pool(autoscale={"min_size": 1, "max_size": 7})], rules={"eni-headroom": "error"}),
            "eni_subnets[0].cidr_block: 10.0.64.0/26 has 61 addresses, 7 nodes in ap-guangzhou-4 with one full ENI each take 70 (6 nodes fit)"),
    cluster("too many ENIs for a VPC", hybrid(
        cluster_cidr="172.16.0.0/13", eni_subnets=[eni_subnet(cidr_block="10.0.128.0/17")], rules={"vpc-eni-quota": "error"},
        node_pools=[pool(instance_type="S5.4XLARGE64", size=100), pool(name="b", instance_type="S5.4XLARGE64", size=50)]),
            "node_pools: have machines for 1050 ENIs; a VPC has 1000 unless the account's quota was raised (event ENILimit)"),
    cluster("more nodes than their subnet", one_pool(size=14, subnet_cidr="10.0.0.0/28"),
            "node_pools[0].subnet_cidr: 10.0.0.0/28 has 13 addresses for 14 nodes; each node needs one; use a larger subnet"),
    cluster("an autoscaler beyond the nodes' subnet", hybrid(
        node_pools=[pool(autoscale={"min_size": 1, "max_size": 14}, subnet_cidr="10.0.0.0/28")], rules={"node-headroom": "error"}),
            "node_pools[0].subnet_cidr: 10.0.0.0/28 has 13 addresses for up to 14 nodes"),
    cluster("a type that nobody knows", hybrid(node_pools=[pool(instance_type="BIG")], rules={"instance-type-unknown": "error"}),
            "node_pools[0].instance_type: 'BIG' is not in the table of ENI limits; not checked: eni-headroom, vpc-eni-quota; check its "
            "name; with credentials the preview asks DescribeVpcCniPodLimits too, and checks if that knows it"),
    app("more pods than addresses", workload(replicas=14, cluster_facts=facts()), "replicas: 14 pods need"),
    app("late pods, more than addresses", workload(replicas=later(14), cluster_facts=later(facts())), "replicas: 14 pods need"),
    app("more surge than addresses", workload(replicas=8, rollout={"max_surge": 4}, cluster_facts=facts()),
        "rollout.max_surge: 4 lets a rollout with replicas=8 take 12 ENI addresses, and the container subnets have 11; the others stay Pending "
        "until old pods have gone, and where none can go the rollout stands still; use at most 3, leave it out for as many as fit, or add a "
        "container subnet [addresses]"),
    app("late surge, more than addresses", workload(replicas=8, rollout={"max_surge": later(4)}, cluster_facts=later(facts())),
        "rollout.max_surge: 4 lets a rollout"),
    app("surge without an address", workload(replicas=11, rollout={"max_surge": 1}, cluster_facts=facts()),
        "rollout.max_surge: 1 lets a rollout with replicas=11 take 12 ENI addresses, and the container subnets have 11"),
    app("no address for an upgrade", workload(replicas=11, cluster_facts=facts(), rules={"no-address-to-roll": "error"}), "replicas: 11 pods take all 11"),
    app("more pods than backends", workload(replicas=120, rules={"backend-quota": "error"}), "replicas: 120 and"),
    app("kept addresses without static IPs", workload(kind="statefulset", fixed_ip=True, cluster_facts=facts(
        staticIp=False, zones={FOUR: [{"subnetId": PODS_4, "cidrBlock": "10.0.64.0/24"}]})),
        "fixed_ip: needs a cluster with static IPs"),
    app("a load balancer among pods", workload(exposure={"kind": "internal", "subnet_id": PODS_4}, cluster_facts=facts()),
        "exposure.subnet_id: subnet-aaaaaaaa is a container subnet"),
    app("kept addresses in two zones", workload(kind="statefulset", fixed_ip=True, rules={"zone-pinning": "error"}, cluster_facts=facts(
        zones={FOUR: [{"subnetId": PODS_4, "cidrBlock": "10.0.64.0/24"}], SIX: [{"subnetId": PODS_6, "cidrBlock": "10.0.65.0/24"}]})),
        "fixed_ip: keeps each pod in the zone of its first start"),
]  # fmt: skip

SUBNETS = [
    cluster("a subnet twice", hybrid(eni_subnets=[eni_subnet(), second_subnet(subnet_id=PODS_4)]),
            "eni_subnets[1].subnet_id: subnet-aaaaaaaa is listed twice, first at eni_subnets[0]; list it once"),
    cluster("a late subnet twice", hybrid(eni_subnets=[eni_subnet(), second_subnet(subnet_id=later(PODS_4))]),
            "eni_subnets[1].subnet_id: subnet-aaaaaaaa is listed twice"),
    cluster("nodes in an ENI subnet", one_pool(subnet_id=PODS_4),
            "node_pools[0].subnet_id: subnet-aaaaaaaa is the ENI subnet eni_subnets[0]; nodes and pods would take each other's addresses; give "
            "the nodes a subnet of their own [node-subnet-as-eni-subnet]"),
    cluster("late nodes in an ENI subnet", one_pool(subnet_id=later(PODS_4)), "node_pools[0].subnet_id: subnet-aaaaaaaa is the ENI subnet"),
    cluster("the endpoint in an ENI subnet", hybrid(endpoint={"subnet_id": PODS_6}, rules={"endpoint-in-eni-subnet": "error"}),
            "endpoint.subnet_id: subnet-bbbbbbbb is the ENI subnet eni_subnets[1]"),
    cluster("a subnet without nodes", hybrid(node_pools=[pool()], rules={"eni-subnet-without-nodes": "error"}),
            "eni_subnets[1].zone: ap-guangzhou-6 has no node pool"),
    subnet("adopted with a route table", zone_subnet(subnet_id=PODS_4, route_table_id="rtb-12345678"),
           "route_table_id: belongs to a subnet that is created; with subnet_id an existing one is adopted as it is; leave it out"),
    subnet("adopted with a name and tags", zone_subnet(subnet_id=PODS_4, name="x", tags={"a": "b"}),
           "tags: belongs to a subnet that is created", "name: belongs to a subnet that is created"),
    subnet("a long name", zone_subnet(name="n" * 61), f"name: '{'n' * 61}' has 61 characters; the name of a VPC resource has 1 to 60"),
    Wrong("subnet, a component with a long name", lambda: tke.EniZoneSubnet("n" * 61, zone_subnet()), ("name: 'n",)),
    cni("no subnets", switch(subnets=["subnet-aaaaaaaa", "subnet-aaaaaaaa"]), "subnets: subnet-aaaaaaaa is listed twice; list it once"),
    cni("no subnet at all", switch(subnets=[""]), "subnets[0]: '' is not a subnet id"),
    cni("a wrong subnet", switch(subnets=["subnet-a"]), "subnets[0]: 'subnet-a' is not a subnet id; it looks like 'subnet-' and eight letters or digits"),
    config("no subnets", ipamd(eni_subnets=[]), "eni_subnets: is empty; ipamd without subnets gives no pod an address; list every container subnet"),
    config("a subnet twice", ipamd(eni_subnets=[{"subnet_id": PODS_4, "zone": FOUR}, {"subnet_id": PODS_4, "zone": SIX}]),
           "eni_subnets[1].subnet_id: subnet-aaaaaaaa is listed twice, first at eni_subnets[0]; list it once"),
]  # fmt: skip

IDS = [
    cluster("a VPC's name", hybrid(vpc_id="main"), "vpc_id: 'main' is not a VPC id; it looks like 'vpc-' and eight letters or digits"),
    cluster("a subnet as VPC", hybrid(vpc_id=PODS_4), "vpc_id: 'subnet-aaaaaaaa' is not a VPC id"),
    cluster("a late id", hybrid(vpc_id=later("main")), "vpc_id: 'main' is not a VPC id"),
    cluster("a cluster's name", adopted(existing_cluster_id="prod"), "existing_cluster_id: 'prod' is not a cluster id"),
    cluster("a pool's subnet", one_pool(subnet_id="subnet-1"), "node_pools[0].subnet_id: 'subnet-1' is not a subnet id"),
    cluster("an ENI subnet's id", hybrid(eni_subnets=[eni_subnet(subnet_id="subnet-a:b")]), "eni_subnets[0].subnet_id: 'subnet-a:b' is not a subnet id"),
    cluster("the endpoint's subnet", hybrid(endpoint={"subnet_id": "x"}), "endpoint.subnet_id: 'x' is not a subnet id"),
    cluster("the endpoint's group", hybrid(endpoint={"access": "internet", "security_group_id": "open"}),
            "endpoint.security_group_id: 'open' is not a security group id"),
    subnet("a route table", zone_subnet(route_table_id="default"), "route_table_id: 'default' is not a route table id"),
    subnet("an adopted id", zone_subnet(subnet_id="pods"), "subnet_id: 'pods' is not a subnet id"),
    cni("a cluster's name", switch(cluster_id="cls-1"), "cluster_id: 'cls-1' is not a cluster id"),
    config("a VPC's name", ipamd(vpc_id="vpc"), "vpc_id: 'vpc' is not a VPC id"),
    app("a load balancer's name", workload(exposure={"kind": "existing", "load_balancer_id": "front"}),
        "exposure.load_balancer_id: 'front' is not a load balancer id"),
    app("an exposure's subnet", workload(exposure={"kind": "internal", "subnet_id": "front"}), "exposure.subnet_id: 'front' is not a subnet id"),
    app("a nominated subnet", workload(nominated_subnets=["a"]), "nominated_subnets[0]: 'a' is not a subnet id"),
]  # fmt: skip

POOLS = [
    cluster("a pool twice", hybrid(node_pools=[pool(), pool(zone=SIX)]), "node_pools[1].name: 'four' is the name of an earlier pool; each pool needs its own"),
    cluster("a long name", one_pool(name="n" * 26), f"node_pools[0].name: '{'n' * 26}' has 26 characters; a node pool's name has 1 to 25"),
    cluster("no name", one_pool(name=""), "node_pools[0].name: '' has 0 characters"),
    cluster("no log-in", one_pool(key_ids=None), "node_pools[0].key_ids: exactly one of key_ids and password is needed"),
    cluster("two log-ins", one_pool(password="secret-1"), "node_pools[0].key_ids: exactly one of key_ids and password is needed"),
    cluster("no key", one_pool(key_ids=[]), "node_pools[0].key_ids: is empty; no login would be possible; give a key"),
    cluster("a key's name", one_pool(key_ids=["skey-12345678", "my key"]), "node_pools[0].key_ids[1]: 'my key' is not the id of an SSH key"),
    cluster("a late key's name", one_pool(key_ids=[later("my key")]), "key_ids[0]: 'my key' is not the id of an SSH key"),
    cluster("an empty password", one_pool(key_ids=None, password=" "), "node_pools[0].password: is empty; give a text"),
    cluster("a group's name", one_pool(security_group_ids=["open"]), "node_pools[0].security_group_ids[0]: 'open' is not a security group id"),
    cluster("no machine type", one_pool(instance_type=""), "node_pools[0].instance_type: is empty; give a text"),
    cluster("a negative size", one_pool(size=-1), "node_pools[0].size: -1 is too few; a pool's size is 0 or more"),
    cluster("101 fixed nodes", hybrid(cluster_cidr="172.16.0.0/13", node_pools=[pool(size=101)]),
            "node_pools[0].size: 101 is more than the 100 nodes of a fixed pool; use autoscale, or several pools"),
    cluster("bounds the wrong way round", one_pool(size=3, autoscale={"min_size": 5, "max_size": 2}),
            "node_pools[0].autoscale.min_size: 5 is greater than max_size 2; no size satisfies both; swap them",
            "node_pools[0].size: 3 is outside the autoscaler's bounds 5 to 2"),
    cluster("a size out of bounds", one_pool(size=9, autoscale={"min_size": 1, "max_size": 3}),
            "node_pools[0].size: 9 is outside the autoscaler's bounds 1 to 3; choose a size inside them, or other bounds"),
    cluster("a late size out of bounds", one_pool(size=later(9), autoscale={"min_size": 1, "max_size": 3}),
            "node_pools[0].size: 9 is outside the autoscaler's bounds 1 to 3"),
    cluster("a bound of none", one_pool(autoscale={"min_size": 0, "max_size": 0}),
            "node_pools[0].autoscale.max_size: 0 is too few; the greatest number of nodes is 1 or more"),
    cluster("a negative bound", one_pool(autoscale={"min_size": -1, "max_size": 2}),
            "node_pools[0].autoscale.min_size: -1 is too few; the least number of nodes is 0 or more"),
    cluster("an endpoint without pools", hybrid(node_pools=None, endpoint={}),
            "endpoint: needs a node pool; TKE opens an endpoint only once a node runs; add a pool"),
    cluster("an endpoint without nodes", one_pool(size=0),
            "node_pools: have no node at all; TKE opens an endpoint, and runs ipamd, only once a node runs; give one pool a size of 1 or more, "
            "or open the endpoint later [endpoint-without-node]"),
    cluster("an endpoint that may lose its nodes", hybrid(
        node_pools=[pool(autoscale={"min_size": 0, "max_size": 3})], rules={"endpoint-may-lose-nodes": "error"}),
            "node_pools: may all become empty; without a node ipamd does not run, and a new endpoint cannot be opened; give one pool a min_size "
            "of 1"),
    cluster("an internet endpoint without group", hybrid(endpoint={"access": "internet"}),
            "endpoint.security_group_id: is required for an internet endpoint; it decides who may reach the API server; give one"),
    cluster("an internet endpoint with a subnet", hybrid(endpoint={"access": "internet", "security_group_id": "sg-12345678", "subnet_id": NODES_4}),
            "endpoint.subnet_id: belongs to an intranet endpoint"),
    cluster("an intranet endpoint with a group", hybrid(endpoint={"security_group_id": "sg-12345678"}),
            "endpoint.security_group_id: belongs to an internet endpoint"),
    cluster("an endpoint to the world", hybrid(endpoint={"access": "world"}), "endpoint.access: must be 'intranet' or 'internet'"),
    cluster("no pool in the first zone", hybrid(zone_registration="configmap", node_pools=[pool(zone=SIX)]),
            "node_pools: no pool is in ap-guangzhou-4; ipamd must run before its ConfigMap can be edited; add one there"),
]  # fmt: skip

SETTINGS = [
    cluster("a short reclaim time", hybrid(ip_reclaim=tke.after(60)), "ip_reclaim: 60 s is outside 300 to 15768000 s, the range TKE accepts; use after(300)"),
    cluster("half a year and more", hybrid(ip_reclaim=tke.after(15768001)), "ip_reclaim: 15768001 s is outside 300 to 15768000 s"),
    cluster("a reclaim time in words", hybrid(ip_reclaim="soon"),
            "ip_reclaim: 'soon' is not a reclaim setting; use after(seconds), for example after(300), or never()"),
    cluster("a late reclaim time", hybrid(ip_reclaim=later("5m")), "ip_reclaim: '5m' is not a reclaim setting"),
    cluster("reclaim without static IPs", hybrid(static_ip=False),
            "ip_reclaim: 300s has no effect without static IPs; no pod keeps an address then; say never(), or static_ip=True"),
    cluster("late and without static IPs", hybrid(static_ip=later(False)), "ip_reclaim: 300s has no effect without static IPs"),
    cluster("never as an error", hybrid(ip_reclaim=tke.never(), rules={"reclaim-never": "error"}),
            "ip_reclaim: never keeps the address of every StatefulSet pod that is gone for ever; the subnet fills up"),
    cluster("a long time as an error", hybrid(ip_reclaim=tke.after(90000), rules={"reclaim-long": "error"}), "ip_reclaim: 90000s holds the addresses"),
    cni("reclaim without static IPs", switch(static_ip=False), "ip_reclaim: 300s has no effect without static IPs"),
    cni("late and without static IPs", switch(static_ip=later(False)), "ip_reclaim: 300s has no effect without static IPs"),
    cni("never as an error", switch(ip_reclaim=tke.never(), rules={"reclaim-never": "error"}), "ip_reclaim: never keeps the address"),
    config("a late subnet twice", ipamd(eni_subnets=[{"subnet_id": PODS_4, "zone": FOUR}, {"subnet_id": later(PODS_4), "zone": SIX}]),
           "eni_subnets[1].subnet_id: subnet-aaaaaaaa is listed twice, first at eni_subnets[0]; list it once"),
    cni("a deadline of a second", switch(deadline_seconds=1), "deadline_seconds: 1 s is not a sensible deadline; use 30 to 7200 s"),
    cluster("no deadline at all", hybrid(deadline_seconds=0), "deadline_seconds: 0 s is not a sensible deadline; use 30 to 7200 s"),
    cluster("a deadline of half a minute", hybrid(deadline_seconds=29), "deadline_seconds: 29 s is not a sensible deadline; use 30 to 7200 s"),
    cluster("no sizes", hybrid(cluster_cidr=None, cluster_max_pod_num=None),
            "cluster_cidr: is required for a new cluster; it is fixed for ever, so there is no default; choose one",
            "cluster_max_pod_num: is required for a new cluster"),
    cluster("an empty kubeconfig", adopted(kubeconfig=""),
            "kubeconfig: is empty; workloads would go to the cluster of this machine's own kubeconfig; give the cluster's own, or leave it out"),
    cluster("a late kubeconfig that is empty", adopted(kubeconfig=later("\n")), "kubeconfig: is empty"),
    cluster("adopted and protected", adopted(deletion_protection=True), "deletion_protection: describes a new cluster"),
    subnet("adopted and protected", zone_subnet(subnet_id=PODS_4, deletion_protection=True), "deletion_protection: belongs to a subnet that is created"),
    cluster("a kubeconfig for a new one", hybrid(kubeconfig="{}"), "kubeconfig: belongs to an adopted cluster; a new one's comes from its endpoint"),
    cluster("adopted with sizes", adopted(cluster_cidr="192.168.0.0/20", cluster_max_pod_num=64),
            "cluster_cidr: describes a new cluster; with existing_cluster_id nothing of the cluster itself is changed; leave it out",
            "cluster_max_pod_num: describes a new cluster"),
    cluster("adopted with a name and a version", adopted(cluster_name="x", cluster_version="1.30.0", tags={"a": "b"}),
            "cluster_name: describes a new cluster", "cluster_version: describes a new cluster", "tags: describes a new cluster"),
    cluster("adopted without mode", adopted(static_ip=None),
            "static_ip: must be stated for an adopted cluster; the API does not always return it, and it is fixed for ever; set static_ip=True or False"),
    cluster("adopted by ConfigMap", adopted(zone_registration="configmap"), "zone_registration: 'configmap' is for new clusters; use IpamdConfig"),
    cluster("adopted with two ways in", adopted(kubeconfig="{}", endpoint={}), "endpoint: would open a second one; give kubeconfig or endpoint, not both"),
    cluster("a rule that is none", hybrid(rules={"eni-adresses": "warning"}), "rules: 'eni-adresses' is no rule; did you mean 'eni-addresses'?"),
    cluster("a rule with a fixed severity", hybrid(rules={"power-of-two": "note"}),
            "rules: power-of-two cannot be lowered; nothing can be made of an input that breaks it; leave it out and correct the input"),
    cluster("a severity that is none", hybrid(rules={"eni-addresses": "off"}), "rules['eni-addresses']: must be 'error', 'warning' or 'note'"),
    cluster("several at once", hybrid(vpc_cidr="10.0.0.0/18", ip_reclaim=tke.never(), node_pools=[pool(size=0, subnet_id=PODS_4, key_ids=None)]),
            "node_pools[0].key_ids: exactly one",
            "eni_subnets[0].cidr_block: 10.0.64.0/22 does not lie in the VPC's range 10.0.0.0/18",
            "eni_subnets[1].cidr_block: 10.0.68.0/22 does not lie in the VPC's range 10.0.0.0/18",
            "node_pools[0].subnet_id: subnet-aaaaaaaa is the ENI subnet", "node_pools: have no node at all"),
    cluster("misspelt", hybrid(cluster_cdir="x"), "cluster_cdir: is not a property; did you mean 'cluster_cidr'?"),
    cluster("misspelt in a pool", one_pool(sizes=3), "node_pools[0].sizes: is not a property"),
    subnet("misspelt", zone_subnet(cidr="x"), "cidr: is not a property; did you mean 'cidr_block'?"),
    app("misspelt", workload(replica=3), "replica: is not a property; did you mean 'replicas'?"),
]  # fmt: skip

WRONG_TYPES = [
    cluster("an output of a subnet", hybrid(eni_subnets=[later(PODS_4)]), f"eni_subnets[0]: {NO_SUBNET}; pass the EniZoneSubnet itself"),
    cluster("the id of a subnet", hybrid(eni_subnets=[PODS_4]), f"eni_subnets[0]: {NO_SUBNET}; got '{PODS_4}'; pass the EniZoneSubnet itself"),
    cluster("subnets in an Output", hybrid(eni_subnets=later([PODS_4])),
            "eni_subnets: must be a list (not an Output); what the program makes depends on how much it holds; write [...] around its items"),
    cluster("one pool", hybrid(node_pools=tke.NodePoolArgs(**pool())), "node_pools: must be a list; write [...] around it"),
    cluster("values of a dictionary", hybrid(node_pools={"a": pool()}.values()), "node_pools: must be a list; write list(...) around it"),
    cluster("a pool in an Output", hybrid(node_pools=[later(pool())]),
            f"node_pools[0]: must be a dictionary or an instance of NodePoolArgs (not an Output); {SHAPE}; write its properties out"),
    cluster("a late id of an adopted one", adopted(existing_cluster_id=later("prod")), "existing_cluster_id: 'prod' is not a cluster id"),
    cluster("a resource", hybrid(vpc_id=_Vpc()), "vpc_id: must be a string, not a resource; pass vpc.id"),
    cluster("a resource with an output of that name", one_pool(zone=_Vpc()), "node_pools[0].zone: must be a string, not a resource; pass its .zone"),
    cluster("one key", one_pool(key_ids="skey-12345678"), "node_pools[0].key_ids: must be a list: ['skey-12345678']"),
    cluster("half a name", one_pool(autoscale={"min": 1, "max_size": 2}),
            "node_pools[0].autoscale.min_size: is required", "node_pools[0].autoscale.min: is not a property; did you mean 'min_size'?"),
]  # fmt: skip


def _transformed_release() -> None:
    args = pulumi.ResourceTransformArgs(
        True, "kubernetes:helm.sh/v3:Release", "traefik", {}, pulumi.ResourceOptions()
    )
    tke.gateway_transform(tke.public(), workloads=None)(args)


WORKLOADS = [
    app("no image", workload(image=None), "image: exactly one of image, containers and pod_spec is needed"),
    app("an empty image", workload(image=" "), "image: is empty; give the image"),
    app("an image with a space", workload(image="nginx 1.29"), "image: 'nginx 1.29' holds white space; no image does, for example 'nginx:1.29'"),
    app("an image and containers", workload(containers=[_container()]), "containers: exactly one of image, containers and pod_spec is needed"),
    app("no containers", workload(image=None, containers=[]), "containers: is empty; a pod has at least one container"),
    app("a port twice", workload(ports=[{"port": 80}, {"port": 80}]), "ports[1].port: 80/TCP is listed twice"),
    app("a port out of range", workload(ports=[{"port": 70000}]), "ports[0].port: 70000 is not a port; use 1 to 65535"),
    app("two ports of one name", workload(ports=[{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]),
        "ports[1].name: 'a' is the name of ports[0]; a Service has each name once; give another one"),
    app("a port of another's own name", workload(ports=[{"port": 80, "name": "port-1"}, {"port": 81}]),
        "ports[0].name: 'port-1' is the name of ports[1]"),
    app("no ports", workload(ports=[]), "ports: is empty; leave it out for port 80"),
    app("negative replicas", workload(replicas=-1), "replicas: -1 is negative; use 0 or more"),
    app("a fixed address of a Deployment", workload(fixed_ip=True), "fixed_ip: needs kind='statefulset'"),
    app("a fixed address on the overlay", workload(kind="statefulset", network="global_route", fixed_ip=True), "fixed_ip: needs network='eni'"),
    app("a subnet for a public one", workload(exposure={"kind": "public", "subnet_id": CLB}),
        "exposure.subnet_id: belongs to a load balancer of kind 'internal'"),
    app("no subnet for an internal one", workload(exposure={"kind": "internal"}), "exposure.subnet_id: is required for kind 'internal'"),
    app("no id for an existing one", workload(exposure={"kind": "existing"}), "exposure.load_balancer_id: is required for kind 'existing'"),
    app("a wide band", workload(exposure={"kind": "public", "bandwidth": 4096}), "exposure.bandwidth: 4096 Mbit/s is outside 1 to 2048"),
    app("a shared load balancer", workload(
        exposure={"kind": "existing", "load_balancer_id": "lb-12345678"},
        ingress={"exposure": {"kind": "existing", "load_balancer_id": "lb-12345678"}}), "ingress.exposure.load_balancer_id: lb-12345678 is the Service's"),
    app("an Ingress for nobody", workload(ingress={"exposure": {"kind": "none"}}), "ingress.exposure.kind: 'none' makes no Ingress"),
    app("a host without dot", workload(ingress={"exposure": {"kind": "public"}, "hosts": ["shop"]}),
        "ingress.hosts[0]: 'shop' is not a host TKE accepts (E4052); it needs a dot"),
    app("a late host without dot, and another", workload(ingress={"exposure": {"kind": "public"}, "hosts": ["a.b", later("Shop")]}),
        "hosts[1]: 'Shop' is not a host TKE accepts (E4052)"),
    app("an address as host, and what is no name", workload(ingress={"exposure": {"kind": "public"}, "hosts": ["10.0.0.1", "a..b.com"]}),
        "ingress.hosts[0]: '10.0.0.1' is an address; an Ingress goes by names; leave hosts out for requests to the address itself",
        "ingress.hosts[1]: 'a..b.com' is not a DNS name"),
    app("no hosts", workload(ingress={"exposure": {"kind": "public"}, "hosts": []}), "ingress.hosts: is empty; leave it out for every host"),
    app("several security groups that are none", workload(exposure={"kind": "public", "security_groups": ["sg-BAD", "sg-12345678", "x"]}),
        "exposure.security_groups[0]: 'sg-BAD' is not a security group id", "exposure.security_groups[2]: 'x' is not a security group id"),
    app("a late security group that is none", workload(exposure={"kind": "public", "security_groups": ["sg-12345678", later("sg-BAD")]}),
        "security_groups[1]: 'sg-BAD' is not a security group id"),
    app("a late nominated subnet that is none", workload(nominated_subnets=[later("zz")]), "nominated_subnets[0]: 'zz' is not a subnet id"),
    app("a path without slash", workload(ingress={"exposure": {"kind": "public"}, "path": "shop"}), "ingress.path: 'shop' does not start with '/'"),
    app("a port of nobody", workload(ingress={"exposure": {"kind": "public"}, "port": 81}), "ingress.port: 81 is none of the workload's ports (80)"),
    app("an Ingress to the first port, which is UDP", workload(
        ports=[{"port": 53, "protocol": "UDP"}, {"port": 80}], ingress={"exposure": {"kind": "public"}}),
        "ingress.port: 53 is UDP; an Ingress passes HTTP on, over TCP; name a TCP port of the workload"),
    app("a path to a UDP port", workload(
        ports=[{"port": 80}, {"port": 53, "protocol": "UDP"}], ingress={"exposure": {"kind": "public"}, "paths": [{"path": "/", "port": 53}]}),
        "ingress.paths[0].port: 53 is UDP"),
    app("an annotation of ours", workload(pod_annotations={"tke.cloud.tencent.com/networks": "tke-direct-eni"}),
        "pod_annotations: tke.cloud.tencent.com/networks is written by the component"),
    app("a label of ours", workload(labels={"app.kubernetes.io/name": "x"}), "labels: app.kubernetes.io/name selects the pods"),
    app("a label's key of none", workload(labels={"a b": "c", "d": ""}),
        "labels['a b']: is no key of a label; use at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit; "
        "before it may be a domain name and '/'"),
    app("labels' values of none", workload(labels={"a": "y" * 64}, selector={"app": "-"}, node_selector={"b": "x y"}),
        "node_selector['b']: 'x y' is no value of a label",
        "selector['app']: '-' is no value of a label; use at most 63 letters, digits, '-', '_' and '.', beginning and ending",
        f"labels['a']: '{'y' * 64}' is no value of a label"),
    app("a late label's value of none", workload(labels={"b": later("x y")}), "labels['b']: 'x y' is no value of a label"),
    app("a selector of all", workload(selector={}), "selector: is empty and would select every pod"),
    app("a name of no object", workload(name="Web_App"), "name: 'Web_App' is not a Kubernetes name; use at most 63 lower-case letters"),
    app("a name that no Service has", workload(name=later("1web")),
        "name: '1web' begins with a digit; Kubernetes before 1.36 refuses it for a Service; begin it with a letter; lower this rule on a newer "
        "cluster [service-name]"),
    app("a long name of a StatefulSet", workload(name="a" * 53, kind="statefulset"),
        f"name: '{'a' * 53}' has 53 characters; each pod has a label of it and eleven characters more, a label has 63 at most, and no pod would "
        "be made; use at most 52; lower this rule for one that has its pods [statefulset-name]"),
    Wrong("workload, a component of no Service's name", lambda: tke.ClientIpWorkload("1web", workload()), ("name: '1web' begins with a digit",)),
    app("a namespace of none", workload(namespace="My Team"), "namespace: 'My Team' is not a Kubernetes name"),
    Wrong("workload, a component of no object's name", lambda: tke.ClientIpWorkload("Web_App", workload()), ("name: 'Web_App' is not a Kubernetes name",)),
    Wrong("workload, no provider", lambda: tke.ClientIpWorkload("web", workload(use_ambient_provider=None)), ("opts.provider: no Kubernetes provider",)),
    Wrong("ipamd, no provider", lambda: tke.IpamdConfig("ipamd", ipamd(use_ambient_provider=None)), ("opts.provider: no Kubernetes provider",)),
    Wrong("workload, a cluster as provider", lambda: tke.ClientIpWorkload("web", workload(), pulumi.ResourceOptions(provider=CLUSTER_ITSELF)),
          ("opts.provider: must be a Kubernetes provider, not a HybridCluster; pass cluster.provider",)),
    Wrong("cluster, a cluster as provider", lambda: tke.HybridCluster("demo", hybrid(), pulumi.ResourceOptions(provider=CLUSTER_ITSELF)),
          ("opts.provider: must be a tencentcloud provider, not a HybridCluster; pass the provider itself",)),
    Wrong("subnet, no options", lambda: tke.EniZoneSubnet("pods", zone_subnet(), {"protect": True}),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
          ("opts: must be ResourceOptions, not a dict; write ResourceOptions(...)",)),
    Wrong("switch, a text as provider", lambda: tke.VpcCni("cni", switch(), pulumi.ResourceOptions(providers=["china"])),  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
          ("opts.providers: must be a tencentcloud provider, not a str",)),
    Wrong("ipamd, a cluster as provider", lambda: tke.IpamdConfig("ipamd", ipamd(), pulumi.ResourceOptions(providers=[CLUSTER_ITSELF])),
          ("opts.providers: must be a Kubernetes provider, not a HybridCluster; pass cluster.provider",)),
    Wrong("workload, a provider as options", lambda: tke.ClientIpWorkload("web", workload(), PROVIDER),
          ("opts: must be ResourceOptions, not a Provider; write ResourceOptions(provider=...) around it",)),
    Wrong("workload, a dictionary as options", lambda: tke.ClientIpWorkload("web", workload(), {"provider": PROVIDER}),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
          ("opts: must be ResourceOptions, not a dict; write ResourceOptions(...)",)),
    Wrong("workload, one provider for several", lambda: tke.ClientIpWorkload("web", workload(), pulumi.ResourceOptions(providers=PROVIDER)),
          ("opts.providers: must be a list, not a Provider; write [...] around it, or use provider=",)),
    Wrong("workload, a name as provider", lambda: tke.ClientIpWorkload("web", workload(), pulumi.ResourceOptions(providers={"a": "b"})),  # type: ignore[dict-item] # pyright: ignore[reportArgumentType]
          ("opts.providers: must be a Kubernetes provider, not a str; pass the provider itself",)),
    app("the node's network", workload(image=None, pod_spec=kubernetes.core.v1.PodSpecArgs(containers=[_container()], host_network=True)),
        "pod_spec.host_network: True shares the node's address"),
    app("local traffic with direct access", workload(external_traffic_policy="local"), "external_traffic_policy: 'local' has no effect with direct access"),
    app("a pod's reclaim that is never", workload(ip_reclaim=tke.never()), "ip_reclaim: TKE has no 'never' for a single pod"),
    app("a pod's short reclaim", workload(ip_reclaim=tke.after(10)), "ip_reclaim: 10 s is outside 300 to 15768000 s"),
    app("volumes for each pod of a Deployment", workload(volume_claims=[
        kubernetes.core.v1.PersistentVolumeClaimArgs(metadata=kubernetes.meta.v1.ObjectMetaArgs(name="data"))]), "volume_claims: needs kind='statefulset'"),
    app("an address setting on the overlay", workload(network="global_route", nominated_subnets=[PODS_4]), "nominated_subnets: needs network='eni'"),
    app("an ENI address for the second container", workload(image=None, containers=[_container(), _container(
        resources=kubernetes.core.v1.ResourceRequirementsArgs(requests={"tke.cloud.tencent.com/eni-ip": "1"}))]),
        "containers[1].resources: asks for an ENI address"),
    app("listener settings without a load balancer", workload(exposure={"kind": "none"}, listener={"scheduler": "WRR"}),
        "listener: is about the Service's load balancer, and exposure 'none' has none"),
    app("two ENI addresses", workload(requests={"tke.cloud.tencent.com/eni-ip": "2"}),
        "requests['tke.cloud.tencent.com/eni-ip']: 2 is another number than 1; a pod has one ENI address, and the component asks for it; leave it out"),
    app("late, two ENI addresses", workload(limits={"tke.cloud.tencent.com/eni-ip": later("2")}),
        "limits['tke.cloud.tencent.com/eni-ip']: 2 is another number than 1"),
    app("two ENI addresses for the first container", workload(image=None, containers=[_container(
        resources=kubernetes.core.v1.ResourceRequirementsArgs(requests={"tke.cloud.tencent.com/eni-ip": "2"}))]),
        "containers[0].resources.requests['tke.cloud.tencent.com/eni-ip']: 2 is another number than 1"),
    app("two ENI addresses in a whole pod", workload(image=None, pod_spec=kubernetes.core.v1.PodSpecArgs(containers=[_container(
        resources=kubernetes.core.v1.ResourceRequirementsArgs(limits={"tke.cloud.tencent.com/eni-ip": "2"}))])),
        "pod_spec.containers[0].resources.limits['tke.cloud.tencent.com/eni-ip']: 2 is another number than 1"),
    app("a surge of a StatefulSet", workload(kind="statefulset", rollout={"max_surge": 5}, rules={"no-effect": "error"}),
        "rollout.max_surge: has no effect on a StatefulSet; a pod of a StatefulSet goes before it comes again, so none comes beyond replicas; leave it out"),
    app("labels against the selector", workload(
        selector={"app": "x", "tier": "web"}, labels={"app": "y", "tier": "web"}, rules={"no-effect": "error"}),
        "labels['app']: 'y' has no effect beside selector['app'], which is 'x'; the objects and their pods get the selector's"),
    app("late labels against the selector", workload(
        selector={"app": "x"}, labels={"app": later("y")}, rules={"no-effect": "error"}), "labels['app']: 'y' has no effect"),
    app("two times to end", workload(image=None, rollout={"termination_grace_seconds": 100}, pod_spec=kubernetes.core.v1.PodSpecArgs(
        containers=[_container()], termination_grace_period_seconds=60)),
        "rollout.termination_grace_seconds: 100 s has no effect beside pod_spec.termination_grace_period_seconds; the pod gets the seconds of pod_spec; "
        "leave one of them out"),
    app("no time to stop", workload(rollout={"pre_stop_seconds": 40, "termination_grace_seconds": 40}),
        "rollout.termination_grace_seconds: 40 s leaves the application no time after 40 s of pre_stop_seconds, it would be killed; use 70"),
    app("a probe of an unknown port", workload(readiness_probe={"tcp_socket": {"port": "web"}}),
        "readiness_probe.tcp_socket.port: 'web' is no port of this container; none of its ports has a name"),
    app("a health check longer than its interval", workload(listener={"health_check": {"interval": 5, "timeout": 5}}),
        "listener.health_check.timeout: 5 s is not below the interval of 5 s"),
    app("TLS without a certificate", workload(ports=[{"port": 443, "protocol": "TCP_SSL"}]),
        "ports[0].certificate_id: belongs to protocol 'TCP_SSL', and only to it"),
    app("pass-to-target on an own load balancer",
        workload(exposure={"kind": "existing", "load_balancer_id": "lb-12345678", "pass_to_target": True}),
        "exposure.pass_to_target: TKE sets it only on load balancers that it makes, this one is 'existing'"),
    app("51 listeners", workload(ports=[{"port": 8000 + index} for index in range(51)], rules={"listener-quota": "error"}),
        "ports: 51 listeners on the load balancer of the Service"),
    Wrong("gateway, a Helm release", _transformed_release, ("opts.transforms: does nothing in a helm.sh/v3 Release",)),
    app("two protocols behind node ports", workload(network="global_route", ports=[{"port": 53}, {"port": 53, "protocol": "UDP"}]),
        "ports[1].port: 53 has TCP and UDP"),
    app("facts that another stack does not export", workload(cluster_facts=later(None)), f"cluster_facts: {EMPTY}"),
    app("replicas that turn out to be none", workload(replicas=later(None)), f"replicas: {EMPTY}"),
    app("a name that turns out to be none", workload(name=later(None)), f"name: {EMPTY}"),
    app("a billing that turns out to be none", workload(exposure={"kind": "public", "charge_type": later(None)}), f"charge_type: {EMPTY}"),
    app("a certificate that turns out to be none", workload(ingress={"exposure": {"kind": "public"}, "certificate_id": later(None)}),
        f"certificate_id: {EMPTY}"),
    app("a label that turns out to be none", workload(labels={"team": later(None)}), f"labels['team']: {EMPTY}"),
    subnet("an adopted one that turns out to be none", zone_subnet(subnet_id=later(None)), f"subnet_id: {EMPTY}"),
    cluster("a kubeconfig that turns out to be none", adopted(kubeconfig=later(None)), f"kubeconfig: {EMPTY}"),
    app("zones instead of facts", workload(cluster_facts=later({"zones": ["ap-guangzhou-4"]})), "cluster_facts: is something else than the facts"),
    app("facts that say nothing", workload(cluster_facts={}, replicas=5000), "cluster_facts: is something else than the facts"),
    app("other facts", workload(cluster_facts={"foo": 1}), "cluster_facts: is something else than the facts"),
    app("facts with half a pool", workload(cluster_facts=later(facts(nodePools=[{"zone": FOUR}]))), "cluster_facts: is something else than the facts"),
    app("facts with a range that is none", workload(cluster_facts=later(facts(zones={FOUR: [{"subnetId": PODS_4, "cidrBlock": "10.0.64.1/28"}]}))),
        "cluster_facts.zones['ap-guangzhou-4'][0].cidrBlock: 10.0.64.1/28 has host bits set; the range it lies in is 10.0.64.0/28"),
    app("facts that are none", workload(cluster_facts=[CLUSTER]), "cluster_facts: must be"),
]  # fmt: skip


CATALOGUE = [*ZONES, *RANGES, *SIZES, *SUBNETS, *IDS, *POOLS, *SETTINGS, *WRONG_TYPES, *WORKLOADS]
