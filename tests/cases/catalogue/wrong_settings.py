"""Wrong settings, and values of wrong types."""

import pulumi_tke_hybrid as tke
from tests.cases.catalogue.described import (
    FOUR,
    PODS_4,
    SIX,
    adopted,
    hybrid,
    ipamd,
    later,
    pool,
    switch,
    workload,
    zone_subnet,
)
from tests.cases.catalogue.wrong_program import (
    CLUSTER_ITSELF,
    NO_SUBNET,
    SHAPE,
    VpcResource,
    app,
    cluster,
    cni,
    config,
    one_pool,
    subnet,
)

SETTINGS = [
    cluster(
        "a short reclaim time",
        hybrid(ip_reclaim=tke.after(60)),
        "ip_reclaim: 60 s is outside 300 to 15768000 s, the range TKE accepts; use after(300)",
    ),
    cluster(
        "half a year and more",
        hybrid(ip_reclaim=tke.after(15768001)),
        "ip_reclaim: 15768001 s is outside 300 to 15768000 s",
    ),
    cluster(
        "a reclaim time in words",
        hybrid(ip_reclaim="soon"),
        "ip_reclaim: 'soon' is not a reclaim setting; use after(seconds), for example after(300), or never()",
    ),
    cluster(
        "a late reclaim time", hybrid(ip_reclaim=later("5m")), "ip_reclaim: '5m' is not a reclaim setting"
    ),
    cluster(
        "reclaim without static IPs",
        hybrid(static_ip=False),
        "ip_reclaim: 300s has no effect without static IPs; no pod keeps an address then; use never(), or"
        " static_ip=True",
    ),
    cluster(
        "late and without static IPs",
        hybrid(static_ip=later(False)),
        "ip_reclaim: 300s has no effect without static IPs",
    ),
    cluster(
        "never as an error",
        hybrid(ip_reclaim=tke.never(), rules={"reclaim-never": "error"}),
        "ip_reclaim: never keeps the address of every deleted StatefulSet pod for ever; the subnet fills up",
    ),
    cluster(
        "a long time as an error",
        hybrid(ip_reclaim=tke.after(90000), rules={"reclaim-long": "error"}),
        "ip_reclaim: 90000s holds the addresses",
    ),
    cni(
        "reclaim without static IPs",
        switch(static_ip=False),
        "ip_reclaim: 300s has no effect without static IPs",
    ),
    cni(
        "late and without static IPs",
        switch(static_ip=later(False)),
        "ip_reclaim: 300s has no effect without static IPs",
    ),
    cni(
        "never as an error",
        switch(ip_reclaim=tke.never(), rules={"reclaim-never": "error"}),
        "ip_reclaim: never keeps the address",
    ),
    config(
        "a late subnet twice",
        ipamd(eni_subnets=[{"subnet_id": PODS_4, "zone": FOUR}, {"subnet_id": later(PODS_4), "zone": SIX}]),
        "eni_subnets[1].subnet_id: subnet-aaaaaaaa is listed twice, first at eni_subnets[0]; list it once",
    ),
    cni(
        "a deadline of a second",
        switch(deadline_seconds=1),
        "deadline_seconds: 1 s is not a sensible deadline; use 30 to 7200 s",
    ),
    cluster(
        "no deadline at all",
        hybrid(deadline_seconds=0),
        "deadline_seconds: 0 s is not a sensible deadline; use 30 to 7200 s",
    ),
    cluster(
        "a deadline of half a minute",
        hybrid(deadline_seconds=29),
        "deadline_seconds: 29 s is not a sensible deadline; use 30 to 7200 s",
    ),
    cluster(
        "no sizes",
        hybrid(cluster_cidr=None, cluster_max_pod_num=None),
        "cluster_cidr: is required for a new cluster; it is fixed for ever, so there is no default; choose"
        " one",
        "cluster_max_pod_num: is required for a new cluster",
    ),
    cluster(
        "an empty kubeconfig",
        adopted(kubeconfig=""),
        "kubeconfig: is empty; workloads would go to the cluster of this machine's own kubeconfig; give the"
        " cluster's own, or leave it out",
    ),
    cluster("a late kubeconfig that is empty", adopted(kubeconfig=later("\n")), "kubeconfig: is empty"),
    cluster(
        "adopted and protected",
        adopted(deletion_protection=True),
        "deletion_protection: describes a new cluster",
    ),
    subnet(
        "adopted and protected",
        zone_subnet(subnet_id=PODS_4, deletion_protection=True),
        "deletion_protection: belongs to a subnet that is created",
    ),
    cluster(
        "a kubeconfig for a new one",
        hybrid(kubeconfig="{}"),
        "kubeconfig: belongs to an adopted cluster; a new one's comes from its endpoint",
    ),
    cluster(
        "adopted with sizes",
        adopted(cluster_cidr="192.168.0.0/20", cluster_max_pod_num=64),
        "cluster_cidr: describes a new cluster; with existing_cluster_id nothing of the cluster itself is"
        " changed; leave it out",
        "cluster_max_pod_num: describes a new cluster",
    ),
    cluster(
        "adopted with a name and a version",
        adopted(cluster_name="x", cluster_version="1.30.0", tags={"a": "b"}),
        "cluster_name: describes a new cluster",
        "cluster_version: describes a new cluster",
        "tags: describes a new cluster",
    ),
    cluster(
        "adopted without mode",
        adopted(static_ip=None),
        "static_ip: must be stated for an adopted cluster; the API does not always return it, and it is"
        " fixed for ever; set static_ip=True or False",
    ),
    cluster(
        "adopted by ConfigMap",
        adopted(zone_registration="configmap"),
        "zone_registration: 'configmap' is for new clusters; use IpamdConfig",
    ),
    cluster(
        "adopted with two ways in",
        adopted(kubeconfig="{}", endpoint={}),
        "endpoint: would open a second one; give kubeconfig or endpoint, not both",
    ),
    cluster(
        "a rule that is none",
        hybrid(rules={"eni-adresses": "warning"}),
        "rules: 'eni-adresses' is no rule; did you mean 'eni-addresses'?",
    ),
    cluster(
        "a rule with a fixed severity",
        hybrid(rules={"power-of-two": "note"}),
        "rules: power-of-two cannot be lowered; an input that breaks the rule cannot be applied;"
        " remove the setting and correct the input",
    ),
    cluster(
        "a severity that is none",
        hybrid(rules={"eni-addresses": "off"}),
        "rules['eni-addresses']: must be 'error', 'warning' or 'note'",
    ),
    cluster(
        "several at once",
        hybrid(
            vpc_cidr="10.0.0.0/18",
            ip_reclaim=tke.never(),
            node_pools=[pool(size=0, subnet_id=PODS_4, key_ids=None)],
        ),
        "node_pools[0].key_ids: exactly one",
        "eni_subnets[0].cidr_block: 10.0.64.0/22 does not lie in the VPC's range 10.0.0.0/18",
        "eni_subnets[1].cidr_block: 10.0.68.0/22 does not lie in the VPC's range 10.0.0.0/18",
        "node_pools[0].subnet_id: subnet-aaaaaaaa is the container subnet",
        "node_pools: have no node at all",
    ),
    cluster(
        "misspelt", hybrid(cluster_cdir="x"), "cluster_cdir: is not a property; did you mean 'cluster_cidr'?"
    ),
    cluster("misspelt in a pool", one_pool(sizes=3), "node_pools[0].sizes: is not a property"),
    subnet("misspelt", zone_subnet(cidr="x"), "cidr: is not a property; did you mean 'cidr_block'?"),
    app("misspelt", workload(replica=3), "replica: is not a property; did you mean 'replicas'?"),
]

WRONG_TYPES = [
    cluster(
        "an output of a subnet",
        hybrid(eni_subnets=[later(PODS_4)]),
        f"eni_subnets[0]: {NO_SUBNET}; pass the EniZoneSubnet itself",
    ),
    cluster(
        "the id of a subnet",
        hybrid(eni_subnets=[PODS_4]),
        f"eni_subnets[0]: {NO_SUBNET}; got '{PODS_4}'; pass the EniZoneSubnet itself",
    ),
    cluster(
        "subnets in an Output",
        hybrid(eni_subnets=later([PODS_4])),
        "eni_subnets: must be a list (not an Output); what the program makes depends on how much it holds;"
        " write [...] around its items",
    ),
    cluster(
        "one pool",
        hybrid(node_pools=tke.NodePoolArgs(**pool())),
        "node_pools: must be a list; write [...] around it",
    ),
    cluster(
        "values of a dictionary",
        hybrid(node_pools={"a": pool()}.values()),
        "node_pools: must be a list; write list(...) around it",
    ),
    cluster(
        "a pool in an Output",
        hybrid(node_pools=[later(pool())]),
        f"node_pools[0]: must be a dictionary or an instance of NodePoolArgs (not an Output); {SHAPE};"
        f" write its properties out",
    ),
    cluster(
        "a late id of an adopted one",
        adopted(existing_cluster_id=later("prod")),
        "existing_cluster_id: 'prod' is not a cluster id",
    ),
    cluster(
        "a resource", hybrid(vpc_id=VpcResource()), "vpc_id: must be a string, not a resource; pass vpc.id"
    ),
    cluster(
        "a resource with an output of that name",
        one_pool(zone=VpcResource()),
        "node_pools[0].zone: must be a string, not a resource; pass its .zone",
    ),
    cluster(
        "a component for its output",
        adopted(existing_cluster_id=CLUSTER_ITSELF),
        "existing_cluster_id: must be a string, not a resource; pass existing_cluster.cluster_id",
    ),
    app(
        "a component for a mapping",
        workload(cluster_facts=CLUSTER_ITSELF),
        "cluster_facts: must be a valid dictionary, not a resource; pass its .cluster_facts",
    ),
    cluster(
        "one key",
        one_pool(key_ids="skey-12345678"),
        "node_pools[0].key_ids: must be a list: ['skey-12345678']",
    ),
    cluster(
        "half a name",
        one_pool(autoscale={"min": 1, "max_size": 2}),
        "node_pools[0].autoscale.min_size: is required",
        "node_pools[0].autoscale.min: is not a property; did you mean 'min_size'?",
    ),
]
