"""Stand-in for the upkeep of `ip-masq-agent-config`: which destinations pods reach with their own address."""

import json

from tests.lab.controllers import keys
from tests.lab.controllers.context import Context
from tests.lab.controllers.kube import CONFIG_MAP, Json, data_of
from tests.lab.controllers.watching import Loop
from tests.lab.world import Cluster, World

NAME = "ip-masq-agent-config"


def wanted_cidrs(world: World, cluster: Cluster) -> list[str]:
    found = [cluster.cluster_cidr]
    if cluster.vpc_cni is not None and cluster.vpc_cni.non_masquerade_added and cluster.vpc_id in world.vpcs:
        found.append(world.vpcs[cluster.vpc_id].cidr_block)
    return found


def config(cidrs: list[str]) -> str:
    return json.dumps({"NonMasqueradeCIDRs": cidrs, "MasqLinkLocal": True, "ResyncInterval": "1m0s"})


class MasqueradeController:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._loop = Loop("ip-masq", [context.mirrors.config_maps.bell, context.changed])

    async def run(self) -> None:
        await self._loop.run(self._round)

    async def _round(self) -> None:
        """Adds the missing ranges, and keeps a customer's own entries."""
        current = self._context.mirrors.config_maps.get(NAME, keys.KUBE_SYSTEM)
        if current is None:
            return
        parsed: Json = json.loads(data_of(current).get("config", "{}"))
        listed: list[str] = parsed.get("NonMasqueradeCIDRs") or list[str]()
        missing = [
            cidr for cidr in wanted_cidrs(self._context.world, self._context.cluster) if cidr not in listed
        ]
        if missing:
            parsed["NonMasqueradeCIDRs"] = listed + missing
            patch: Json = {"data": {"config": json.dumps(parsed)}}
            await self._context.api.patch(
                CONFIG_MAP, NAME, patch, namespace=keys.KUBE_SYSTEM, manager=keys.TKE_MANAGER
            )
