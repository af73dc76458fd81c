"""IpamdConfig: container subnets in ipamd's ConfigMap, and the clusters that must not be edited."""

from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from tests.unit.component_programs import cluster
from tests.unit.programs import CONFIG_MAP, DEPLOYMENT, Graph, ipamd_of, run


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


def test_a_newer_ipamd_that_is_not_an_addon_is_edited_if_rules_allow() -> None:
    graph = Graph()
    graph.live[DEPLOYMENT] = ipamd_of("v3.5.0")
    by_configmap(graph, rules={"configmap-of-addon": "warning"})
    assert len(graph.of_type("Patch")) == 2
    assert [level for level, text in graph.said if "configmap-of-addon" in text] == ["warning"]


@pytest.mark.parametrize(("tag", "separator"), [("latest", ":"), ("sha256:1f2e", "@"), ("20210205", ":")])
def test_an_ipamd_without_a_version_is_edited_with_a_warning(tag: str, separator: str) -> None:
    graph = Graph()
    graph.live[DEPLOYMENT] = ipamd_of(tag, separator)
    by_configmap(graph)
    assert [(level, text) for level, text in graph.said if "ipamd" in text] == [
        (
            "warning",
            (
                "IpamdConfig 'demo-ipamd': the version of ipamd is unknown (its image"
                f" registry.example.com/tke/tke-eni-ipamd{separator}{tag} names no version); from 3.5.0 on"
                " TKE manages it as add-on eniipamd and may write its ConfigMap and Deployment back"
            ),
        )
    ]
    assert len(graph.of_type("Patch")) == 2


def test_an_ipamd_with_a_version_is_edited_without_a_warning() -> None:
    assert not [text for _, text in by_configmap(Graph()).said if "ipamd" in text]


def test_a_subnet_that_only_ipamd_has_is_not_removed() -> None:
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
