"""Stand-in for the part of TKE that opens a pod's readiness gate, as soon as every direct CLB of the pod
has bound the pod and finds the pod healthy."""

import ipaddress

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
    status_of,
    uid_of,
)
from tests.lab.controllers.load_balancer import LoadBalancers, direct_owners
from tests.lab.controllers.security_groups import eni_rules, let_in
from tests.lab.controllers.watching import Loop
from tests.lab.world import LoadBalancer

MANAGER = keys.SERVICE_CONTROLLER


def has_gate(pod: Json) -> bool:
    return any(
        gate.get("conditionType") == keys.READINESS_GATE for gate in children(spec_of(pod), "readinessGates")
    )


def bound(address: str, balancer: LoadBalancer | None) -> bool:
    return balancer is not None and balancer.direct and bool(_ports_behind(address, balancer))


def _ports_behind(address: str, balancer: LoadBalancer) -> list[int]:
    return [
        port for listener in balancer.listeners for backend, port in listener.backends if backend == address
    ]


class ReadinessGateController:
    def __init__(self, context: Context, balancers: LoadBalancers) -> None:
        self._context = context
        self._balancers = balancers
        self._healthy_since: dict[str, float] = {}
        mirrors = context.mirrors
        watched = (mirrors.pods, mirrors.services, mirrors.ingresses)
        self._loop = Loop("readiness gates", [*(mirror.bell for mirror in watched), context.changed])

    async def run(self) -> None:
        await self._loop.run(self._round)

    async def _round(self) -> float | None:
        """Open the gates that are due. Return the seconds until the next gate is due."""
        waiting: dict[str, float] = {}
        for pod in self._context.mirrors.pods:
            if not has_gate(pod) or condition(pod, keys.READINESS_GATE) or being_deleted(pod):
                continue
            if not any(
                entry.get("type") == keys.READINESS_GATE for entry in children(status_of(pod), "conditions")
            ):
                async with self._loop.guard(key_of(pod)):
                    await self._write(pod, "False", keys.NOT_READY_REASON)
            elif self._is_healthy(pod):
                since = self._healthy_since.get(uid_of(pod), self._context.clock())
                waiting[uid_of(pod)] = since
                if self._context.clock() - since >= self._context.gate_delay:
                    async with self._loop.guard(key_of(pod)):
                        await self._write(pod, "True", keys.READINESS_REASON)
        self._healthy_since = waiting
        if not waiting:
            return None
        return min(waiting.values()) + self._context.gate_delay - self._context.clock()

    def _is_healthy(self, pod: Json) -> bool:
        """Whether each direct load balancer of the pod has bound the pod, and its health check reaches the
        pod."""
        mirrors, (namespace, _) = self._context.mirrors, key_of(pod)
        if not pod_ip(pod) or not condition(pod, "ContainersReady"):
            return False
        balancers = [
            self._balancers.of(owner)
            for owner in direct_owners(labels_of(pod), namespace, mirrors.services, mirrors.ingresses)
        ]
        return bool(balancers) and all(
            balancer is not None and bound(pod_ip(pod), balancer) and self._reached(pod_ip(pod), balancer)
            for balancer in balancers
        )

    def _reached(self, address: str, balancer: LoadBalancer) -> bool:
        cluster = self._context.cluster
        if ipaddress.IPv4Address(address) in ipaddress.IPv4Network(cluster.cluster_cidr):
            return True  # overlay pods have no ENI
        rules = eni_rules(self._context.world, cluster)
        return all(let_in(rules, balancer.vip, port) for port in _ports_behind(address, balancer))

    async def _write(self, pod: Json, status: str, reason: str) -> None:
        namespace, name = key_of(pod)
        written: Json = {
            "type": keys.READINESS_GATE,
            "status": status,
            "reason": reason,
            "message": f'Marking condition "{keys.READINESS_GATE}" to {status}.',
            "lastTransitionTime": now(),
        }
        patch: Json = {"metadata": {"uid": uid_of(pod)}, "status": {"conditions": [written]}}
        await self._context.api.patch(
            POD_STATUS, name, patch, namespace=namespace, manager=MANAGER, strategic=True
        )
