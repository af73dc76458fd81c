"""Objects of a cluster: addresses, container subnets, names."""

from typing import Any

import pytest

from pulumi_tke_hybrid.cli.process import WrongUse
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.verify import cluster_snapshot
from pulumi_tke_hybrid.verify.cluster_snapshot import ContainerSubnets, Frontend
from tests.unit.verify.objects import SUBNETS, FakeKube, two_zones

SERVICE = Frontend("Service", "default", "web")


def test_every_address_of_a_node_is_known() -> None:
    nodes = two_zones()
    nodes[0]["status"]["addresses"].append({"type": "ExternalIP", "address": "119.29.1.2"})
    known = cluster_snapshot.known_addresses(
        cluster_snapshot.read_objects(FakeKube(nodes=nodes), SERVICE), SUBNETS, ["10.0.8.11"], ["10.0.0.44"]
    )
    assert set(known.nodes) == {
        "10.0.0.4",
        "10.0.0.44",
        "10.0.1.4",
        "119.29.1.2",
        "192.168.0.64",
        "192.168.0.65",
        "192.168.0.128",
        "192.168.0.129",
    }
    assert known.nodes["192.168.0.65"] == "cbr0 of node 10.0.0.4"
    assert known.load_balancer("10.0.8.10") == known.load_balancer("10.0.8.11") == "the load balancer"
    assert (
        known.inside_cluster("10.0.64.200")
        == "an address in the container subnet 10.0.64.0/22 of ap-guangzhou-4"
    )


@pytest.mark.parametrize(
    ("facts", "pairs", "words"),
    [
        (None, ["10.0.64.0/22"], "zone=range"),
        (None, ["a-1=10.0.64.1/22"], "is no range"),
        ({"zones": {"a-1": [{}]}}, [], "is no range"),
    ],
)
def test_invalid_subnets_are_refused(facts: dict[str, Any] | None, pairs: list[str], words: str) -> None:
    with pytest.raises(WrongUse, match=words):
        ContainerSubnets.of(ClusterFacts.of(facts), pairs)


@pytest.mark.parametrize("text", ["", "/", "a/", "/b", "a/b/c"])
def test_an_invalid_name_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="namespace/name"):
        Frontend.parse("Service", text)
    assert Frontend.parse("Service", "web") == SERVICE
