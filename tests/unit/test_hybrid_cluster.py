"""HybridCluster: registered inputs, refused programs, adoption, outputs."""

from typing import Any

import pulumi
import pytest
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tke_hybrid as tke
from tests.cases.catalogue.described import adopted, hybrid, zone_subnet
from tests.unit.component_programs import cluster, example, pool
from tests.unit.programs import Graph, run, unknown


def test_no_eni_field_is_ever_given_to_the_cluster_resource() -> None:
    inputs = example().named("hybrid-cluster").inputs
    assert not {"eniSubnetIds", "vpcCniType", "claimExpiredSeconds"} & inputs.keys()
    assert inputs == {
        "vpcId": inputs["vpcId"],
        "clusterName": "hybrid",
        "networkType": "GR",
        "clusterCidr": "192.168.0.0/20",
        "clusterMaxPodNum": 64,
        "clusterMaxServiceNum": 1024,
        "isNonStaticIpMode": False,
        "deletionProtection": False,
    }


def test_the_switch_gets_both_subnets_in_declaration_order() -> None:
    graph = example()
    subnets = graph.named("hybrid-vpc-cni-switch").inputs["subnets"]
    assert len(subnets) == 2
    assert graph.named("hybrid-vpc-cni-switch").inputs | {"clusterId": 0, "vpcId": 0, "__provider": 0} == {
        "region": "ap-guangzhou",
        "clusterId": 0,
        "vpcId": 0,
        "subnets": subnets,
        "cniType": "tke-route-eni",
        "staticIp": True,
        "ipReclaim": "300s",
        "nonMasquerade": "add_vpc",
        "onDelete": "keep",
        "deadlineSeconds": 600,
        "__provider": 0,
    }


def test_a_pool_in_an_uncovered_zone_is_refused_by_its_zones_name() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: cluster(node_pools=[pool("ap-guangzhou-4"), pool("ap-guangzhou-7")]))
    assert str(caught.value).startswith(
        "HybridCluster 'demo': 1 invalid input\n  node_pools[1].zone: ap-guangzhou-7 has no container subnet "
        "(zones with a container subnet: ap-guangzhou-4, ap-guangzhou-6)"
    )


def test_a_pool_without_eni_pods_needs_no_subnet_in_its_zone() -> None:
    run(lambda: cluster(node_pools=[pool("ap-guangzhou-4"), pool("ap-guangzhou-7", global_route_only=True)]))


def test_a_zone_of_another_region_is_refused() -> None:
    with pytest.raises(
        tke.InvalidInputs, match=r"eni_subnets\[1\]\.zone: ap-shanghai-2 is not in region ap-guangzhou"
    ):
        run(lambda: cluster(zones=("ap-guangzhou-4", "ap-shanghai-2")))


def test_overlapping_ranges_are_refused_also_inside_components() -> None:
    def program() -> None:
        subnets = [
            tke.EniZoneSubnet(zone, tke.EniZoneSubnetArgs(vpc_id="vpc-12345678", zone=zone, cidr_block=block))
            for zone, block in (("ap-guangzhou-4", "10.0.64.0/22"), ("ap-guangzhou-6", "10.0.66.0/24"))
        ]
        cluster(eni_subnets=subnets, vpc_cidr="10.0.0.0/16", cluster_cidr="10.0.0.0/20")

    with pytest.raises(tke.InvalidInputs) as caught:
        run(program)
    assert [problem.path for problem in caught.value.problems] == [
        "cluster_cidr",
        "eni_subnets[1].cidr_block",
    ]


def test_the_kubeconfig_is_a_secret() -> None:
    seen: list[bool] = []

    def program() -> None:
        made = cluster()

        async def look() -> None:
            seen.append(await made.kubeconfig.is_secret())

        pulumi.export("looked", pulumi.Output.from_input(look()))

    run(program)
    assert seen == [True]


def test_a_cluster_without_pools_has_no_provider_and_the_error_has_the_reason() -> None:
    with pytest.raises(tke.InvalidInputs, match="node_pools: is empty"):
        run(lambda: cluster(node_pools=None).provider)


@pytest.mark.parametrize("answer", ["", None])
def test_an_endpoint_without_kubeconfig_gives_no_provider_to_the_machines_own_cluster(answer: Any) -> None:
    graph = Graph(kubeconfig=answer)
    with pytest.raises(
        tke.InvalidInputs,
        match="kubeconfig: is empty; workloads would go to the cluster of this machine's own kubeconfig",
    ):
        run(cluster, into=graph)
    assert not graph.of_type("pulumi:providers:kubernetes")


def test_kept_addresses_are_settled_with_their_cluster_and_not_with_its_last_pool() -> None:
    for graph in (run(cluster), run(lambda: cluster(node_pools=None))):
        assert graph.named("demo-kept-addresses").inputs["clusterId"].startswith("cls-")
    assert run(lambda: tke.HybridCluster("there", adopted(node_pools=None))).of_type(":KeptAddresses") == []


def test_the_facts_for_other_stacks_hold_no_secret() -> None:
    facts: list[Any] = []
    run(lambda: cluster().cluster_facts.apply(facts.append))
    assert facts == [
        {
            "clusterId": facts[0]["clusterId"],
            "vpcId": "vpc-12345678",
            "region": "ap-guangzhou",
            "zones": {
                "ap-guangzhou-4": [{"subnetId": "subnet-44444444", "cidrBlock": None}],
                "ap-guangzhou-6": [{"subnetId": "subnet-66666666", "cidrBlock": None}],
            },
            "nodePools": [
                {"zone": "ap-guangzhou-4", "size": 1, "instanceType": "S5.LARGE8"},
                {"zone": "ap-guangzhou-6", "size": 1, "instanceType": "S5.LARGE8"},
            ],
            "podsPerNode": 64,
            "staticIp": True,
            "ipReclaim": "300s",
        }
    ]


def test_a_password_of_a_pool_is_a_secret() -> None:
    graph = run(
        lambda: cluster(
            node_pools=[pool("ap-guangzhou-4", key_ids=None, password="not-for-a-state")],
            zones=("ap-guangzhou-4",),
        )
    )
    assert "demo-pool-ap-guangzhou-4.autoScalingConfig" in graph.secrets
    assert [text for _, text in graph.said if "node-password-in-logs" in text] == [
        "node_pools[0].password: is given; a verbose log of the tencentcloud plugin (`-v=3` or more) shows"
        " the password in clear; prefer SSH keys: key_ids [node-password-in-logs]"
    ]


def test_a_subnet_that_is_listed_twice_or_used_by_nodes_is_refused() -> None:
    twice = [tke.EniSubnetArgs(subnet_id="subnet-44444444", zone="ap-guangzhou-4")] * 2
    with pytest.raises(
        tke.InvalidInputs, match=r"eni_subnets\[1\]\.subnet_id: subnet-44444444 is listed twice"
    ):
        run(lambda: cluster(eni_subnets=twice, node_pools=[pool("ap-guangzhou-4")]))
    with pytest.raises(
        tke.InvalidInputs, match=r"node_pools\[0\]\.subnet_id: subnet-44444444 is the container subnet"
    ):
        run(
            lambda: cluster(
                zones=("ap-guangzhou-4",), node_pools=[pool("ap-guangzhou-4", subnet_id="subnet-44444444")]
            )
        )


def test_adoption_needs_static_ip_and_refuses_inputs_of_a_new_cluster() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: cluster(existing_cluster_id="cls-12345678"))
    assert [problem.path for problem in caught.value.problems] == [
        "cluster_cidr",
        "cluster_max_pod_num",
        "cluster_max_service_num",
        "static_ip",
    ]


def test_an_adopted_cluster_and_subnet_may_state_no_protection() -> None:
    assert run(lambda: tke.HybridCluster("there", adopted(node_pools=None, deletion_protection=False))).named(
        "there-guard"
    )
    assert run(
        lambda: tke.EniZoneSubnet(
            "there", zone_subnet(subnet_id="subnet-12345678", deletion_protection=False)
        )
    ).invokes


def test_an_adopted_cluster_is_not_made_again() -> None:
    sizes: dict[str, Any] = dict.fromkeys(("cluster_cidr", "cluster_max_pod_num", "cluster_max_service_num"))
    graph = run(lambda: cluster(existing_cluster_id="cls-12345678", static_ip=True, node_pools=None, **sizes))
    assert [resource.name for resource in graph.resources] == [
        "demo",
        "demo-guard",
        "demo-vpc-cni-switch",
    ]
    assert graph.named("demo-guard").inputs["cluster"] == {}
    assert graph.named("demo-vpc-cni-switch").inputs["nonMasquerade"] == "keep"


def test_an_explicit_tencentcloud_provider_reaches_every_child() -> None:
    def program() -> None:
        china = tencentcloud.Provider("china", region="ap-guangzhou")
        described = {"vpc_id": "vpc-12345678", "zone": "ap-guangzhou-4", "cidr_block": "10.0.64.0/22"}
        tke.EniZoneSubnet("made", described, pulumi.ResourceOptions(provider=china))

    assert "china" in run(program).named("made-subnet").provider


def test_a_size_is_never_a_secret() -> None:
    graph = run(
        lambda: tke.HybridCluster(
            "demo", hybrid(node_pools=[pool("ap-guangzhou-4", size=pulumi.Output.secret(2))])
        )
    )
    assert graph.named("demo-pool-ap-guangzhou-4").inputs["desiredCapacity"] == 2
    assert "demo-pool-ap-guangzhou-4.desiredCapacity" not in graph.secrets


def test_a_container_subnet_of_another_vpc_is_refused_before_the_cluster() -> None:
    def program(vpc: Any) -> None:
        subnet = {"vpc_id": vpc, "zone": "ap-guangzhou-4", "cidr_block": "10.0.64.0/22"}
        zones = tke.EniZoneSubnet("pods", subnet)
        cluster(eni_subnets=[zones], node_pools=[pool("ap-guangzhou-4")])

    with pytest.raises(tke.InvalidInputs, match="vpc-aaaaaaaa is not vpc-12345678, the VPC of the cluster"):
        run(lambda: program("vpc-aaaaaaaa"))
    with pytest.raises(tke.InvalidInputs, match="vpc-aaaaaaaa is not vpc-12345678, the VPC of the cluster"):
        run(lambda: program(pulumi.Output.from_input("vpc-aaaaaaaa")))
    run(lambda: program("vpc-12345678"))
    run(lambda: program(unknown()), preview=True)
