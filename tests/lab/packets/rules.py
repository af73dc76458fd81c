"""The kernel's rules of each namespace as nft text: the stand-in for kube-proxy, for the CLB's L4 and for the
fabric between them."""

from collections.abc import Iterable, Sequence

from tests.lab.controllers.security_groups import GroupRule
from tests.lab.packets import machines, names
from tests.lab.packets.plan import Backend, Modes, Node, Plan, Pod

MASQUERADE = 0x10


def rules(plan: Plan) -> dict[str, str]:
    """Key of the machine -> its rules, for those that have any."""
    found = {machines.BALANCER: _balancer(plan)}
    found |= {machines.node_key(node): _node(plan, node) for node in plan.nodes}
    found |= {machines.pod_key(pod): _eni_pod(pod, plan.eni_rules) for pod in plan.pods if not pod.overlay}
    found |= {machines.nat_key(client): _nat() for client in plan.clients if client.behind}
    return found


def in_kernel(protocol: str, modes: Modes) -> bool:
    """Whether a listener only rewrites the destination; the others are connections of the proxy."""
    return protocol == "UDP" or (protocol == "TCP" and not modes.proxy_protocol)


def _table(chains: Iterable[tuple[str, str, Sequence[str]]]) -> str:
    # First named, then deleted, then made: in one transaction, whether it was there or not.
    lines = ["table ip lab", "delete table ip lab", "table ip lab {"]
    for name, hook, entries in chains:
        lines += [f"chain {name} {{", f"type {hook}", *entries, "}"]
    return "\n".join([*lines, "}", ""])


def _spread(backends: Sequence[Backend], how: str) -> str:
    targets = ", ".join(f"{index} : {address} . {port}" for index, (address, port) in enumerate(backends))
    return f"dnat ip addr . port to {how} mod {len(backends)} map {{ {targets} }}"


def _balancer(plan: Plan) -> str:
    how = "jhash ip saddr" if plan.modes.sticky else "numgen inc"
    inbound: list[str] = []
    for listener in plan.listeners:
        backends = plan.healthy(listener.protocol, listener.rules[0].backends)
        if in_kernel(listener.protocol, plan.modes) and backends:
            inbound.append(
                f"ip daddr {listener.vip} {listener.protocol.lower()} dport"
                f" {listener.port} {_spread(backends, how)}"
            )
    outbound = (
        [f"ct status dnat ct original ip daddr {vip} snat to {vip}" for vip in plan.vips]
        if plan.modes.snat
        else []
    )
    return _table(
        [
            (
                "divert",
                "filter hook prerouting priority mangle",
                ["meta l4proto tcp socket transparent 1 meta mark set 0x1"],
            ),
            ("inbound", "nat hook prerouting priority dstnat", inbound),
            ("outbound", "nat hook postrouting priority srcnat", outbound),
        ]
    )


def _node(plan: Plan, node: Node) -> str:
    inbound: list[str] = []
    for port in plan.node_ports:
        backends = plan.local_backends(node, port)
        if backends:
            how = "jhash ip saddr" if port.sticky else "numgen random"
            masquerade = "" if port.local else f"ct mark set ct mark or {MASQUERADE:#x} "
            inbound.append(
                f"ip daddr {node.address} {port.protocol.lower()} dport"
                f" {port.port} {masquerade}{_spread(backends, how)}"
            )
    return _table(
        [
            (
                "seen",
                "filter hook prerouting priority mangle",
                [
                    (
                        f'iifname "eth0" ether saddr {names.LB_MAC} ct mark set ct mark or'
                        f" {machines.FROM_BALANCER:#x}"
                    ),
                    'iifname "cbr0" ct direction reply meta mark set ct mark',
                    # An answer of an ENI pod comes in the way it came to the node: over the VPC.
                    f'iifname "eth0" ether saddr != {names.LB_MAC} ct direction reply meta mark set ct mark',
                ],
            ),
            ("inbound", "nat hook prerouting priority dstnat", inbound),
            (
                "outbound",
                "nat hook postrouting priority srcnat",
                [f"ct mark and {MASQUERADE:#x} == {MASQUERADE:#x} masquerade"],
            ),
            ("answer", "route hook output priority mangle", ["ct direction reply meta mark set ct mark"]),
        ]
    )


def _eni_pod(pod: Pod, groups: Sequence[GroupRule] | None) -> str:
    return _table(
        [
            *([] if groups is None else [("group", "filter hook input priority filter", _let_in(groups))]),
            (
                "seen",
                "filter hook prerouting priority mangle",
                [
                    (
                        f'iifname "eth0" ct direction original ether saddr {names.LB_MAC} ct mark set'
                        f" {machines.FROM_BALANCER:#x}"
                    ),
                    (
                        f'iifname "eth0" ct direction original ether saddr {names.mac(pod.node.address)} ct'
                        f" mark set {machines.FROM_NODE:#x}"
                    ),
                ],
            ),
            ("answer", "route hook output priority mangle", ["ct direction reply meta mark set ct mark"]),
        ]
    )


def _let_in(groups: Sequence[GroupRule]) -> list[str]:
    """In the order of the groups; what none of them lets in is dropped, so that a client hears nothing."""
    lines = ['iifname "lo" accept', "ct state established,related accept"]
    for rule in groups:
        ports = f"th dport {{ {', '.join(rule.ports)} }} " if rule.ports else ""
        protocol = f"meta l4proto {rule.protocol} " if rule.protocol else ""
        lines.append(f"ip saddr {rule.cidr} {protocol}{ports}{'accept' if rule.accept else 'drop'}")
    return [*lines, "drop"]


def _nat() -> str:
    return _table([("outbound", "nat hook postrouting priority srcnat", ['oifname "eth0" masquerade'])])
