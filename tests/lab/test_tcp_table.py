"""`tke-hybrid verify --from-tcp-table` on real packets: the TCP tables of each pod's own kernel. The
kubectl is a stand-in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.controllers.kube import SERVICE, name_of, node_of
from tests.lab.packets_cluster import CBR0, NODE_PORT, PacketLab, run, running, skip_where_impossible
from tests.lab.verified import CLIENT, Place, direct

KUBECTL = """#!/bin/sh
# kubectl exec --kubeconfig FILE -n NAMESPACE POD -- COMMAND …: the lab's pods have no container, but a
# network namespace each.
[ "$1 $2 $4" = "exec --kubeconfig -n" ] && [ "$7" = "--" ] || exit 64
room=$(cat "$0.rooms/$5/$6") || exit 1
shift 7
exec ip netns exec "$room" "$@"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    skip_where_impossible()
    with running(tmp_path_factory.mktemp("cluster")) as made:
        yield Place(made, tmp_path_factory.mktemp("client"))


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return program


async def rooms(lab: PacketLab, kubectl: Path, namespace: str) -> None:
    """Write the namespace of each pod, for the stand-in kubectl."""
    directory = kubectl.with_name("kubectl.rooms") / namespace
    directory.mkdir(parents=True)
    for pod in await lab.pods(namespace):
        (directory / name_of(pod)).write_text(await lab.network.inside(f"{namespace}/{name_of(pod)}"))


def test_a_direct_services_pods_have_the_client_in_their_tables(place: Place, kubectl: Path) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        pods = await direct(lab, namespace, {"100004": 1, "100006": 2})
        await rooms(lab, kubectl, namespace)
        found = await place.verify(namespace, "--from-tcp-table")
        assert (found.verdict, found.code) == ("PRESERVED", 0)
        assert found.peers == {name_of(pod): {CLIENT} for pod in pods}
        # One pod that cannot be read is not covered by the others.
        kubectl.with_name("kubectl.rooms").joinpath(namespace, name_of(pods[0])).unlink()
        partly = await place.verify(namespace, "--from-tcp-table")
        assert (partly.verdict, partly.code) == ("UNKNOWN", 3)
        assert "could not be read" in partly.text

    run(place.lab, "tables-direct", scenario)


def test_a_plain_services_pods_have_the_node_in_their_tables(place: Place, kubectl: Path) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, NODE_PORT)
        pods = await lab.pods_on(namespace, {"100004": 1, "100006": 1})
        await lab.bound(await lab.vip(SERVICE, namespace), 3)
        await rooms(lab, kubectl, namespace)
        found = await place.verify(namespace, "--from-tcp-table")
        assert (found.verdict, found.code) == ("SNAT_NODE", 2)
        for pod in pods:
            assert CLIENT not in found.peers[name_of(pod)]
        assert {CBR0[node_of(pod)] for pod in pods} & {
            peer for peers in found.peers.values() for peer in peers
        }

    run(place.lab, "tables-plain", scenario)
