"""The id of an adopted cluster and those of adopted subnets may come from another stack; what a preview
cannot compare yet, it names."""

from typing import Any

import pulumi
import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from pulumi_tke_hybrid.vpc_cni import VpcCniProvider
from tests.cases.catalogue.described import adopted, zone_subnet
from tests.unit.programs import Graph, run, unknown


def notes(graph: Graph) -> list[str]:
    return [text for _, text in graph.said if "not known yet" in text]


def test_the_cluster_of_another_stack_is_adopted() -> None:
    def program() -> None:
        ids = pulumi.StackReference("organization/cluster/prod")
        subnets = [
            tke.EniZoneSubnet(
                "pods",
                tke.EniZoneSubnetArgs(
                    **zone_subnet(subnet_id=ids.get_output("none").apply(lambda _: "subnet-44444444"))
                ),
            ),
            tke.EniSubnetArgs(
                subnet_id=ids.get_output("none").apply(lambda _: "subnet-66666666"), zone="ap-guangzhou-6"
            ),
        ]
        tke.HybridCluster(
            "live",
            adopted(existing_cluster_id=ids.get_output("clusterId"), eni_subnets=subnets, node_pools=None),
        )

    graph = run(program)
    assert graph.of_type(":Cluster") == []
    switch = graph.named("live-vpc-cni-switch").inputs
    assert (switch["clusterId"], switch["nonMasquerade"]) == ("cls-12345678", "keep")
    assert switch["subnets"] == ["subnet-44444444", "subnet-66666666"]
    assert graph.named("live-guard").inputs["adopted"] == {
        "clusterId": "cls-12345678",
        "vpcId": "vpc-12345678",
    }
    assert notes(graph) == []


@pytest.mark.parametrize(
    ("late", "line"), [("prod", "'prod' is not a cluster id"), (None, "is empty; its Output holds no value")]
)
def test_the_id_of_another_stack_is_checked_when_the_id_is_known(late: Any, line: str) -> None:
    with pytest.raises(tke.InvalidInputs, match=f"existing_cluster_id: {line}"):
        run(
            lambda: tke.HybridCluster(
                "live", adopted(existing_cluster_id=pulumi.Output.from_input(late), node_pools=None)
            )
        )


def test_a_preview_with_an_unknown_id_names_the_comparisons_that_wait() -> None:
    def program() -> None:
        tke.HybridCluster("live", adopted(existing_cluster_id=unknown(), node_pools=None))
        tke.EniZoneSubnet("pods", zone_subnet(subnet_id=unknown()))

    graph = run(program, preview=True)
    assert sorted(notes(graph)) == [
        (
            "existing_cluster_id: is not known yet; what is there is compared with the program during `up`,"
            " before anything changes"
        ),
        (
            "subnet_id: is not known yet; VPC, zone and range are compared with the subnet during `up`,"
            " before its id is used"
        ),
    ]
    assert graph.invokes == []


def test_the_id_of_a_cluster_that_was_known_and_is_not_any_more_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert VpcCniProvider().check_live({"clusterId": "cls-12345678"}, {"clusterId": UNKNOWN}) == []
    assert "cluster_id: is not known yet, and was cls-12345678; `up` looks" in capsys.readouterr().out
