"""The input of every stand-in controller of one cluster."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from tests.lab.controllers.kube import (
    CONFIG_MAP,
    EVENT,
    INGRESS,
    NODE,
    POD,
    SECRET,
    SERVICE,
    TKE_SERVICE_CONFIG,
    VPC_IP_CLAIM,
    Api,
    Json,
    KubeError,
    name_of,
    namespace_of,
    uid_of,
)
from tests.lab.controllers.watching import Bell, Mirror
from tests.lab.world import Cluster, World

logger = logging.getLogger("lab.controllers")


def now() -> str:
    """The time as Kubernetes writes it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Mirrors:
    """The kinds that some controller looks at."""

    def __init__(self, api: Api) -> None:
        self.nodes = Mirror(api, NODE, None)
        self.pods = Mirror(api, POD)
        self.services = Mirror(api, SERVICE)
        self.ingresses = Mirror(api, INGRESS)
        self.config_maps = Mirror(api, CONFIG_MAP, "kube-system")
        self.claims = Mirror(api, VPC_IP_CLAIM)
        self.secrets = Mirror(api, SECRET)
        self.service_configs = Mirror(api, TKE_SERVICE_CONFIG)

    def all(self) -> list[Mirror]:
        return [
            self.nodes,
            self.pods,
            self.services,
            self.ingresses,
            self.config_maps,
            self.claims,
            self.secrets,
            self.service_configs,
        ]

    async def wait_synced(self) -> None:
        await asyncio.gather(*(mirror.synced.wait() for mirror in self.all()))


class Recorder:
    """Writes Kubernetes events; the same one about the same object only once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._written: set[tuple[str, str, str]] = set()

    async def warn(self, item: Json, reason: str, message: str, *, component: str) -> None:
        await self._write("Warning", item, reason, message, component)

    async def record(self, item: Json, reason: str, message: str, *, component: str) -> None:
        await self._write("Normal", item, reason, message, component)

    async def _write(self, level: str, item: Json, reason: str, message: str, component: str) -> None:
        seen = (uid_of(item), reason, message)
        if seen in self._written:
            return
        self._written.add(seen)
        namespace = namespace_of(item) or "default"
        body: Json = {
            "metadata": {"name": f"{name_of(item)}.{uuid.uuid4().hex[:16]}", "namespace": namespace},
            "type": level,
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": now(),
            "lastTimestamp": now(),
            "source": {"component": component},
            "involvedObject": {
                "apiVersion": item.get("apiVersion"),
                "kind": item.get("kind"),
                "name": name_of(item),
                "namespace": namespace_of(item) or None,
                "uid": uid_of(item),
            },
        }
        try:
            await self._api.create(EVENT, body, manager=component)
        except KubeError as error:
            # An event is a hint; a namespace on its way out takes none. The state itself is looked at again
            # anyway.
            self._written.discard(seen)
            logger.info("event %s about %s not written: %s", reason, name_of(item), error)


@dataclass
class Context:
    world: World
    cluster: Cluster
    api: Api
    clock: Callable[[], float] = time.monotonic
    gate_delay: float = 0.3
    """Seconds that the CLB's health check needs before the readiness gate of a bound pod opens."""
    changed: Bell = field(default_factory=Bell)
    """Rung when a controller changed the World, because no watch shows such a change."""
    mirrors: Mirrors = field(init=False)
    recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.mirrors = Mirrors(self.api)
        self.recorder = Recorder(self.api)
