"""Stand-in for the part of TKE that opens a pod's readiness gate once every direct CLB in front of it has it."""

from tests.lab.controllers import keys
from tests.lab.controllers.context import Context, now
from tests.lab.controllers.kube import (
    POD_STATUS,
    Json,
    being_deleted,
    children,
    condition,
    key_of,
    labels_of,
    pod_ip,
    spec_of,
    uid_of,
)
from tests.lab.controllers.load_balancer import LoadBalancers, direct_owners
from tests.lab.controllers.watching import Loop
from tests.lab.world import LoadBalancer

MANAGER = keys.SERVICE_CONTROLLER


def has_gate(pod: Json) -> bool:
    return any(gate.get("conditionType") == keys.READINESS_GATE for gate in children(spec_of(pod), "readinessGates"))


def bound(address: str, balancer: LoadBalancer | None) -> bool:
    return (
        balancer is not None
        and balancer.direct
        and any(address == backend for listener in balancer.listeners for backend, _ in listener.backends)
    )


class ReadinessGateController:
    def __init__(self, context: Context, balancers: LoadBalancers) -> None:
        self._context = context
        self._balancers = balancers
        self._bound_since: dict[str, float] = {}
        mirrors = context.mirrors
        watched = (mirrors.pods, mirrors.services, mirrors.ingresses)
        self._loop = Loop("readiness gates", [*(mirror.bell for mirror in watched), context.changed])

    async def run(self) -> None:
        await self._loop.run(self._round)

    async def _round(self) -> float | None:
        """Open what is due; tells when the next one is."""
        waiting: dict[str, float] = {}
        for pod in self._context.mirrors.pods:
            if has_gate(pod) and not condition(pod, keys.READINESS_GATE) and self._is_bound(pod):
                since = self._bound_since.get(uid_of(pod), self._context.clock())
                waiting[uid_of(pod)] = since
                if self._context.clock() - since >= self._context.gate_delay:
                    async with self._loop.guard(key_of(pod)):
                        await self._open(pod)
        self._bound_since = waiting
        if not waiting:
            return None
        return min(waiting.values()) + self._context.gate_delay - self._context.clock()

    def _is_bound(self, pod: Json) -> bool:
        mirrors, (namespace, _) = self._context.mirrors, key_of(pod)
        if being_deleted(pod) or not pod_ip(pod) or not condition(pod, "ContainersReady"):
            return False
        owners = direct_owners(labels_of(pod), namespace, mirrors.services, mirrors.ingresses)
        return bool(owners) and all(bound(pod_ip(pod), self._balancers.of(owner)) for owner in owners)

    async def _open(self, pod: Json) -> None:
        namespace, name = key_of(pod)
        opened: Json = {
            "type": keys.READINESS_GATE,
            "status": "True",
            "reason": keys.READINESS_REASON,
            "lastTransitionTime": now(),
        }
        patch: Json = {"status": {"conditions": [opened]}}
        await self._context.api.patch(POD_STATUS, name, patch, namespace=namespace, manager=MANAGER, strategic=True)
