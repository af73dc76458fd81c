"""ClientIpWorkload: a Deployment or StatefulSet whose pods see the address of their client."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Optional

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.args import Args, args_class, parse_args
from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input, known
from pulumi_tke_hybrid.component.kubernetes import require_provider
from pulumi_tke_hybrid.component.options import child_options
from pulumi_tke_hybrid.component.pods import Container, with_eni_ip
from pulumi_tke_hybrid.tke import annotations, ids, keys, names
from pulumi_tke_hybrid.tke.problem import Problem
from pulumi_tke_hybrid.tke.rule import Finding

NAME_LABEL = "app.kubernetes.io/name"
_ADDRESS_ONLY = {"pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0]}"}
"""TKE adds readiness gates only to pods that are made after their direct Service. So the Service comes first, and may not wait for pods."""
_NO_WAIT = {"pulumi.com/skipAwait": "true"}
TERMINATION_GRACE = 30


class WorkloadKind(str, Enum):
    """The Kubernetes object that holds the pods."""

    DEPLOYMENT = "deployment"
    STATEFUL_SET = "statefulset"


class PodNetwork(str, Enum):
    """Where pods get their address from."""

    ENI = "eni"
    """The ENI subnet of their node's zone: an address of the VPC."""
    GLOBAL_ROUTE = "global_route"
    """The overlay of the cluster."""


class ExposureKind(str, Enum):
    """How clients reach the pods."""

    PUBLIC = "public"
    INTERNAL = "internal"
    EXISTING = "existing"
    NONE = "none"


class ChargeType(str, Enum):
    """Billing of a public load balancer's traffic."""

    BY_TRAFFIC = "TRAFFIC_POSTPAID_BY_HOUR"
    BY_BANDWIDTH = "BANDWIDTH_POSTPAID_BY_HOUR"


class ClientIpFrom(str, Enum):
    """Where an application reads its client's address."""

    PEER = "peer"
    """The TCP connection's other end."""
    HEADER = "x-forwarded-for"
    """The HTTP header that the load balancer writes; its own address may be the connection's other end (214/3728)."""
    NOWHERE = "none"
    """Nowhere: the connection comes from a node."""


def _port_problem(value: int) -> str | None:
    return None if 1 <= value <= 65535 else f"{value} is not a port; use 1 to 65535"


def _bandwidth_problem(value: int) -> str | None:
    return None if 1 <= value <= 2048 else f"{value} Mbit/s is outside 1 to 2048, the range of a load balancer"


def _replicas_problem(value: int) -> str | None:
    return None if value >= 0 else f"{value} is negative; use 0 or more"


def _protocol_problem(value: str) -> str | None:
    return None if value in ("TCP", "UDP") else f"{value!r} is not a protocol of a Service; use 'TCP' or 'UDP'"


@args_class(port=_port_problem, target_port=_port_problem, protocol=_protocol_problem, name=names.dns_label_problem)
class PortArgs(Args):
    """One port of the workload."""

    port: Input[int]
    """Port of the Service, 1 to 65535."""

    target_port: Optional[Input[int]] = None
    """Port of the container. Default: the same."""

    protocol: Optional[Input[str]] = None
    """`TCP` or `UDP`. Default: `TCP`."""

    name: Optional[str] = None
    """Name of the port. Default: `port-` and the number's place in the list."""


@args_class(subnet_id=ids.subnet_problem, load_balancer_id=ids.load_balancer_problem, bandwidth=_bandwidth_problem)
class ExposureArgs(Args):
    """Which load balancer clients come through. Made by `public()`, `internal()`, `existing_clb()` and `not_exposed()`."""

    kind: ExposureKind
    """`public`, `internal`, `existing` or `none`."""

    subnet_id: Optional[Input[str]] = None
    """Subnet of an internal load balancer's address; not an ENI subnet. Cannot change in place (457/90598)."""

    load_balancer_id: Optional[Input[str]] = None
    """An existing load balancer, made by you in the cluster's VPC; it outlives the Service. Cannot change in place."""

    charge_type: Optional[Input[ChargeType]] = None
    """Billing of a public load balancer. Default: the account's. Read at creation only."""

    bandwidth: Optional[Input[int]] = None
    """Upper bound of a public load balancer in Mbit/s, 1 to 2048. Default: TKE's. Read at creation only."""

    def problems(self) -> Iterator[Finding]:
        belongs = {"subnet_id": "internal", "load_balancer_id": "existing", "charge_type": "public", "bandwidth": "public"}
        for name, kind in belongs.items():
            if getattr(self, name) is not None and self.kind.value != kind:
                yield Problem(name, f"belongs to a load balancer of kind {kind!r}, this one is {self.kind.value!r}; leave it out")
        for name in ("subnet_id", "load_balancer_id"):
            if getattr(self, name) is None and self.kind.value == belongs[name]:
                yield Problem(name, f"is required for kind {self.kind.value!r}")

    def placement(self, internal_key: str, existing_key: str, charge_key: str, bandwidth_key: str) -> dict[str, Input[str]]:
        """The annotations that say so."""
        found: dict[str, Input[str]] = {}
        if self.subnet_id is not None:
            found[internal_key] = self.subnet_id
        if self.load_balancer_id is not None:
            found[existing_key] = self.load_balancer_id
        if self.charge_type is not None:
            found[charge_key] = pulumi.Output.from_input(self.charge_type).apply(_enum_value)
        if self.bandwidth is not None:
            found[bandwidth_key] = pulumi.Output.from_input(self.bandwidth).apply(str)
        return found


def public(charge_type: Input[ChargeType] | None = None, bandwidth: Input[int] | None = None) -> ExposureArgs:
    """A load balancer on the internet, made and removed with the Service."""
    return ExposureArgs(kind=ExposureKind.PUBLIC, charge_type=charge_type, bandwidth=bandwidth)


def internal(subnet_id: Input[str]) -> ExposureArgs:
    """A load balancer inside the VPC with an address of this subnet, made and removed with the Service."""
    return ExposureArgs(kind=ExposureKind.INTERNAL, subnet_id=subnet_id)


def existing_clb(load_balancer_id: Input[str]) -> ExposureArgs:
    """A load balancer of your own, which outlives the Service: its address survives whatever happens to the cluster."""
    return ExposureArgs(kind=ExposureKind.EXISTING, load_balancer_id=load_balancer_id)


def not_exposed() -> ExposureArgs:
    """No load balancer in front of the Service."""
    return ExposureArgs(kind=ExposureKind.NONE)


def _path_problem(value: str) -> str | None:
    return None if value.startswith("/") else f"{value!r} does not start with '/'"


def _hosts_problem(hosts: Sequence[Any]) -> Finding | None:
    return next((problem for host in hosts if isinstance(host, str) and (problem := names.host_problem(host))), None)


@args_class(hosts=_hosts_problem, path=_path_problem, port=_port_problem)
class IngressArgs(Args):
    """A layer-7 load balancer in front of the workload."""

    exposure: ExposureArgs
    """Which load balancer; a Service and an Ingress cannot share one."""

    hosts: Optional[Sequence[Input[str]]] = None
    """Host names, each with a dot (E4052). Default: every host, as in the article."""

    path: Optional[Input[str]] = None
    """Path. Default: `/`."""

    port: Optional[Input[int]] = None
    """Port of the Service that requests go to. Default: the first one."""

    def problems(self) -> Iterator[Finding]:
        yield from (problem.under("exposure") for problem in self.exposure.problems())
        if self.exposure.kind is ExposureKind.NONE:
            yield Problem("exposure.kind", "'none' makes no Ingress; say public, internal or existing, or leave ingress out")


@args_class(replicas=_replicas_problem, name=names.dns_label_problem, namespace=names.dns_label_problem)
class ClientIpWorkloadArgs(Args):
    """Arguments of `ClientIpWorkload`."""

    exposure: ExposureArgs
    """How clients reach the pods: `public()`, `internal(subnet)`, `existing_clb(id)` or `not_exposed()`. No default: it decides who can.
    A change replaces the Service, and its address: TKE cannot move a load balancer (457/90598)."""

    image: Optional[Input[str]] = None
    """Image of the one container. Exactly one of `image` and `containers`."""

    containers: Optional[Sequence[Container]] = None
    """The containers, as typed by pulumi-kubernetes; the first one gets the request for an ENI address."""

    ports: Optional[Sequence[PortArgs]] = None
    """Ports of the workload. Default: 80."""

    replicas: Optional[Input[int]] = None
    """Number of pods. Default: 2, so that a node may fail. Updated in place."""

    kind: Optional[WorkloadKind] = None
    """`deployment` or `statefulset`. Default: `deployment`. A change replaces the pods."""

    network: Optional[PodNetwork] = None
    """`eni` or `global_route`. Default: `eni`. A change rolls the pods."""

    direct: Optional[bool] = None
    """Whether the load balancer sends to pods instead of node ports. Default: true with `eni`, false with `global_route`; always written
    out, because newer controllers would decide by themselves (457/131136)."""

    fixed_ip: Optional[bool] = None
    """A pod of the same name gets the same address again: StatefulSet on ENI, in a cluster with static IPs. Such a pod can only come back
    in its own zone. Default: false."""

    ingress: Optional[IngressArgs] = None
    """A layer-7 load balancer. Default: none."""

    name: Optional[Input[str]] = None
    """Name of the Kubernetes objects. Default: the component's name. A change replaces them, and the load balancer's address with them."""

    namespace: Optional[Input[str]] = None
    """Namespace. Default: `default`. A change replaces the objects."""

    requests: Optional[Mapping[str, Input[str]]] = None
    """Resource requests of the one container made from `image`, e.g. `{"cpu": "250m"}`."""

    limits: Optional[Mapping[str, Input[str]]] = None
    """Resource limits of the one container made from `image`."""

    labels: Optional[Mapping[str, Input[str]]] = None
    """Further labels of all objects and pods. Updated in place."""

    pod_annotations: Optional[Mapping[str, Input[str]]] = None
    """Further annotations of the pods; none that the component writes itself. Updated in place, rolls the pods."""

    use_ambient_provider: Optional[bool] = None
    """Use whatever cluster the machine's own kubeconfig points at. Default: false, the program must say which cluster."""

    def problems(self) -> Iterator[Finding]:
        yield from (problem.under("exposure") for problem in self.exposure.problems())
        if self.ingress is not None:
            yield from (problem.under("ingress") for problem in self.ingress.problems())
        if (self.image is None) == (self.containers is None):
            yield Problem("image", "exactly one of image and containers is needed")
        if self.containers is not None:
            if not self.containers:
                yield Problem("containers", "is empty; a pod has at least one container")
            for name in ("requests", "limits"):
                if getattr(self, name) is not None:
                    yield Problem(name, "belongs to image; with containers each one carries its own resources")
        if self.ports is not None and not self.ports:
            yield Problem("ports", "is empty; leave it out for port 80")
        yield from self._port_problems()
        if self.fixed_ip and self.kind is not WorkloadKind.STATEFUL_SET:
            yield Problem(
                "fixed_ip", "needs kind='statefulset'; TKE keeps addresses by pod name, and only a StatefulSet's pods keep their names"
            )
        if self.fixed_ip and self.network is PodNetwork.GLOBAL_ROUTE:
            yield Problem("fixed_ip", "needs network='eni'; overlay addresses cannot be kept")
        for key in self.pod_annotations or ():
            contradiction = annotations.contradiction(key)
            if contradiction:
                yield Problem("pod_annotations", contradiction)
        if self.labels and NAME_LABEL in self.labels:
            yield Problem("labels", f"{NAME_LABEL} selects the pods and is the object's name; give another label")

    def _port_problems(self) -> Iterator[Finding]:
        seen: set[tuple[object, object]] = set()
        for index, port in enumerate(self.ports or ()):
            number, protocol = known(port.port), known(port.protocol) or "TCP"
            if number is not None and (number, protocol) in seen:
                yield Problem(f"ports[{index}].port", f"{number}/{protocol} is listed twice; a Service has each port once")
            seen.add((number, protocol))
        wanted = known(self.ingress.port) if self.ingress else None
        ports = [known(port.port) for port in self.ports] if self.ports else [80]
        if wanted is not None and None not in ports and wanted not in ports:
            yield Problem("ingress.port", f"{wanted} is none of the workload's ports ({', '.join(map(str, ports))})")
        both = (self.exposure.load_balancer_id, self.ingress.exposure.load_balancer_id if self.ingress else None)
        first, second = (known(item) for item in both)
        if first is not None and first == second:
            yield Problem("ingress.exposure.load_balancer_id", f"{first} is the Service's; a Service and an Ingress cannot share one")

    @property
    def on_eni(self) -> bool:
        """Whether pods have ENI addresses."""
        return self.network is not PodNetwork.GLOBAL_ROUTE

    @property
    def is_direct(self) -> bool:
        """Whether load balancers send to pods."""
        return self.on_eni if self.direct is None else self.direct


class ClientIpWorkload(pulumi.ComponentResource):
    """Pods on ENI addresses behind a direct Service or Ingress.

    `opts.ignore_changes` is about the Deployment or StatefulSet, e.g. `spec.replicas` for an autoscaler.

    The Service and the Ingress come first and wait only for their address; then the pods, which get TKE's readiness gate because the
    Service already selects them, and are awaited until the load balancer has them.
    """

    address: pulumi.Output[str]
    """Address (for newer public load balancers a host name) for clients: the Service's, or else the Ingress's; empty without one."""
    service_name: pulumi.Output[str]
    """Name of the Service."""
    client_ip_from: pulumi.Output[str]
    """Where the application reads its client's address: `peer`, `x-forwarded-for` or `none`, see `ClientIpFrom`."""

    def __init__(self, name: str, args: ClientIpWorkloadArgs | Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        owner = f"ClientIpWorkload {name!r}"
        parsed = parse_args(ClientIpWorkloadArgs, args, owner)
        replicas: Input[int] = 2 if parsed.replicas is None else parsed.replicas
        kind = parsed.kind or WorkloadKind.DEPLOYMENT
        shown = {
            "kind": kind,
            "image": parsed.image,
            "replicas": replicas,
            "network": parsed.network or PodNetwork.ENI,
            "direct": parsed.is_direct,
            "fixedIp": bool(parsed.fixed_ip),
            "exposure": parsed.exposure.kind,
        }
        super().__init__("tke-hybrid:index:ClientIpWorkload", name, shown, opts)
        self._ignored = list(opts.ignore_changes or ()) if opts else []
        if parsed.name is None:
            InvalidInputs.check(owner, [problem.under("name")] if (problem := names.dns_label_problem(name)) else [])
        if not parsed.use_ambient_provider:
            require_provider(self._providers, owner)

        self._args = parsed
        self._object_name: Input[str] = name if parsed.name is None else parsed.name
        self._namespace: Input[str] = parsed.namespace or "default"
        self._selector: dict[str, Input[str]] = {NAME_LABEL: self._object_name}
        self._labels: dict[str, Input[str]] = {**(parsed.labels or {}), **self._selector}
        ports = list(parsed.ports or [PortArgs(port=80)])

        service = self._service(name, ports)
        ingress = self._ingress(name, ports, service) if parsed.ingress else None
        before = [service, ingress] if ingress else [service]
        template = self._template(ports)
        if kind is WorkloadKind.STATEFUL_SET:
            self._stateful_set(name, replicas, template, service, before)
        else:
            self._deployment(name, replicas, template, before)
        self._disruption_budget(name, replicas)

        self.service_name = service.metadata.apply(_name_of)
        front = service if parsed.exposure.kind is not ExposureKind.NONE else ingress
        self.address = front.status.apply(_first_address) if front else pulumi.Output.from_input("")
        self.client_ip_from = pulumi.Output.from_input(self._client_ip_from().value)
        self.register_outputs({"address": self.address, "serviceName": self.service_name, "clientIpFrom": self.client_ip_from})

    def _client_ip_from(self) -> ClientIpFrom:
        if self._args.exposure.kind is not ExposureKind.NONE:
            return ClientIpFrom.PEER if self._args.is_direct else ClientIpFrom.NOWHERE
        if self._args.ingress is not None:
            return ClientIpFrom.HEADER
        return ClientIpFrom.PEER if self._args.on_eni else ClientIpFrom.NOWHERE

    def _meta(self, annotations_: Mapping[str, Input[str]] | None = None) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=self._object_name, namespace=self._namespace, labels=self._labels, annotations=annotations_
        )

    def _service(self, name: str, ports: Sequence[PortArgs]) -> kubernetes.core.v1.Service:
        exposure = self._args.exposure
        if exposure.kind is not ExposureKind.NONE:
            kind = "LoadBalancer"
            placement = exposure.placement(
                keys.SERVICE_INTERNAL_SUBNET, keys.SERVICE_EXISTING_LB, keys.SERVICE_CHARGE_TYPE, keys.SERVICE_BANDWIDTH
            )
            written: dict[str, Input[str]] = {**annotations.service_annotations(self._args.is_direct, placement), **_ADDRESS_ONLY}
        else:
            kind = "NodePort" if self._args.ingress else "ClusterIP"  # TKE's Ingress refuses a ClusterIP backend (E4047)
            written = {**_NO_WAIT}
        return kubernetes.core.v1.Service(
            f"{name}-service",
            metadata=self._meta(written),
            spec=kubernetes.core.v1.ServiceSpecArgs(
                type=kind,
                selector=self._selector,
                ports=[
                    kubernetes.core.v1.ServicePortArgs(
                        name=port.name or f"port-{index}",
                        port=port.port,
                        target_port=port.port if port.target_port is None else port.target_port,
                        protocol=port.protocol or "TCP",
                    )
                    for index, port in enumerate(ports)
                ],
            ),
            opts=child_options(
                self,
                replace_on_changes=[_annotation(keys.SERVICE_INTERNAL_SUBNET), _annotation(keys.SERVICE_EXISTING_LB)],
                delete_before_replace=True,  # both would have the same name
            ),
        )

    def _ingress(self, name: str, ports: Sequence[PortArgs], service: kubernetes.core.v1.Service) -> kubernetes.networking.v1.Ingress:
        ingress = self._args.ingress
        assert ingress is not None, "called only with an ingress"
        placement = ingress.exposure.placement(
            keys.INGRESS_INTERNAL_SUBNET, keys.INGRESS_EXISTING_LB, keys.INGRESS_CHARGE_TYPE, keys.INGRESS_BANDWIDTH
        )
        rules: list[Input[str] | None] = list(ingress.hosts) if ingress.hosts else [None]
        backend = kubernetes.networking.v1.IngressBackendArgs(
            service=kubernetes.networking.v1.IngressServiceBackendArgs(
                name=self._object_name,
                port=kubernetes.networking.v1.ServiceBackendPortArgs(number=ports[0].port if ingress.port is None else ingress.port),
            )
        )
        return kubernetes.networking.v1.Ingress(
            f"{name}-ingress",
            metadata=self._meta({**annotations.ingress_annotations(self._args.is_direct, placement), **_ADDRESS_ONLY}),
            spec=kubernetes.networking.v1.IngressSpecArgs(
                rules=[
                    kubernetes.networking.v1.IngressRuleArgs(
                        host=host,
                        http=kubernetes.networking.v1.HTTPIngressRuleValueArgs(
                            paths=[
                                kubernetes.networking.v1.HTTPIngressPathArgs(
                                    path=ingress.path or "/", path_type="ImplementationSpecific", backend=backend
                                )
                            ]
                        ),
                    )
                    for host in rules
                ]
            ),
            opts=child_options(
                self,
                depends_on=[service],
                replace_on_changes=[_annotation(keys.INGRESS_INTERNAL_SUBNET), _annotation(keys.INGRESS_EXISTING_LB)],
                delete_before_replace=True,
            ),
        )

    def _template(self, ports: Sequence[PortArgs]) -> kubernetes.core.v1.PodTemplateSpecArgs:
        args = self._args
        containers = list(args.containers or [self._container(ports)])
        fronts = [
            what
            for what, there in (("service", args.exposure.kind is not ExposureKind.NONE), ("ingress", args.ingress is not None))
            if there and args.is_direct
        ]
        written = annotations.pod_annotations(args.on_eni, bool(args.fixed_ip), fronts)
        return kubernetes.core.v1.PodTemplateSpecArgs(
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                labels=self._labels, annotations={**(args.pod_annotations or {}), **written} or None
            ),
            spec=kubernetes.core.v1.PodSpecArgs(
                containers=with_eni_ip(containers) if args.on_eni else containers,
                termination_grace_period_seconds=TERMINATION_GRACE,
                topology_spread_constraints=[self._spread(keys.ZONE_LABEL), self._spread("kubernetes.io/hostname")],
            ),
        )

    def _container(self, ports: Sequence[PortArgs]) -> Container:
        return kubernetes.core.v1.ContainerArgs(
            name=self._object_name,
            image=self._args.image,
            ports=[
                kubernetes.core.v1.ContainerPortArgs(
                    container_port=port.port if port.target_port is None else port.target_port, protocol=port.protocol or "TCP"
                )
                for port in ports
            ],
            resources=kubernetes.core.v1.ResourceRequirementsArgs(requests=self._args.requests, limits=self._args.limits)
            if self._args.requests or self._args.limits
            else None,
        )

    def _spread(self, key: str) -> kubernetes.core.v1.TopologySpreadConstraintArgs:
        # By the key only: the zone label's values are numbers on TKE. And never as a condition for being scheduled at all.
        return kubernetes.core.v1.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=self._selector),
        )

    def _deployment(
        self,
        name: str,
        replicas: Input[int],
        template: kubernetes.core.v1.PodTemplateSpecArgs,
        before: Sequence[pulumi.Resource],
    ) -> None:
        kubernetes.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=self._meta(),
            spec=kubernetes.apps.v1.DeploymentSpecArgs(
                replicas=replicas,
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=self._selector),
                strategy=kubernetes.apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=kubernetes.apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=template,
            ),
            opts=child_options(self, depends_on=before, ignore_changes=self._ignored),
        )

    def _stateful_set(
        self,
        name: str,
        replicas: Input[int],
        template: kubernetes.core.v1.PodTemplateSpecArgs,
        service: kubernetes.core.v1.Service,
        before: Sequence[pulumi.Resource],
    ) -> None:
        kubernetes.apps.v1.StatefulSet(
            f"{name}-statefulset",
            metadata=self._meta(),
            spec=kubernetes.apps.v1.StatefulSetSpecArgs(
                replicas=replicas,
                service_name=self._object_name,
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=self._selector),
                template=template,
            ),
            opts=child_options(self, depends_on=before, ignore_changes=self._ignored),
        )

    def _disruption_budget(self, name: str, replicas: Input[int]) -> None:
        if known(replicas) in (0, 1):  # a single pod has no other to stay available
            return
        kubernetes.policy.v1.PodDisruptionBudget(
            f"{name}-pdb",
            metadata=self._meta(),
            spec=kubernetes.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                unhealthy_pod_eviction_policy="AlwaysAllow",
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=self._selector),
            ),
            opts=child_options(self),
        )


def _annotation(key: str) -> str:
    """The path of an annotation that TKE reads only when the load balancer is made (457/90598): a change needs another one."""
    return f'metadata.annotations["{key}"]'


def _enum_value(value: ChargeType) -> str:
    return value.value


def _name_of(metadata: Any) -> str:
    return str(metadata.name)


def _first_address(status: Any) -> str:
    entries = status.load_balancer.ingress if status and status.load_balancer else None
    return str(entries[0].ip or entries[0].hostname) if entries else ""
