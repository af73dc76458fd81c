"""Hooks of a workload: refusals before the step of a component or of its objects. `rollout` has the hooks
after a rollout.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import pulumi

from pulumi_tke_hybrid.component import as_engine_has, live_objects, plain, shared_hook, state_of
from pulumi_tke_hybrid.component.inputs import Input, is_pending, value_after
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.component.live_objects import Live, cluster_is_known, known_value
from pulumi_tke_hybrid.kube import KubeError
from pulumi_tke_hybrid.plan.rules.workload_changes import (
    change_findings,
    front_findings,
    lost_ids,
    network_findings,
    replaced_alone_findings,
    still_direct_findings,
    unmoved_findings,
)
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.enis import has_ended, selects_eni
from pulumi_tke_hybrid.tke.objects import at, holds_unknown, unknown
from pulumi_tke_hybrid.tke.rule import ADOPTED, Finding
from pulumi_tke_hybrid.tke.rules.adoption import budget_findings, live_findings, managed
from pulumi_tke_hybrid.workload.guard import (
    IS_MADE,
    exposure_of,
    fingerprint,
    front_of,
    identity,
    is_direct,
    network_of,
    reached,
    with_defaults,
)
from pulumi_tke_hybrid.workload.workload_objects import HEADLESS, INGRESS, PODS, SERVICE, WorkloadObjects

Check = Callable[[WorkloadObjects, pulumi.ResourceHookArgs], Awaitable[None]]
"""Raises `InvalidInputs` to refuse the step of a resource; after the step `RunError`, if the step failed."""


def before(title: str, resource: str, objects: WorkloadObjects, check: Check) -> pulumi.ResourceHook:
    """Return the hook that calls `check` before the step of a resource, at preview too."""
    return shared_hook(title, resource, partial(check, objects), at_preview=True)


def in_update(title: str, resource: str, objects: WorkloadObjects, check: Check) -> pulumi.ResourceHook:
    """Return the hook that calls `check` before or after the step of a resource, but not at preview."""
    return shared_hook(title, resource, partial(check, objects), at_preview=False)


async def _side(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return one side of a step, as `plain`."""
    found: dict[str, Any] = await plain(values or {})
    return found


# The component

_NAMES = ("name", "namespace")
_CLAIMS = ("volumeClaims",)
"""Inputs that may hold arguments of pulumi-kubernetes."""
_FROM_PODS = ("selector", "volumeClaims", "serviceName", "podManagementPolicy")


async def check_change(objects: WorkloadObjects, hook: pulumi.ResourceHookArgs) -> None:
    """Refuse the update of a component that would lose address, pods or clients.

    The stored inputs are what the last run demanded, and the stored output `settled` is what the objects have
    reached. Both differ after a run that failed half-way; a stack of an earlier version has no such output.
    Then the program is compared with the live objects. After the run that made the component, live
    objects are read only before a refusal: that run may have ended before it made all of them.
    """
    before = with_defaults(await _side(hook.old_inputs))
    after = with_defaults(await _side(hook.new_inputs))
    outputs = await _side(hook.old_outputs)
    findings: list[Finding] = []
    settled, demanded = _reached(outputs.get("settled")), fingerprint(before)
    is_made = settled == IS_MADE + demanded
    if settled != demanded and not (is_made and not any(change_findings(before, after))):
        before = _completed(before, after, outputs)
        ingress = at(before, "ingress", "kind") not in (None, "none")
        live = None
        try:
            live = await objects.read_live("a change is compared with the live objects", with_ingress=ingress)
        except InvalidInputs:
            if not is_made:  # else the findings on the stored inputs refuse the change
                raise
        if live is not None and not (is_made and managed(live.objects.get(PODS, {}))):  # the pods come last
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
        pods, _ = await live_objects.pods_in(objects.provider, namespace, labels)
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


async def note_creation(objects: WorkloadObjects, _: pulumi.ResourceHookArgs) -> None:
    """Note that this run makes the component. Adopted objects may have been in another state before."""
    objects.is_made = not objects.args.adopt


async def settled_at_once(objects: WorkloadObjects) -> str:
    """Return the output `settled` of a run that makes the component, as soon as the component is made; an
    empty text in every other run.

    The component of such a run registers its outputs while the state of the stack is small: the file backend
    writes the whole state for each component.
    """
    await objects.component.urn.future()
    if not objects.is_made:
        return ""
    inputs = await _demanded(objects)
    return _settled(IS_MADE + fingerprint(inputs), inputs)


async def settled_in_the_end(objects: WorkloadObjects, shown: str) -> str:
    """Return the output `settled` of a run whose objects have reached the state with this fingerprint."""
    return _settled(shown, await _demanded(objects))


def _settled(shown: str, inputs: Mapping[str, Any]) -> str:
    """Return the output `settled`. Earlier versions wrote the fingerprint alone."""
    return f"{shown}/{identity(inputs)}"


async def _last_settled(objects: WorkloadObjects) -> object:
    """Return the output `settled` of the last run, or of this run once its rollout has ended."""
    return at(await state_of(objects.component), "settled")


def _reached(settled: object) -> str:
    """Return the fingerprint of an output `settled`, with `IS_MADE` if the output has the mark."""
    return str(settled or "").partition("/")[0]


async def _demanded(objects: WorkloadObjects) -> dict[str, Any]:
    """Return the inputs of the component as the engine has them, with their defaults."""
    if objects.demanded is None:
        claims = await as_engine_has({key: objects.guarded[key] for key in _CLAIMS if key in objects.guarded})
        objects.demanded = with_defaults(await _side({**objects.guarded, **claims}))
    return objects.demanded


# The objects


async def checked_namespace(objects: WorkloadObjects, compared: Input[bool]) -> Input[str]:
    """Return the namespace for the objects, after the checks before the first object. `compared`: the result
    of `compare_with_others`."""
    await objects.component.urn.future()
    await _check_replacement(objects)
    return value_after(objects.namespace, compared) if is_pending(compared) else objects.namespace


async def _check_replacement(objects: WorkloadObjects) -> None:
    """Refuse a run with `--target` that replaces an object and leaves the component out.

    A hook cannot refuse such a run: the engine deletes the old object first, and with a hook before a
    deletion every `pulumi destroy` would need the program. The preview of a new provider compares nothing:
    its stack has no objects yet, and the comparison takes a request for each workload. Every update compares.
    """
    if objects.is_made or objects.change_is_checked or await _is_new(objects.provider):
        return
    last = str(await _last_settled(objects) or "").partition("/")[2]
    inputs = await _demanded(objects) if last else {}
    if last and not holds_unknown(inputs):
        may_be_renamed = bool(inputs["allowAddressChange"]) or not _is_exposed(inputs)
        found = replaced_alone_findings(last, identity(inputs), may_be_renamed=may_be_renamed)
        InvalidInputs.raise_if_any(objects.owner, list(found))


async def _is_new(provider: pulumi.ProviderResource | None) -> bool:
    """Whether a preview shows that a provider is made."""
    if provider is None or not pulumi.runtime.is_dry_run():
        return False
    return not await provider.id.is_known() or unknown(await provider.id.future())


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
    settled = _reached(await _last_settled(objects))
    demanded = fingerprint(await _demanded(objects))
    return settled == demanded or (settled == IS_MADE + demanded and not objects.is_made)


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
