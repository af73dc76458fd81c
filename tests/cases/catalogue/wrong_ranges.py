"""Wrong ranges, sizes and ids."""

from tests.cases.catalogue.described import (
    FOUR,
    PODS_4,
    PODS_6,
    SIX,
    adopted,
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
from tests.cases.catalogue.wrong_program import app, cluster, cni, config, one_pool, subnet

RANGES = [
    cluster(
        "host bits",
        hybrid(cluster_cidr="192.168.1.0/20"),
        "cluster_cidr: 192.168.1.0/20 has host bits set; the range around this address is 192.168.0.0/20",
    ),
    cluster(
        "no prefix",
        hybrid(cluster_cidr="192.168.0.0"),
        "cluster_cidr: '192.168.0.0' has no prefix length; write it as '192.168.0.0/22'",
    ),
    cluster(
        "no range", hybrid(vpc_cidr="all"), "vpc_cidr: 'all' is not an IPv4 range; write it as '10.0.64.0/22'"
    ),
    cluster("IPv6", hybrid(service_cidr="fd00::/108"), "service_cidr: 'fd00::/108' is not an IPv4 range"),
    cluster(
        "a public overlay",
        hybrid(cluster_cidr="12.0.0.0/16"),
        "cluster_cidr: 12.0.0.0/16 is not private; TKE takes overlay ranges out of 9.0.0.0/8, 10.0.0.0/8,"
        " 11.0.0.0/8, 172.16.0.0/12 "
        "or 192.168.0.0/16",
    ),
    cluster(
        "overlay over VPC",
        hybrid(cluster_cidr="10.0.0.0/20"),
        "cluster_cidr: 10.0.0.0/20 overlaps 10.0.0.0/16 (vpc_cidr); both would use the same addresses;"
        " choose a free range [range-overlap]",
    ),
    cluster(
        "overlay over another cluster",
        hybrid(other_cidrs={"blue": "192.168.0.0/18"}),
        "cluster_cidr: 192.168.0.0/20 overlaps 192.168.0.0/18 (other_cidrs['blue'])",
    ),
    cluster(
        "pods over an office",
        hybrid(other_cidrs={"office": "10.0.64.0/24"}),
        "vpc_cidr: 10.0.0.0/16 overlaps 10.0.64.0/24 (other_cidrs['office'])",
        "eni_subnets[0].cidr_block: 10.0.64.0/22 overlaps 10.0.64.0/24 (other_cidrs['office'])",
    ),
    cluster(
        "a wrong other range",
        hybrid(other_cidrs={"office": "10.0.64.1/24"}),
        "other_cidrs['office']: 10.0.64.1/24 has host bits set; the range around this address is"
        " 10.0.64.0/24",
    ),
    cluster(
        "a wrong other range that comes late",
        hybrid(other_cidrs={"office": later("10.1.2.3/16")}),
        "other_cidrs['office']: 10.1.2.3/16 has host bits set; the range around this address is 10.1.0.0/16",
    ),
    cluster(
        "an overlay over another cluster that comes late",
        hybrid(other_cidrs={"blue": later("192.168.0.0/18")}),
        "cluster_cidr: 192.168.0.0/20 overlaps 192.168.0.0/18 (other_cidrs['blue'])",
    ),
    cluster(
        "a wrong secondary range",
        hybrid(vpc_cidr=["10.0.0.0/16", "10.1.0.0"]),
        "vpc_cidr: '10.1.0.0' has no prefix length; write it as '10.1.0.0/22'",
    ),
    cluster(
        "an overlay over a secondary range",
        hybrid(vpc_cidr=["10.0.0.0/16", "192.168.0.0/24"]),
        "cluster_cidr: 192.168.0.0/20 overlaps 192.168.0.0/24 (vpc_cidr)",
    ),
    subnet(
        "outside of each range",
        zone_subnet(vpc_cidr=["10.1.0.0/16", "10.2.0.0/16"]),
        "cidr_block: 10.0.64.0/22 lies in none of the VPC's ranges 10.1.0.0/16, 10.2.0.0/16; a subnet is a"
        " part of its VPC",
    ),
    cluster(
        "a mask",
        hybrid(vpc_cidr="10.0.0.0/255.255.0.0"),
        "vpc_cidr: 10.0.0.0/255.255.0.0 is not in CIDR notation; the cloud gets the text unchanged; write"
        " it as '10.0.0.0/16'",
    ),
    cluster(
        "a late host mask",
        hybrid(cluster_cidr=later("192.168.0.0/0.0.15.255")),
        "cluster_cidr: 192.168.0.0/0.0.15.255 is not in CIDR notation",
    ),
    cluster(
        "Services over the VPC",
        hybrid(service_cidr="10.0.0.0/22"),
        "service_cidr: 10.0.0.0/22 overlaps 10.0.0.0/16 (vpc_cidr)",
    ),
    cluster(
        "Services over the overlay",
        hybrid(service_cidr="192.168.8.0/22"),
        "service_cidr: 192.168.8.0/22 overlaps 192.168.0.0/20 (cluster_cidr)",
    ),
    cluster(
        "two subnets that overlap",
        hybrid(eni_subnets=[eni_subnet(), second_subnet(cidr_block="10.0.66.0/24")]),
        "eni_subnets[1].cidr_block: 10.0.66.0/24 overlaps 10.0.64.0/22 (eni_subnets[0].cidr_block)",
    ),
    cluster(
        "a subnet outside the VPC",
        hybrid(eni_subnets=[eni_subnet(cidr_block="10.1.0.0/22"), second_subnet()]),
        "eni_subnets[0].cidr_block: 10.1.0.0/22 does not lie in the VPC's range 10.0.0.0/16; a subnet is a"
        " part of its VPC; choose a free "
        "range inside, or list the VPC's secondary ranges in vpc_cidr too [range-outside-vpc]",
    ),
    cluster(
        "nodes outside the VPC",
        one_pool(subnet_cidr="10.2.0.0/24"),
        "node_pools[0].subnet_cidr: 10.2.0.0/24 does not lie in the VPC's range 10.0.0.0/16",
    ),
    cluster(
        "nodes over pods",
        one_pool(subnet_cidr="10.0.64.0/24"),
        "node_pools[0].subnet_cidr: 10.0.64.0/24 overlaps 10.0.64.0/22 (eni_subnets[0].cidr_block)",
    ),
    cluster(
        "a late range that overlaps",
        hybrid(eni_subnets=[eni_subnet(), second_subnet(cidr_block=later("10.0.64.0/24"))]),
        "eni_subnets[1].cidr_block: 10.0.64.0/24 overlaps 10.0.64.0/22 (eni_subnets[0].cidr_block)",
    ),
    cluster(
        "a late overlay over the VPC",
        hybrid(cluster_cidr=later("10.0.0.0/20")),
        "cluster_cidr: 10.0.0.0/20 overlaps 10.0.0.0/16 (vpc_cidr)",
    ),
    cluster(
        "too small",
        hybrid(cluster_cidr="192.168.0.0/22"),
        "cluster_cidr: 192.168.0.0/22 has 1024 addresses, too few for 1024 services and one node with 64"
        " pods; the size of a "
        "node's range stays as it is",
    ),
    cluster(
        "an overlay for fewer nodes",
        one_pool(size=60),
        "cluster_cidr: 192.168.0.0/20 has overlay ranges for 48 nodes of 64 addresses, the pools have 60; a"
        " node without a range cannot "
        "join; the size of a node's range stays as it is, and a further range (AddClusterCIDR) is for"
        " accounts on TKE's allow-list",
    ),
    cluster(
        "an overlay for fewer nodes than may be",
        hybrid(
            node_pools=[pool(autoscale={"min_size": 1, "max_size": 49})], rules={"overlay-headroom": "error"}
        ),
        "cluster_cidr: 192.168.0.0/20 has overlay ranges for 48 nodes of 64 addresses, the pools have up to"
        " 49",
    ),
    cluster(
        "63 pods",
        hybrid(cluster_max_pod_num=63),
        "cluster_max_pod_num: 63 is not a power of two; TKE rounds it up; use 64",
    ),
    cluster(
        "2 pods",
        hybrid(cluster_max_pod_num=2),
        "cluster_max_pod_num: 2 is outside 16 to 256, the range TKE accepts; 64 suits",
    ),
    cluster(
        "8 pods",
        hybrid(cluster_max_pod_num=8, rules={"few-pods-per-node": "error"}),
        "cluster_max_pod_num: 8 is below 16; the API accepts",
    ),
    cluster(
        "512 pods",
        hybrid(cluster_max_pod_num=512),
        "cluster_max_pod_num: 512 is outside 16 to 256, the range TKE accepts",
    ),
    cluster(
        "1000 services",
        hybrid(cluster_max_service_num=1000),
        "cluster_max_service_num: 1000 is not a power of two; TKE rounds it up; use 1024",
    ),
    cluster(
        "16 services",
        hybrid(cluster_max_service_num=16),
        "cluster_max_service_num: 16 is outside 32 to 32768, the range TKE accepts; 1024 suits most clusters",
    ),
    cluster(
        "65536 services",
        hybrid(cluster_max_service_num=65536),
        "cluster_max_service_num: 65536 is outside 32 to 32768",
    ),
    cluster(
        "a late size", hybrid(cluster_max_pod_num=later(48)), "cluster_max_pod_num: 48 is not a power of two"
    ),
    subnet(
        "outside the VPC",
        zone_subnet(cidr_block="10.1.0.0/22"),
        "cidr_block: 10.1.0.0/22 does not lie in the VPC's range 10.0.0.0/16",
    ),
    subnet(
        "late and outside the VPC",
        zone_subnet(cidr_block=later("10.1.0.0/22")),
        "cidr_block: 10.1.0.0/22 does not lie in the VPC's range 10.0.0.0/16",
    ),
    subnet(
        "a wrong VPC range",
        zone_subnet(vpc_cidr="10.0.0.0/8/8"),
        "vpc_cidr: '10.0.0.0/8/8' is not an IPv4 range",
    ),
]

SIZES = [
    cluster(
        "more nodes than addresses",
        hybrid(
            eni_subnets=[eni_subnet(cidr_block="10.0.64.0/28"), second_subnet()], node_pools=[pool(size=7)]
        ),
        "eni_subnets[0].cidr_block: 10.0.64.0/28 has 13 addresses, enough for 6 of the 7 nodes in"
        " ap-guangzhou-4; each node needs one for "
        "its ENI and one for a pod at least; use a larger range, or add another container subnet in the zone"
        " [eni-addresses]",
    ),
    cluster(
        "a late size that is too much",
        hybrid(
            eni_subnets=[eni_subnet(cidr_block="10.0.64.0/28"), second_subnet()],
            node_pools=[pool(size=later(7))],
        ),
        "eni_subnets[0].cidr_block: 10.0.64.0/28 has 13 addresses, enough for 6 of the 7 nodes",
    ),
    cluster(
        "no room for full ENIs",
        hybrid(
            eni_subnets=[eni_subnet(cidr_block="10.0.64.0/28"), second_subnet()],
            node_pools=[pool(size=2)],
            rules={"eni-headroom": "error"},
        ),
        "eni_subnets[0].cidr_block: 10.0.64.0/28 has 13 addresses, 2 nodes in ap-guangzhou-4 with one full"
        " ENI each take 20 (1 nodes fit); "
        "further nodes join and get no ENI, and ENI pods do not run there",
    ),
    cluster(
        "an autoscaler without room",
        hybrid(
            eni_subnets=[eni_subnet(cidr_block="10.0.64.0/26"), second_subnet()],
            node_pools=[pool(autoscale={"min_size": 1, "max_size": 7})],
            rules={"eni-headroom": "error"},
        ),
        "eni_subnets[0].cidr_block: 10.0.64.0/26 has 61 addresses, 7 nodes in ap-guangzhou-4 with one full"
        " ENI each take 70 (6 nodes fit)",
    ),
    cluster(
        "too many ENIs for a VPC",
        hybrid(
            cluster_cidr="172.16.0.0/13",
            eni_subnets=[eni_subnet(cidr_block="10.0.128.0/17")],
            rules={"vpc-eni-quota": "error"},
            node_pools=[
                pool(instance_type="S5.4XLARGE64", size=100),
                pool(name="b", instance_type="S5.4XLARGE64", size=50),
            ],
        ),
        "node_pools: have machines for 1050 ENIs; a VPC has 1000 unless the account's quota was raised"
        " (event ENILimit)",
    ),
    cluster(
        "more nodes than their subnet",
        one_pool(size=14, subnet_cidr="10.0.0.0/28"),
        "node_pools[0].subnet_cidr: 10.0.0.0/28 has 13 addresses for 14 nodes; each node needs one; use a"
        " larger subnet",
    ),
    cluster(
        "an autoscaler beyond the nodes' subnet",
        hybrid(
            node_pools=[pool(autoscale={"min_size": 1, "max_size": 14}, subnet_cidr="10.0.0.0/28")],
            rules={"node-headroom": "error"},
        ),
        "node_pools[0].subnet_cidr: 10.0.0.0/28 has 13 addresses for up to 14 nodes",
    ),
    cluster(
        "a type that nobody knows",
        hybrid(node_pools=[pool(instance_type="BIG")], rules={"instance-type-unknown": "error"}),
        "node_pools[0].instance_type: 'BIG' is not in the table of ENI limits; not checked: eni-headroom,"
        " vpc-eni-quota; check its "
        "name; with credentials the preview reads DescribeVpcCniPodLimits too, and checks if that knows it",
    ),
    app("more pods than addresses", workload(replicas=14, cluster_facts=facts()), "replicas: 14 pods need"),
    app(
        "late pods, more than addresses",
        workload(replicas=later(14), cluster_facts=later(facts())),
        "replicas: 14 pods need",
    ),
    app(
        "more surge than addresses",
        workload(replicas=8, rollout={"max_surge": 4}, cluster_facts=facts()),
        "rollout.max_surge: 4 lets a rollout with replicas=8 take 12 ENI addresses, and the container"
        " subnets have 11; the others stay Pending "
        "until old pods have gone, and where none can go the rollout stands still; use at most 3, leave it"
        " out for as many as fit, or add a "
        "container subnet [addresses]",
    ),
    app(
        "late surge, more than addresses",
        workload(replicas=8, rollout={"max_surge": later(4)}, cluster_facts=later(facts())),
        "rollout.max_surge: 4 lets a rollout",
    ),
    app(
        "surge without an address",
        workload(replicas=11, rollout={"max_surge": 1}, cluster_facts=facts()),
        "rollout.max_surge: 1 lets a rollout with replicas=11 take 12 ENI addresses, and the container"
        " subnets have 11",
    ),
    app(
        "no address for an upgrade",
        workload(replicas=11, cluster_facts=facts(), rules={"no-address-to-roll": "error"}),
        "replicas: 11 pods take all 11",
    ),
    app(
        "more pods than backends",
        workload(replicas=120, rules={"backend-quota": "error"}),
        "replicas: 120 and",
    ),
    app(
        "kept addresses without static IPs",
        workload(
            kind="statefulset",
            fixed_ip=True,
            cluster_facts=facts(
                staticIp=False, zones={FOUR: [{"subnetId": PODS_4, "cidrBlock": "10.0.64.0/24"}]}
            ),
        ),
        "fixed_ip: needs a cluster with static IPs",
    ),
    app(
        "a load balancer among pods",
        workload(exposure={"kind": "internal", "subnet_id": PODS_4}, cluster_facts=facts()),
        "exposure.subnet_id: subnet-aaaaaaaa is a container subnet",
    ),
    app(
        "kept addresses in two zones",
        workload(
            kind="statefulset",
            fixed_ip=True,
            rules={"zone-pinning": "error"},
            cluster_facts=facts(
                zones={
                    FOUR: [{"subnetId": PODS_4, "cidrBlock": "10.0.64.0/24"}],
                    SIX: [{"subnetId": PODS_6, "cidrBlock": "10.0.65.0/24"}],
                }
            ),
        ),
        "fixed_ip: keeps each pod in the zone of its first start",
    ),
]

IDS = [
    cluster(
        "a VPC's name",
        hybrid(vpc_id="main"),
        "vpc_id: 'main' is not a VPC id; it looks like 'vpc-' and eight letters or digits",
    ),
    cluster("a subnet as VPC", hybrid(vpc_id=PODS_4), "vpc_id: 'subnet-aaaaaaaa' is not a VPC id"),
    cluster("a late id", hybrid(vpc_id=later("main")), "vpc_id: 'main' is not a VPC id"),
    cluster(
        "a cluster's name",
        adopted(existing_cluster_id="prod"),
        "existing_cluster_id: 'prod' is not a cluster id",
    ),
    cluster(
        "a pool's subnet",
        one_pool(subnet_id="subnet-1"),
        "node_pools[0].subnet_id: 'subnet-1' is not a subnet id",
    ),
    cluster(
        "an ENI subnet's id",
        hybrid(eni_subnets=[eni_subnet(subnet_id="subnet-a:b")]),
        "eni_subnets[0].subnet_id: 'subnet-a:b' is not a subnet id",
    ),
    cluster(
        "the endpoint's subnet",
        hybrid(endpoint={"subnet_id": "x"}),
        "endpoint.subnet_id: 'x' is not a subnet id",
    ),
    cluster(
        "the endpoint's group",
        hybrid(endpoint={"access": "internet", "security_group_id": "open"}),
        "endpoint.security_group_id: 'open' is not a security group id",
    ),
    subnet(
        "a route table",
        zone_subnet(route_table_id="default"),
        "route_table_id: 'default' is not a route table id",
    ),
    subnet("an adopted id", zone_subnet(subnet_id="pods"), "subnet_id: 'pods' is not a subnet id"),
    cni("a cluster's name", switch(cluster_id="cls-1"), "cluster_id: 'cls-1' is not a cluster id"),
    config("a VPC's name", ipamd(vpc_id="vpc"), "vpc_id: 'vpc' is not a VPC id"),
    app(
        "a load balancer's name",
        workload(exposure={"kind": "existing", "load_balancer_id": "front"}),
        "exposure.load_balancer_id: 'front' is not a load balancer id",
    ),
    app(
        "an exposure's subnet",
        workload(exposure={"kind": "internal", "subnet_id": "front"}),
        "exposure.subnet_id: 'front' is not a subnet id",
    ),
    app(
        "a nominated subnet",
        workload(nominated_subnets=["a"]),
        "nominated_subnets[0]: 'a' is not a subnet id",
    ),
]
