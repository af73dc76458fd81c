"""From plan to namespaces: which there are, how each is born, and the addresses and routes that change later.
A stand-in for machines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.lab.packets import names
from tests.lab.packets.plan import Client, Node, Plan, Pod

ROUTER = "vpc"
BALANCER = "lb"
LOCAL_TABLE = 100
BALANCER_TABLE = 101
NODE_TABLE = 102
# A connection through the load balancer (1) or from the pod's node (2) is answered over the same path.
FROM_BALANCER = 0x1
FROM_NODE = 0x2


@dataclass(frozen=True)
class Machine:
    """A network namespace with one cable."""

    key: str
    """The end of the namespace's name."""
    host: str
    """Key of the machine that the other end of the cable is in; empty for the VPC's router."""
    bridge: str
    """The host's bridge that the cable is plugged into; empty for a cable of its own."""
    mac: str
    birth: tuple[str, ...]
    """`ip` commands, once."""
    forwards: bool = False


def node_key(node: Node) -> str:
    return f"node-{node.address}"


def pod_key(pod: Pod) -> str:
    return f"pod-{pod.uid[:8]}-{re.sub(r'[^a-z0-9.-]', '-', pod.name)[:80]}"


def client_key(client: Client) -> str:
    return f"client-{client.address}" + (f"-nat-{client.behind}" if client.behind else "")


def nat_key(client: Client) -> str:
    return f"nat-{client.behind}"


def machines(plan: Plan) -> dict[str, Machine]:
    """All of them; each after its host."""
    return {machine.key: machine for machine in _all(plan)}


def _all(plan: Plan) -> Iterator[Machine]:
    yield _router(plan)
    yield _balancer(plan)
    for node in plan.nodes:
        yield _node(plan, node)
    for pod in plan.pods:
        yield _overlay_pod(pod) if pod.overlay else _eni_pod(plan, pod)
    for client in plan.clients:
        if client.behind:
            yield Machine(
                nat_key(client),
                ROUTER,
                "br0",
                names.mac(client.behind),
                _in_vpc(plan, client.behind),
                forwards=True,
            )
            yield _hidden_client(client)
        else:
            yield Machine(
                client_key(client), ROUTER, "br0", names.mac(client.address), _in_vpc(plan, client.address)
            )


def _router(plan: Plan) -> Machine:
    prefix = plan.cidrs[0].partition("/")[2]
    birth = (
        "link set lo up",
        f"link add br0 address {names.mac(plan.router)} type bridge",
        f"address add {plan.router}/{prefix} dev br0",
        "link set br0 up",
        *(f"route add {cidr} dev br0" for cidr in plan.cidrs[1:]),
    )
    return Machine(ROUTER, "", "", "", birth, forwards=True)


def _in_vpc(plan: Plan, address: str) -> tuple[str, ...]:
    """A machine on the VPC's bridge, or one of the internet that reaches the VPC through its router."""
    cidrs = plan.cidrs if plan.inside(address) else ()
    return (
        "link set lo up",
        f"address add {address}/32 dev eth0",
        "link set eth0 up",
        *(f"route add {cidr} dev eth0 src {address}" for cidr in cidrs),
        f"route add default via {plan.router} dev eth0 src {address} onlink",
    )


def _answer(mark: int, table: int, next_hop: str) -> tuple[str, ...]:
    return (
        f"rule add fwmark {mark:#x}/{mark:#x} lookup {table}",
        f"route add default via {next_hop} dev eth0 onlink table {table}",
    )


def _balancer(plan: Plan) -> Machine:
    birth = (
        *_in_vpc(plan, names.LB_NEXT_HOP)[:3],
        *(f"route add {cidr} dev eth0" for cidr in plan.cidrs),
        f"route add default via {plan.router} dev eth0 onlink",
        # The proxy's connections that carry a client's address: what comes back for them is for this machine.
        f"rule add fwmark 0x1/0x1 lookup {LOCAL_TABLE}",
        f"route add local 0.0.0.0/0 dev lo table {LOCAL_TABLE}",
    )
    return Machine(BALANCER, ROUTER, "br0", names.LB_MAC, birth, forwards=True)


def _node(plan: Plan, node: Node) -> Machine:
    prefix = node.pod_range.partition("/")[2]
    birth = (
        *_in_vpc(plan, node.address),
        *_answer(FROM_BALANCER, BALANCER_TABLE, names.LB_NEXT_HOP),
        f"link add cbr0 address {names.mac(node.gateway)} type bridge",
        f"address add {node.gateway}/{prefix} dev cbr0",
        "link set cbr0 up",
    )
    return Machine(node_key(node), ROUTER, "br0", names.mac(node.address), birth, forwards=True)


def _overlay_pod(pod: Pod) -> Machine:
    prefix = pod.node.pod_range.partition("/")[2]
    birth = (
        "link set lo up",
        f"address add {pod.address}/{prefix} dev eth0",
        "link set eth0 up",
        f"route add default via {pod.node.gateway} dev eth0",
    )
    return Machine(pod_key(pod), node_key(pod.node), "cbr0", names.mac(pod.address), birth)


def _eni_pod(plan: Plan, pod: Pod) -> Machine:
    birth = (
        *_in_vpc(plan, pod.address),
        *_answer(FROM_BALANCER, BALANCER_TABLE, names.LB_NEXT_HOP),
        *_answer(FROM_NODE, NODE_TABLE, pod.node.address),
    )
    return Machine(pod_key(pod), ROUTER, "br0", names.mac(pod.address), birth)


def _hidden_client(client: Client) -> Machine:
    birth = (
        "link set lo up",
        f"address add {client.address}/32 dev eth0",
        "link set eth0 up",
        f"route add default via {names.NAT_NEXT_HOP} dev eth0 src {client.address} onlink",
    )
    return Machine(client_key(client), nat_key(client), "", names.mac(client.address), birth)


def changing(plan: Plan, key: str) -> frozenset[str]:
    """Addresses and routes of a machine that come and go while it lives, as `ip` writes them after the
    verb."""
    pod_ranges = {(node.pod_range, node.address) for node in plan.nodes}
    if key == ROUTER:
        known = (*plan.vips, *(client.behind or client.address for client in plan.clients))
        return frozenset(
            {f"route {block} via {address} dev br0" for block, address in pod_ranges}
            | {f"route {address}/32 dev br0" for address in known if not plan.inside(address)}
        )
    if key == BALANCER:
        return frozenset(
            {f"address {vip}/32 dev eth0" for vip in plan.vips}
            | {f"route {block} via {address} dev eth0" for block, address in pod_ranges}
        )
    hidden = [client for client in plan.clients if client.behind and nat_key(client) == key]
    if hidden:
        wires = {f"route {client.address}/32 dev {names.interface(client_key(client))}" for client in hidden}
        return frozenset({f"address {names.NAT_NEXT_HOP}/32 dev lo"} | wires)
    return frozenset()
