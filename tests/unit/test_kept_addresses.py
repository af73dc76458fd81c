"""What is asked of a cluster before it goes, or before its VPC-CNI is switched off: a cluster of a few lines answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

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

    settle(closed, True, wait(said))
    assert said == [
        "could not tell which addresses are kept for pods that are gone: cls-12345678 has no open endpoint (FailedOperation.KubeClientConf)"
    ]


class Item:
    def __init__(self, name: str, **more: Any) -> None:
        self._item = {"metadata": {"name": name, "namespace": "shop", **more.pop("metadata", {})}, **more}

    def to_dict(self) -> dict[str, Any]:
        return self._item


class Api:
    """As lightkube's client: pods by their kind, anything else is a claim."""

    def __init__(self, pods: Sequence[Item], claims: Sequence[Item], before: Callable[[], None] = lambda: None) -> None:
        self._pods, self._claims, self._before = pods, claims, before

    def list(self, kind: Any, **_: object) -> Sequence[Item]:
        self._before()
        return self._pods if kind.__name__ == "Pod" else self._claims


def eni(name: str, phase: str = "Running", networks: str = "tke-route-eni") -> Item:
    return Item(name, metadata={"annotations": {"tke.cloud.tencent.com/networks": networks}}, status={"phase": phase})


def test_a_claim_is_kept_when_its_pod_is_gone_and_pods_that_are_over_hold_nothing() -> None:
    pods = [eni("web-1"), eni("job-1", "Succeeded"), eni("both", networks="tke-bridge, tke-route-eni"), Item("plain")]
    cluster = LiveCluster([Api(pods, [Item("web-0", spec={"ip": "10.0.64.5"}), Item("web-1", spec={"ip": "10.0.64.6"})])])
    assert cluster.kept_addresses() == [WEB]
    assert cluster.eni_pods() == ["shop/both", "shop/web-1"]


def test_the_other_endpoint_is_tried_and_silence_is_not_nothing() -> None:
    def silent() -> None:
        raise httpx2.ConnectTimeout("no answer")

    assert LiveCluster([Api([], [], silent), Api([eni("web-1")], [])]).eni_pods() == ["shop/web-1"]
    with pytest.raises(NotReadable, match="is this machine in the VPC"):
        LiveCluster([Api([], [], silent)]).eni_pods()


def test_a_cluster_without_an_open_endpoint_cannot_be_asked() -> None:
    class Closed:
        def call(self, service: str, action: str, params: Params) -> dict[str, Any]:
            raise CloudError(action, "FailedOperation.KubeClientConf", "not open")

    with pytest.raises(NotReadable, match=r"cls-12345678 has no open endpoint \(FailedOperation.KubeClientConf\)"):
        LiveCluster.connect(Closed(), "cls-12345678")
