"""Hooks of a workload: refusals before the step of a component or of its objects. `after_hooks` has the
hooks after the step of an object.

Each registration of a hook is a request to the engine, so the workloads of a program share each hook. The
engine gives the hook the name of the resource, and the hook finds the workload by that name.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import pulumi

from pulumi_tke_hybrid.component import error_hook, in_thread, live_objects, of_run, resource_hook, state_of
from pulumi_tke_hybrid.component.inputs import await_registrations_first
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.component.live_objects import (
    Live,
    cluster_is_known,
    cluster_of,
    known_value,
)
from pulumi_tke_hybrid.kube import KubeError
from pulumi_tke_hybrid.plan.rules.workload_changes import (
    change_findings,
    front_findings,
    lost_ids,
    network_findings,
    still_direct_findings,
    unmoved_findings,
)
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.enis import has_ended, selects_eni
from pulumi_tke_hybrid.tke.objects import UNKNOWN, at
from pulumi_tke_hybrid.tke.rule import ADOPTED, Finding
from pulumi_tke_hybrid.tke.rules.adoption import budget_findings, live_findings, managed
from pulumi_tke_hybrid.workload.guard import (
    exposure_of,
    fingerprint,
    front_of,
    is_direct,
    network_of,
    reached,
    with_defaults,
)
from pulumi_tke_hybrid.workload.workload_objects import HEADLESS, INGRESS, PODS, SERVICE, WorkloadObjects

Check = Callable[[WorkloadObjects, pulumi.ResourceHookArgs], Awaitable[None]]
"""Raises `InvalidInputs` to refuse the step of a resource; after the step `RunError`, if the step failed."""
Explanation = Callable[[WorkloadObjects, pulumi.ErrorHookArgs], Awaitable[bool]]
"""Explains a failed step. Returns whether the engine tries again."""


class _Shared:
    """The workloads of one hook, by the name of the resource that has the hook."""

    def __init__(self) -> None:
        self.workloads: dict[str, WorkloadObjects] = {}
        self.hook: Any = None


def _first_hook() -> dict[str, _Shared]:
    """Return the hooks of a run by their names, before the first hook."""
    await_registrations_first()
    return {}


def _shared(title: str, resource: str, objects: WorkloadObjects, make: Callable[[str, _Shared], Any]) -> Any:
    """Return the hook of this title that serves the resource. Two resources of one name, below parents of
    different types, have two hooks."""
    hooks = of_run("tke_hybrid_hooks", _first_hook)
    name, number = title, 1
    while resource in hooks.setdefault(name, _Shared()).workloads:
        number += 1
        name = f"{title}-{number}"
    shared = hooks[name]
    shared.workloads[resource] = objects
    if shared.hook is None:
        shared.hook = make(name, shared)
    return shared.hook


def before(title: str, resource: str, objects: WorkloadObjects, check: Check) -> pulumi.ResourceHook:
    """Return the hook that calls `check` before the step of a resource, at preview too."""
    return _checking(title, resource, objects, check, at_preview=True)


def after(title: str, resource: str, objects: WorkloadObjects, check: Check) -> pulumi.ResourceHook:
    """Return the hook that calls `check` after the step of a resource."""
    return _checking(title, resource, objects, check, at_preview=False)


def _checking(
    title: str, resource: str, objects: WorkloadObjects, check: Check, *, at_preview: bool
) -> pulumi.ResourceHook:
    def make(name: str, shared: _Shared) -> pulumi.ResourceHook:
        async def run(hook: pulumi.ResourceHookArgs) -> None:
            await check(shared.workloads[hook.name], hook)

        return resource_hook(name, run, at_preview=at_preview)

    found: pulumi.ResourceHook = _shared(title, resource, objects, make)
    return found


def on_error(title: str, resource: str, objects: WorkloadObjects, explain: Explanation) -> pulumi.ErrorHook:
    """Return the hook that calls `explain` after a failed step of a resource."""

    def make(name: str, shared: _Shared) -> pulumi.ErrorHook:
        async def run(hook: pulumi.ErrorHookArgs) -> bool:
            return await explain(shared.workloads[hook.name], hook)

        return error_hook(name, run)

    found: pulumi.ErrorHook = _shared(title, resource, objects, make)
    return found


async def plain(value: Any) -> Any:
    """Return inputs or outputs of a hook with values in place of Outputs, and `UNKNOWN` for a value that a
    preview does not know. The engine sends secrets as Outputs and whole numbers as floats."""
    if isinstance(value, pulumi.Output):
        return await _resolved(value)
    if isinstance(value, pulumi.output.Unknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: await plain(item) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [await plain(item) for item in cast(list[Any], value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


async def _resolved(output: Any) -> Any:
    return await plain(await output.future()) if await output.is_known() else UNKNOWN


async def _side(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return one side of a step, as `plain`."""
    found: dict[str, Any] = await plain(values or {})
    return found


# The component

_NAMES = ("name", "namespace")
_FROM_PODS = ("selector", "volumeClaims", "serviceName", "podManagementPolicy")


async def check_change(objects: WorkloadObjects, hook: pulumi.ResourceHookArgs) -> None:
    """Refuse the update of a component that would lose address, pods or clients.

    The stored inputs are what the last run demanded, and the stored output `settled` is what the objects have
    reached. Both differ after a run that failed half-way; a stack of an earlier version has no such output.
    Then the program is compared with the live objects.
    """
    before = with_defaults(await _side(hook.old_inputs))
    after = with_defaults(await _side(hook.new_inputs))
    outputs = await _side(hook.old_outputs)
    findings: list[Finding] = []
    if outputs.get("settled") != fingerprint(before):
        before = _completed(before, after, outputs)
        ingress = at(before, "ingress", "kind") not in (None, "none")
        live = await objects.read_live("a change is compared with the live objects", with_ingress=ingress)
        if live is not None:
            before, findings = await _compared(objects, before, after, live)
    for line in lost_ids(before, after):
        pulumi.log.warn(line, objects.component)
    InvalidInputs.raise_if_any(objects.owner, [*change_findings(before, after), *findings])
    objects.change_is_checked = True


def _completed(
    before: Mapping[str, Any], after: Mapping[str, Any], outputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the stored inputs; for a stack of an earlier version with what its inputs and outputs imply."""
    if "service" in before:
        return dict(before)
    kind, service_name = before.get("exposure"), outputs.get("serviceName")
    service = after["service"] if after["service"]["kind"] == kind else {"kind": kind or "none"}
    implied = {"service": service, "ingress": after.get("ingress"), "frontService": service_name}
    return {**before, **implied, **{name: after.get(name) for name in _NAMES}}


async def _compared(
    objects: WorkloadObjects, before: Mapping[str, Any], after: Mapping[str, Any], live: Live
) -> tuple[dict[str, Any], list[Finding]]:
    """Return the state before the change as the live objects show the state, and further findings on them."""
    ours = {child: item for child, item in live.objects.items() if managed(item)}
    findings = list(
        live_findings(
            {child: item for child, item in ours.items() if child in (PODS, HEADLESS)},
            await objects.immutable_fields(),
        )
    )
    found = {key: value for key, value in before.items() if key not in _FROM_PODS}
    if SERVICE in ours or INGRESS in ours or PODS in ours:
        template = at(ours.get(PODS), "spec", "template")
        shown = reached(ours.get(SERVICE) or {}, ours.get(INGRESS), template or {})
        found |= {key: value for key, value in shown.items() if key not in _FROM_PODS}
        if template is None:
            found.pop("network")
    else:
        found |= {"service": None, "ingress": None}
    if after.get("direct") and _is_exposed(after):
        findings += await _unmoved(objects, str(after.get("namespace")))
    return found, findings


def _is_exposed(state: Mapping[str, Any]) -> bool:
    return any(at(state, front, "kind") not in (None, "none") for front in ("service", "ingress"))


async def _unmoved(objects: WorkloadObjects, namespace: str) -> list[Finding]:
    """Return a finding if a live pod is not on the network of the program.

    A pod that ends does not count. A preview that cannot read the pods logs a warning; an update raises
    `InvalidInputs`.
    """
    on_eni = objects.args.on_eni
    labels = await known_value(dict(objects.selector))
    if labels is None or not await cluster_is_known(objects.provider):
        return []  # a preview; the update reads the pods
    try:
        pods, _ = await in_thread(
            live_objects.pods_and_events, *await cluster_of(objects.provider), namespace, labels
        )
    except KubeError as error:
        text = "the network of the pods could not be read"
        if not pulumi.runtime.is_dry_run():
            raise InvalidInputs(
                objects.owner,
                [ADOPTED.finding("direct", text, why=str(error), todo="let this machine read the cluster")],
            ) from None
        pulumi.log.warn(f"{objects.owner}: {text} ({error}); `up` reads the pods first", objects.component)
        return []
    living = [pod for pod in pods if not has_ended(pod) and at(pod, "metadata", "deletionTimestamp") is None]
    unmoved = [str(at(pod, "metadata", "name")) for pod in living if selects_eni(pod) is not on_eni]
    return list(unmoved_findings("eni" if on_eni else "global_route", unmoved))


# The objects

_FRONTS = {On.SERVICE: "service", On.INGRESS: "ingress"}


async def check_service(objects: WorkloadObjects, hook: pulumi.ResourceHookArgs) -> None:
    """As `_check_front`, for the Service."""
    await _check_front(objects, hook, On.SERVICE)


async def check_ingress(objects: WorkloadObjects, hook: pulumi.ResourceHookArgs) -> None:
    """As `_check_front`, for the Ingress."""
    await _check_front(objects, hook, On.INGRESS)


async def _check_front(objects: WorkloadObjects, hook: pulumi.ResourceHookArgs, on: On) -> None:
    """Refuse the update of a Service or an Ingress that would lose the load balancer or drop its clients.

    With `--target` the engine may update the object without its component, so without `check_change`.
    """
    before, after = await _side(hook.old_inputs), await _side(hook.new_inputs)
    objects.was_direct |= is_direct(on, before)
    findings = list(front_findings(on, before, after))
    if findings and (objects.args.allow_address_change or await _is_expected(objects)):
        findings = []
    if is_direct(on, after) and not is_direct(on, before):
        findings += await _unmoved(objects, str(at(after, "metadata", "namespace") or "default"))
    InvalidInputs.raise_if_any(objects.owner, findings)


async def check_pods(objects: WorkloadObjects, hook: pulumi.ResourceHookArgs) -> None:
    """Refuse another network of the pods behind a direct load balancer, as `_check_front`."""
    sides = await _side(hook.old_inputs), await _side(hook.new_inputs)
    old, new = (network_of(at(side, "spec", "template")) for side in sides)
    if old == new:
        return
    if not await _is_expected(objects):
        await _check_network(objects, old, new)
    if not objects.args.is_direct:
        InvalidInputs.raise_if_any(objects.owner, await _still_direct(objects, new))


async def _check_network(objects: WorkloadObjects, old: str, new: str) -> None:
    """Refuse the change of the network if the state of the stack has a direct load balancer."""
    fronts = {on: front_of(*[await plain(part) for part in parts]) for on, parts in objects.fronts.items()}
    shown = {name: exposure_of(on, fronts.get(on)) for on, name in _FRONTS.items()}
    direct = objects.was_direct or any(is_direct(on, front) for on, front in fronts.items())
    before = {**shown, "network": old, "direct": direct}
    after = {**shown, "network": new, "direct": objects.args.is_direct}
    InvalidInputs.raise_if_any(objects.owner, network_findings(before, after))


async def _still_direct(objects: WorkloadObjects, network: str) -> list[Finding]:
    """Return a finding if the live Service or Ingress sends to pods, although the stack's state does not.

    pulumi-kubernetes 4.25 compares the program with the object that the last run read, and may have read the
    object as it was before that run: then the plugin does not update an object that goes back to that state.
    """
    live = await objects.read_live("the load balancer is read before the pods change their network")
    if live is None:
        return []  # a preview; the update reads the load balancer
    fronts = ((On.SERVICE, SERVICE), (On.INGRESS, INGRESS))
    direct = [on.value for on, child in fronts if is_direct(on, live.objects.get(child))]
    return list(still_direct_findings(network, direct))


async def _is_expected(objects: WorkloadObjects) -> bool:
    """Whether `check_change` has allowed the change, or the last run has reached the state of the program.

    In the second case the update only takes back a change that was made in the cluster by hand.
    """
    if objects.change_is_checked:
        return True
    outputs = await state_of(objects.component)
    return bool(at(outputs, "settled") == fingerprint(with_defaults(await _side(objects.guarded))))


async def check_budget(objects: WorkloadObjects, hook: pulumi.ResourceHookArgs) -> None:
    """Refuse a second disruption budget of the pods: the API server evicts no pod that two budgets select."""
    pod_labels = await known_value(dict(objects.labels))
    own, namespace = (at(hook.new_inputs, "metadata", field) for field in ("name", "namespace"))
    known_names = isinstance(own, str) and isinstance(namespace, str)
    if pod_labels is None or not known_names or not await cluster_is_known(objects.provider):
        return  # a preview; the update compares
    try:
        budgets = await live_objects.budgets_in(objects.provider, namespace)
    except KubeError as error:
        text = f"whether another disruption budget selects its pods could not be read ({error})"
        pulumi.log.warn(f"{objects.owner}: {text}", objects.component)
        return
    InvalidInputs.raise_if_any(objects.owner, budget_findings(budgets, own, pod_labels))
