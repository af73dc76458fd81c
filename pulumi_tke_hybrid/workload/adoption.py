"""What exists already of a workload's objects: compared with the program, forced once, and kept where the
program ignores a field.

What a program's workloads say of existing load balancers, each compared with those before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import pulumi

from pulumi_tke_hybrid.component.diagnostics import report
from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input, is_pending
from pulumi_tke_hybrid.component.live_objects import (
    Live,
    Place,
    known_value,
    lost_on_the_provider,
    parts,
    read_live,
    with_live_value,
)
from pulumi_tke_hybrid.component.pods import take
from pulumi_tke_hybrid.component.resource_options import takes_existing_objects, upsert_finding
from pulumi_tke_hybrid.tke.rule import Finding, Severity
from pulumi_tke_hybrid.tke.rules.adoption import Claim, Wanted, budget_findings, live_findings, managed
from pulumi_tke_hybrid.tke.rules.load_balancers import Use, sum_findings, use_findings
from pulumi_tke_hybrid.workload.exposure import ExposureArgs, FrontKeys

_FORCE = {"pulumi.com/patchForce": "true"}
"""Fields that kubectl or another tool wrote become ours, instead of a conflict."""
SERVICE, HEADLESS, INGRESS, PODS, BUDGET = "service", "headless", "ingress", "pods", "budget"
"""The children that may exist already; the pods' is a Deployment or a StatefulSet."""


@dataclass(frozen=True)
class Said:
    """What the program says of objects that may exist already."""

    namespace: Input[str]
    names: Mapping[str, tuple[str, Input[str]]]
    """By child: plural of its kind, and name of the object."""
    selector: Mapping[str, Input[str]]
    labels: Mapping[str, Input[str]]
    """Labels of the pods."""
    service_name: Input[str] | None
    pod_management_policy: str | None
    claims: Sequence[Any] | None
    """The three of a StatefulSet; None for a Deployment."""
    fronts: Mapping[str, tuple[str, ExposureArgs, FrontKeys]]
    """By child: property path of the exposure, the exposure, and its annotations. None of them where another
    load balancer is allowed."""


class Takeover:
    """The live objects of a workload, read once, before anything is made: with `adopt`, or where the program
    ignores a field in a list."""

    def __init__(
        self,
        component: pulumi.Resource,
        owner: str,
        provider: pulumi.ProviderResource | None,
        said: Said,
        *,
        adopt: bool,
        ignored: Sequence[str],
    ) -> None:
        self._component, self._owner, self._provider, self._said = component, owner, provider, said
        self._adopt = adopt
        self._ignored = list(ignored)
        self._ours = [path for path in ignored if lost_on_the_provider(path)]
        self.left_to_the_provider = [path for path in ignored if path not in self._ours]
        """What the provider can ignore by itself."""
        self._live: pulumi.Output[Live] | None = (
            pulumi.Output.from_input(self._look()) if adopt or self._ours else None
        )

    @property
    def checked(self) -> Input[bool]:
        """Known once everything was compared; what must not be made before uses it."""
        return True if self._live is None else self._live.apply(_true)

    def annotations(self, child: str, written: Mapping[str, Input[str]]) -> Any:
        """The annotations of an object; with the one that forces, while it exists and no Pulumi stack applies
        it yet."""
        if self._live is None or not self._adopt:
            return written or None
        return self._live.apply(lambda live: {**written, **(_FORCE if _first(live, child) else {})} or None)

    def kept(self, field: str, value: Any) -> Any:
        """The metadata or the spec of the pods' Deployment or StatefulSet, with what the live object holds
        where the program ignores it."""
        if self._live is None or not any(parts(path)[:1] == [field] for path in self._ignored):
            return value
        return self._live.apply(lambda live: self._with_live(field, value, live))

    def _with_live(self, field: str, value: Any, live: Live) -> Any:
        there = live.objects.get(PODS)
        if there is None:
            return value
        for path in self._ignored if self._adopt and not managed(there) else self._ours:
            first, *rest = parts(path)
            value = with_live_value(value, there.get(field), rest) if first == field else value
        return value

    async def _look(self) -> Live:
        why = (
            "what exists already is compared with the program"
            if self._adopt
            else "fields that the program ignores are read"
        )
        place = Place(self._said.namespace, self._said.names)
        live = await read_live(self._component, self._owner, self._provider, place, why)
        if self._adopt:
            wanted = await self._wanted()
            InvalidInputs.raise_if_any(
                self._owner, [*await self._upsert(live), *live_findings(live.objects, wanted)]
            )
            await self._check_budgets(live)
        return live

    async def _upsert(self, live: Live) -> list[Finding]:
        first = any(_first(live, child) for child in live.objects)
        return [] if not first or await takes_existing_objects(self._provider) else [upsert_finding()]

    async def _check_budgets(self, live: Live) -> None:
        own = self._said.names.get(BUDGET)
        labels = await known_value(dict(self._said.labels))
        if own is not None and labels is not None:
            InvalidInputs.raise_if_any(
                self._owner, budget_findings(live.budgets, await known_value(own[1]), labels)
            )

    async def _wanted(self) -> Wanted:
        said = self._said
        claims = None if said.claims is None else await known_value(list(said.claims))
        return Wanted(
            selector=await known_value(dict(said.selector)),
            service_name=await known_value(said.service_name),
            pod_management_policy=said.pod_management_policy,
            claims=None if claims is None else [_claim(claim) for claim in claims],
            exposed=said.fronts[SERVICE][1].is_there if SERVICE in said.fronts else None,
            fixed={child: await _fixed(*front) for child, front in said.fronts.items()},
        )


def _first(live: Live, child: str) -> bool:
    """Whether an object exists that no Pulumi stack applies yet."""
    return child in live.objects and not managed(live.objects[child])


async def _fixed(path: str, exposure: ExposureArgs, keys: FrontKeys) -> dict[str, tuple[str, str | None]]:
    """The annotations that TKE reads once, with property path and value: which load balancer always, its
    billing where it is given."""
    if not exposure.is_there:
        return {}
    placement = exposure.placement(keys)
    properties = {
        keys.internal_subnet: "subnet_id",
        keys.existing: "load_balancer_id",
        keys.charge_type: "charge_type",
        keys.bandwidth: "bandwidth",
    }
    found: dict[str, tuple[str, str | None]] = {}
    for key, name in properties.items():
        value = await known_value(placement[key]) if key in placement else None
        if value is not None or (key not in placement and key in (keys.internal_subnet, keys.existing)):
            found[key] = (f"{path}.{name}", value)
    return found


def _claim(claim: Any) -> Claim:
    spec = take(claim, "spec")
    requests, modes = take(take(spec, "resources"), "requests"), take(spec, "access_modes")
    return Claim(
        str(take(take(claim, "metadata"), "name")),
        None if requests is None else requests.get("storage"),
        take(spec, "storage_class_name"),
        None if modes is None else tuple(modes),
    )


def _true(_: Live) -> bool:
    return True


_USES: "WeakKeyDictionary[pulumi.Resource, dict[str, list[Use]]]" = WeakKeyDictionary()
"""By the stack resource of a run, so that two programs of one process know nothing of each other."""


def claim(
    component: pulumi.Resource, use: Use, balancer: Input[str], settings: Mapping[str, Severity]
) -> Input[bool]:
    """Note that a workload names this load balancer: at once, or as soon as its id is known.

    Raises `InvalidInputs` where another workload of the same run names the load balancer too, unless both
    share it. What must not be made
    before that uses the returned value, which a preview knows also where it does not know the id.
    """
    root = pulumi.runtime.get_root_resource()
    uses: dict[str, list[Use]] = {} if root is None else _USES.setdefault(root, {})

    def claimed(name: str) -> bool:
        others = uses.setdefault(name, [])
        InvalidInputs.raise_if_any(use.owner, use_findings(use, name, others))
        report(component, use.owner, settings, sum_findings(use, name, others))
        others.append(use)
        return True

    async def later() -> bool:
        name = await known_value(balancer)
        return name is None or claimed(str(name))  # a preview may not know the id

    return pulumi.Output.from_input(later()) if is_pending(balancer) else claimed(str(balancer))
