"""ClientIpWorkload: a Deployment or StatefulSet whose pods see the address of their client."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.client_ip_workload_args import NAME_LABEL, ClientIpWorkloadArgs
from pulumi_tke_hybrid.component.args import parse_args
from pulumi_tke_hybrid.component.diagnostics import check_deferred, report
from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input, value_if_known
from pulumi_tke_hybrid.component.resource_options import child_options, refuse_wrong_options, require_provider
from pulumi_tke_hybrid.tke import annotations, keys, names
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.workload.adoption import (
    BUDGET,
    HEADLESS,
    INGRESS,
    PODS,
    SERVICE,
    Said,
    Takeover,
    claim,
)
from pulumi_tke_hybrid.workload.exposure import INGRESS_KEYS, SERVICE_KEYS
from pulumi_tke_hybrid.workload.guard import WorkloadGuard
from pulumi_tke_hybrid.workload.hooks import before_second_budget, before_turning_direct, on_stuck_rollout
from pulumi_tke_hybrid.workload.ingress import ingress_annotations, ingress_spec
from pulumi_tke_hybrid.workload.ports import PodManagementPolicy, WorkloadKind
from pulumi_tke_hybrid.workload.rollout import (
    RolloutArgs,
    deployment_timeout,
    stateful_set_timeout,
    surge_within,
)
from pulumi_tke_hybrid.workload.service import (
    ADDRESS_ONLY,
    certificate_name,
    fixed_keys,
    fixed_of,
    listener_config,
    protocols,
    service_annotations,
    service_ports,
)
from pulumi_tke_hybrid.workload.template import Drain, PodSpec, pod_annotations, pod_template

_NO_WAIT = {"pulumi.com/skipAwait": "true"}


class ClientIpWorkload(pulumi.ComponentResource):
    """Pods on ENI addresses behind a direct Service or Ingress.

    `opts.ignore_changes` is about the Deployment or StatefulSet, and what it names is never written: where
    the Kubernetes provider does
    not find the field, an image for example, the live value is read and takes the place of the program's.

    A renamed component keeps its objects with `opts.aliases=[pulumi.Alias(name="old")]` and `name="old"`.

    The Service and the Ingress come first and wait only for their address; then the pods, which get TKE's
    readiness gate because the
    Service already selects them, and are awaited until the load balancer has them.
    """

    address: pulumi.Output[str]
    """Address (for newer public load balancers a host name) for clients: the Service's, or else the
    Ingress's; empty without one."""
    service_name: pulumi.Output[str]
    """Name of the Service."""
    client_ip_from: pulumi.Output[str]
    """Where the application reads its client's address: `peer`, `x-forwarded-for` or `none`; `ClientIpFrom`
    says why."""

    def __init__(
        self,
        name: str,
        args: ClientIpWorkloadArgs | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the workload's objects.

        `name` is the component's name, and the objects' where `args.name` is left out. `args` may be a
        dictionary of the same shape.
        `opts.provider` is the cluster's Kubernetes provider. Raises `InvalidInputs`, naming each property,
        before anything is made; what
        only an Output tells is checked as soon as it is known.
        """
        owner = f"ClientIpWorkload {name!r}"
        parsed = parse_args(ClientIpWorkloadArgs, args, owner)
        refuse_wrong_options(opts, owner)
        self._replicas: Input[int] = 2 if parsed.replicas is None else parsed.replicas
        shown = {
            "kind": parsed.kind or WorkloadKind.DEPLOYMENT,
            "image": parsed.image,
            "replicas": self._replicas,
            "network": parsed.pod_network,
            "direct": parsed.is_direct,
            "fixedIp": bool(parsed.fixed_ip),
            "exposure": parsed.exposure.kind_of,
            "rules": parsed.rules,
        }
        super().__init__("tke-hybrid:index:ClientIpWorkload", name, shown, opts)
        if parsed.name is None:
            InvalidInputs.raise_if_any(
                owner, [problem.under("name")] if (problem := names.dns_label_problem(name)) else []
            )
            report(self, owner, parsed.settings, names.workload_name_findings(name, stateful=parsed.stateful))
        if not parsed.use_ambient_provider:
            require_provider(self._providers, owner)
        self._checked = check_deferred(self, owner, parsed)

        self._args = parsed
        self._owner = owner
        self._name = name
        self._rollout = parsed.rollout or RolloutArgs()
        self._object_name: Input[str] = name if parsed.name is None else parsed.name
        self._namespace: Input[str] = parsed.namespace or "default"
        self._front_name: Input[str] = (
            self._object_name if parsed.front_service_name is None else parsed.front_service_name
        )
        self._governing = self._governing_name()
        self._policy = PodManagementPolicy(parsed.pod_management_policy or PodManagementPolicy.ORDERED_READY)
        self._selector: Mapping[str, Input[str]] = parsed.selector or {NAME_LABEL: self._object_name}
        self._labels: dict[str, Input[str]] = {**(parsed.labels or {}), **self._selector}
        self._surge = surge_within(
            self, owner, parsed.settings, parsed.asked_of_the_cluster(self._replicas), parsed.cluster_facts
        )

        ignored = [
            *((opts.ignore_changes or ()) if opts else ()),
            *(["spec.replicas"] if parsed.autoscaled else []),
        ]
        provider = self._providers.get("kubernetes")
        self._taken = Takeover(self, owner, provider, self._said(), adopt=bool(parsed.adopt), ignored=ignored)
        self._claims = [
            claim(self, use, balancer, parsed.settings) for use, balancer in parsed.balancer_uses(owner)
        ]
        guard = self._guard("guard", [])
        service = self._service(guard)
        fronts: list[pulumi.Resource] = [service]
        ingress = self._ingress(guard, service)
        if ingress is not None:
            fronts.append(ingress)
        if parsed.headless_service:
            fronts.append(self._headless_service(guard))
        pods = self._stateful_set(fronts) if parsed.stateful else self._deployment(fronts)
        self._disruption_budget(guard)
        self._guard("settled", [*fronts, pods])

        self.service_name = service.metadata.apply(_name_of)
        front = service if parsed.exposure.is_there else ingress
        self.address = front.status.apply(_first_address) if front else pulumi.Output.from_input("")
        self.client_ip_from = pulumi.Output.from_input(parsed.client_ip_from.value)
        self.register_outputs(
            {"address": self.address, "serviceName": self.service_name, "clientIpFrom": self.client_ip_from}
        )

    def _guard(self, suffix: str, after: Sequence[pulumi.Resource]) -> WorkloadGuard:
        args = self._args
        told = self._surge if args.cluster_facts is not None else None
        props = {
            # Nothing is made before everything was checked.
            "name": (
                pulumi.Output.all(
                    self._object_name, self._checked, told, self._taken.checked, *self._claims
                ).apply(_first)
            ),
            "namespace": self._namespace,
            "selector": self._selector,
            "network": args.pod_network.value,
            "direct": args.is_direct,
            "service": args.exposure.fixed(),
            "ingress": args.ingress.exposure.fixed() if args.ingress else None,
            "serviceAnnotations": fixed_of(On.SERVICE, args.service_annotations),
            "ingressAnnotations": fixed_of(On.INGRESS, args.ingress.annotations if args.ingress else None),
            "volumeClaims": list(args.volume_claims or ()) if args.stateful else None,
            "serviceName": self._governing if args.stateful else None,
            "podManagementPolicy": self._policy.value if args.stateful else None,
            "frontService": args.front_service_name,
            "ids": args.given_ids() or None,
            "allowAddressChange": bool(args.allow_address_change),
        }
        return WorkloadGuard(f"{self._name}-{suffix}", props, child_options(self, depends_on=after))

    def _meta(
        self,
        child: str = "",
        written: Mapping[str, Input[str]] | None = None,
        *,
        name: Input[str] | None = None,
    ) -> kubernetes.meta.v1.ObjectMetaArgs:
        """Metadata of the object that a child applies; `child` where the object may exist already."""
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=self._object_name if name is None else name,
            namespace=self._namespace,
            labels=self._labels,
            annotations=self._taken.annotations(child, written or {}),
        )

    def _said(self) -> Said:
        args = self._args
        names: dict[str, tuple[str, Input[str]]] = {
            SERVICE: ("Service", self._front_name),
            PODS: ("StatefulSet" if args.stateful else "Deployment", self._object_name),
        }
        fronts = {SERVICE: ("exposure", args.exposure, SERVICE_KEYS)}
        if args.ingress is not None:
            names[INGRESS] = ("Ingress", self._object_name)
            fronts[INGRESS] = ("ingress.exposure", args.ingress.exposure, INGRESS_KEYS)
        if args.headless_service:
            names[HEADLESS] = ("Service", self._governing)
        if self._has_budget:
            names[BUDGET] = ("PodDisruptionBudget", self._object_name)
        return Said(
            namespace=self._namespace,
            names=names,
            selector=self._selector,
            labels=self._labels,
            service_name=self._governing if args.stateful else None,
            pod_management_policy=self._policy.value if args.stateful else None,
            claims=list(args.volume_claims or ()) if args.stateful else None,
            fronts={} if args.allow_address_change else fronts,
        )

    @property
    def _has_budget(self) -> bool:
        alone = (
            value_if_known(self._replicas) in (0, 1) and not self._args.autoscaled
        )  # a single pod has no other to stay available
        return self._args.disruption_budget is not False and bool(not alone or self._args.disruption_budget)

    def _certificate(
        self, suffix: str, certificate_id: Input[str], guard: WorkloadGuard
    ) -> kubernetes.core.v1.Secret:
        """The Secret by which a Service or an Ingress names a certificate of Tencent's. It holds no key, only
        the id."""
        return kubernetes.core.v1.Secret(
            f"{self._name}-{suffix}",
            metadata=self._meta(name=certificate_name(self._object_name, suffix, certificate_id)),
            type="Opaque",
            string_data={keys.CERTIFICATE_ID: certificate_id},
            opts=child_options(self, depends_on=[guard]),
        )

    def _listeners(self, guard: WorkloadGuard) -> kubernetes.apiextensions.CustomResource | None:
        spec = listener_config(self._args.all_ports, self._args.listener)
        if spec is None:
            return None
        return kubernetes.apiextensions.CustomResource(
            f"{self._name}-listeners",
            api_version=keys.SERVICE_CONFIG_API,
            kind=keys.SERVICE_CONFIG_KIND,
            metadata=self._meta(name=pulumi.Output.concat(self._object_name, "-listeners")),
            spec=spec,
            opts=child_options(self, depends_on=[guard]),
        )

    def _service(self, guard: WorkloadGuard) -> kubernetes.core.v1.Service:
        args, ports = self._args, self._args.all_ports
        before: list[pulumi.Resource] = [guard]
        written: dict[str, Input[str]] = {**(args.service_annotations or {})}
        if args.exposure.is_there:
            kind = "LoadBalancer"
            secrets = {
                index: self._certificate(f"certificate-{index}", port.certificate_id, guard)
                for index, port in enumerate(ports)
                if port.certificate_id is not None
            }
            listeners = self._listeners(guard)
            secured = protocols(
                ports, {index: secret.metadata.apply(_name_of) for index, secret in secrets.items()}
            )
            written |= {**service_annotations(args.exposure, args.is_direct, args.is_local), **ADDRESS_ONLY}
            if secured is not None:
                written[keys.SERVICE_PROTOCOLS] = secured
            if listeners is not None:
                written[keys.SERVICE_CONFIG] = pulumi.Output.concat(self._object_name, "-listeners")
                before.append(listeners)
        else:
            kind = (
                "NodePort" if args.ingress else "ClusterIP"
            )  # TKE's Ingress refuses a ClusterIP backend (E4047)
            written |= _NO_WAIT
        return kubernetes.core.v1.Service(
            f"{self._name}-service",
            metadata=self._meta(SERVICE, written, name=self._front_name),
            spec=kubernetes.core.v1.ServiceSpecArgs(
                type=kind,
                selector=self._selector,
                ports=service_ports(ports),
                external_traffic_policy="Local" if args.is_local else None,
            ),
            opts=child_options(
                self,
                depends_on=before,
                replace_on_changes=self._replacing(fixed_keys(On.SERVICE)),
                delete_before_replace=True,  # both would have the same name
                hooks=(
                    self._turning_direct("service", keys.SERVICE_DIRECT_ACCESS)
                    if args.exposure.is_there
                    else None
                ),
            ),
        )

    def _governing_name(self) -> Input[str]:
        args = self._args
        if args.service_name is not None:
            return args.service_name
        return (
            pulumi.Output.concat(self._object_name, "-headless")
            if args.headless_service
            else self._front_name
        )

    def _headless_service(self, guard: WorkloadGuard) -> kubernetes.core.v1.Service:
        return kubernetes.core.v1.Service(
            f"{self._name}-headless",
            metadata=self._meta(HEADLESS, _NO_WAIT, name=self._governing),
            spec=kubernetes.core.v1.ServiceSpecArgs(
                cluster_ip="None",
                selector=self._selector,
                ports=service_ports(self._args.all_ports),
                publish_not_ready_addresses=True,
            ),
            opts=child_options(self, depends_on=[guard]),
        )

    def _ingress(
        self, guard: WorkloadGuard, service: kubernetes.core.v1.Service
    ) -> kubernetes.networking.v1.Ingress | None:
        args = self._args.ingress
        if args is None:
            return None
        first_port = self._args.all_ports[0].port
        certificate = (
            None
            if args.certificate_id is None
            else self._certificate("ingress-certificate", args.certificate_id, guard).metadata.apply(_name_of)
        )
        written = ingress_annotations(args, self._args.is_direct, self._front_name, first_port)
        return kubernetes.networking.v1.Ingress(
            f"{self._name}-ingress",
            metadata=self._meta(INGRESS, {**written, **ADDRESS_ONLY}),
            spec=ingress_spec(args, self._front_name, first_port, certificate),
            opts=child_options(
                self,
                depends_on=[service],
                replace_on_changes=self._replacing(fixed_keys(On.INGRESS)),
                delete_before_replace=True,
                hooks=self._turning_direct("ingress", keys.INGRESS_DIRECT_ACCESS),
            ),
        )

    def _replacing(self, fixed: Sequence[str]) -> list[str]:
        """Annotations that TKE reads only when the load balancer is made (457/90598): another one needs
        another load balancer.

        Without the program's word nothing of that kind happens: neither where somebody edited an annotation,
        which TKE never saw, nor in an
        update of the Service alone, which the guard is no part of.
        """
        return [f'metadata.annotations["{key}"]' for key in fixed] if self._args.allow_address_change else []

    def _turning_direct(self, front: str, key: str) -> pulumi.ResourceHookBinding:
        cluster = self._providers.get("kubernetes")
        return before_turning_direct(
            f"{self._name}-{front}", self._owner, key, self._args.on_eni, self._selector, cluster
        )

    def _template(self) -> kubernetes.core.v1.PodTemplateSpecArgs:
        args = self._args
        return pod_template(
            self._pod_spec(),
            on_eni=args.on_eni,
            labels=self._labels,
            annotations=pod_annotations(
                args.pod_annotations,
                annotations.pod_annotations(
                    args.on_eni, bool(args.fixed_ip), args.fronts if args.is_direct else ()
                ),
                args.ip_reclaim,
                args.nominated_subnets,
            ),
            selector=self._selector,
            drain=Drain(
                self._rollout.pre_stop,
                self._rollout.native_sleep is not False,
                self._rollout.termination_grace,
            ),
        )

    def _pod_spec(self) -> PodSpec:
        args = self._args
        if args.whole_pod is not None:
            return copy.copy(args.whole_pod)
        volumes: list[Any] = list(args.volumes or ())
        tolerations: list[Any] = list(args.tolerations or ())
        return PodSpec(
            containers=list(args.typed_containers) or [args.image_container(self._object_name)],
            init_containers=list(args.typed_init_containers) or None,
            volumes=volumes or None,
            service_account_name=args.service_account,
            node_selector=args.node_selector,
            tolerations=tolerations or None,
        )

    def _deployment(self, before: Sequence[pulumi.Resource]) -> kubernetes.apps.v1.Deployment:
        args = self._args
        seconds = deployment_timeout(
            self._rollout,
            self._replicas,
            bounded=args.cluster_facts is not None,
            scaled=bool(args.autoscaled),
        )
        return kubernetes.apps.v1.Deployment(
            f"{self._name}-deployment",
            metadata=self._taken.kept("metadata", self._meta(PODS)),
            spec=self._taken.kept(
                "spec",
                kubernetes.apps.v1.DeploymentSpecArgs(
                    replicas=self._replicas,
                    selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=self._selector),
                    progress_deadline_seconds=seconds.progress,
                    strategy=kubernetes.apps.v1.DeploymentStrategyArgs(
                        type="RollingUpdate",
                        rolling_update=kubernetes.apps.v1.RollingUpdateDeploymentArgs(
                            max_surge=self._surge, max_unavailable=_unavailable(self._surge)
                        ),
                    ),
                    template=self._template(),
                ),
            ),
            opts=child_options(
                self,
                depends_on=before,
                ignore_changes=self._taken.left_to_the_provider,
                custom_timeouts=seconds.options(),
                hooks=on_stuck_rollout(self._name, self, self._providers.get("kubernetes")),
            ),
        )

    def _stateful_set(self, before: Sequence[pulumi.Resource]) -> kubernetes.apps.v1.StatefulSet:
        claims: list[Any] = list(self._args.volume_claims or ())
        return kubernetes.apps.v1.StatefulSet(
            f"{self._name}-statefulset",
            metadata=self._taken.kept("metadata", self._meta(PODS)),
            spec=self._taken.kept(
                "spec",
                kubernetes.apps.v1.StatefulSetSpecArgs(
                    replicas=self._replicas,
                    service_name=self._governing,
                    pod_management_policy=(
                        None if self._args.pod_management_policy is None else self._policy.value
                    ),
                    selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=self._selector),
                    template=self._template(),
                    volume_claim_templates=claims or None,
                ),
            ),
            opts=child_options(
                self,
                depends_on=before,
                ignore_changes=self._taken.left_to_the_provider,
                custom_timeouts=stateful_set_timeout(
                    self._rollout, self._replicas, scaled=bool(self._args.autoscaled)
                ).options(),
                hooks=on_stuck_rollout(self._name, self, self._providers.get("kubernetes")),
            ),
        )

    def _disruption_budget(self, guard: WorkloadGuard) -> None:
        if not self._has_budget:
            return
        cluster = self._providers.get("kubernetes")
        kubernetes.policy.v1.PodDisruptionBudget(
            f"{self._name}-pdb",
            metadata=self._meta(BUDGET),
            spec=kubernetes.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                unhealthy_pod_eviction_policy="AlwaysAllow",
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=self._selector),
            ),
            opts=child_options(
                self,
                depends_on=[guard],
                hooks=before_second_budget(self._name, self, self._owner, self._labels, cluster),
            ),
        )


def _unavailable(surge: Input[int]) -> Input[int]:
    """None, unless there is no address for a pod more: then one pod has to go before the next one comes."""
    plain = value_if_known(surge)
    if plain is not None:
        return int(plain == 0)
    return pulumi.Output.from_input(surge).apply(_is_zero)


def _is_zero(surge: int) -> int:
    return int(surge == 0)


def _first(values: Sequence[Any]) -> Any:
    return values[0]


def _name_of(metadata: Any) -> str:
    return str(metadata.name)


def _first_address(status: Any) -> str:
    entries = status.load_balancer.ingress if status and status.load_balancer else None
    return str(entries[0].ip or entries[0].hostname) if entries else ""
