"""ClientIpWorkload: a Deployment or StatefulSet whose pods see the address of their client.

The component makes and orders the objects. Their contents and the checks of the inputs are in the folder
`workload`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component import serve_hooks, shared_error_hook
from pulumi_tke_hybrid.component.args import (
    check_deferred,
    child_options,
    holds_outputs,
    parse_and_judge,
    refuse_wrong_options,
    report,
    require_provider,
    with_hooks,
)
from pulumi_tke_hybrid.component.inputs import Input, apply_together, is_pending, value_after, value_if_known
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.tke import names
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.objects import at
from pulumi_tke_hybrid.tke.rules.load_balancer_rules import LoadBalancerUse
from pulumi_tke_hybrid.workload import hooks
from pulumi_tke_hybrid.workload.exposure_args import register_use
from pulumi_tke_hybrid.workload.guard import (
    fingerprint,
    front_of,
    guard_properties,
    outputs_are_readable,
    reached,
)
from pulumi_tke_hybrid.workload.ingress import make_ingress
from pulumi_tke_hybrid.workload.pod_template import pod_template
from pulumi_tke_hybrid.workload.rollout import (
    PULUMI_MARGIN,
    await_rollout,
    deployment_deadline,
    explain_stuck_rollout,
    max_surge,
    max_unavailable,
    stateful_set_deadline,
)
from pulumi_tke_hybrid.workload.workload_args import ClientIpWorkloadArgs
from pulumi_tke_hybrid.workload.workload_objects import BUDGET, PODS, WorkloadObjects
from pulumi_tke_hybrid.workload.workload_service import make_headless_service, service_arguments


class ClientIpWorkload(pulumi.ComponentResource):
    """Pods on container subnets behind a direct Service or Ingress.

    `opts.ignore_changes` names fields of the Deployment or StatefulSet that the component never writes. Where
    the Kubernetes provider does not find the field, an image for example, the component reads the live value
    and writes that value.

    A renamed component keeps its objects with `opts.aliases=[pulumi.Alias(name="old")]` and `name="old"`.

    The Service and the Ingress come first and wait only for their address. Then come the pods: TKE gives them
    the readiness gate because the Service already selects them, and Pulumi waits until the load balancer has
    them.
    """

    address: pulumi.Output[str]
    """Address (for newer public load balancers a host name) for clients: the Service's, or else the
    Ingress's; empty without a load balancer."""
    service_name: pulumi.Output[str]
    """Name of the Service."""
    client_ip_from: pulumi.Output[str]
    """Where the application reads its client's address: `peer`, `x-forwarded-for` or `none`; `ClientIpFrom`
    gives the reasons."""

    def __init__(
        self,
        name: str,
        args: ClientIpWorkloadArgs | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the workload's objects.

        `name` is the component's name, and the objects' where `args.name` is left out. `args` may be a
        dictionary of the same shape. `opts.provider` is the cluster's Kubernetes provider.

        Raises `InvalidInputs`, naming each property, before the first object is made. Values inside Outputs
        are checked as soon as they are known.
        """
        owner = f"ClientIpWorkload {name!r}"
        parsed, found = parse_and_judge(ClientIpWorkloadArgs, args, owner)
        refuse_wrong_options(opts, owner)
        self._replicas: Input[int] = 2 if parsed.replicas is None else parsed.replicas
        self._args, self._owner, self._name = parsed, owner, name
        self._all_checked: list[Input[Any]] = []
        ignored = [*((opts.ignore_changes or ()) if opts else ())]
        ignored += ["spec.replicas"] if parsed.autoscaled else []
        serve_hooks()  # before the tasks of the objects, which need a registered component
        self._objects = WorkloadObjects(self, owner, name, parsed, replicas=self._replicas, ignored=ignored)
        self._objects.guarded = self._guarded()
        create = hooks.in_update("tke-hybrid-creation", name, self._objects, hooks.note_creation)
        update = hooks.before("tke-hybrid-workload", name, self._objects, hooks.check_change)
        super().__init__(
            "tke-hybrid:index:ClientIpWorkload",
            name,
            self._objects.guarded,
            with_hooks(opts, pulumi.ResourceHookBinding(before_create=[create], before_update=[update])),
        )
        if parsed.name is None:
            problem = names.dns_label_problem(name)
            InvalidInputs.raise_if_any(owner, [problem.under("name")] if problem else [])
            report(self, owner, parsed.settings, names.workload_name_findings(name, stateful=parsed.stateful))
        if not parsed.use_ambient_provider:
            require_provider(self._providers, owner)
        checked = check_deferred(self, owner, parsed, found)

        self._surge = max_surge(self, owner, parsed, self._replicas)
        surge = self._surge if parsed.cluster_facts is not None else None
        self._all_checked += [checked, surge, self._objects.compared, *self._register_load_balancers()]
        compared = self._objects.compare_with_others()
        # A task and no Output: all objects wait for this value, and the SDK awaits a task faster.
        namespace: Any = hooks.checked_namespace(self._objects, compared)
        self._objects.checked_namespace = asyncio.ensure_future(namespace)
        # The state has the lines of the Python stack with each object, so the objects are made here.
        service = kubernetes.core.v1.Service(**service_arguments(self._objects))
        self._objects.fronts[On.SERVICE] = service.metadata, service.spec
        ingress = make_ingress(self._objects, service)
        before_pods: list[pulumi.Resource] = [service] if ingress is None else [service, ingress]
        if parsed.headless_service:
            before_pods.append(make_headless_service(self._objects))
        pods: kubernetes.apps.v1.StatefulSet | kubernetes.apps.v1.Deployment = (
            kubernetes.apps.v1.StatefulSet(**self._stateful_set(before_pods))
            if parsed.stateful
            else kubernetes.apps.v1.Deployment(**self._deployment(before_pods))
        )
        if self._objects.has_budget:
            kubernetes.policy.v1.PodDisruptionBudget(**self._disruption_budget())

        self.service_name = service.metadata.apply(_name_of)
        addressed = service if parsed.exposure.has_load_balancer else ingress
        self.address = addressed.status.apply(_first_address) if addressed else pulumi.Output.from_input("")
        self.client_ip_from = pulumi.Output.from_input(parsed.client_ip_from.value)
        fronts = self._objects.fronts
        parts = [part for on in (On.SERVICE, On.INGRESS) if on in fronts for part in fronts[on]]
        in_the_end: pulumi.Output[str] = apply_together(_shown, pods.spec, *parts).apply(self._settled)
        at_once: pulumi.Output[str] = pulumi.Output.from_input(hooks.settled_at_once(self._objects))
        self.register_outputs(
            {
                "address": at_once.apply(lambda settled: None if settled else self.address),
                "serviceName": self._objects.service_name,
                "clientIpFrom": self.client_ip_from,
                "settled": at_once.apply(lambda settled: settled or in_the_end),
            }
        )

    async def _settled(self, shown: str) -> str:
        return await hooks.settled_in_the_end(self._objects, shown)

    def _register_load_balancers(self) -> list[Input[bool]]:
        """Register the existing load balancers that the workload names."""
        args, found = self._args, list[Input[bool]]()
        service, ingress = args.exposure, args.ingress.exposure if args.ingress is not None else None
        if service.load_balancer_id is not None:
            numbers = [(value_if_known(port.port), port.transport) for port in args.all_ports]
            ports = frozenset((number, transport) for number, transport in numbers if number is not None)
            use = LoadBalancerUse(self._owner, "exposure", bool(service.shared), ports)
            found.append(register_use(self, use, service.load_balancer_id, args.settings))
        if ingress is not None and ingress.load_balancer_id is not None:
            use = LoadBalancerUse(self._owner, "ingress.exposure")
            found.append(register_use(self, use, ingress.load_balancer_id, args.settings))
        return found

    def _guarded(self) -> dict[str, Any]:
        """Return the inputs of the component that its next update is compared with."""
        objects, args, readable = self._objects, self._args, outputs_are_readable()
        name: Input[Any] = objects.object_name
        if objects.compared is not True or args.cluster_facts is not None or holds_outputs(args):
            self._all_checked.append(readable)
            name = pulumi.Output.from_input(self._checked_name())
        elif isinstance(readable, pulumi.Output):
            name = readable.apply(lambda _: objects.object_name)
        return guard_properties(args, name, objects.governing_name)

    async def _checked_name(self) -> Any:
        """Return the name of the objects after all checks, so that the component is not registered before."""
        name, pending = self._objects.object_name, [found for found in self._all_checked if is_pending(found)]
        return value_after(name, *pending) if pending else name

    def _pods(self, name: str, spec: Any, after: Sequence[pulumi.Resource], deadline: int) -> dict[str, Any]:
        """Return the arguments of the Deployment or StatefulSet. `deadline`: seconds of the rollout."""
        self._objects.rollout_seconds = deadline + PULUMI_MARGIN
        timeout = f"{self._objects.rollout_seconds}s"
        explain = partial(explain_stuck_rollout, self._objects)
        opts = child_options(
            self,
            depends_on=after,
            ignore_changes=self._objects.ignored_by_provider,
            custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout),
            hooks=pulumi.ResourceHookBinding(
                before_update=[hooks.before("tke-hybrid-pods", name, self._objects, hooks.check_pods)],
                after_update=[hooks.in_update("tke-hybrid-rollout", name, self._objects, await_rollout)],
                on_error=[shared_error_hook("tke-hybrid-stuck-rollout", name, explain)],
            ),
        )
        return {
            "resource_name": name,
            "metadata": self._objects.with_ignored("metadata", self._objects.metadata(child=PODS)),
            "spec": self._objects.with_ignored("spec", spec),
            "opts": opts,
        }

    def _deployment(self, after: Sequence[pulumi.Resource]) -> dict[str, Any]:
        args, objects = self._args, self._objects
        deadline = deployment_deadline(args, self._replicas)
        rolling_update = kubernetes.apps.v1.RollingUpdateDeploymentArgs(
            max_surge=self._surge, max_unavailable=max_unavailable(self._surge)
        )
        spec = kubernetes.apps.v1.DeploymentSpecArgs(
            replicas=self._replicas,
            selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=objects.selector),
            progress_deadline_seconds=deadline,
            strategy=kubernetes.apps.v1.DeploymentStrategyArgs(
                type="RollingUpdate", rolling_update=rolling_update
            ),
            template=pod_template(args, objects.object_name, objects.labels, objects.selector),
        )
        return self._pods(f"{self._name}-deployment", spec, after, deadline)

    def _stateful_set(self, after: Sequence[pulumi.Resource]) -> dict[str, Any]:
        args, objects = self._args, self._objects
        claims: list[Any] = list(args.volume_claims or ())
        spec = kubernetes.apps.v1.StatefulSetSpecArgs(
            replicas=self._replicas,
            service_name=objects.governing_name,
            pod_management_policy=None if args.pod_management_policy is None else args.pod_policy.value,
            selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=objects.selector),
            template=pod_template(args, objects.object_name, objects.labels, objects.selector),
            volume_claim_templates=claims or None,
        )
        deadline = stateful_set_deadline(args, self._replicas)
        return self._pods(f"{self._name}-statefulset", spec, after, deadline)

    def _disruption_budget(self) -> dict[str, Any]:
        name = f"{self._name}-pdb"
        hook = hooks.before("tke-hybrid-only-budget", name, self._objects, hooks.check_budget)
        return {
            "resource_name": name,
            "metadata": self._objects.metadata(child=BUDGET),
            "spec": kubernetes.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                unhealthy_pod_eviction_policy="AlwaysAllow",
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=self._objects.selector),
            ),
            "opts": child_options(self, hooks=pulumi.ResourceHookBinding(before_create=[hook])),
        }


def _shown(pods: Any, metadata: Any, spec: Any, *of_ingress: Any) -> str:
    """Return the fingerprint of the state of Service, Ingress and pods."""
    ingress = front_of(*of_ingress) if of_ingress else None
    return fingerprint(reached(front_of(metadata, spec), ingress, at(pods, "template") or {}))


def _name_of(metadata: Any) -> str:
    return str(metadata.name)


def _first_address(status: Any) -> str:
    entries = status.load_balancer.ingress if status and status.load_balancer else None
    return str(entries[0].ip or entries[0].hostname) if entries else ""
