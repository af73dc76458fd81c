"""Stand-in for TKE's l7-lb-controller: an HTTP CLB for each Ingress of class qcloud or of none."""

import json
from collections.abc import Iterable

from tests.lab.controllers import keys
from tests.lab.controllers.context import Context
from tests.lab.controllers.front_settings import FrontSettings
from tests.lab.controllers.kube import (
    INGRESS,
    INGRESS_STATUS,
    Json,
    annotations_of,
    being_deleted,
    child,
    children,
    deleted_for,
    finalizers_of,
    key_of,
    namespace_of,
    spec_of,
    vips_of,
)
from tests.lab.controllers.load_balancer import (
    Backend,
    LoadBalancers,
    SyncRefused,
    direct_access,
    immutable_change,
    ingress_owner,
    node_backends,
    ours,
    paths_of,
    pod_backends,
    serving,
)
from tests.lab.controllers.service_controller import switched_on
from tests.lab.controllers.watching import Loop
from tests.lab.world import Listener, LoadBalancer, Rule

MANAGER = keys.INGRESS_CONTROLLER
HTTP_PORT = 80
HTTPS_PORT = 443


def service_port(service: Json, reference: Json) -> Json | None:
    """The Service port that an Ingress backend names by number or name."""
    wanted = child(reference, "port")
    for port in children(spec_of(service), "ports"):
        if port.get("port") == wanted.get("number") or (
            wanted.get("name") and port.get("name") == wanted["name"]
        ):
            return port
    return None


def check_annotations(ingress: Json) -> None:
    value = annotations_of(ingress).get(keys.INGRESS_DIRECT)
    if value not in (None, "true", "false"):
        raise SyncRefused(f"annotation {keys.INGRESS_DIRECT} must be true or false, not {value!r}", "E4037")


def check_hosts(ingress: Json) -> None:
    for host, _, _ in paths_of(ingress):
        if host and "." not in host:
            raise SyncRefused(f"host {host!r} is not a domain name", "E4052")


def mixed_paths(annotation: str | None) -> list[tuple[str, str, Json]]:
    """(host, path, backend Service reference) of the rules that `rule-mix` puts on one protocol."""
    try:
        rules: list[Json] = json.loads(annotation or "[]")
        return [
            (
                str(rule.get("host") or ""),
                str(rule.get("path") or "/"),
                {
                    "name": rule["backend"]["serviceName"],
                    "port": {"number": int(rule["backend"]["servicePort"])},
                },
            )
            for rule in rules
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SyncRefused(f"rule-mix is malformed: {error}", "E4044") from error


def _listener(protocol: str, port: int, rules: list[Rule], certificate: str = "") -> Listener:
    together = sorted({backend for rule in rules for backend in rule.backends})
    return Listener(protocol, port, together, rules, certificate=certificate)


class IngressController:
    def __init__(self, context: Context, balancers: LoadBalancers) -> None:
        self._context = context
        self._balancers = balancers
        mirrors = context.mirrors
        watched = (
            mirrors.ingresses,
            mirrors.services,
            mirrors.pods,
            mirrors.nodes,
            mirrors.config_maps,
            mirrors.secrets,
        )
        self._settings = FrontSettings(context)
        self._loop = Loop(MANAGER, [*(mirror.bell for mirror in watched), context.changed])

    async def run(self) -> None:
        await self._loop.run(self._round)

    async def _round(self) -> float | None:
        ingresses = self._context.mirrors.ingresses
        for ingress in ingresses:
            async with self._loop.guard(key_of(ingress)):
                await self._sync(ingress)
        self._balancers.drop_orphans("ingress", ingresses)
        return self._balancers.syncs.due_in()

    async def _sync(self, ingress: Json) -> None:
        balancer = self._balancers.of(ingress_owner(*key_of(ingress)))
        if being_deleted(ingress) or not ours(ingress):
            if balancer is not None or keys.INGRESS_FINALIZER in finalizers_of(ingress):
                if (
                    being_deleted(ingress)
                    and deleted_for(ingress) < self._context.world.load_balancer_release_seconds
                ):
                    return
                await self._withdraw(ingress, balancer)
            return
        try:
            await self._ensure(ingress, balancer)
        except SyncRefused as refusal:
            await self._context.recorder.warn(ingress, "EnsureIngressFailed", str(refusal), component=MANAGER)

    async def _ensure(self, ingress: Json, balancer: LoadBalancer | None) -> None:
        annotations = annotations_of(ingress)
        check_annotations(ingress)
        check_hosts(ingress)
        subnet_id, existing = (
            annotations.get(keys.INGRESS_SUBNET, ""),
            annotations.get(keys.INGRESS_EXISTING, ""),
        )
        first_sight = keys.INGRESS_FINALIZER not in finalizers_of(ingress)
        config = self._context.mirrors.config_maps.get(keys.SERVICE_CONFIG, keys.KUBE_SYSTEM)
        direct, write_default = direct_access(
            annotations.get(keys.INGRESS_DIRECT),
            first_sight,
            switched_on(config, "EnableDefaultDirectAccess"),
        )
        listeners = self._listeners(ingress, direct)
        if balancer is None:
            charge_type, bandwidth = (
                annotations.get(keys.INGRESS_CHARGE_TYPE, ""),
                annotations.get(keys.INGRESS_BANDWIDTH, ""),
            )
            balancer = self._balancers.obtain(
                ingress_owner(*key_of(ingress)), subnet_id, existing, charge_type, bandwidth
            )
        change = immutable_change(balancer, subnet_id, existing)
        if change is not None:
            raise SyncRefused(change)
        self._settings.guard(
            balancer, annotations.get(keys.INGRESS_GROUPS), annotations.get(keys.INGRESS_PASS)
        )
        if self._balancers.syncs.carry(balancer, listeners, direct):
            self._context.changed.ring()
        await self._write(ingress, balancer, write_default)

    def _listeners(self, ingress: Json, direct: bool) -> list[Listener]:
        """HTTP alone; with a certificate HTTPS, and HTTP only if the annotations request HTTP."""
        annotations, namespace = annotations_of(ingress), namespace_of(ingress)
        spec_rules = self._rules(namespace, paths_of(ingress), direct)
        secrets = [entry.get("secretName") for entry in children(spec_of(ingress), "tls")]
        if not secrets:
            if annotations.get(keys.INGRESS_REWRITE) == "true":
                raise SyncRefused("a redirect needs HTTPS rules")
            return [_listener("HTTP", HTTP_PORT, spec_rules)]
        certificate = self._settings.certificate(namespace, secrets[0])
        if annotations.get(keys.INGRESS_RULE_MIX) == "true":
            plain = self._rules(namespace, mixed_paths(annotations.get(keys.INGRESS_HTTP_RULES)), direct)
            secured = self._rules(namespace, mixed_paths(annotations.get(keys.INGRESS_HTTPS_RULES)), direct)
            return [_listener("HTTP", HTTP_PORT, plain), _listener("HTTPS", HTTPS_PORT, secured, certificate)]
        found = [_listener("HTTPS", HTTPS_PORT, spec_rules, certificate)]
        if annotations.get(keys.INGRESS_REWRITE) == "true":
            found.insert(0, Listener("HTTP", HTTP_PORT, redirect=True))
        return found

    def _rules(self, namespace: str, paths: Iterable[tuple[str, str, Json]], direct: bool) -> list[Rule]:
        return [
            Rule(host, path, self._backends(namespace, reference, direct)) for host, path, reference in paths
        ]

    def _backends(self, namespace: str, reference: Json, direct: bool) -> list[Backend]:
        mirrors, name = self._context.mirrors, str(reference.get("name"))
        service = mirrors.services.get(name, namespace)
        if service is None:
            raise SyncRefused(f"backend Service {namespace}/{name} not found")
        if spec_of(service).get("type") not in ("NodePort", "LoadBalancer"):
            raise SyncRefused(
                f"backend Service {namespace}/{name} must be of type NodePort or LoadBalancer", "E4047"
            )
        port = service_port(service, reference)
        if port is None:
            raise SyncRefused(f"backend Service {namespace}/{name} has no port {reference.get('port')}")
        if direct:
            return pod_backends(
                serving(mirrors.pods.in_namespace(namespace), child(spec_of(service), "selector")), port
            )
        return node_backends(mirrors.nodes, port)

    async def _write(self, ingress: Json, balancer: LoadBalancer, write_default: bool) -> None:
        api, (namespace, name) = self._context.api, key_of(ingress)
        annotations, finalizers = annotations_of(ingress), finalizers_of(ingress)
        written = {keys.INGRESS_DIRECT: "true"} if write_default else {}
        if annotations.get(keys.INGRESS_LB_ID) != balancer.lb_id:
            written[keys.INGRESS_LB_ID] = balancer.lb_id
        if written or keys.INGRESS_FINALIZER not in finalizers:
            metadata: Json = {
                "annotations": written,
                "resourceVersion": ingress["metadata"]["resourceVersion"],
            }
            if keys.INGRESS_FINALIZER not in finalizers:
                metadata["finalizers"] = [*finalizers, keys.INGRESS_FINALIZER]
            await api.patch(INGRESS, name, {"metadata": metadata}, namespace=namespace, manager=MANAGER)
        if vips_of(ingress) != [balancer.vip]:
            status: Json = {"status": {"loadBalancer": {"ingress": [{"ip": balancer.vip}]}}}
            await api.patch(INGRESS_STATUS, name, status, namespace=namespace, manager=MANAGER)
            await self._context.recorder.record(
                ingress,
                "EnsuredIngress",
                f"Ensured ingress, {balancer.lb_id} {balancer.vip}",
                component=MANAGER,
            )

    async def _withdraw(self, ingress: Json, balancer: LoadBalancer | None) -> None:
        api, (namespace, name) = self._context.api, key_of(ingress)
        if balancer is not None:
            self._balancers.drop(balancer)
            self._context.changed.ring()
        if not being_deleted(ingress) and vips_of(ingress):
            status: Json = {"status": {"loadBalancer": {"ingress": None}}}
            await api.patch(INGRESS_STATUS, name, status, namespace=namespace, manager=MANAGER)
        if keys.INGRESS_FINALIZER in finalizers_of(ingress):
            metadata: Json = {
                "finalizers": [item for item in finalizers_of(ingress) if item != keys.INGRESS_FINALIZER]
            }
            if not being_deleted(ingress):
                metadata["annotations"] = {keys.INGRESS_LB_ID: None}
            await api.patch(INGRESS, name, {"metadata": metadata}, namespace=namespace, manager=MANAGER)
