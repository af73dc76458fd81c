"""Kept addresses on destroy: listed, or released and awaited."""

from dataclasses import dataclass, field

import pytest

from pulumi_tke_hybrid.cloud.calls import DeadlinePassed, Wait
from pulumi_tke_hybrid.cloud.in_cluster import KeptAddress, LiveCluster, NotReadable
from pulumi_tke_hybrid.kept_addresses import release_or_list

WEB = KeptAddress("shop", "web-0", "10.0.64.5")


@dataclass
class Cluster(LiveCluster):
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
    release_or_list(lambda: cluster, False, wait(said))
    assert (
        said[0]
        == "kept: 10.0.64.5 of shop/web-0; `kubectl delete vipc web-0 -n shop` releases it while the cluster"
        " lives"
    )
    assert "release_kept_ips=True" in said[1]
    assert cluster.released == []


def test_kept_addresses_are_released_with_release_kept_ips_and_awaited() -> None:
    said: list[str] = []
    cluster = Cluster([WEB])
    release_or_list(lambda: cluster, True, wait(said))
    assert cluster.released == [WEB]
    assert said == ["releasing 10.0.64.5 of shop/web-0"]
    with pytest.raises(DeadlinePassed, match=r"still kept: 10\.0\.64\.5 of shop/web-0"):
        release_or_list(lambda: Cluster([WEB], stuck=True), True, wait([]))


def test_without_kept_addresses_there_is_no_line() -> None:
    said: list[str] = []
    for release in (False, True):
        release_or_list(Cluster, release, wait(said))
    assert said == []


def test_a_cluster_that_cannot_be_read_does_not_stop_its_deletion() -> None:
    said: list[str] = []

    def closed() -> Cluster:
        raise NotReadable("cls-12345678 has no open endpoint (FailedOperation.KubeClientConf)")

    release_or_list(closed, False, wait(said))
    unread = (
        "could not read the addresses that are kept for pods that are gone: cls-12345678 has no open endpoint"
        " (FailedOperation.KubeClientConf)"
    )
    assert said == [unread]
    release_or_list(closed, True, wait(said))
    held = (
        "nothing was released, and kept addresses may hold up the deletion of their subnets until their"
        " reclaim time"
    )
    assert said[1:] == [f"{unread}; {held}"]


def test_a_look_that_fails_while_released_addresses_go_is_made_again() -> None:
    @dataclass
    class Blinking(Cluster):
        blind: list[bool] = field(default_factory=lambda: [False, True, True])

        def kept_addresses(self) -> list[KeptAddress]:
            if self.blind and self.blind.pop(0):
                raise NotReadable(
                    "the API server was not reached (ConnectError); is this machine in the VPC?"
                )
            return super().kept_addresses()

    said: list[str] = []
    release_or_list(lambda: Blinking([WEB]), True, wait(said))
    assert said[0] == "releasing 10.0.64.5 of shop/web-0"
    assert said[1].startswith(
        "kept addresses: could not see whether they are released: the API server was not reached"
        " (ConnectError)"
    )
    with pytest.raises(DeadlinePassed, match="last seen: could not see whether they are released"):
        release_or_list(lambda: Blinking([WEB], blind=[False] + [True] * 1000), True, wait([]))


def test_a_release_that_fails_half_way_reports_its_progress() -> None:
    class Failing(Cluster):
        def release(self, kept: KeptAddress) -> None:
            if self.released:
                raise NotReadable("the API server said: gone away")
            super().release(kept)

    said: list[str] = []
    cluster = Failing(
        [WEB, KeptAddress("shop", "web-1", "10.0.64.6"), KeptAddress("shop", "web-2", "10.0.64.7")]
    )
    release_or_list(lambda: cluster, True, wait(said))
    assert cluster.released == [WEB]
    assert said[1:] == [
        "releasing 10.0.64.6 of shop/web-1",
        (
            "could not release it: the API server said: gone away; 1 of 3 were released, and kept addresses"
            " may hold up the deletion of their subnets until their reclaim time"
        ),
    ]
