"""Warnings and notes are reported once under the component; checks of pending values are announced."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tke_hybrid as tke
from tests.cases.catalogue.described import (
    awake,
    eni_subnet,
    facts,
    hybrid,
    later,
    pool,
    second_subnet,
    switch,
    workload,
    zone_subnet,
)
from tests.unit.programs import Graph, run

FULL_ENI = hybrid(eni_subnets=[eni_subnet(cidr_block="10.0.64.0/28"), second_subnet()])


def said(described: dict[str, object], preview: bool = False) -> list[tuple[str, str]]:
    graph = Graph(preview=preview)
    run(lambda: tke.HybridCluster("demo", awake(described)), into=graph, preview=preview)
    return graph.said


def test_a_complete_program_gets_no_notes() -> None:
    assert said(hybrid()) == []


def test_a_warning_is_reported_once_and_the_program_goes_on() -> None:
    (found,) = said(FULL_ENI)
    assert found[0] == "warning"
    assert found[1].startswith(
        "eni_subnets[0].cidr_block: 10.0.64.0/28 has 13 addresses, 2 nodes in ap-guangzhou-4 with one"
        " full ENI"
    )
    assert found[1].endswith("[eni-headroom]")


def test_a_warning_is_reported_once_also_with_pending_values() -> None:
    assert (
        len(
            [
                text
                for _, text in said({**FULL_ENI, "vpc_id": later("vpc-12345678")})
                if "[eni-headroom]" in text
            ]
        )
        == 1
    )


def test_a_pending_value_is_warned_about_when_the_value_resolves() -> None:
    late = hybrid(eni_subnets=[eni_subnet(cidr_block=later("10.0.64.0/28")), second_subnet()])
    assert [level for level, text in said(late) if "[eni-headroom]" in text] == ["warning"]


def test_a_rule_is_lowered_to_a_note_or_raised_to_an_error() -> None:
    assert [level for level, _ in said({**FULL_ENI, "rules": {"eni-headroom": "note"}})] == ["info"]
    with pytest.raises(tke.InvalidInputs, match="eni-headroom"):
        said({**FULL_ENI, "rules": {"eni-headroom": "error"}})


def test_an_error_that_is_lowered_no_longer_stops_the_program() -> None:
    lowered = hybrid(
        node_pools=[pool(subnet_id="subnet-aaaaaaaa")], rules={"node-subnet-as-eni-subnet": "warning"}
    )
    assert ("warning", "node_pools[0].subnet_id: subnet-aaaaaaaa is the container subnet eni_subnets[0]") in [
        (level, text.partition(";")[0]) for level, text in said(lowered)
    ]


def test_severities_that_a_program_sets_are_shown_on_its_component() -> None:
    setting = {"eni-headroom": "note", "zone-uncovered": "warning"}
    graph = run(lambda: tke.HybridCluster("demo", awake(hybrid(rules=setting))))
    assert graph.named("demo").inputs["rules"] == setting
    assert (
        run(lambda: tke.EniZoneSubnet("pods", zone_subnet(rules=setting))).named("pods").inputs["rules"]
        == setting
    )
    assert (
        run(lambda: tke.ClientIpWorkload("web", workload(rules=setting))).named("web").inputs["rules"]
        == setting
    )


def test_findings_are_reported_by_vpc_cni_alone_or_by_its_cluster_alone() -> None:
    graph = Graph()
    run(lambda: tke.VpcCni("cni", switch(ip_reclaim=tke.never())), into=graph)
    assert [level for level, text in graph.said if "[reclaim-never]" in text] == ["warning"]
    assert [level for level, _ in said(hybrid(ip_reclaim=tke.never()))] == ["warning"]


def test_an_adopted_subnet_that_is_full_is_a_warning() -> None:
    described = zone_subnet(subnet_id="subnet-12345678")
    graph, full = Graph(), Graph(free=0)
    run(lambda: tke.EniZoneSubnet("there", described), into=graph)
    run(lambda: tke.EniZoneSubnet("there", described), into=full)
    assert graph.said == []
    (found,) = full.said
    assert found[0] == "warning"
    assert found[1].startswith(
        "subnet_id: subnet-12345678 (10.0.64.0/22) has no free address; no node gets an ENI"
    )


def test_a_missing_range_is_reported_with_the_checks_that_are_left_out() -> None:
    notes = said(hybrid(vpc_cidr=None, eni_subnets=[eni_subnet(cidr_block=None), second_subnet()]))
    assert [(level, text.partition(";")[0]) for level, text in notes] == [
        ("info", "vpc_cidr: is not given"),
        ("info", "eni_subnets[0].cidr_block: is not given"),
    ]


def test_values_that_a_preview_does_not_know_are_one_line_with_the_rules_that_wait() -> None:
    def program() -> None:
        made = tencentcloud.subnet.Instance(
            "nodes", vpc_id="vpc-12345678", availability_zone="ap-guangzhou-4", cidr_block="10.0.0.0/24"
        )
        tke.HybridCluster(
            "demo", awake(hybrid(eni_subnets=[eni_subnet()], node_pools=[pool(subnet_id=made.id)]))
        )

    preview, update = Graph(preview=True), Graph()
    run(program, into=preview, preview=True)
    assert preview.said == [
        (
            "info",
            (
                "node_pools[0].subnet_id: not known yet; checked during the update: node-subnet-as-eni-subnet"
                " [not-known-yet]"
            ),
        )
    ]
    run(program, into=update)
    assert update.said == []


def test_a_workload_reports_that_the_facts_of_its_cluster_are_pending() -> None:
    def program() -> None:
        made = tencentcloud.subnet.Instance(
            "pods", vpc_id="vpc-12345678", availability_zone="ap-guangzhou-4", cidr_block="10.0.0.0/24"
        )
        told = made.id.apply(lambda _: facts())
        tke.ClientIpWorkload("web", workload(replicas=12, cluster_facts=told))

    preview = Graph(preview=True)
    run(program, into=preview, preview=True)
    assert preview.said == [
        ("info", "cluster_facts: not known yet; checked during the update: addresses [not-known-yet]")
    ]
    with pytest.raises(tke.InvalidInputs, match="replicas: 12 pods need"):
        run(program)


def test_a_late_value_is_checked_before_a_resource_of_the_cluster_is_made() -> None:
    graph = Graph()
    with pytest.raises(tke.InvalidInputs, match="is the container subnet"):
        run(
            lambda: tke.HybridCluster(
                "demo", awake(hybrid(node_pools=[pool(subnet_id=later("subnet-aaaaaaaa"))]))
            ),
            into=graph,
        )
    assert [
        resource.type for resource in graph.resources if not resource.type.startswith("tke-hybrid:")
    ] == []


def test_a_late_secret_appears_in_no_message() -> None:
    graph = Graph()

    def program() -> None:
        password = pulumi.Output.secret("not-to-be-se3n")
        subnets = [{**eni_subnet(), "zone": pulumi.Output.secret("ap-shanghai-4")}, second_subnet()]
        tke.HybridCluster(
            "demo",
            hybrid(
                eni_subnets=subnets, node_pools=[pool(zone="ap-guangzhou-6", key_ids=None, password=password)]
            ),
        )

    run(program, into=graph)
    assert "not-to-be-se3n" not in str(graph.said)
    assert "ap-shanghai" not in str(graph.said)


@pytest.mark.parametrize("wrong", ["Short-1", "Longer-than-sixteen", "onlyletters", "Pass word 1"])
@pytest.mark.parametrize("given_as", [str, pulumi.Output.from_input, pulumi.Output.secret])
@pytest.mark.parametrize("args", [dict, tke.NodePoolArgs])
def test_a_wrong_node_password_is_refused_without_the_password(
    wrong: str, given_as: Callable[[str], Any], args: Callable[..., Any]
) -> None:
    graph = Graph()

    def program() -> None:
        described = pool(key_ids=None, password=given_as(wrong))
        tke.HybridCluster("demo", hybrid(node_pools=[args(**described)]))

    with pytest.raises(tke.InvalidInputs) as caught:
        run(program, into=graph)
    (problem,) = caught.value.problems
    assert (problem.rule.id, problem.path.rpartition(".")[2]) == ("node-password", "password")
    assert wrong not in str(caught.value) + str(graph.said) + repr(caught.value.problems)
    assert not [resource for resource in graph.resources if resource.type.endswith(":NodePool")]


def test_a_workload_is_checked_against_the_facts_of_another_stack() -> None:
    def program(**more: object) -> list[tuple[str, str]]:
        graph = Graph()
        run(lambda: tke.ClientIpWorkload("web", awake(workload(**more))), into=graph)
        return graph.said

    assert program(replicas=8, cluster_facts=later(facts())) == []
    assert [level for level, _ in program(replicas=11, cluster_facts=facts())] == ["warning"]
    with pytest.raises(tke.InvalidInputs, match="replicas: 12 pods need"):
        program(replicas=12, cluster_facts=later(facts()))
