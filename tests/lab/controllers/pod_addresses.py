"""Stand-in for the CNI: gives each pod on a node its address, from the node's pod range or from a container
subnet."""

from tests.lab.controllers import keys
from tests.lab.controllers.addresses import (
    AddressBook,
    eni_owner,
    leases_of,
    nominated,
    overlay_address,
    primary_owner,
    usable_subnets,
)
from tests.lab.controllers.context import Context
from tests.lab.controllers.ip_claims import IpClaims, keeps_address
from tests.lab.controllers.kube import (
    POD,
    Json,
    annotations_of,
    being_deleted,
    child,
    containers_of,
    finished,
    host_network,
    key_of,
    node_of,
    pod_ip,
    spec_of,
    uid_of,
)
from tests.lab.controllers.watching import Loop
from tests.lab.world import AddressExhausted, Instance, Subnet, VpcCni

MANAGER = keys.ENI_AGENT


def selects_route_eni(pod: Json) -> bool:
    networks = annotations_of(pod).get(keys.NETWORKS) or ""
    return keys.ROUTE_ENI in [network.strip() for network in networks.split(",")]


def wants_eni(pod: Json) -> bool:
    """Both halves of the opt-in: the annotation and the extended resource. One alone leaves the pod on
    GlobalRouter."""
    requested = any(keys.ENI_IP in child(child(item, "resources"), "requests") for item in containers_of(pod))
    return selects_route_eni(pod) and requested


class NoAddress(Exception):
    """The pod cannot have an address now; the message is for its event."""


class PodAddressController:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._claims = IpClaims(context)
        self._book = AddressBook()
        self._holders: dict[str, str] = {}
        """Lease owner -> uid of the pod that holds it: a new pod of the same name is another pod."""
        self._overlay: dict[str, tuple[str, str]] = {}
        """Pod uid -> (node, address), given but perhaps not yet shown by the mirror."""
        mirrors = context.mirrors
        self._loop = Loop(
            "pod addresses", [mirrors.pods.bell, mirrors.nodes.bell, mirrors.claims.bell, context.changed]
        )

    async def run(self) -> None:
        await self._loop.run(self._round)

    async def _round(self) -> None:
        pods = {key_of(pod): pod for pod in self._context.mirrors.pods}
        await self._give_back(pods)
        waiting = [pod for pod in pods.values() if self._waits(pod)]
        for pod in sorted(waiting, key=lambda pod: str(pod["metadata"].get("creationTimestamp"))):
            async with self._loop.guard(key_of(pod)):
                await self._serve(pod)

    def _waits(self, pod: Json) -> bool:
        return bool(node_of(pod)) and not (
            host_network(pod) or being_deleted(pod) or finished(pod) or keys.POD_IP in annotations_of(pod)
        )

    async def _serve(self, pod: Json) -> None:
        try:
            address = await self._eni_address(pod) if wants_eni(pod) else self._overlay_address(pod)
        except (NoAddress, AddressExhausted) as error:
            await self._context.recorder.warn(pod, "FailedAllocateIP", str(error), component=MANAGER)
            return
        namespace, name = key_of(pod)
        # The uid makes the API server refuse when a new pod of the same name has come meanwhile.
        patch: Json = {"metadata": {"uid": uid_of(pod), "annotations": {keys.POD_IP: address}}}
        await self._context.api.patch(POD, name, patch, namespace=namespace, manager=MANAGER)

    # GlobalRouter

    def _overlay_address(self, pod: Json) -> str:
        uid, node_name = uid_of(pod), node_of(pod)
        if uid in self._overlay:
            return self._overlay[uid][1]
        node = self._context.mirrors.nodes.get(node_name)
        pod_range = str(spec_of(node).get("podCIDR") or "") if node else ""
        if not pod_range:
            raise NoAddress(f"node {node_name} has no pod range")
        taken = {address for on_node, address in self._overlay.values() if on_node == node_name}
        address = overlay_address(pod_range, taken)
        self._overlay[uid] = (node_name, address)
        return address

    # VPC-CNI

    async def _eni_address(self, pod: Json) -> str:
        namespace, name = key_of(pod)
        vpc_cni, instance = self._context.cluster.vpc_cni, self._instance(node_of(pod))
        if vpc_cni is None or vpc_cni.phase != "running":
            raise NoAddress(f"{keys.IPAMD} does not run")
        if instance is None:
            raise NoAddress(f"node {node_of(pod)} is not an instance of this cluster")
        owner = eni_owner(self._context.cluster.cluster_id, namespace, name)
        subnet, address = self._held(owner)
        if subnet is not None and subnet.zone != instance.zone:
            raise NoAddress(
                f"fixed IP {address} belongs to {subnet.subnet_id} in {subnet.zone}, but node"
                f" {node_of(pod)} is in {instance.zone}"
            )
        if subnet is None:
            subnet, address = self._lease(pod, vpc_cni, instance, owner)
        self._holders[owner] = uid_of(pod)
        if keeps_address(pod, vpc_cni.static_ip):
            await self._claims.ensure(pod, namespace, name, address, subnet.subnet_id)
        self._context.changed.ring()
        return address

    def _lease(self, pod: Json, vpc_cni: VpcCni, instance: Instance, owner: str) -> tuple[Subnet, str]:
        context = self._context
        listed = nominated(vpc_cni.ipamd_subnet_ids, annotations_of(pod).get(keys.NOMINATED_SUBNETS))
        subnets = usable_subnets(context.world, context.cluster, listed, instance.zone)
        if not subnets:
            raise NoAddress(f"no container subnet for zone {instance.zone}")
        subnet = max(subnets, key=lambda subnet: subnet.available)
        primary = primary_owner(context.cluster.cluster_id, instance.private_ip)
        if self._held(primary)[0] is None:
            # Attaching the ENI uses up one address that no pod gets.
            self._book.lease(subnet, primary)
        return subnet, self._book.lease(subnet, owner)

    def _held(self, owner: str) -> tuple[Subnet, str] | tuple[None, str]:
        for subnet, address, holder in leases_of(self._context.world, self._context.cluster.vpc_id, owner):
            if holder == owner:
                return subnet, address
        return None, ""

    def _instance(self, node_name: str) -> Instance | None:
        instances = self._context.cluster.instances.values()
        return next((instance for instance in instances if instance.private_ip == node_name), None)

    # Giving back

    async def _give_back(self, pods: dict[tuple[str, str], Json]) -> None:
        self._remember(pods)
        alive = {uid_of(pod) for pod in pods.values() if not finished(pod)}
        self._overlay = {uid: held for uid, held in self._overlay.items() if uid in alive}
        cluster = self._context.cluster
        nodes = (
            {instance.private_ip for instance in cluster.instances.values()}
            if cluster.vpc_cni
            else set[str]()
        )
        primaries = primary_owner(cluster.cluster_id, "")
        for subnet, address, owner in leases_of(self._context.world, cluster.vpc_id, primaries):
            if owner.removeprefix(primaries) not in nodes:
                subnet.release(address)
        prefix = f"eni:{cluster.cluster_id}/"
        for subnet, address, owner in leases_of(self._context.world, cluster.vpc_id, prefix):
            if self._holders.get(owner) not in alive:
                namespace, _, name = owner.removeprefix(prefix).partition("/")
                async with self._loop.guard(owner):
                    await self._release_unless_kept(
                        subnet, address, namespace, name, (namespace, name) in pods
                    )

    async def _release_unless_kept(
        self, subnet: Subnet, address: str, namespace: str, name: str, back: bool
    ) -> None:
        vpc_cni = self._context.cluster.vpc_cni
        claim = await self._claims.find(namespace, name)
        if claim is not None:
            # `back`: a pod of that name exists again and only waits for its node.
            if vpc_cni is not None and (
                back or not self._claims.expired(claim, namespace, name, vpc_cni.reclaim_seconds)
            ):
                return
            await self._claims.remove(namespace, name)
        subnet.release(address)
        self._holders.pop(eni_owner(self._context.cluster.cluster_id, namespace, name), None)
        self._context.changed.ring()

    def _remember(self, pods: dict[tuple[str, str], Json]) -> None:
        """The state in the pods themselves, for controllers that start on a cluster with pods."""
        for (namespace, name), pod in pods.items():
            address = annotations_of(pod).get(keys.POD_IP) or pod_ip(pod)
            if not address or host_network(pod) or finished(pod):
                continue
            if wants_eni(pod):
                self._holders.setdefault(
                    eni_owner(self._context.cluster.cluster_id, namespace, name), uid_of(pod)
                )
            else:
                self._overlay.setdefault(uid_of(pod), (node_of(pod), address))
