"""What is asked of a cluster before it goes, or before its VPC-CNI is switched off: a cluster of a few lines answers."""

import base64
import http.server
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import Status

from pulumi_tke_hybrid.cloud.client import Params
from pulumi_tke_hybrid.cloud.errors import CloudError, DeadlinePassed
from pulumi_tke_hybrid.cloud.in_cluster import KeptAddress, LiveCluster, NotReadable
from pulumi_tke_hybrid.cloud.kept_addresses import settle
from pulumi_tke_hybrid.cloud.waiting import Wait

WEB = KeptAddress("shop", "web-0", "10.0.64.5")


@dataclass
class Cluster:
    """`stuck`: claims that no deletion removes."""

    kept: list[KeptAddress] = field(default_factory=list[KeptAddress])
    stuck: bool = False
    released: list[KeptAddress] = field(default_factory=list[KeptAddress])

    def kept_addresses(self) -> list[KeptAddress]:
        return [item for item in self.kept if self.stuck or item not in self.released]

    def release(self, kept: KeptAddress) -> None:
        self.released.append(kept)

    def eni_pods(self) -> list[str]:
        return []


def wait(said: list[str]) -> Wait:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return Wait(20, said.append, sleep=sleep, clock=lambda: now[0])


def test_kept_addresses_are_named_with_the_command_that_releases_each() -> None:
    said: list[str] = []
    cluster = Cluster([WEB])
    settle(lambda: cluster, False, wait(said))
    assert said[0] == "kept: 10.0.64.5 of shop/web-0; `kubectl delete vipc web-0 -n shop` releases it while the cluster lives"
    assert "release_kept_ips=True" in said[1]
    assert cluster.released == []


def test_they_are_released_when_the_program_says_so_and_waited_for() -> None:
    said: list[str] = []
    cluster = Cluster([WEB])
    settle(lambda: cluster, True, wait(said))
    assert cluster.released == [WEB]
    assert said == ["releasing 10.0.64.5 of shop/web-0"]
    with pytest.raises(DeadlinePassed, match=r"still kept: 10\.0\.64\.5 of shop/web-0"):
        settle(lambda: Cluster([WEB], stuck=True), True, wait([]))


def test_nothing_is_said_where_nothing_is_kept() -> None:
    said: list[str] = []
    for release in (False, True):
        settle(Cluster, release, wait(said))
    assert said == []


def test_a_cluster_that_cannot_be_asked_does_not_hold_up_its_own_deletion() -> None:
    said: list[str] = []

    def closed() -> Cluster:
        raise NotReadable("cls-12345678 has no open endpoint (FailedOperation.KubeClientConf)")

    settle(closed, False, wait(said))
    unread = (
        "could not tell which addresses are kept for pods that are gone: cls-12345678 has no open endpoint (FailedOperation.KubeClientConf)"
    )
    assert said == [unread]
    settle(closed, True, wait(said))
    held = "nothing was released, and kept addresses may hold up the deletion of their subnets until their reclaim time"
    assert said[1:] == [f"{unread}; {held}"]


def test_a_look_that_fails_while_released_addresses_go_is_made_again() -> None:
    @dataclass
    class Blinking(Cluster):
        blind: list[bool] = field(default_factory=lambda: [False, True, True])

        def kept_addresses(self) -> list[KeptAddress]:
            if self.blind and self.blind.pop(0):
                raise NotReadable("the API server was not reached (ConnectError); is this machine in the VPC?")
            return super().kept_addresses()

    said: list[str] = []
    settle(lambda: Blinking([WEB]), True, wait(said))
    assert said[0] == "releasing 10.0.64.5 of shop/web-0"
    assert said[1].startswith("kept addresses: could not see whether they are released: the API server was not reached (ConnectError)")
    with pytest.raises(DeadlinePassed, match="last seen: could not see whether they are released"):
        settle(lambda: Blinking([WEB], blind=[False] + [True] * 1000), True, wait([]))


def test_a_cluster_that_falls_silent_between_two_releases_is_told_how_far_it_came() -> None:
    class Failing(Cluster):
        def release(self, kept: KeptAddress) -> None:
            if self.released:
                raise NotReadable("the API server said: gone away")
            super().release(kept)

    said: list[str] = []
    cluster = Failing([WEB, KeptAddress("shop", "web-1", "10.0.64.6"), KeptAddress("shop", "web-2", "10.0.64.7")])
    settle(lambda: cluster, True, wait(said))
    assert cluster.released == [WEB]
    assert said[1:] == [
        "releasing 10.0.64.6 of shop/web-1",
        "could not release it: the API server said: gone away; 1 of 3 were released, and kept addresses may hold up the deletion of their "
        "subnets until their reclaim time",
    ]


class Item:
    def __init__(self, name: str, **more: Any) -> None:
        self._item = {"metadata": {"name": name, "namespace": "shop", **more.pop("metadata", {})}, **more}

    def to_dict(self) -> dict[str, Any]:
        return self._item


class Api:
    """As lightkube's client: pods by their kind, anything else is a claim. `before` may raise, for the kind that is asked for."""

    def __init__(self, pods: Sequence[Item], claims: Sequence[Item], before: Callable[[str], None] = lambda _: None) -> None:
        self._pods, self._claims, self._before = pods, claims, before

    def list(self, kind: Any, **_: object) -> Sequence[Item]:
        self._before(kind.__name__)
        return self._pods if kind.__name__ == "Pod" else self._claims

    def delete(self, kind: Any, name: str, namespace: str) -> None:
        self._before(kind.__name__)


def eni(name: str, phase: str = "Running", networks: str = "tke-route-eni") -> Item:
    return Item(name, metadata={"annotations": {"tke.cloud.tencent.com/networks": networks}}, status={"phase": phase})


def test_a_claim_is_kept_when_its_pod_is_gone_and_pods_that_are_over_hold_nothing() -> None:
    pods = [eni("web-1"), eni("job-1", "Succeeded"), eni("both", networks="tke-bridge, tke-route-eni"), Item("plain")]
    cluster = LiveCluster([Api(pods, [Item("web-0", spec={"ip": "10.0.64.5"}), Item("web-1", spec={"ip": "10.0.64.6"})])])
    assert cluster.kept_addresses() == [WEB]
    assert cluster.eni_pods() == ["shop/both", "shop/web-1"]


def test_pods_on_every_kind_of_eni_are_seen_by_annotation_or_resource() -> None:
    def asking(name: str, resource: str, containers: str = "containers", kind: str = "limits") -> Item:
        return Item(name, spec={containers: [{"resources": {kind: {resource: "1"}}}]}, status={"phase": "Running"})

    pods = [
        eni("direct", networks="tke-direct-eni"),
        eni("sub", networks="tke-sub-eni"),
        asking("by-resource", "tke.cloud.tencent.com/eni-ip"),
        asking("at-first", "tke.cloud.tencent.com/direct-eni", "initContainers", "requests"),
        asking("plain", "cpu"),
    ]
    assert LiveCluster([Api(pods, [])]).eni_pods() == ["shop/at-first", "shop/by-resource", "shop/direct", "shop/sub"]


def test_what_a_claim_says_is_shown_without_control_sequences() -> None:
    (kept,) = LiveCluster([Api([], [Item("web-0", spec={"ip": "10.0.0.9\x1b[2K\nkept"})])]).kept_addresses()
    assert str(kept) == "10.0.0.9?[2K?kept of shop/web-0"


def test_the_other_endpoint_is_tried_and_silence_is_not_nothing() -> None:
    def silent(_: str) -> None:
        raise httpx2.ConnectTimeout("no answer")

    assert LiveCluster([Api([], [], silent), Api([eni("web-1")], [])]).eni_pods() == ["shop/web-1"]
    with pytest.raises(NotReadable, match="is this machine in the VPC"):
        LiveCluster([Api([], [], silent)]).eni_pods()


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[tuple[int, str, bytes]]]]:
    """The address of an API server, and what it answers: the first of the list, always."""
    answers: list[tuple[int, str, bytes]] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = answers[0]
            self.send_response(status)
            if kind:
                self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()
    server.server_close()


JSON = "application/json"
PLAIN = {"insecure-skip-tls-verify": True}
"""The server speaks plain HTTP: reading the machine's certificate authorities for it would take longer than the test."""
NOT_FOUND = json.dumps({"kind": "Status", "code": 404, "message": "the server could not find the requested resource"}).encode()


@dataclass
class Open:
    """A cloud that hands out that kubeconfig."""

    kubeconfig: Any

    def call(self, service: str, action: str, params: Params) -> dict[str, Any]:
        return {"Kubeconfig": self.kubeconfig}


def kubeconfig(server: str, **cluster: object) -> str:
    return json.dumps(
        {
            "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
            "users": [{"name": "u", "user": {"token": "hunter2"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "c",
        }
    )


def test_what_does_not_exist_is_nothing_for_claims_alone(endpoint: tuple[str, list[tuple[int, str, bytes]]]) -> None:
    server, answers = endpoint
    answers.append((404, JSON, NOT_FOUND))
    cluster = LiveCluster.connect(Open(kubeconfig(server, **PLAIN)), "cls-12345678")
    assert cluster.kept_addresses() == [], "a cluster without VPC-CNI knows no claims"
    with pytest.raises(NotReadable, match="the API server said: the server could not find the requested resource"):
        cluster.eni_pods()


def test_a_claim_that_is_gone_already_is_released() -> None:
    def gone(_: str) -> None:
        raise ApiError(status=Status(code=404, message="not found"))

    LiveCluster([Api([], [], gone)]).release(WEB)

    def forbidden(_: str) -> None:
        raise ApiError(status=Status(code=403, message="not allowed"))

    with pytest.raises(NotReadable, match="not allowed"):
        LiveCluster([Api([], [], forbidden)]).release(WEB)


def test_a_claim_is_not_kept_because_the_pods_cannot_be_listed() -> None:
    def no_pods(kind: str) -> None:
        if kind == "Pod":
            raise ApiError(status=Status(code=404, message="not found"))

    with pytest.raises(NotReadable, match="not found"):
        LiveCluster([Api([], [Item("web-1", spec={"ip": "10.0.64.6"})], no_pods)]).kept_addresses()


@pytest.mark.parametrize(
    "answer",
    [
        (200, "text/html", b"<html>hunter2</html>"),
        (200, JSON, b"{}"),
        (200, JSON, b"[]"),
        (200, JSON, b'{"items": [3]}'),
        (200, JSON, b'{"items": [{}]}'),
        (404, JSON, b"<html>hunter2</html>"),
        (404, "", b"hunter2"),
        (404, "text/html", b"<html>hunter2</html>"),
    ],
)
def test_an_answer_that_cannot_be_read_is_not_nothing(
    endpoint: tuple[str, list[tuple[int, str, bytes]]], answer: tuple[int, str, bytes]
) -> None:
    server, answers = endpoint
    answers.append(answer)
    cluster = LiveCluster.connect(Open(kubeconfig(server, **PLAIN)), "cls-12345678")
    for question in (cluster.eni_pods, cluster.kept_addresses):
        with pytest.raises(NotReadable) as caught:
            question()
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "", None, "null", "[]", "hunter2", "{}", "{", json.dumps({"clusters": 3}), kubeconfig("https://[::1"),
        kubeconfig("https://127.0.0.1:1", **{"certificate-authority-data": base64.b64encode(b"hunter2").decode()}),
        kubeconfig("https://127.0.0.1:1", **{"certificate-authority": "/hunter2"}),
    ],
)  # fmt: skip
def test_a_kubeconfig_that_does_not_fit_is_said_and_not_quoted(text: str | None) -> None:
    with pytest.raises(NotReadable, match=r"the kubeconfig that the cloud gave does not fit \(\w+\)$"):
        LiveCluster.connect(Open(text), "cls-12345678")


def test_a_cluster_without_an_open_endpoint_cannot_be_asked() -> None:
    class Closed:
        def call(self, service: str, action: str, params: Params) -> dict[str, Any]:
            raise CloudError(action, "FailedOperation.KubeClientConf", "not open")

    with pytest.raises(NotReadable, match=r"cls-12345678 has no open endpoint \(FailedOperation.KubeClientConf\)"):
        LiveCluster.connect(Closed(), "cls-12345678")
