"""From plan to the sockets that the agent of the stand-in network has to serve."""

from collections.abc import Iterable
from typing import Any

from tests.lab.packets import machines
from tests.lab.packets.plan import LAYER_SEVEN, Listener, Plan
from tests.lab.packets.rules import in_kernel

Spec = dict[str, Any]
_TLS = ("HTTPS", "TCP_SSL")


def listeners(plan: Plan, name: str, doors: Iterable[int], rooms: Iterable[str]) -> dict[str, Spec]:
    """`name`: the prefix of the names of the namespaces. `rooms`: keys of the machines whose loopback gets
    doors to the lab."""
    found: dict[str, Spec] = {}
    for pod in plan.pods:
        key = machines.pod_key(pod)
        for protocol, port in pod.ports:
            kind = "echo" if protocol == "TCP" else "datagram"
            found[f"{kind}/{key}/{port}"] = {
                "kind": kind, "namespace": f"{name}-{key}", "address": pod.address, "port": port,
                "name": pod.name
            }  # fmt: skip
    for listener in plan.listeners:
        if not in_kernel(listener.protocol, plan.modes):
            kind = "http" if listener.protocol in LAYER_SEVEN else "stream"
            identity = f"{kind}/{listener.vip}/{listener.port}/{listener.protocol}"
            found[identity] = {
                **_proxy(plan, listener),
                "kind": kind,
                "namespace": f"{name}-{machines.BALANCER}",
            }
    for key in rooms:
        for port in doors:
            found[f"door/{key}/{port}"] = {
                "kind": "door",
                "namespace": f"{name}-{key}",
                "address": "127.0.0.1",
                "port": port,
            }
    return found


def _proxy(plan: Plan, listener: Listener) -> Spec:
    modes = plan.modes
    return {
        "address": listener.vip,
        "port": listener.port,
        "tls": listener.protocol in _TLS,
        "keep": modes.keep_alive,
        "own": modes.snat,
        "sticky": modes.sticky,
        "proxy_protocol": modes.proxy_protocol,
        "rules": [
            {"host": rule.host.lower(), "path": rule.path, "backends": plan.healthy("TCP", rule.backends)}
            for rule in listener.rules
        ],
    }
