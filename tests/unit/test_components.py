"""What the components register: names, tokens, exact inputs, under plain and under unknown values."""

import asyncio
import json
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.cloud import client
from tests.unit.catalogue.described import adopted, hybrid, switch, zone_subnet
from tests.unit.programs import CONFIG_MAP, DEPLOYMENT, Graph, ipamd_of, run

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/two_zone_hybrid/__main__.py"
FROZEN = Path(__file__).with_name("frozen_names.json")
CONFIG = {
    "unit:zones": '["ap-guangzhou-4", "ap-guangzhou-6"]',
    "unit:vpcCidr": "10.0.0.0/16",
    "unit:clusterCidr": "192.168.0.0/20",
    "unit:protect": "false",
    "unit:keyId": "skey-12345678",
}


def pool(zone: str, **more: Any) -> tke.NodePoolArgs:
    described: dict[str, Any] = {
        "name": zone,
        "zone": zone,
        "subnet_id": "subnet-99999999",
        "instance_type": "S5.LARGE8",
        "size": 1,
        "keep_machines": False,
        "key_ids": ["skey-12345678"],
        **more,
    }
    return tke.NodePoolArgs(**described)


def cluster(
    name: str = "demo",
    zones: tuple[str, ...] = ("ap-guangzhou-4", "ap-guangzhou-6"),
    opts: pulumi.ResourceOptions | None = None,
    **more: Any,
) -> tke.HybridCluster:
    described: dict[str, Any] = {
        "vpc_id": "vpc-12345678",
        "cluster_cidr": "192.168.0.0/20",
        "cluster_max_pod_num": 64,
        "cluster_max_service_num": 1024,
        "ip_reclaim": tke.after(300),
        "eni_subnets": [
            tke.EniSubnetArgs(subnet_id=f"subnet-{zone[-1] * 8}", zone=zone, cidr_block=None)
            for zone in zones
        ],
        "node_pools": [pool(zone) for zone in zones],
        **more,
    }
    return tke.HybridCluster(name, tke.HybridClusterArgs(**described), opts)


def workload(name: str, on: tke.HybridCluster, **more: Any) -> tke.ClientIpWorkload:
    described: dict[str, Any] = {"image": "nginx", "exposure": tke.internal("subnet-88888888"), **more}
    return tke.ClientIpWorkload(
        name, tke.ClientIpWorkloadArgs(**described), pulumi.ResourceOptions(provider=on.provider)
    )


@cache
def example(preview: bool = False) -> Graph:
    return run(lambda: runpy.run_path(str(EXAMPLE)), config=CONFIG, preview=preview)


def everything() -> None:
    api = cluster("api")
    configmap = cluster("configmap", zone_registration=tke.ZoneRegistration.CONFIGMAP)
    for on, name in ((api, "one"), (configmap, "two")):
        workload(name, on, ingress=tke.IngressArgs(exposure=tke.internal("subnet-88888888")))
        workload(f"{name}-sts", on, kind=tke.WorkloadKind.STATEFUL_SET, fixed_ip=True)
    tke.EniZoneSubnet(
        "made", tke.EniZoneSubnetArgs(vpc_id="vpc-12345678", zone="ap-guangzhou-4", cidr_block="10.0.64.0/22")
    )


def test_type_tokens_child_names_and_pickled_providers_are_frozen() -> None:
    """A changed name is a deleted and made-again resource in every user's stack. Change the file only
    together with aliases."""
    graph = run(everything)
    seen = {
        "resources": {
            resource.name: resource.type for resource in sorted(graph.resources, key=lambda item: item.name)
        },
        "providers": {
            item.type: item.inputs["__provider"]
            for item in sorted(graph.resources, key=lambda i: i.type)
            if "__provider" in item.inputs
        },
    }
    assert seen == json.loads(FROZEN.read_text())


def test_the_pickled_provider_is_a_reference_of_well_under_200_bytes() -> None:
    for resource in example().resources:
        assert len(resource.inputs.get("__provider", "")) < 120


def test_the_example_is_short_and_exports_what_the_commands_and_the_gateway_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exported: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    example.__wrapped__()
    plain = {name: value for name, value in exported.items() if isinstance(value, pulumi.Output)}
    assert {name: asyncio.run(value.is_secret()) for name, value in plain.items()} == {
        "clusterId": False, "kubeconfig": True, "clusterFacts": False,
    }  # fmt: skip
    assert len(EXAMPLE.read_text().splitlines()) < 60


def test_two_instances_of_everything_do_not_collide() -> None:
    names = [(resource.type, resource.name) for resource in run(everything).resources]
    assert len(names) == len(set(names))


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


def test_in_configmap_mode_the_first_zone_goes_by_the_api_and_all_by_the_configmap() -> None:
    graph = run(lambda: cluster(zone_registration=tke.ZoneRegistration.CONFIGMAP))
    assert graph.named("demo-vpc-cni-switch").inputs["subnets"] == ["subnet-44444444"]
    patch = graph.named("demo-ipamd-configmap").inputs
    assert patch["data"] == {
        "TKE_ENI_IPAMD_SUBNET_ID": "subnet-44444444:subnet-66666666",
        "TKE_ENI_IPAMD_VPC_ID": "vpc-12345678",
        "TKE_ENI_IPAMD_ZONE": "ap-guangzhou-4:ap-guangzhou-6",
    }
    assert patch["metadata"]["annotations"] == {
        "pulumi.com/patchFieldManager": "tke-hybrid",
        "pulumi.com/patchForce": "true",
        "pulumi.com/skipAwait": "true",
    }
    assert graph.named("demo-zones-ready").inputs["subnets"] == ["subnet-44444444", "subnet-66666666"]


def by_configmap(into: Graph, **more: Any) -> Graph:
    return run(lambda: cluster(zone_registration=tke.ZoneRegistration.CONFIGMAP, **more), into=into)


def refusal(into: Graph) -> str:
    """Why the ConfigMap is not edited; before that, nothing is written into the cluster and no further zone
    gets a pool."""
    with pytest.raises(Exception) as refused:  # noqa: PT011  # of several classes
        by_configmap(into)
    assert into.of_type("Patch") == []
    assert [pool.name for pool in into.of_type("nodePool:NodePool")] == ["demo-pool-ap-guangzhou-4"]
    return str(refused.value)


@pytest.mark.parametrize("tag", ["v3.5.0", "3.5.1-tke.2", "v3.10.0", "v3.5.0@sha256:1f2e"])
def test_an_ipamd_that_is_an_addon_is_not_edited(tag: str) -> None:
    graph = Graph()
    graph.live[DEPLOYMENT] = ipamd_of(tag)
    shown = tag.partition("@")[0]
    assert (
        refusal(graph)
        == f"IpamdConfig 'demo-ipamd': 1 invalid input\n  {shown} is the version of ipamd; TKE manages it as"
        " add-on eniipamd and may write its ConfigMap and Deployment back; register the zones by the API:"
        " zone_registration=ZoneRegistration.API, the default (without HybridCluster: list them in"
        " VpcCni) [configmap-of-addon]"
    )


def test_a_newer_ipamd_that_component_management_does_not_have_is_edited_where_the_program_says_so() -> None:
    graph = Graph()
    graph.live[DEPLOYMENT] = ipamd_of("v3.5.0")
    by_configmap(graph, rules={"configmap-of-addon": "warning"})
    assert len(graph.of_type("Patch")) == 2
    assert [level for level, text in graph.said if "configmap-of-addon" in text] == ["warning"]


@pytest.mark.parametrize(("tag", "separator"), [("latest", ":"), ("sha256:1f2e", "@"), ("20210205", ":")])
def test_an_ipamd_without_a_version_is_edited_with_a_word_about_it(tag: str, separator: str) -> None:
    graph = Graph()
    graph.live[DEPLOYMENT] = ipamd_of(tag, separator)
    by_configmap(graph)
    assert [(level, text) for level, text in graph.said if "ipamd" in text] == [
        (
            "warning",
            (
                "IpamdConfig 'demo-ipamd': could not tell the version of ipamd (its image"
                f" registry.example.com/tke/tke-eni-ipamd{separator}{tag} does not tell it); from 3.5.0 on"
                " TKE manages it as add-on eniipamd and may write its ConfigMap and Deployment back"
            ),
        )
    ]
    assert len(graph.of_type("Patch")) == 2


def test_an_ipamd_whose_version_is_told_is_edited_without_a_word() -> None:
    assert not [text for _, text in by_configmap(Graph()).said if "ipamd" in text]


def test_a_subnet_that_only_ipamd_has_is_not_taken_from_it() -> None:
    graph = Graph()
    graph.live[CONFIG_MAP] = {"data": {"TKE_ENI_IPAMD_SUBNET_ID": "subnet-44444444:subnet-77777777"}}
    assert (
        refusal(graph)
        == "IpamdConfig 'demo-ipamd': 1 invalid input\n  eni_subnets: subnet-77777777 is in ipamd's list but"
        " not in the program; pods may hold addresses in it; add it, with its zone, at its place in the"
        " list"
    )


@pytest.mark.parametrize("kind", [CONFIG_MAP, DEPLOYMENT])
def test_an_ipamd_object_that_is_not_there_is_not_made(kind: str) -> None:
    graph = Graph()
    del graph.live[kind]
    assert "resource 'kube-system/tke-eni-ipamd' does not exist" in refusal(graph)


def test_every_kubernetes_object_goes_to_the_given_cluster() -> None:
    for resource in example().resources:
        if resource.type.startswith("kubernetes:"):
            assert "hybrid-kubernetes" in resource.provider, resource.name


def test_only_a_kept_address_carries_the_delete_policy() -> None:
    graph = example()
    kept = [
        resource.name
        for resource in graph.resources
        if "vpc-ip-claim-delete-policy" in json.dumps(resource.inputs, default=str)
        and resource.type.startswith("kubernetes:")
    ]
    assert kept == ["nginx-sts-statefulset"]


def test_a_pool_in_an_uncovered_zone_is_refused_by_its_zones_name() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: cluster(node_pools=[pool("ap-guangzhou-4"), pool("ap-guangzhou-7")]))
    assert str(caught.value).startswith(
        "HybridCluster 'demo': 1 invalid input\n  node_pools[1].zone: ap-guangzhou-7 has no pod subnet "
        "(zones that have one: ap-guangzhou-4, ap-guangzhou-6)"
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


def test_a_cluster_without_pools_has_no_provider_and_says_why() -> None:
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


def test_an_adopted_subnet_creates_nothing_and_reports_its_free_addresses() -> None:
    free: list[int] = []

    def program() -> None:
        args = tke.EniZoneSubnetArgs(
            vpc_id="vpc-12345678",
            zone="ap-guangzhou-4",
            cidr_block="10.0.64.0/22",
            subnet_id="subnet-12345678",
        )
        tke.EniZoneSubnet("there", args).available_ip_count.apply(free.append)

    graph = run(program)
    assert [resource.type for resource in graph.resources] == ["tke-hybrid:index:EniZoneSubnet"]
    assert free == [42]


def test_an_adopted_subnet_that_is_elsewhere_is_refused_by_property() -> None:
    def program() -> None:
        args = tke.EniZoneSubnetArgs(
            vpc_id="vpc-12345678",
            zone="ap-guangzhou-6",
            cidr_block="10.0.64.0/22",
            subnet_id="subnet-12345678",
        )
        tke.EniZoneSubnet("there", args).subnet_id.apply(lambda subnet: subnet)

    with pytest.raises(
        tke.InvalidInputs, match="zone: ap-guangzhou-6 is stated, but subnet-12345678 has ap-guangzhou-4"
    ):
        run(program)


def test_a_zone_inside_an_output_is_checked_before_anything_is_made() -> None:
    def program(zone: str) -> None:
        later: Any = pulumi.Output.from_input(zone)
        cluster(
            node_pools=[
                pool("ap-guangzhou-4"),
                tke.NodePoolArgs(**{**vars(pool("ap-guangzhou-4", name="b")), "zone": later}),
            ]
        )

    with pytest.raises(tke.InvalidInputs, match=r"node_pools\[1\]\.zone: ap-guangzhou-7 has no pod subnet"):
        run(lambda: program("ap-guangzhou-7"))
    with pytest.raises(
        tke.InvalidInputs, match=r"node_pools\[1\]\.zone: ap-shanghai-2 is not in region ap-guangzhou"
    ):
        run(lambda: program("ap-shanghai-2"))


def test_a_password_of_a_pool_is_a_secret() -> None:
    graph = run(
        lambda: cluster(
            node_pools=[pool("ap-guangzhou-4", key_ids=None, password="not-for-the-state")],
            zones=("ap-guangzhou-4",),
        )
    )
    assert "demo-pool-ap-guangzhou-4.autoScalingConfig" in graph.secrets


def test_a_subnet_that_is_listed_twice_or_used_by_nodes_is_refused() -> None:
    twice = [tke.EniSubnetArgs(subnet_id="subnet-44444444", zone="ap-guangzhou-4")] * 2
    with pytest.raises(
        tke.InvalidInputs, match=r"eni_subnets\[1\]\.subnet_id: subnet-44444444 is listed twice"
    ):
        run(lambda: cluster(eni_subnets=twice, node_pools=[pool("ap-guangzhou-4")]))
    with pytest.raises(
        tke.InvalidInputs, match=r"node_pools\[0\]\.subnet_id: subnet-44444444 is the ENI subnet"
    ):
        run(
            lambda: cluster(
                zones=("ap-guangzhou-4",), node_pools=[pool("ap-guangzhou-4", subnet_id="subnet-44444444")]
            )
        )


def test_a_subnet_that_cannot_be_looked_up_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_graph: Graph, _args: object) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        raise RuntimeError(
            "invoke of tencentcloud:Vpc/getSubnets:getSubnets failed: AuthFailure\n  at line 7"
        )

    monkeypatch.setattr(Graph, "call", fail)
    described = {
        "vpc_id": "vpc-12345678",
        "zone": "ap-guangzhou-4",
        "cidr_block": "10.0.64.0/22",
        "subnet_id": "subnet-12345678",
    }
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: tke.EniZoneSubnet("pods", described))
    (problem,) = caught.value.problems
    assert str(problem).startswith(
        "subnet_id: subnet-12345678 could not be looked up; invoke of tencentcloud:Vpc/getSubnets:getSubnets"
        " failed"
    )
    assert "at line 7" not in str(problem)


def test_adoption_needs_what_the_api_does_not_tell_and_takes_nothing_of_a_new_cluster() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: cluster(existing_cluster_id="cls-12345678"))
    assert [problem.path for problem in caught.value.problems] == [
        "cluster_cidr",
        "cluster_max_pod_num",
        "cluster_max_service_num",
        "static_ip",
    ]


def test_what_is_adopted_may_be_said_to_have_no_protection() -> None:
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
        "demo-vpc-cni",
        "demo-vpc-cni-switch",
    ]
    assert graph.named("demo-guard").inputs["cluster"] == {}
    assert graph.named("demo-vpc-cni-switch").inputs["nonMasquerade"] == "keep"


def test_a_subnet_is_protected_unless_said_otherwise_and_multicast_is_off() -> None:
    def program() -> None:
        tke.EniZoneSubnet(
            "made",
            tke.EniZoneSubnetArgs(vpc_id="vpc-12345678", zone="ap-guangzhou-4", cidr_block="10.0.64.0/22"),
        )

    assert run(program).named("made-subnet").inputs == {
        "vpcId": "vpc-12345678",
        "availabilityZone": "ap-guangzhou-4",
        "cidrBlock": "10.0.64.0/22",
        "name": "made",
        "isMulticast": False,
    }


def test_a_preview_with_everything_unknown_registers_the_same_resources() -> None:
    known = {(resource.type, resource.name) for resource in example().resources}
    unknown = {(resource.type, resource.name) for resource in example(preview=True).resources}
    assert known == unknown


def test_an_explicit_tencentcloud_provider_reaches_every_child() -> None:
    def program() -> None:
        china = tencentcloud.Provider("china", region="ap-guangzhou")
        described = {"vpc_id": "vpc-12345678", "zone": "ap-guangzhou-4", "cidr_block": "10.0.64.0/22"}
        tke.EniZoneSubnet("made", described, pulumi.ResourceOptions(provider=china))

    assert "china" in run(program).named("made-subnet").provider


def switched(stated: str | None = None, region: str = "ap-guangzhou", **key: Any) -> tke.VpcCni:
    """A switch of its own, with a provider of its own."""
    provider = tencentcloud.Provider("key", region=region, **key)
    return tke.VpcCni("cni", switch(region=stated), pulumi.ResourceOptions(provider=provider))


def test_a_switch_of_its_own_asks_where_its_provider_works() -> None:
    assert run(switched).named("cni-switch").inputs["region"] == "ap-guangzhou"
    assert run(lambda: switched("ap-guangzhou")).named("cni-switch").inputs["region"] == "ap-guangzhou"
    refusal = (
        "region: ap-guangzhou is not ap-shanghai, in which the tencentcloud provider works; use the provider"
        " of region ap-guangzhou"
    )
    with pytest.raises(tke.InvalidInputs, match=refusal):
        run(lambda: switched("ap-guangzhou", region="ap-shanghai"))


def test_a_switch_that_inherits_a_provider_asks_where_it_says() -> None:
    class Team(pulumi.ComponentResource):
        def __init__(self) -> None:
            elsewhere = tencentcloud.Provider("elsewhere", region="ap-shanghai")
            super().__init__("team:index:Team", "team", {}, pulumi.ResourceOptions(providers=[elsewhere]))

    graph = run(
        lambda: tke.VpcCni("cni", switch(region="ap-guangzhou"), pulumi.ResourceOptions(parent=Team()))
    )
    assert graph.named("cni-switch").inputs["region"] == "ap-guangzhou"


def test_a_size_is_no_secret_wherever_it_comes_from() -> None:
    graph = run(
        lambda: tke.HybridCluster(
            "demo", hybrid(node_pools=[pool("ap-guangzhou-4", size=pulumi.Output.secret(2))])
        )
    )
    assert graph.named("demo-pool-ap-guangzhou-4").inputs["desiredCapacity"] == 2
    assert "demo-pool-ap-guangzhou-4.desiredCapacity" not in graph.secrets


def test_an_explicit_provider_of_another_account_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = {"AKIDours0000000": "100000000001", "AKIDtheirs00000": "100000000099"}

    def account_of(cloud: Any) -> str:
        return accounts[cloud._settings.secret_id]

    monkeypatch.setattr(client, "account_of", account_of)
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", "AKIDours0000000")

    def program(secret_id: str, **more: Any) -> Callable[[], object]:
        def made() -> object:
            provider = tencentcloud.Provider(
                "key", region="ap-guangzhou", secret_id=secret_id, secret_key="planted"
            )
            return cluster(opts=pulumi.ResourceOptions(providers=[provider]), **more)

        return made

    graph = run(program("AKIDours0000000"))
    assert "demo-guard.region" not in graph.secrets
    refusal = (
        r"opts\.provider: its key \(AKID…0000\) belongs to account 100000000099, the stack's to 100000000001"
    )
    with pytest.raises(tke.InvalidInputs, match=refusal):
        run(program("AKIDtheirs00000"))
    with pytest.raises(tke.InvalidInputs, match=refusal):
        run(lambda: switched(secret_id="AKIDtheirs00000", secret_key="planted"))
    allowed = run(program("AKIDtheirs00000", rules={"provider-account": "warning"}))
    assert any("belongs to account 100000000099" in text for _, text in allowed.said)
    assert run(program("")).named("demo-guard")
