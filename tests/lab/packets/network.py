"""The packet network of one cluster, a stand-in for its VPC: follows the API server and the World, and moves
the packets after them."""

import asyncio
import contextlib
import dataclasses
import ipaddress
import itertools
import logging
from collections.abc import AsyncGenerator, Collection, Iterable
from typing import Any

import httpx
import yaml

from tests.lab.controllers.kube import NODE, POD, SERVICE, Api
from tests.lab.controllers.watching import Loop, Mirror, run_together
from tests.lab.packets import kernel, machines, names
from tests.lab.packets.agent_process import AgentProcess
from tests.lab.packets.errors import AddressTaken, KernelError, PacketsUnavailable
from tests.lab.packets.listeners import listeners
from tests.lab.packets.machines import Machine
from tests.lab.packets.plan import Client, Modes, Plan, observe
from tests.lab.packets.rules import rules
from tests.lab.world import Cluster, World

LOOK_AGAIN = 0.2
HEALTH_CHECK = 15.0
"""Seconds until a load balancer notices by itself that a backend has ended: three checks, one every five
seconds."""
MAX_CLIENTS = 16
AT_ONCE = 8
_FORWARDING = (
    ("ipv4/ip_forward", "1"),
    # All machines share one wire here: without this, each packet would be answered with the advice to use it
    # directly.
    ("ipv4/conf/all/send_redirects", "0"),
    ("ipv4/conf/default/send_redirects", "0"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
)
logger = logging.getLogger("lab.packets")


class PacketNetwork:
    """Namespaces, cables, rules and sockets for one cluster of the lab."""

    def __init__(self, doors: Iterable[int] = ()) -> None:
        """`doors`: ports of the lab's loopback that clients reach on theirs, besides the API server's."""
        self._name = ""
        self._doors = set(doors)
        self._up: dict[str, Machine] = {}
        self._rules: dict[str, str] = {}
        self._changing: dict[str, frozenset[str]] = {}
        self._clients: dict[str, Client] = {}
        self._rooms: set[str] = set()
        self._ended: dict[str, float] = {}
        """Address of a pod that has ended -> when."""
        self._modes = Modes()
        self._plan: Plan | None = None
        self._dirty = False
        self._complaints: dict[str, str] = {}
        self._lock = asyncio.Lock()
        self._agent: AgentProcess | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, world: World, cluster: Cluster, kubeconfig: str) -> None:
        """Return as soon as the first state is up."""
        reason = await asyncio.to_thread(kernel.unavailable)
        if reason is not None:
            raise PacketsUnavailable(reason)
        left = await asyncio.to_thread(kernel.sweep)
        if left:
            logger.info("removed what an earlier lab left: %d namespaces", len(left))
        self._world, self._cluster = world, cluster
        self._name = f"{names.prefix()}-{cluster.cluster_id}"
        port = httpx.URL(yaml.safe_load(kubeconfig)["clusters"][0]["cluster"]["server"]).port
        self._doors |= {port} if port else set()
        self._api = Api(kubeconfig)
        self._nodes, self._pods, self._services = (
            Mirror(self._api, NODE, None),
            Mirror(self._api, POD),
            Mirror(self._api, SERVICE),
        )
        mirrors = [self._nodes, self._pods, self._services]
        loop = Loop("packets", [mirror.bell for mirror in mirrors])
        ready = asyncio.Event()

        async def follow() -> None:
            await asyncio.gather(*(mirror.synced.wait() for mirror in mirrors))
            await self._reconcile()
            ready.set()
            await loop.run(self._round)

        self._task = asyncio.create_task(
            run_together([*(mirror.run() for mirror in mirrors), follow()]), name=f"packets of {self._name}"
        )
        first = asyncio.create_task(ready.wait())
        await asyncio.wait({first, self._task}, return_when=asyncio.FIRST_COMPLETED)
        first.cancel()
        if self._task.done():
            try:
                self._task.result()
            finally:
                await self.stop()

    async def stop(self) -> None:
        """Remove all namespaces."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
            await self._api.close()
        async with self._lock:
            if self._agent is not None:
                await self._agent.stop()
                self._agent = None
            self._forget(list(self._up))
            if self._name:
                await asyncio.to_thread(kernel.remove, names.existing(f"{self._name}-"))

    # Called by tests

    async def client(self, address: str, *, behind: str = "") -> str:
        """Return the namespace of a client with this address, made at the first call; with `behind`, behind
        a NAT of that address."""
        for given in (address, behind or address):
            ipaddress.IPv4Address(given)
        client = Client(address, behind)
        key = machines.client_key(client)
        if self._clients.get(key) != client:
            self._check(client)
            self._clients[key] = client
            self._rooms.add(key)
            try:
                await self._reconcile()
            except KernelError:
                del self._clients[key]
                raise
        return self._namespace(key)

    async def inside(self, machine_name: str) -> str:
        """The namespace of a node (its address) or of a pod (namespace/name), with doors: for a client inside
        the cluster."""
        key = self._insiders().get(machine_name)
        if key is None or key not in self._up:
            raise LookupError(f"no running node or pod {machine_name}")
        self._dirty = self._dirty or key not in self._rooms
        self._rooms.add(key)
        await self._reconcile()
        return self._namespace(key)

    async def change(self, **modes: bool) -> Modes:
        """Change the behaviour of the load balancers."""
        self._modes = dataclasses.replace(self._modes, **modes)
        await self._reconcile()
        return self._modes

    def status(self) -> dict[str, Any]:
        """The namespaces by name."""
        plan = self._plan
        return {
            "cluster": self._cluster.cluster_id,
            "router": self._namespace(machines.ROUTER),
            "load_balancer": self._namespace(machines.BALANCER),
            "nodes": {
                node.name: self._namespace(machines.node_key(node)) for node in (plan.nodes if plan else ())
            },
            "pods": {
                f"{pod.namespace}/{pod.name}": self._namespace(machines.pod_key(pod))
                for pod in (plan.pods if plan else ())
            },
            "clients": {client.address: self._namespace(key) for key, client in self._clients.items()},
            "modes": dataclasses.asdict(self._modes),
            "left_out": list(plan.left_out) if plan else [],
            "complaints": dict(self._complaints),
            "agent": self._agent.pid if self._agent else None,
            "authority": self._agent.authority if self._agent else "",
        }

    # Implementation

    def _check(self, client: Client) -> None:
        taken = {entry.vip: entry.lb_id for entry in self._world.load_balancers.values()}
        if self._plan is not None:
            taken |= {node.address: f"node {node.name}" for node in self._plan.nodes}
            taken |= {pod.address: f"pod {pod.name}" for pod in self._plan.pods}
            taken[self._plan.router] = "the VPC's router"
        on_the_wire = client.behind or client.address
        if on_the_wire in taken:
            raise AddressTaken(f"{on_the_wire} belongs to {taken[on_the_wire]}")
        if any(on_the_wire == other.address and not other.behind for other in self._clients.values()):
            raise AddressTaken(f"{on_the_wire} belongs to another client")
        if len(self._clients) >= MAX_CLIENTS:
            raise AddressTaken(f"there are {MAX_CLIENTS} clients already")

    def _namespace(self, key: str) -> str:
        return f"{self._name}-{key}"

    def _insiders(self) -> dict[str, str]:
        plan = self._plan
        if plan is None:
            return {}
        nodes = {node.address: machines.node_key(node) for node in plan.nodes}
        return nodes | {f"{pod.namespace}/{pod.name}": machines.pod_key(pod) for pod in plan.pods}

    async def _round(self) -> float:
        await self._reconcile()
        # No watch shows a change of the World.
        return LOOK_AGAIN

    async def _reconcile(self) -> None:
        async with self._lock:
            plan = self._observe()
            if self._agent is None or not self._agent.alive:
                self._agent = await AgentProcess.start()
                self._dirty = True
            if plan != self._plan or self._complaints or self._dirty:
                self._complaints, self._dirty = {}, True
                await self._make(plan)
                self._plan, self._dirty = plan, False

    def _observe(self) -> Plan:
        now = asyncio.get_running_loop().time()
        self._ended = {address: since for address, since in self._ended.items() if now - since < HEALTH_CHECK}
        clients, missed = list(self._clients.values()), frozenset(self._ended)
        plan = observe(
            self._world, self._cluster, self._nodes, self._pods, self._services, clients, self._modes, missed
        )
        there = {pod.address for pod in plan.pods}
        ended = {pod.address for pod in self._plan.pods} - there if self._plan else set[str]()
        if ended:
            self._ended |= dict.fromkeys(ended, now)
            plan = dataclasses.replace(plan, missed=plan.missed | ended)
        return plan

    async def _make(self, plan: Plan) -> None:
        wanted = machines.machines(plan)
        gone = {key for key, machine in self._up.items() if wanted.get(key) != machine}
        if gone:
            # The addresses go with their pods. A load balancer with an old list reaches no pod there.
            gone = self._with_guests(gone)
            await self._serve(plan, self._up.keys() - gone)
            await self._remove(gone)
        await self._create([machine for key, machine in wanted.items() if key not in self._up])
        await self._wire(self._living(plan, self._up))
        await self._serve(plan, self._up)
        await self._rule(self._living(plan, self._up))

    def _living(self, plan: Plan, keys: Collection[str]) -> Plan:
        return plan.without(
            {node.name for node in plan.nodes if machines.node_key(node) not in keys},
            {pod.uid for pod in plan.pods if machines.pod_key(pod) not in keys},
        )

    def _with_guests(self, keys: set[str]) -> set[str]:
        """Also those whose cable ends there."""
        while guests := {key for key, machine in self._up.items() if machine.host in keys} - keys:
            keys = keys | guests
        return keys

    async def _serve(self, plan: Plan, keys: Collection[str]) -> None:
        assert self._agent is not None
        rooms = sorted(self._rooms & set(keys))
        failed = await self._agent.send(
            listeners(self._living(plan, keys), self._name, sorted(self._doors), rooms)
        )
        for key, reason in failed.items():
            self._complain(key, reason)

    async def _rule(self, plan: Plan) -> None:
        changed = [
            (key, text)
            for key, text in rules(plan).items()
            if key in self._up and self._rules.get(key) != text
        ]
        first = [entry for entry in changed if entry[0] != machines.BALANCER]
        for start in range(0, len(first), AT_ONCE):
            await asyncio.gather(
                *(self._set_rules(key, text) for key, text in first[start : start + AT_ONCE])
            )
        # Receivers before senders.
        for key, text in changed:
            if key == machines.BALANCER:
                await self._set_rules(key, text)

    async def _set_rules(self, key: str, text: str) -> None:
        async with self._or_without(key):
            await kernel.nft(self._namespace(key), text)
            self._rules[key] = text

    async def _wire(self, plan: Plan) -> None:
        for key in list(self._up):
            wanted, there = machines.changing(plan, key), self._changing.get(key, frozenset())
            if key in self._up and wanted != there:
                gone = [_ip(entry, "delete") for entry in sorted(there - wanted)]
                lines = gone + [_ip(entry, "replace") for entry in sorted(wanted - there)]
                async with self._or_without(key):
                    await kernel.ip(lines, self._namespace(key))
                    self._changing[key] = wanted

    @contextlib.asynccontextmanager
    async def _or_without(self, key: str) -> AsyncGenerator[None]:
        """A machine that a change failed on is in an unknown state: it goes, and the next round makes it
        anew."""
        try:
            yield
        except KernelError as error:
            self._complain(key, str(error))
            await self._remove(self._with_guests({key}))

    async def _create(self, new: list[Machine]) -> None:
        try:
            await kernel.ip(f"netns add {self._namespace(machine.key)}" for machine in new)
        except KernelError:
            await asyncio.to_thread(kernel.remove, [self._namespace(machine.key) for machine in new])
            raise
        for _, neighbours in itertools.groupby(sorted(new, key=_depth), key=_depth):
            # In parallel, because most of the time is spent on waiting for other processes.
            together = list(neighbours)
            for start in range(0, len(together), AT_ONCE):
                await asyncio.gather(
                    *(self._try_to_bear(machine) for machine in together[start : start + AT_ONCE])
                )

    async def _try_to_bear(self, machine: Machine) -> None:
        try:
            await self._bear(machine)
        except KernelError as error:
            self._complain(machine.key, str(error))
            await asyncio.to_thread(kernel.remove, [self._namespace(machine.key)])
        else:
            self._up[machine.key] = machine

    async def _bear(self, machine: Machine) -> None:
        name = self._namespace(machine.key)
        if machine.host and machine.host not in self._up:
            raise KernelError(f"{machine.host} is not up")
        if machine.forwards:
            await kernel.settings(name, _FORWARDING)
        if machine.host:
            plug = f" master {machine.bridge}" if machine.bridge else ""
            cable = (
                f"link add name {names.interface(machine.key)} up{plug} type veth peer name eth0 address"
                f" {machine.mac} netns {name}"
            )
            await kernel.ip([cable], self._namespace(machine.host))
        await kernel.ip(machine.birth, name)

    async def _remove(self, gone: set[str]) -> None:
        for host in {self._up[key].host for key in gone} - gone - {""}:
            cables = [f"link delete {names.interface(key)}" for key in gone if self._up[key].host == host]
            # Now, not when the last socket inside has ended: the next one may have the same address.
            try:
                await kernel.ip(cables, self._namespace(host))
            except KernelError as error:
                logger.warning("cables in %s go later, with their machines: %s", host, error)
        self._forget(gone)
        await asyncio.to_thread(kernel.remove, [self._namespace(key) for key in gone])

    def _forget(self, gone: Iterable[str]) -> None:
        for key in list(gone):
            del self._up[key]
            self._rules.pop(key, None)
            self._changing.pop(key, None)
            if key not in self._clients:
                self._rooms.discard(key)

    def _complain(self, key: str, reason: str) -> None:
        logger.warning("%s is not as it should be, will be tried again: %s", key, reason)
        self._complaints[key] = reason


def _depth(machine: Machine) -> int:
    """0 for the VPC's router, 1 for the machines at the router, 2 for the machines at those machines."""
    return 0 if not machine.host else 1 if machine.host == machines.ROUTER else 2


def _ip(entry: str, verb: str) -> str:
    kind, _, rest = entry.partition(" ")
    return f"{kind} {verb} {rest}"
