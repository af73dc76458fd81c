"""Stand-in for the CLB service as TKE uses it: making and dropping load balancers, and what stands behind
them."""

import time
from collections.abc import Callable, Container, Iterable, Mapping

from tests.lab.controllers import keys
from tests.lab.controllers.addresses import FIRST_VIP, AddressBook, public_address
from tests.lab.controllers.backend_syncs import BackendSyncs
from tests.lab.controllers.kube import (
    Json,
    annotations_of,
    being_deleted,
    child,
    children,
    condition,
    containers_of,
    host_network,
    labels_of,
    name_of,
    namespace_of,
    pod_ip,
    selects,
    spec_of,
    status_of,
)
from tests.lab.world import AddressExhausted, Cluster, LoadBalancer, World

Backend = tuple[str, int]


class SyncRefused(Exception):
    """The controller cannot make the state that the object describes. The code is the vendor's, where
    known."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(f"{code}: {message}" if code else message)


class LoadBalancers:
    """The load balancers of one cluster."""

    def __init__(self, world: World, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._world = world
        self._cluster = cluster
        self.syncs = BackendSyncs(world, clock)
        self._book = AddressBook(FIRST_VIP)
        self._next_public = FIRST_VIP

    def of(self, owner: str) -> LoadBalancer | None:
        return next((entry for entry in self.all() if entry.owner == owner), None)

    def all(self) -> list[LoadBalancer]:
        return [
            entry
            for entry in self._world.load_balancers.values()
            if entry.cluster_id == self._cluster.cluster_id
        ]

    def obtain(
        self, owner: str, subnet_id: str, existing: str, charge_type: str = "", bandwidth: str = ""
    ) -> LoadBalancer:
        """Make one (internal when a subnet is named), or take the customer's own. Billing and bandwidth are
        looked at only here."""
        if existing:
            return self._adopt(owner, existing)
        lb_id = self._world.new_id("lb")
        try:
            vip = self._internal_vip(subnet_id, lb_id) if subnet_id else self._public_vip()
        except AddressExhausted as error:
            raise SyncRefused(str(error), "E4053") from error
        made = LoadBalancer(
            lb_id=lb_id,
            cluster_id=self._cluster.cluster_id,
            owner=owner,
            vip=vip,
            subnet_id=subnet_id,
            internal=bool(subnet_id),
            direct=False,
            charge_type=charge_type,
            bandwidth=int(bandwidth or 0),
        )
        self._world.load_balancers[lb_id] = made
        return made

    def drop(self, balancer: LoadBalancer) -> None:
        """Delete it and give its address back; the customer's own is only let go."""
        balancer.listeners = []
        self.syncs.forget(balancer)
        if balancer.user_made:
            balancer.owner = balancer.cluster_id = ""
            return
        self._world.load_balancers.pop(balancer.lb_id, None)
        subnet = self._world.subnets.get(balancer.subnet_id)
        if subnet is not None and subnet.leases.get(balancer.vip) == balancer.lb_id:
            subnet.release(balancer.vip)

    def drop_orphans(self, kind: str, objects: Container[tuple[str, str]]) -> None:
        """Drop the load balancers whose `kind` of object is gone: a user removed the finalizer by force."""
        for balancer in self.all():
            owner_kind, _, rest = balancer.owner.partition("/")
            namespace, _, name = rest.partition("/")
            if owner_kind == kind and (namespace, name) not in objects:
                self.drop(balancer)

    def _adopt(self, owner: str, lb_id: str) -> LoadBalancer:
        found = self._world.load_balancers.get(lb_id)
        if found is None:
            raise SyncRefused(f"load balancer {lb_id} does not exist")
        if not found.user_made:
            raise SyncRefused(f"load balancer {lb_id} was made by TKE and cannot be reused", "E4019")
        if found.owner:
            raise SyncRefused(f"load balancer {lb_id} is used by {found.owner}", "E4020")
        found.owner, found.cluster_id = owner, self._cluster.cluster_id
        return found

    def _internal_vip(self, subnet_id: str, lb_id: str) -> str:
        subnet = self._world.subnets.get(subnet_id)
        if subnet is None or subnet.vpc_id != self._cluster.vpc_id:
            raise SyncRefused(f"subnet {subnet_id} not found in {self._cluster.vpc_id}", "E4091")
        return self._book.lease(subnet, lb_id)

    def _public_vip(self) -> str:
        taken = {entry.vip for entry in self._world.load_balancers.values()}
        vip = public_address(taken, self._next_public)
        self._next_public = int(vip.rpartition(".")[2]) % 254 + 1
        return vip


def immutable_change(balancer: LoadBalancer, subnet_id: str, existing: str) -> str | None:
    """Return why the load balancer cannot change to the object's settings; None if it can."""
    if balancer.user_made:
        return (
            None
            if existing == balancer.lb_id
            else f"existing load balancer {balancer.lb_id} cannot be changed"
        )
    if existing:
        return f"load balancer {balancer.lb_id} cannot be replaced by the existing {existing}"
    if bool(subnet_id) != balancer.internal:
        return "a load balancer cannot be changed between public and internal"
    if subnet_id != balancer.subnet_id:
        return (
            f"the subnet of load balancer {balancer.lb_id} cannot be changed from {balancer.subnet_id} to"
            f" {subnet_id}"
        )
    return None


def direct_access(annotation: str | None, first_sight: bool, default_on: bool) -> tuple[bool, bool]:
    """(direct or not, whether to write the key): new objects without the key get it where that is the
    default."""
    if annotation is None and first_sight and default_on:
        return True, True
    return annotation == "true", False


def serving(pods: Iterable[Json], selector: Mapping[str, str]) -> list[Json]:
    """Selected pods with an address whose containers are ready. Not those Ready: that waits for the CLB
    itself."""
    return [
        pod
        for pod in pods
        if selects(selector, labels_of(pod))
        and pod_ip(pod)
        and not host_network(pod)
        and not being_deleted(pod)
        and status_of(pod).get("phase") == "Running"
        and condition(pod, "ContainersReady")
    ]


def target_port(pod: Json, service_port: Json) -> int | None:
    """The port of the pod that a Service port leads to; None when its name is not a port of the pod."""
    wanted = service_port.get("targetPort") or service_port["port"]
    if isinstance(wanted, int):
        return wanted
    for container in containers_of(pod):
        for port in children(container, "ports"):
            if port.get("name") == wanted:
                return int(port["containerPort"])
    return None


def pod_backends(pods: Iterable[Json], service_port: Json) -> list[Backend]:
    ports = [(pod_ip(pod), target_port(pod, service_port)) for pod in pods]
    return sorted((address, port) for address, port in ports if port is not None)


def node_backends(nodes: Iterable[Json], service_port: Json) -> list[Backend]:
    node_port = service_port.get("nodePort")
    if node_port is None:
        return []
    found: list[Backend] = []
    for node in nodes:
        addresses = children(status_of(node), "addresses")
        internal = [str(entry["address"]) for entry in addresses if entry.get("type") == "InternalIP"]
        if internal and condition(node, "Ready"):
            found.append((internal[0], int(node_port)))
    return sorted(found)


def service_owner(namespace: str, name: str) -> str:
    return f"service/{namespace}/{name}"


def ingress_owner(namespace: str, name: str) -> str:
    return f"ingress/{namespace}/{name}"


def ours(ingress: Json) -> bool:
    """TKE takes Ingresses of its class and those without one."""
    named = spec_of(ingress).get("ingressClassName") or annotations_of(ingress).get(keys.INGRESS_CLASS)
    return named in (None, "", keys.INGRESS_CLASS_NAME)


def paths_of(ingress: Json) -> list[tuple[str, str, Json]]:
    """(host, path, backend Service reference) of every rule, the default backend last."""
    found: list[tuple[str, str, Json]] = []
    for rule in children(spec_of(ingress), "rules"):
        for path in children(child(rule, "http"), "paths"):
            service = child(child(path, "backend"), "service")
            found.append((str(rule.get("host") or ""), str(path.get("path") or "/"), service))
    default = child(child(spec_of(ingress), "defaultBackend"), "service")
    if default:
        found.append(("", "/", default))
    return found


def direct_owners(
    labels: Mapping[str, str], namespace: str, services: Iterable[Json], ingresses: Iterable[Json]
) -> set[str]:
    """Owners of the load balancers that send straight to a pod with these labels."""
    selecting = {
        name_of(service): service
        for service in services
        if namespace_of(service) == namespace
        and not being_deleted(service)
        and selects(child(spec_of(service), "selector"), labels)
    }
    owners = {
        service_owner(namespace, name)
        for name, service in selecting.items()
        if spec_of(service).get("type") == "LoadBalancer"
        and annotations_of(service).get(keys.SERVICE_DIRECT) == "true"
    }
    for ingress in ingresses:
        if (
            namespace_of(ingress) == namespace
            and not being_deleted(ingress)
            and ours(ingress)
            and annotations_of(ingress).get(keys.INGRESS_DIRECT) == "true"
            and any(service.get("name") in selecting for _, _, service in paths_of(ingress))
        ):
            owners.add(ingress_owner(namespace, name_of(ingress)))
    return owners
