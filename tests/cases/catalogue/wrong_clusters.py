"""Wrong clusters: zones, container subnets, node pools."""

import pulumi_tke_hybrid as tke
from tests.cases.catalogue.described import (
    CLB,
    FOUR,
    NODES_4,
    NODES_6,
    PODS_4,
    PODS_6,
    SIX,
    eni_subnet,
    hybrid,
    ipamd,
    later,
    pool,
    second_subnet,
    switch,
    zone_subnet,
)
from tests.cases.catalogue.wrong_program import Wrong, cluster, cni, config, one_pool, subnet

ZONES = [
    cluster(
        "a zone without subnet",
        hybrid(node_pools=[pool(), pool(name="b", zone="ap-guangzhou-7", subnet_id=CLB)]),
        "node_pools[1].zone: ap-guangzhou-7 has no container subnet (zones with a container subnet:"
        " ap-guangzhou-4, ap-guangzhou-6); an ENI must be in its node's zone, so TKE refuses the nodes or"
        " leaves ENI pods Pending; add an EniZoneSubnet in ap-guangzhou-7 to eni_subnets, or set"
        " global_route_only=True [zone-uncovered]",
    ),
    cluster(
        "a subnet of another region",
        hybrid(eni_subnets=[eni_subnet(), second_subnet(zone="ap-shanghai-2")], node_pools=[pool()]),
        "eni_subnets[1].zone: ap-shanghai-2 is not in region ap-guangzhou; a cluster spans zones of one"
        " region; use a zone of "
        "ap-guangzhou, or a cluster of its own in ap-shanghai",
    ),
    cluster(
        "a pool of another region",
        one_pool(zone="ap-shanghai-2"),
        "node_pools[0].zone: ap-shanghai-2 is not in region ap-guangzhou",
    ),
    cluster(
        "a node label's number as zone",
        one_pool(zone="100004"),
        "node_pools[0].zone: '100004' is not a zone; it is the number that nodes carry in"
        " topology.kubernetes.io/zone; write it as region "
        "and number, for example 'ap-guangzhou-4'",
    ),
    cluster(
        "a zone with another number",
        one_pool(zone="ap-guangzhou-\uff14"),
        "node_pools[0].zone: 'ap-guangzhou-\uff14' is not a zone",
    ),
    cni(
        "a zone as region",
        switch(region=FOUR),
        "region: 'ap-guangzhou-4' is not a region; write it without a zone's number, for example"
        " 'ap-guangzhou'",
    ),
    cluster(
        "a region as zone",
        hybrid(eni_subnets=[eni_subnet(zone="ap-guangzhou")]),
        "eni_subnets[0].zone: 'ap-guangzhou' is not a zone",
    ),
    cluster(
        "a late zone without subnet",
        one_pool(zone=later("ap-guangzhou-7")),
        "node_pools[0].zone: ap-guangzhou-7 has no container subnet",
    ),
    cluster(
        "a late zone of another region",
        hybrid(eni_subnets=[eni_subnet(), second_subnet(zone=later("ap-shanghai-2"))], node_pools=[pool()]),
        "eni_subnets[1].zone: ap-shanghai-2 is not in region ap-guangzhou",
    ),
    cluster(
        "no ENI subnet",
        hybrid(eni_subnets=[], node_pools=None),
        "eni_subnets: is empty; without a container subnet no pod can have a VPC address",
    ),
    cluster(
        "the label of a zone as an error",
        hybrid(
            node_pools=[pool(labels={"topology.kubernetes.io/zone": "ap-guangzhou-4"})],
            rules={"zone-label-name": "error"},
        ),
        "node_pools[0].labels: ap-guangzhou-4 is given for topology.kubernetes.io/zone; TKE writes the"
        " zone's number there",
    ),
    cluster(
        "a subnet of two zones",
        hybrid(
            node_pools=[pool(), pool(name="six", zone=SIX)],
            rules={"subnet-in-two-zones": "error"},
        ),
        f"node_pools[1].subnet_id: {NODES_4} is also the subnet of node_pools[0] in {FOUR}; a subnet is in"
        f" one zone, so TKE would refuse one of the pools; give the subnet of {SIX}",
    ),
    cluster(
        "two node subnets of one range",
        hybrid(
            node_pools=[
                pool(subnet_cidr="10.0.0.0/24"),
                pool(name="six", zone=SIX, subnet_id=NODES_6, subnet_cidr="10.0.0.0/24"),
            ],
        ),
        "node_pools[1].subnet_cidr: 10.0.0.0/24 overlaps 10.0.0.0/24 (node_pools[0].subnet_cidr); ",
    ),
    cluster(
        "a label of a node that is none",
        one_pool(labels={"team": "a b"}),
        "node_pools[0].labels['team']: 'a b' is no value of a label",
    ),
    subnet(
        "a zone with capitals", zone_subnet(zone="AP-GUANGZHOU-4"), "zone: 'AP-GUANGZHOU-4' is not a zone"
    ),
    config(
        "a zone without number",
        ipamd(eni_subnets=[{"subnet_id": PODS_4, "zone": "guangzhou"}]),
        "eni_subnets[0].zone: 'guangzhou' is not a zone",
    ),
]

SUBNETS = [
    cluster(
        "a subnet twice",
        hybrid(eni_subnets=[eni_subnet(), second_subnet(subnet_id=PODS_4)]),
        "eni_subnets[1].subnet_id: subnet-aaaaaaaa is listed twice, first at eni_subnets[0]; list it once",
    ),
    cluster(
        "a late subnet twice",
        hybrid(eni_subnets=[eni_subnet(), second_subnet(subnet_id=later(PODS_4))]),
        "eni_subnets[1].subnet_id: subnet-aaaaaaaa is listed twice",
    ),
    cluster(
        "nodes in an ENI subnet",
        one_pool(subnet_id=PODS_4),
        "node_pools[0].subnet_id: subnet-aaaaaaaa is the container subnet eni_subnets[0]; nodes and pods"
        " would"
        " take each other's addresses; give "
        "the nodes a subnet of their own [node-subnet-as-eni-subnet]",
    ),
    cluster(
        "late nodes in an ENI subnet",
        one_pool(subnet_id=later(PODS_4)),
        "node_pools[0].subnet_id: subnet-aaaaaaaa is the container subnet",
    ),
    cluster(
        "the endpoint in an ENI subnet",
        hybrid(endpoint={"subnet_id": PODS_6}, rules={"endpoint-in-eni-subnet": "error"}),
        "endpoint.subnet_id: subnet-bbbbbbbb is the container subnet eni_subnets[1]",
    ),
    cluster(
        "a subnet without nodes",
        hybrid(node_pools=[pool()], rules={"eni-subnet-without-nodes": "error"}),
        "eni_subnets[1].zone: ap-guangzhou-6 has no node pool",
    ),
    subnet(
        "adopted with a route table",
        zone_subnet(subnet_id=PODS_4, route_table_id="rtb-12345678"),
        "route_table_id: belongs to a subnet that is created; with subnet_id an existing one is adopted as"
        " it is; leave it out",
    ),
    subnet(
        "adopted with a name and tags",
        zone_subnet(subnet_id=PODS_4, name="x", tags={"a": "b"}),
        "tags: belongs to a subnet that is created",
        "name: belongs to a subnet that is created",
    ),
    subnet(
        "a long name",
        zone_subnet(name="n" * 61),
        f"name: '{'n' * 61}' has 61 characters; the name of a VPC resource has 1 to 60",
    ),
    Wrong(
        "subnet, a component with a long name",
        lambda: tke.EniZoneSubnet("n" * 61, zone_subnet()),
        ("name: 'n",),
    ),
    cni(
        "no subnets",
        switch(subnets=["subnet-aaaaaaaa", "subnet-aaaaaaaa"]),
        "subnets: subnet-aaaaaaaa is listed twice; list it once",
    ),
    cni("no subnet at all", switch(subnets=[""]), "subnets[0]: '' is not a subnet id"),
    cni(
        "a wrong subnet",
        switch(subnets=["subnet-a"]),
        "subnets[0]: 'subnet-a' is not a subnet id; it looks like 'subnet-' and eight letters or digits",
    ),
    config(
        "no subnets",
        ipamd(eni_subnets=[]),
        "eni_subnets: is empty; ipamd without subnets gives no pod an address; list every container subnet",
    ),
    config(
        "a subnet twice",
        ipamd(eni_subnets=[{"subnet_id": PODS_4, "zone": FOUR}, {"subnet_id": PODS_4, "zone": SIX}]),
        "eni_subnets[1].subnet_id: subnet-aaaaaaaa is listed twice, first at eni_subnets[0]; list it once",
    ),
]

POOLS = [
    cluster(
        "a pool twice",
        hybrid(node_pools=[pool(), pool(zone=SIX)]),
        "node_pools[1].name: 'four' is the name of an earlier pool; each pool needs its own",
    ),
    cluster(
        "a long name",
        one_pool(name="n" * 26),
        f"node_pools[0].name: '{'n' * 26}' has 26 characters; a node pool's name has 1 to 25",
    ),
    cluster("no name", one_pool(name=""), "node_pools[0].name: '' has 0 characters"),
    cluster(
        "no log-in",
        one_pool(key_ids=None),
        "node_pools[0].key_ids: exactly one of key_ids and password is needed",
    ),
    cluster(
        "two log-ins",
        one_pool(password="Secret-1"),
        "node_pools[0].key_ids: exactly one of key_ids and password is needed",
    ),
    cluster(
        "no key",
        one_pool(key_ids=[]),
        "node_pools[0].key_ids: is empty; no login would be possible; give a key",
    ),
    cluster(
        "a key's name",
        one_pool(key_ids=["skey-12345678", "my key"]),
        "node_pools[0].key_ids[1]: 'my key' is not the id of an SSH key",
    ),
    cluster(
        "a late key's name",
        one_pool(key_ids=[later("my key")]),
        "key_ids[0]: 'my key' is not the id of an SSH key",
    ),
    cluster(
        "an empty password",
        one_pool(key_ids=None, password=" "),
        "node_pools[0].password: is too short; the API takes 8 to 16 characters; use letters with digits or"
        " special characters, or SSH keys: key_ids",
    ),
    cluster(
        "a long password",
        one_pool(key_ids=None, password="Seventeen-letters"),
        "node_pools[0].password: is too long; the API takes 8 to 16 characters",
    ),
    cluster(
        "a late password that is too long",
        one_pool(key_ids=None, password=later("Seventeen-letters")),
        "password: is too long; the API takes 8 to 16 characters",
    ),
    cluster(
        "a password of letters only",
        one_pool(key_ids=None, password="OnlyLetters_"),
        "node_pools[0].password: has characters of one kind only; the API needs two kinds",
    ),
    cluster(
        "a password where a program allows keys only",
        hybrid(
            node_pools=[pool(key_ids=None, password="Pass-word-1")], rules={"node-password-in-logs": "error"}
        ),
        "node_pools[0].password: is given; a verbose log of the tencentcloud plugin (`-v=3` or more) shows"
        " the password in clear; prefer SSH keys: key_ids [node-password-in-logs]",
    ),
    cluster(
        "a password with the line end of its file",
        one_pool(key_ids=None, password="Pass-word-1\n"),
        "node_pools[0].password: has a space, a line end or a character that is not ASCII",
    ),
    cluster(
        "a group's name",
        one_pool(security_group_ids=["open"]),
        "node_pools[0].security_group_ids[0]: 'open' is not a security group id",
    ),
    cluster(
        "no machine type", one_pool(instance_type=""), "node_pools[0].instance_type: is empty; give a text"
    ),
    cluster(
        "a negative size", one_pool(size=-1), "node_pools[0].size: -1 is too few; a pool's size is 0 or more"
    ),
    cluster(
        "101 fixed nodes",
        hybrid(cluster_cidr="172.16.0.0/13", node_pools=[pool(size=101)]),
        "node_pools[0].size: 101 is more than the 100 nodes of a fixed pool; use autoscale, or several pools",
    ),
    cluster(
        "bounds the wrong way round",
        one_pool(size=3, autoscale={"min_size": 5, "max_size": 2}),
        "node_pools[0].autoscale.min_size: 5 is greater than max_size 2; no size satisfies both; swap them",
        "node_pools[0].size: 3 is outside the autoscaler's bounds 5 to 2",
    ),
    cluster(
        "a size out of bounds",
        one_pool(size=9, autoscale={"min_size": 1, "max_size": 3}),
        "node_pools[0].size: 9 is outside the autoscaler's bounds 1 to 3; choose a size inside them, or"
        " other bounds",
    ),
    cluster(
        "a late size out of bounds",
        one_pool(size=later(9), autoscale={"min_size": 1, "max_size": 3}),
        "node_pools[0].size: 9 is outside the autoscaler's bounds 1 to 3",
    ),
    cluster(
        "a bound of none",
        one_pool(autoscale={"min_size": 0, "max_size": 0}),
        "node_pools[0].autoscale.max_size: 0 is too few; the greatest number of nodes is 1 or more",
    ),
    cluster(
        "a negative bound",
        one_pool(autoscale={"min_size": -1, "max_size": 2}),
        "node_pools[0].autoscale.min_size: -1 is too few; the least number of nodes is 0 or more",
    ),
    cluster(
        "an endpoint without pools",
        hybrid(node_pools=None, endpoint={}),
        "endpoint: needs a node pool; TKE opens an endpoint only once a node runs; add a pool",
    ),
    cluster(
        "an endpoint without nodes",
        one_pool(size=0),
        "node_pools: have no node at all; TKE opens an endpoint, and runs ipamd, only once a node runs;"
        " give one pool a size of 1 or more, "
        "or open the endpoint later [endpoint-without-node]",
    ),
    cluster(
        "an endpoint that may lose its nodes",
        hybrid(
            node_pools=[pool(autoscale={"min_size": 0, "max_size": 3})],
            rules={"endpoint-may-lose-nodes": "error"},
        ),
        "node_pools: may all become empty; without a node ipamd does not run, and a new endpoint cannot be"
        " opened; give one pool a min_size "
        "of 1",
    ),
    cluster(
        "an internet endpoint without group",
        hybrid(endpoint={"access": "internet"}),
        "endpoint.security_group_id: is required for an internet endpoint; it decides who may reach the API"
        " server; give one",
    ),
    cluster(
        "an internet endpoint with a subnet",
        hybrid(endpoint={"access": "internet", "security_group_id": "sg-12345678", "subnet_id": NODES_4}),
        "endpoint.subnet_id: belongs to an intranet endpoint",
    ),
    cluster(
        "an intranet endpoint with a group",
        hybrid(endpoint={"security_group_id": "sg-12345678"}),
        "endpoint.security_group_id: belongs to an internet endpoint",
    ),
    cluster(
        "an endpoint to the world",
        hybrid(endpoint={"access": "world"}),
        "endpoint.access: must be 'intranet' or 'internet'",
    ),
    cluster(
        "no pool in the first zone",
        hybrid(zone_registration="configmap", node_pools=[pool(zone=SIX)]),
        "node_pools: no pool is in ap-guangzhou-4; ipamd must run before its ConfigMap can be edited; add"
        " one there",
    ),
]
