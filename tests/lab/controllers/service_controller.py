"""Stand-in for TKE's service-controller: a CLB for each LoadBalancer Service, direct to pods or to node
ports."""

import ipaddress
import json
import uuid

from tests.lab.controllers import keys
from tests.lab.controllers.context import Context, now
from tests.lab.controllers.front_settings import FrontSettings
from tests.lab.controllers.kube import (
    SERVICE,
    SERVICE_STATUS,
    Json,
    annotations_of,
    being_deleted,
    child,
    children,
    data_of,
    deleted_for,
    finalizers_of,
    key_of,
    name_of,
    namespace_of,
    node_of,
    pod_ip,
    spec_of,
    vips_of,
)
from tests.lab.controllers.load_balancer import (
    LoadBalancers,
    SyncRefused,
    direct_access,
    immutable_change,
    node_backends,
    pod_backends,
    service_owner,
    serving,
)
from tests.lab.controllers.watching import Loop
from tests.lab.world import Listener, LoadBalancer

MANAGER = keys.SERVICE_CONTROLLER


def switched_on(config_map: Json | None, key: str) -> bool:
    """A switch of the controller's ConfigMap. A cluster that lacks the key is an old one, where it is off."""
    return data_of(config_map).get(key) == "true"


def same_port_twice(service: Json) -> bool:
    numbers = [port.get("port") for port in children(spec_of(service), "ports")]
    return len(set(numbers)) < len(numbers)


def layer_seven(annotation: str | None, port: int) -> str | None:
    """The protocol that `specify-protocol` gives a port, e.g. `{"80": {"protocol": ["HTTP"]}}`."""
    if annotation is None:
        return None
    try:
        wanted: Json = json.loads(annotation)
        protocols: list[str] = wanted[str(port)]["protocol"]
        return protocols[0]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        if isinstance(error, KeyError):
            return None
        raise SyncRefused(f"annotation {keys.SERVICE_PROTOCOL} is malformed: {error}") from error


class ServiceController:
    def __init__(self, context: Context, balancers: LoadBalancers) -> None:
        self._context = context
        self._balancers = balancers
        mirrors = context.mirrors
        watched = (
            mirrors.services,
            mirrors.pods,
            mirrors.nodes,
            mirrors.config_maps,
            mirrors.secrets,
            mirrors.service_configs,
        )
        self._settings = FrontSettings(context)
        self._loop = Loop(MANAGER, [*(mirror.bell for mirror in watched), context.changed])

    async def run(self) -> None:
        await self._loop.run(self._round)

    async def _round(self) -> float | None:
        services = self._context.mirrors.services
        for service in services:
            async with self._loop.guard(key_of(service)):
                await self._sync(service)
        self._balancers.drop_orphans("service", services)
        return self._balancers.syncs.due_in()

    async def _sync(self, service: Json) -> None:
        if annotations_of(service).get(keys.SERVICE_MODE) == "skip":
            return
        balancer = self._balancers.of(service_owner(*key_of(service)))
        if spec_of(service).get("type") != "LoadBalancer" or being_deleted(service):
            if balancer is not None or keys.SERVICE_FINALIZER in finalizers_of(service):
                if (
                    being_deleted(service)
                    and deleted_for(service) < self._context.world.load_balancer_release_seconds
                ):
                    return
                await self._withdraw(service, balancer)
            return
        try:
            await self._ensure(service, balancer)
        except SyncRefused as refusal:
            await self._context.recorder.warn(service, "EnsureServiceFailed", str(refusal), component=MANAGER)

    async def _ensure(self, service: Json, balancer: LoadBalancer | None) -> None:
        annotations, begin = annotations_of(service), now()
        subnet_id, existing = (
            annotations.get(keys.SERVICE_SUBNET, ""),
            annotations.get(keys.SERVICE_EXISTING, ""),
        )
        if balancer is None:
            charge_type, bandwidth = (
                annotations.get(keys.SERVICE_CHARGE_TYPE, ""),
                annotations.get(keys.SERVICE_BANDWIDTH, ""),
            )
            balancer = self._balancers.obtain(
                service_owner(*key_of(service)), subnet_id, existing, charge_type, bandwidth
            )
        change = immutable_change(balancer, subnet_id, existing)
        if change is not None:
            raise SyncRefused(change)
        first_sight = keys.SERVICE_FINALIZER not in finalizers_of(service)
        direct, write_default = direct_access(
            annotations.get(keys.SERVICE_DIRECT), first_sight, self._switch("EnableDefaultDirectAccess")
        )
        written: dict[str, str] = {}
        if annotations.get(keys.SERVICE_LB_ID) != balancer.lb_id:
            written[keys.SERVICE_LB_ID] = balancer.lb_id
        if first_sight:
            written |= self._greeting(annotations, write_default)
        if not direct and same_port_twice(service):
            raise SyncRefused("TCP and UDP on one port need direct access")
        self._settings.guard(
            balancer, annotations.get(keys.SERVICE_GROUPS), annotations.get(keys.SERVICE_PASS)
        )
        listeners = await self._listeners(service, direct)
        if self._balancers.syncs.carry(balancer, listeners, direct):
            written |= {keys.SERVICE_SYNC_BEGIN: begin, keys.SERVICE_SYNC_END: now()}
            self._context.changed.ring()
        await self._write(service, balancer, written)

    def _greeting(self, annotations: dict[str, str], write_default: bool) -> dict[str, str]:
        """The annotations that the controller adds to a new Service."""
        written = {keys.SERVICE_DIRECT: "true"} if write_default else {}
        if keys.SERVICE_CLIENT_TOKEN not in annotations:
            written[keys.SERVICE_CLIENT_TOKEN] = str(uuid.uuid4())
        if self._switch("EnableDefaultModificationProtection") and keys.SERVICE_PROTECTION not in annotations:
            written[keys.SERVICE_PROTECTION] = "true"
        return written

    async def _write(self, service: Json, balancer: LoadBalancer, written: dict[str, str]) -> None:
        api, (namespace, name) = self._context.api, key_of(service)
        finalizers = finalizers_of(service)
        if written or keys.SERVICE_FINALIZER not in finalizers:
            metadata: Json = {
                "annotations": written,
                "resourceVersion": service["metadata"]["resourceVersion"],
            }
            if keys.SERVICE_FINALIZER not in finalizers:
                metadata["finalizers"] = [*finalizers, keys.SERVICE_FINALIZER]
            await api.patch(SERVICE, name, {"metadata": metadata}, namespace=namespace, manager=MANAGER)
        if vips_of(service) != [balancer.vip]:
            status: Json = {"status": {"loadBalancer": {"ingress": [{"ip": balancer.vip}]}}}
            await api.patch(SERVICE_STATUS, name, status, namespace=namespace, manager=MANAGER)
            await self._context.recorder.record(
                service, "EnsuredService", f"Sync Success, {balancer.lb_id} {balancer.vip}", component=MANAGER
            )

    async def _listeners(self, service: Json, direct: bool) -> list[Listener]:
        pods = serving(
            self._context.mirrors.pods.in_namespace(key_of(service)[0]), child(spec_of(service), "selector")
        )
        if direct:
            pods = await self._allowed(service, pods)
        nodes = list(self._context.mirrors.nodes)
        if (
            annotations_of(service).get(keys.SERVICE_LOCAL_NODES) == "true"
            and spec_of(service).get("externalTrafficPolicy") == "Local"
        ):
            holding = {node_of(pod) for pod in pods}
            nodes = [node for node in nodes if name_of(node) in holding]
        specified = annotations_of(service).get(keys.SERVICE_PROTOCOL)
        listeners = [
            Listener(
                protocol=layer_seven(specified, int(port["port"])) or str(port.get("protocol") or "TCP"),
                port=int(port["port"]),
                backends=pod_backends(pods, port) if direct else node_backends(nodes, port),
                certificate=self._certificate(service, specified, int(port["port"])),
            )
            for port in children(spec_of(service), "ports")
        ]
        self._settings.configure(
            listeners, namespace_of(service), annotations_of(service).get(keys.SERVICE_TSC)
        )
        return listeners

    def _certificate(self, service: Json, specified: str | None, port: int) -> str:
        if layer_seven(specified, port) not in ("TCP_SSL", "HTTPS"):
            return ""
        wanted: Json = json.loads(specified or "{}")
        return self._settings.certificate(namespace_of(service), wanted[str(port)].get("tls"))

    async def _allowed(self, service: Json, pods: list[Json]) -> list[Json]:
        overlay = ipaddress.IPv4Network(self._context.cluster.cluster_cidr)
        on_overlay = [pod for pod in pods if ipaddress.IPv4Address(pod_ip(pod)) in overlay]
        if on_overlay and not self._switch("GlobalRouteDirectAccess"):
            await self._context.recorder.warn(
                service,
                "DirectAccessNotSupported",
                "direct access to GlobalRouter pods is off (GlobalRouteDirectAccess); they are not bound",
                component=MANAGER,
            )
            return [pod for pod in pods if pod not in on_overlay]
        if on_overlay and len(on_overlay) < len(pods):
            await self._context.recorder.warn(
                service,
                "MixedBackends",
                "GlobalRouter and VPC-CNI pods behind one direct Service are not supported",
                component=MANAGER,
            )
        return pods

    async def _withdraw(self, service: Json, balancer: LoadBalancer | None) -> None:
        api, (namespace, name) = self._context.api, key_of(service)
        if balancer is not None:
            self._balancers.drop(balancer)
            self._context.changed.ring()
        if not being_deleted(service) and vips_of(service):
            status: Json = {"status": {"loadBalancer": {"ingress": None}}}
            await api.patch(SERVICE_STATUS, name, status, namespace=namespace, manager=MANAGER)
        if keys.SERVICE_FINALIZER in finalizers_of(service):
            metadata: Json = {
                "finalizers": [item for item in finalizers_of(service) if item != keys.SERVICE_FINALIZER]
            }
            if not being_deleted(service):
                gone = (
                    keys.SERVICE_LB_ID,
                    keys.SERVICE_CLIENT_TOKEN,
                    keys.SERVICE_SYNC_BEGIN,
                    keys.SERVICE_SYNC_END,
                )
                metadata["annotations"] = dict.fromkeys(gone)
            await api.patch(SERVICE, name, {"metadata": metadata}, namespace=namespace, manager=MANAGER)

    def _switch(self, key: str) -> bool:
        return switched_on(self._context.mirrors.config_maps.get(keys.SERVICE_CONFIG, keys.KUBE_SYSTEM), key)
