"""Real packets on the lab: which address a pod sees by which path, and that nothing is left behind."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.lab.controllers import keys
from tests.lab.controllers.kube import (
    DEPLOYMENT,
    INGRESS,
    POD,
    SECRET,
    SERVICE,
    Json,
    name_of,
    node_of,
    pod_ip,
    uid_of,
)
from tests.lab.controllers_tests import cluster as controlled
from tests.lab.controllers_tests.cluster import ENI, MANAGER, STATEFUL_SET, template
from tests.lab.packets import names
from tests.lab.packets.errors import AddressTaken
from tests.lab.packets_cluster import (
    CBR0,
    DIRECT,
    NODE_PORT,
    ZONES,
    PacketLab,
    ingress,
    output,
    run,
    running,
)

TELL = """
import json, socket, sys
host, port, data = json.loads(sys.argv[1])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
    there.settimeout(5)
    there.connect((host, port))
    there.send(bytes.fromhex(data))
    print(there.recv(1000).decode())
"""


def peer(answer: Json) -> str:
    assert answer["status"] == 200, answer
    return str(answer["json"]["remoteAddr"].rpartition(":")[0])


def header(answer: Json, name: str) -> str:
    return ", ".join(answer["json"]["headers"].get(name, []))


@pytest.fixture(scope="module")
def lab(possible: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PacketLab]:
    with running(tmp_path_factory.mktemp("cluster")) as made:
        yield made


def test_a_plain_service_hides_the_client_behind_the_node(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, NODE_PORT)
        pods = {name_of(pod): pod for pod in await lab.pods_on(namespace, {"100004": 1, "100006": 1})}
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 3)
        answers = await lab.request(await lab.network.client("10.0.0.3"), vip, count=60)
        seen = {(answer["json"]["hostname"], peer(answer)) for answer in answers}
        for name, pod in pods.items():
            # Through its own node: that node's cbr0. Through another: that one's address in the VPC. Never
            # the client.
            own = node_of(pod)
            assert {address for pod_name, address in seen if pod_name == name} == {
                CBR0[own],
                *(set(ZONES) - {own}),
            }
        assert {"192.168.0.1", "192.168.0.65"} < {address for _, address in seen}

    run(lab, "plain", scenario)


def test_local_traffic_policy_keeps_the_client(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, NODE_PORT)
        await lab.api.patch(
            SERVICE, "web", {"spec": {"externalTrafficPolicy": "Local"}}, namespace=namespace, manager=MANAGER
        )
        pods = await lab.pods_on(namespace, {"100004": 1, "100006": 2})
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 3)
        answers = await lab.request(await lab.network.client("10.0.0.3"), vip, count=40)
        assert {peer(answer) for answer in answers} == {"10.0.0.3"}
        assert {answer["json"]["hostname"] for answer in answers} == {name_of(pod) for pod in pods}

    run(lab, "local", scenario)


def test_local_traffic_policy_in_front_of_eni_pods(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, NODE_PORT)
        await lab.pods_on(namespace, {"100004": 1, "100006": 1}, ENI)
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 3)
        client = await lab.network.client("10.0.0.3")
        # Not direct, ENI address: what looks right and is not.
        assert {peer(answer) for answer in await lab.request(client, vip, count=40)} == set(ZONES)
        await lab.api.patch(
            SERVICE, "web", {"spec": {"externalTrafficPolicy": "Local"}}, namespace=namespace, manager=MANAGER
        )
        await asyncio.sleep(1.0)
        assert {peer(answer) for answer in await lab.request(client, vip, count=20)} == {"10.0.0.3"}

    run(lab, "local-eni", scenario)


def test_a_direct_service_shows_the_client(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, DIRECT)
        pods = await lab.pods_on(namespace, {"100004": 1, "100006": 1}, ENI)
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 2)
        for address in ("10.0.0.3", "10.0.0.13", "198.51.100.7"):
            answers = await lab.request(await lab.network.client(address), vip, count=8)
            assert {(answer["source"], peer(answer)) for answer in answers} == {(address, address)}
            assert {answer["json"]["hostname"] for answer in answers} == {name_of(pod) for pod in pods}
        hidden = await lab.network.client("172.31.0.3", behind="10.0.0.9")
        (answer,) = await lab.request(hidden, vip)
        assert (answer["source"], peer(answer)) == ("172.31.0.3", "10.0.0.9")
        # A node and a pod as clients; and straight to a pod, without any load balancer.
        node = await lab.network.inside("10.0.0.7")
        assert {peer(answer) for answer in await lab.request(node, vip, count=4)} == {"10.0.0.7"}
        (answer,) = await lab.request(await lab.network.client("10.0.0.3"), pod_ip(pods[0]), port=8080)
        assert peer(answer) == "10.0.0.3"
        # A load balancer never answers the pod that it would send to itself.
        one = await lab.network.inside(f"{namespace}/{name_of(pods[0])}")
        answers = await lab.request(one, vip, count=4, seconds=1.5)
        assert {peer(answer) for answer in answers if answer["status"]} == {pod_ip(pods[0])}
        assert {answer["json"]["hostname"] for answer in answers if answer["status"]} == {name_of(pods[1])}
        assert {answer["status"] for answer in answers} == {0, 200}

    run(lab, "direct", scenario)


def test_direct_access_to_overlay_pods_shows_the_client(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, DIRECT)
        await lab.pods_on(namespace, {"100004": 1, "100006": 1})
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 2)
        assert {
            peer(answer) for answer in await lab.request(await lab.network.client("10.0.0.3"), vip, count=8)
        } == {"10.0.0.3"}

    run(lab, "direct-gr", scenario)


def test_the_response_of_a_pod(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, DIRECT)
        (pod,) = await lab.pods_on(namespace, {"100004": 1}, ENI)
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 1)
        client = await lab.network.client("10.0.0.3")
        (answer,) = await lab.request(client, vip, "/", headers={"X-Forwarded-For": "1.2.3.4"})
        lines = answer["text"].splitlines()
        assert lines[:3] == [f"Hostname: {name_of(pod)}", "IP: 127.0.0.1", f"IP: {pod_ip(pod)}"]
        assert lines[3].startswith("RemoteAddr: 10.0.0.3:")
        assert lines[4:6] == ["GET / HTTP/1.1", f"Host: {vip}"]
        assert "X-Forwarded-For: 1.2.3.4" in lines
        forged = {"X-Forwarded-For": "1.2.3.4"}
        assert (await lab.request(client, vip, "/honest", headers=forged))[0]["json"][
            "client_ip"
        ] == "10.0.0.3"
        assert (await lab.request(client, vip, "/trusting", headers=forged))[0]["json"][
            "client_ip"
        ] == "1.2.3.4"
        assert peer((await lab.request(client, vip, scheme="https"))[0]) == "10.0.0.3"
        assert (await lab.send(client, vip, b"hello\n")).startswith("10.0.0.3:")
        assert (await lab.send(client, vip, b"")).startswith("10.0.0.3:")
        assert (await lab.send(client, vip, b"\r\n")).startswith("10.0.0.3:")
        text = await lab.send(client, vip, b"PROXY TCP4 5.6.7.8 10.0.8.8 4321 80\r\nGET / HTTP/1.0\r\n\r\n")
        assert "RemoteAddr: 10.0.0.3:" in text
        assert "ProxyProtocol: 5.6.7.8:4321" in text

    run(lab, "answers", scenario)


def test_a_load_balancer_that_hides_the_client(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, DIRECT)
        await lab.pods_on(namespace, {"100004": 1, "100006": 1}, ENI)
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 2)
        client = await lab.network.client("10.0.0.3")
        async with lab.modes(snat=True):
            assert {peer(answer) for answer in await lab.request(client, vip, count=8)} == {vip}
        async with lab.modes(sticky=True):
            assert (
                len({answer["json"]["hostname"] for answer in await lab.request(client, vip, count=12)}) == 1
            )
        async with lab.modes(proxy_protocol=True):
            (answer,) = await lab.request(client, vip)
            assert peer(answer) == vip
            assert answer["json"]["proxyProtocol"].startswith("10.0.0.3:")
        assert {peer(answer) for answer in await lab.request(client, vip, count=8)} == {"10.0.0.3"}

    run(lab, "hiding", scenario)


def test_a_direct_ingress_in_both_modes(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, {}, kind="NodePort")
        vip = await ingress(lab, namespace, "true")
        pods = await lab.pods_on(namespace, {"100004": 1, "100006": 1}, ENI)
        await lab.bound(vip, 2)
        client = await lab.network.client("10.0.0.3")
        answers = await lab.request(client, vip, count=8)
        assert {(peer(a), header(a, "X-Forwarded-For"), header(a, "X-Real-Ip")) for a in answers} == {
            ("10.0.0.3",) * 3
        }
        assert {answer["json"]["hostname"] for answer in answers} == {name_of(pod) for pod in pods}
        (answer,) = await lab.request(
            client, vip, headers={"X-Forwarded-For": "1.2.3.4", "X-Real-IP": "1.2.3.4"}
        )
        assert (header(answer, "X-Forwarded-For"), header(answer, "X-Real-Ip")) == (
            "1.2.3.4, 10.0.0.3",
            "10.0.0.3",
        )
        async with lab.modes(keep_alive=True):
            answers = await lab.request(client, vip, count=20, threads=2)
            assert {(peer(a), header(a, "X-Forwarded-For")) for a in answers} == {(vip, "10.0.0.3")}
            connections = {answer["json"]["remoteAddr"] for answer in answers}
            assert len(connections) <= 4, "connections to the pods are kept"
        # Not direct: the node is the peer, and the header has the client.
        await lab.api.patch(
            INGRESS,
            "web",
            {"metadata": {"annotations": {keys.INGRESS_DIRECT: "false"}}},
            namespace=namespace,
            manager=MANAGER,
        )
        await lab.bound(vip, 3)
        answers = await lab.request(client, vip, count=10)
        assert {peer(answer) for answer in answers} <= set(ZONES)
        assert {header(answer, "X-Forwarded-For") for answer in answers} == {"10.0.0.3"}

    run(lab, "ingress", scenario)


def test_listeners_that_are_not_plain_tcp(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        certificate: Json = {
            "metadata": {"name": "certificate", "namespace": namespace},
            "stringData": {keys.CERTIFICATE_ID: "cert-1"},
        }
        await lab.api.create(SECRET, certificate, manager=MANAGER)
        await lab.service(
            namespace,
            {
                **DIRECT,
                keys.SERVICE_PROTOCOL: json.dumps({"80": {"protocol": ["HTTPS"], "tls": "certificate"}}),
            },
        )
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 0)
        client = await lab.network.client("10.0.0.3")
        assert (await lab.request(client, vip, scheme="https"))[0]["status"] == 503
        await lab.pods_on(namespace, {"100004": 1}, ENI)
        await lab.bound(vip, 1)
        (answer,) = await lab.request(client, vip, scheme="https")
        assert (peer(answer), header(answer, "X-Forwarded-For"), header(answer, "X-Forwarded-Proto")) == (
            "10.0.0.3",
            "10.0.0.3",
            "https",
        )

        async def become(protocol: str, ports: list[Json]) -> None:
            annotation = {
                keys.SERVICE_PROTOCOL: json.dumps({"80": {"protocol": [protocol], "tls": "certificate"}})
            }
            body: Json = {"metadata": {"annotations": annotation}, "spec": {"ports": ports}}
            await lab.api.patch(SERVICE, "web", body, namespace=namespace, manager=MANAGER)
            await asyncio.sleep(1.5)

        http: Json = {"name": "http", "port": 80, "targetPort": "http"}
        await become("TCP_SSL", [http])
        (answer,) = await lab.request(client, vip, scheme="https")
        assert (peer(answer), header(answer, "X-Forwarded-For")) == ("10.0.0.3", "")
        await become("HTTP", [http, {"name": "dns", "protocol": "UDP", "port": 53, "targetPort": 5353}])
        assert (await lab.python(client, TELL, [vip, 53, b"?".hex()])).startswith("10.0.0.3:")
        chunked = (
            b"POST /api HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        )
        sized = b"POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        for keep_alive in (False, True):
            async with lab.modes(keep_alive=keep_alive):
                text = await lab.send(client, vip, chunked + sized)
                assert text.count("HTTP/1.1 200 OK") == 2
                assert text.count("10.0.0.3") == (2 + 2 + 2 if not keep_alive else 2 + 2)
        assert (await lab.send(client, vip, b"what?\n")).startswith("HTTP/1.1 400")

    run(lab, "listeners", scenario)


def test_packets_follow_the_pods(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, DIRECT)
        (old,) = await lab.pods_on(namespace, {"100004": 1}, ENI)
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 1)
        client = await lab.network.client("10.0.0.3")
        assert (await lab.request(client, vip))[0]["json"]["hostname"] == name_of(old)
        before = set(lab.network.status()["pods"].values())
        await lab.api.delete(POD, name_of(old), namespace)

        async def replaced() -> Json | None:
            found = await lab.ready_pods(namespace, 1)()
            return found[0] if found and uid_of(found[0]) != uid_of(old) else None

        new = await lab.until(replaced)
        begin = time.monotonic()

        async def moved() -> bool:
            (answer,) = await lab.request(client, vip)
            return bool(answer["status"] == 200 and answer["json"]["hostname"] == name_of(new))

        await lab.until(moved, timeout=3)
        print(f"packets moved {time.monotonic() - begin:.2f} s after the new pod was ready")
        (answer,) = await lab.request(client, vip)
        assert peer(answer) == "10.0.0.3"

        async def gone() -> bool:
            return not before & set(names.existing(names.prefix()))

        await lab.until(gone, timeout=5)
        # A fixed address: the next pod of that name has it, and is another.
        body: Json = {
            "metadata": {"name": "kept", "namespace": namespace},
            "spec": {
                "serviceName": "kept",
                "replicas": 1,
                "selector": {"matchLabels": {"app": "web"}},
                "template": template(controlled.KEPT),
            },
        }
        await lab.api.delete(DEPLOYMENT, "web-100004", namespace)
        await lab.api.create(STATEFUL_SET, body, manager=MANAGER)

        async def kept() -> Json | None:
            found = await lab.ready_pods(namespace, 1)()
            return found[0] if found and name_of(found[0]) == "kept-0" else None

        first = await lab.until(kept)
        await lab.bound(vip, 1)
        assert (await lab.request(client, vip))[0]["json"]["hostname"] == "kept-0"
        await lab.api.delete(POD, "kept-0", namespace)

        async def back() -> Json | None:
            found = await kept()
            return found if found and uid_of(found) != uid_of(first) else None

        second = await lab.until(back)
        assert pod_ip(second) == pod_ip(first)
        await asyncio.sleep(1.0)
        assert peer((await lab.request(client, vip))[0]) == "10.0.0.3"
        assert uid_of(second)[:8] in lab.network.status()["pods"][f"{namespace}/kept-0"]

    run(lab, "following", scenario)


def test_a_thousand_requests_over_thirty_pods(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, DIRECT)
        begin = time.monotonic()
        pods = await lab.pods_on(namespace, dict.fromkeys(ZONES.values(), 10), ENI)
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 30)
        print(f"30 pods ready and reachable in {time.monotonic() - begin:.1f} s")
        client = await lab.network.client("10.0.0.3")
        answers = await lab.request(client, vip, count=1000, threads=16)
        assert {peer(answer) for answer in answers} == {"10.0.0.3"}
        assert {answer["json"]["hostname"] for answer in answers} == {name_of(pod) for pod in pods}
        again = await ingress(lab, namespace, "true")
        await lab.bound(again, 30)
        for mode in (False, True):
            async with lab.modes(keep_alive=mode):
                answers = await lab.request(client, again, count=1000, threads=16)
                assert {header(answer, "X-Forwarded-For") for answer in answers} == {"10.0.0.3"}

    run(lab, "thousand", scenario)


def test_nothing_leaves_the_namespaces(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, _: str) -> None:
        client = await lab.network.client("10.0.0.3")
        outside = await output("ip", "-o", "address")
        assert not any(
            address in outside for address in ("10.0.0.1/", "10.0.0.3/", "192.168.0.1/", names.LB_NEXT_HOP)
        )
        assert not any(key in outside for key in ("cbr0", "br0"))
        routes = await output("ip", "-n", lab.network.status()["router"], "route")
        assert "default" not in routes
        (answer,) = await lab.request(client, "192.0.2.1", seconds=2)
        assert answer["status"] == 0
        # Its loopback leads to the cluster's API all the same.
        port = json.loads(json.dumps(lab.cluster.kubeconfig)).split("https://127.0.0.1:")[1].split()[0]
        assert (await lab.request(client, "127.0.0.1", "/", scheme="https", port=int(port)))[0]["status"] in (
            401,
            403,
        )
        with pytest.raises(AddressTaken, match=r"10\.0\.0\.4 belongs to node"):
            await lab.network.client("10.0.0.4")

    run(lab, "closed", scenario)


def test_a_dead_agent_is_replaced(lab: PacketLab) -> None:
    async def scenario(lab: PacketLab, namespace: str) -> None:
        await lab.service(namespace, DIRECT)
        await lab.pods_on(namespace, {"100004": 1}, ENI)
        vip = await lab.vip(SERVICE, namespace)
        await lab.bound(vip, 1)
        client = await lab.network.client("10.0.0.3")
        os.kill(lab.network.status()["agent"], signal.SIGKILL)

        async def answered() -> bool:
            return bool((await lab.request(client, vip))[0]["status"] == 200)

        await lab.until(answered, timeout=5)

    run(lab, "healing", scenario)
