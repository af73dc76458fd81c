"""`of=cluster` exports the facts of a cluster; `of=application` reads them by a StackReference."""

import pulumi

import pulumi_tke_hybrid as tke

config = pulumi.Config()
if config.require("of") == "cluster":
    zones = {"ap-guangzhou-4": [{"subnetId": "subnet-aaaaaaaa", "cidrBlock": "10.0.64.0/28"}]}
    pools = [{"zone": "ap-guangzhou-4", "size": 2, "instanceType": "S5.LARGE8"}]
    facts = {
        "clusterId": "cls-12345678",
        "vpcId": "vpc-12345678",
        "region": "ap-guangzhou",
        "staticIp": True,
        "ipReclaim": "300s",
    }
    pulumi.export("clusterFacts", {**facts, "zones": zones, "nodePools": pools})
else:
    cluster = pulumi.StackReference(f"organization/two-stacks/{config.require('cluster')}")
    tke.ClientIpWorkload(
        "web",
        {
            "image": "nginx",
            "replicas": config.require_int("replicas"),
            "exposure": tke.internal("subnet-cccccccc"),
            "cluster_facts": cluster.require_output("clusterFacts"),
            "rules": {"no-address-to-roll": config.get("roll") or "warning"},
            "use_ambient_provider": True,
        },
    )
