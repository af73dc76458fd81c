"""The input of every action of the API stand-in: world, settings, runtime, and background work."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timezone

from tests.lab.cloud.errors import cluster_not_found, not_found
from tests.lab.cloud.params import Json, Params
from tests.lab.cloud.runtime import ClusterRuntime
from tests.lab.cloud.settings import Settings
from tests.lab.world import Cluster, Subnet, Vpc, World

_log = logging.getLogger(__name__)


@dataclass
class Cloud:
    world: World
    runtime: ClusterRuntime
    settings: Settings = field(default_factory=Settings)
    elsewhere: dict[str, World] = field(default_factory=dict[str, World])
    """The worlds of other accounts, by account. Their clusters have no controllers."""
    starting: dict[str, "asyncio.Task[None]"] = field(default_factory=dict[str, "asyncio.Task[None]"])
    """By cluster id: control planes on their way up."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """The lab ends: cut short what only waits."""
    ending: "set[asyncio.Task[None]]" = field(default_factory=set["asyncio.Task[None]"])
    """Control planes on their way down; these are let finish."""
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set["asyncio.Task[None]"])

    def background(self, work: Coroutine[None, None, None], name: str) -> "asyncio.Task[None]":
        """Continue after the answer. A failure is logged, because no caller awaits the task."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def later(self, seconds: float, change: Callable[[], None], name: str) -> None:
        """Change the world now (0) or after some seconds."""
        if seconds <= 0:
            change()
            return

        async def wait() -> None:
            await asyncio.sleep(seconds)
            change()
            self.runtime.wake()

        self.background(wait(), name)

    async def close(self) -> None:
        """Ends what runs in the background; processes of half-deleted clusters are not left behind."""
        self.closing.set()
        for task in self._tasks - self.ending:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def pause(self, seconds: float) -> None:
        """A sleep that the end of the lab cuts short."""
        if seconds > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.closing.wait(), seconds)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self.ending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("%s failed", task.get_name(), exc_info=error)


@dataclass(frozen=True)
class Call:
    """One authenticated request. Resources of another region or account do not exist for it."""

    cloud: Cloud
    region: str
    params: Params

    @property
    def world(self) -> World:
        """The resources of the account of the credentials."""
        account = self.cloud.settings.account
        if account in ("", self.cloud.world.account):
            return self.cloud.world
        return self.cloud.elsewhere.setdefault(account, self.cloud.world.of_another(account))

    def vpcs(self) -> list[Vpc]:
        return [vpc for vpc in self.world.vpcs.values() if vpc.region == self.region]

    def subnets(self) -> list[Subnet]:
        return [subnet for subnet in self.world.subnets.values() if self._here(subnet)]

    def clusters(self) -> list[Cluster]:
        return [cluster for cluster in self.world.clusters.values() if cluster.region == self.region]

    def vpc(self, vpc_id: str) -> Vpc:
        found = self.world.vpcs.get(vpc_id)
        if found is None or found.region != self.region:
            raise not_found("VPC", vpc_id)
        return found

    def subnet(self, subnet_id: str) -> Subnet:
        found = self.world.subnets.get(subnet_id)
        if found is None or not self._here(found):
            raise not_found("Subnet", subnet_id)
        return found

    def cluster(self) -> Cluster:
        """The cluster that `ClusterId` names."""
        cluster_id = self.params.need("ClusterId")
        found = self.world.clusters.get(cluster_id)
        if found is None or found.region != self.region:
            raise cluster_not_found(cluster_id)
        return found

    def _here(self, subnet: Subnet) -> bool:
        vpc = self.world.vpcs.get(subnet.vpc_id)
        return vpc is not None and vpc.region == self.region


Handler = Callable[[Call], Json]


def tke_time() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def vpc_time() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def tag_list(tags: dict[str, str]) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
