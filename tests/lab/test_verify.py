"""`tke-hybrid verify`, the command itself, on real packets: each verdict from a real run over real sockets.

How long a thousand requests take is measured by `benchmarks/verify.py`.
"""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
from collections.abc import AsyncGenerator, Iterator

import pytest

from tests import COMMAND
from tests.lab.controllers import keys
from tests.lab.controllers.kube import INGRESS, POD, SERVICE, Json, name_of, node_of
from tests.lab.controllers_tests.cluster import ENI, MANAGER
from tests.lab.lab import ROOT, Lab
from tests.lab.packets import kernel, names
from tests.lab.packets_cluster import (
    CBR0,
    DIRECT,
    NODE_PORT,
    ZONES,
    PacketLab,
    ingress,
    run,
    running,
    skip_where_impossible,
    with_cluster,
)
from tests.lab.verified import CLIENT, Place, direct

FORGED = "203.0.113.66"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PacketLab]:
    skip_where_impossible()
    with running(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="module")
def place(lab: PacketLab, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(lab, tmp_path_factory.mktemp("client"))


def zone_of(pod: Json) -> str:
    return ZONES[node_of(pod)][-1]


def test_a_plain_service_is_found_out_by_the_nodes_bridge(place: Place) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, NODE_PORT)
        pods = await lab.pods_on(namespace, {"100004": 1, "100006": 1})
        await lab.bound(await lab.vip(SERVICE, namespace), 3)
        found = await place.verify(namespace)
        assert (found.verdict, found.code) == ("SNAT_NODE", 2)
        assert found.zones == {"4": "SNAT_NODE", "6": "SNAT_NODE"}
        for pod in pods:
            assert CBR0[node_of(pod)] in found.peers[name_of(pod)]
        assert "192.168.0.65" in found.text, "the article's address"
        assert any(re.search(r"is cbr0 of node|is node", pod["reason"]) for pod in found.report["pods"])
        assert "no direct access" in found.text
        # The way to keep it without ENI: then no node translates.
        await lab.api.patch(
            SERVICE, "web", {"spec": {"externalTrafficPolicy": "Local"}}, namespace=namespace, manager=MANAGER
        )
        await asyncio.sleep(1.0)
        found = await place.verify(namespace)
        assert (found.verdict, found.code) == ("PRESERVED", 0)
        assert found.report["structure"]["path"] == "local"
        assert found.peers == {name_of(pod): {CLIENT} for pod in pods}

    run(place.lab, "verify-plain", scenario)


def test_a_direct_service_is_proven_in_each_zone_and_pod(place: Place) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        pods = await direct(lab, namespace, {"100004": 1, "100006": 2})
        found = await place.verify(namespace)
        assert (found.verdict, found.code) == ("PRESERVED", 0)
        assert found.report["expectedClient"] == CLIENT
        assert found.zones == {"4": "PRESERVED", "6": "PRESERVED"}
        assert found.peers == {name_of(pod): {CLIENT} for pod in pods}
        assert found.report["structure"]["path"] == "direct"
        assert not [entry for entry in found.report["structure"]["findings"] if entry["level"] != "warning"]
        # A load balancer that puts its own address in: same structure, other packets.
        async with lab.modes(snat=True):
            hidden = await place.verify(namespace)
        assert (hidden.verdict, hidden.code) == ("SNAT_LB", 2)
        assert {peer for peers in hidden.peers.values() for peer in peers} == {
            await lab.vip(SERVICE, namespace)
        }
        # PROXY protocol in front of a server that reads it.
        async with lab.modes(proxy_protocol=True):
            found = await place.verify(namespace)
            accepted = await place.verify(namespace, "--accept-header")
        assert (found.verdict, found.code) == ("HEADER_ONLY", 2)
        assert "the PROXY protocol header names the client" in found.text
        assert (accepted.verdict, accepted.code) == ("HEADER_ONLY", 0)
        # Session persistence: one pod answers, and that proves nothing about the others.
        async with lab.modes(sticky=True):
            pinned = await place.verify(namespace, "--requests=40")
        assert (pinned.verdict, pinned.code) == ("UNKNOWN", 3)
        assert "pinned" in pinned.traps
        # Plain TCP.
        assert (await place.verify(namespace, "--tcp")).code == 0

    run(place.lab, "verify-direct", scenario)


def test_the_output_names_the_reason_for_a_client_behind_nat_or_inside(place: Place) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        pods = await direct(lab, namespace, {"100004": 1, "100006": 1})
        found = await place.verify(namespace, client="172.31.0.3", behind="10.0.0.9")
        assert (found.verdict, found.code) == ("UNKNOWN", 3)
        assert found.report["expectedClient"] == "172.31.0.3"
        why = found.traps["client behind NAT"]
        assert "expected 172.31.0.3, and pods saw 10.0.0.9" in why
        assert "--expect-client 10.0.0.9" in why
        again = await place.verify(
            namespace, "--expect-client=10.0.0.9", client="172.31.0.3", behind="10.0.0.9"
        )
        assert (again.verdict, again.code) == ("PRESERVED", 0)
        # On a node its own address is seen, also where a node's source NAT would show the same.
        node = node_of(pods[0])
        beside = await place.verify_in(await lab.network.inside(node), namespace)
        assert f"{name_of(pods[0])} on the same node" in beside.traps["client on a node"]

    run(place.lab, "verify-nat", scenario)


def test_an_ingress_is_proven_by_peer_or_by_header(place: Place) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, {}, kind="NodePort")
        vip = await ingress(lab, namespace, "true")
        pods = await lab.pods_on(namespace, {"100004": 1, "100006": 1}, ENI)
        await lab.bound(vip, 2)
        option = f"--ingress={namespace}/web"
        short = await place.verify(namespace, option)
        assert (short.verdict, short.code) == ("PRESERVED", 0)
        assert short.peers == {name_of(pod): {CLIENT} for pod in pods}
        async with lab.modes(keep_alive=True):
            kept = await place.verify(namespace, option)
            strict = await place.verify(namespace, option, "--peer-only")
            # The load balancer appends its entry to a forged header.
            trusting = await place.verify(namespace, option, "--path=/trusting", "--peer-field=client_ip")
        assert (kept.verdict, kept.code) == ("HEADER_ONLY", 0)
        assert kept.peers == {name_of(pod): {vip} for pod in pods}
        assert "layer 7" in kept.traps
        assert (strict.verdict, strict.code) == ("HEADER_ONLY", 2)
        assert FORGED in trusting.traps["forged header believed"]
        # Not direct: a node is the peer, and the load balancer's header has the client.
        await lab.api.patch(
            INGRESS,
            "web",
            {"metadata": {"annotations": {keys.INGRESS_DIRECT: "false"}}},
            namespace=namespace,
            manager=MANAGER,
        )
        await lab.bound(vip, 3)
        through = await place.verify(namespace, option)
        assert (through.verdict, through.code) == ("HEADER_ONLY", 0)
        assert {peer for peers in through.peers.values() for peer in peers} <= set(ZONES)

    run(place.lab, "verify-ingress", scenario)


@contextlib.asynccontextmanager
async def source_nat(lab: PacketLab, node: str) -> AsyncGenerator[None]:
    """A node that translates the packets to its pods, as a node with wrong masquerading does."""
    name = lab.network.status()["nodes"][node]
    await kernel.nft(
        name,
        "table ip wrong {\nchain out {\ntype nat hook postrouting priority 90\noifname cbr0"
        " masquerade\n}\n}\n",
    )
    try:
        yield
    finally:
        await kernel.nft(name, "delete table ip wrong\n")


def test_one_bad_zone_of_three_is_never_hidden(place: Place) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, DIRECT)
        await lab.pods_on(namespace, {"100004": 2, "100006": 2}, ENI)
        # The third zone's workload lacks the annotation: its pods are on the overlay.
        await lab.deployment(namespace, "100007", 2)
        await lab.until(lab.ready_pods(namespace, 6))
        await lab.bound(await lab.vip(SERVICE, namespace), 6)
        found = await place.verify(namespace)
        assert found.verdict != "PRESERVED"
        assert found.code == 2, "the packets are all right, by luck: what was built is not"
        assert "fault in ap-guangzhou-7" in found.report["headline"]
        async with source_nat(lab, "10.0.0.7"):
            found = await place.verify(namespace)
        assert (found.verdict, found.code) == ("SNAT_NODE", 2)
        assert found.report["headline"].startswith("SNAT_NODE in ap-guangzhou-7:")
        assert found.zones == {"4": "PRESERVED", "6": "PRESERVED", "7": "SNAT_NODE"}
        assert CBR0["10.0.0.7"] in found.text

    run(place.lab, "verify-zones", scenario)


def test_a_forged_header_makes_nothing_better(place: Place) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, NODE_PORT)
        await lab.pods_on(namespace, {"100004": 1}, ENI)
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 3)
        trusting = ["--path=/trusting", "--peer-field=client_ip"]
        honest = ["--path=/honest", "--peer-field=client_ip"]
        bad = {"header": await place.verify(namespace), "field": await place.verify(namespace, *trusting)}
        assert {(found.verdict, found.code) for found in bad.values()} == {("SNAT_NODE", 2)}
        assert "forged header arrives" in bad["header"].traps
        assert FORGED in bad["field"].traps["forged header believed"]
        # A forged address proves nothing, even as the expected address.
        claimed = await place.verify(namespace, *trusting, f"--expect-client={FORGED}")
        assert claimed.code != 0
        assert claimed.verdict == "SNAT_NODE"
        # The reverse: on a correct path, trusted headers prove nothing.
        change: Json = {"metadata": {"annotations": {keys.SERVICE_DIRECT: "true"}}}
        await lab.api.patch(SERVICE, "web", change, namespace=namespace, manager=MANAGER)
        (pod,) = await lab.pods(namespace)
        await lab.api.delete(POD, name_of(pod), namespace)

        async def rolled() -> bool:
            found = await lab.ready_pods(namespace, 1)()
            return bool(found and name_of(found[0]) != name_of(pod))

        await lab.until(rolled)
        await lab.bound(vip, 1)
        found = await place.verify(namespace, *honest)
        assert (found.verdict, found.code) == ("PRESERVED", 0)
        found = await place.verify(namespace, *trusting)
        assert (found.verdict, found.code) == ("HEADER_ONLY", 2)
        assert FORGED in found.traps["forged header believed"]

    run(place.lab, "verify-forged", scenario)


def test_a_thousand_requests_over_thirty_pods(place: Place) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await direct(lab, namespace, dict.fromkeys(ZONES.values(), 10))
        found = await place.verify(namespace, "--requests=1000", measured=True)
        assert (found.verdict, found.code) == ("PRESERVED", 0)
        traffic = found.report["traffic"]
        assert traffic["requests"] >= 1000
        assert not traffic["failures"]
        assert len(found.report["pods"]) == 30
        assert found.zones == {"4": "PRESERVED", "6": "PRESERVED", "7": "PRESERVED"}
        memory = int(found.text.splitlines()[-1]) / 1024
        assert memory < 200

    run(place.lab, "verify-thousand", scenario)


def test_a_hard_kill_during_verify_leaves_nothing() -> None:
    skip_where_impossible()
    with Lab.started(packets=True) as killed:
        left = set(with_cluster(killed))
        prefix = killed.client(CLIENT)
        left.add(prefix[-1])
        # Nothing has this address: it is waited for, as a load balancer that is not ready.
        command = [
            *prefix,
            COMMAND,
            "verify",
            "http://10.0.8.250/",
            "--deadline=300",
        ]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as waiting:
            try:
                os.kill(int(prefix[-1].removeprefix("tkl").partition("-")[0]), signal.SIGKILL)
                assert left <= set(names.existing())
                with Lab.started(packets=True):
                    assert not left & set(names.existing())
                assert waiting.wait(5) == -signal.SIGKILL, "what still ran inside ended with it"
            finally:
                waiting.kill()
