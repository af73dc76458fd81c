"""The objects of a workload: names, labels and metadata, and the comparison with objects that exist already.

The rules of the comparison are in `tke.rules.adoption`, the requests are in `component.live_objects`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component import of_run
from pulumi_tke_hybrid.component.args import report
from pulumi_tke_hybrid.component.inputs import Input, is_plain, value_if_known
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.component.live_objects import (
    Live,
    Place,
    known_value,
    lost_on_the_provider,
    parts,
    read_live,
    upsert_findings,
    with_live_value,
)
from pulumi_tke_hybrid.component.pods import take
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.adoption import (
    DeclaredWorkload,
    ImmutableFields,
    NamedObject,
    VolumeClaim,
    WorkloadsOfNamespace,
    budget_findings,
    live_findings,
    managed,
)
from pulumi_tke_hybrid.workload.exposure_args import (
    INGRESS_KEYS,
    SERVICE_KEYS,
    ExposureArgs,
    LoadBalancerKeys,
)

if TYPE_CHECKING:
    from pulumi_tke_hybrid.workload.workload_args import ClientIpWorkloadArgs

SERVICE, HEADLESS, INGRESS, PODS, BUDGET = "service", "headless", "ingress", "pods", "budget"
"""The objects that may exist already. `PODS` is the Deployment or the StatefulSet."""
_FORCE = {"pulumi.com/patchForce": "true"}
"""Annotation that lets Pulumi take over fields which kubectl or another tool manages, instead of a
conflict."""


class WorkloadObjects:
    """Names, labels and metadata of a workload's objects.

    With `adopt`, or where `ignored` names a field that the Kubernetes provider does not find, the live
    objects are read once before the first object is made. With `adopt` they are compared with the program.
    """

    def __init__(
        self,
        component: pulumi.Resource,
        owner: str,
        name: str,
        args: "ClientIpWorkloadArgs",
        *,
        replicas: Input[int],
        ignored: Sequence[str],
    ) -> None:
        self.component, self.owner, self.name, self.args = component, owner, name, args
        self.object_name: Input[str] = name if args.name is None else args.name
        self.namespace: Input[str] = args.namespace or "default"
        self.checked_namespace: Input[str] = self.namespace
        """The namespace after the check of what the run replaces; no object is registered before."""
        given = args.front_service_name
        self.service_name: Input[str] = self.object_name if given is None else given
        self.governing_name = self._governing_name()
        self.selector: Mapping[str, Input[str]] = args.selector or {keys.NAME_LABEL: self.object_name}
        self.labels: Mapping[str, Input[str]] = {**(args.labels or {}), **self.selector}
        single_pod = value_if_known(replicas) in (0, 1) and not args.autoscaled
        self.has_budget = not single_pod if args.disruption_budget is None else args.disruption_budget
        self.guarded: Mapping[str, Any] = {}
        """The inputs of the component that its next update is compared with."""
        self.demanded: dict[str, Any] | None = None
        """`guarded` with its values in place of Outputs, once they are known."""
        self.change_is_checked = False
        """Whether the hook of the component has compared the program with the state before this run."""
        self.is_made = False
        """Whether this run makes the component, and the objects had no other state before."""
        self.fronts: dict[On, tuple[pulumi.Output[Any], pulumi.Output[Any]]] = {}
        """Metadata and spec of the Service and the Ingress."""
        self.was_direct = False
        """Whether this run updates a Service or an Ingress that was direct."""
        self.rollout_seconds = 0
        """How long a rollout may take."""
        self._adopt, self._ignored = bool(args.adopt), list(ignored)
        self._kept_here = [path for path in ignored if lost_on_the_provider(path)]
        self.ignored_by_provider = [path for path in ignored if path not in self._kept_here]
        """The ignored fields that the Kubernetes provider finds."""
        self._live: pulumi.Output[Live] | None = (
            pulumi.Output.from_input(self._read()) if self._adopt or self._kept_here else None
        )

    @property
    def provider(self) -> pulumi.ProviderResource | None:
        """The Kubernetes provider of the component, known after the component's registration."""
        return self.component.get_provider("kubernetes:core/v1:Service")

    def _governing_name(self) -> Input[str]:
        if self.args.service_name is not None:
            return self.args.service_name
        headless = self.args.headless_service
        return pulumi.Output.concat(self.object_name, "-headless") if headless else self.service_name

    @property
    def compared(self) -> Input[bool]:
        """Resolves after the comparison. Objects that must not be made earlier depend on the value."""
        return True if self._live is None else self._live.apply(lambda _: True)

    def metadata(
        self, name: Input[str] | None = None, child: str = "", written: Mapping[str, Input[str]] | None = None
    ) -> kubernetes.meta.v1.ObjectMetaArgs:
        """Return the metadata of an object; `child` where the object may exist already."""
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=self.object_name if name is None else name,
            namespace=self.checked_namespace,
            labels=self.labels,
            annotations=self._annotations(child, written or {}),
        )

    def _annotations(self, child: str, written: Mapping[str, Input[str]]) -> Any:
        """Return the annotations of an object, with `_FORCE` while no Pulumi stack applies the object."""
        if self._live is None or not self._adopt:
            return written or None
        return self._live.apply(
            lambda live: {**written, **(_FORCE if _unmanaged(live, child) else {})} or None
        )

    def with_ignored(self, field: str, value: Any) -> Any:
        """Return `metadata` or `spec` of the Deployment or StatefulSet with the live values of ignored
        fields."""
        if self._live is None or not any(parts(path)[:1] == [field] for path in self._ignored):
            return value
        return self._live.apply(lambda live: self._with_live_values(field, value, live))

    def _with_live_values(self, field: str, value: Any, live: Live) -> Any:
        pods = live.objects.get(PODS)
        if pods is None:
            return value
        for path in self._ignored if self._adopt and not managed(pods) else self._kept_here:
            first, *rest = parts(path)
            value = with_live_value(value, pods.get(field), rest) if first == field else value
        return value

    def _names(self) -> dict[str, tuple[str, Input[str]]]:
        """Return kind and name of the objects that may exist already."""
        args = self.args
        found: dict[str, tuple[str, Input[str]]] = {
            SERVICE: ("Service", self.service_name),
            PODS: ("StatefulSet" if args.stateful else "Deployment", self.object_name),
        }
        if args.ingress is not None:
            found[INGRESS] = ("Ingress", self.object_name)
        if args.headless_service:
            found[HEADLESS] = ("Service", self.governing_name)
        if self.has_budget:
            found[BUDGET] = ("PodDisruptionBudget", self.object_name)
        return found

    def compare_with_others(self) -> Input[bool]:
        """Compare with the earlier workloads of the program: no object and no pod belongs to two.

        Raises `InvalidInputs`, at once if all names and labels are known, else from the returned Output. A
        value that a preview does not know is not compared.
        """
        names = {child: name for child, (_, name) in self._names().items()}
        values: list[Any] = [self.namespace, names, dict(self.selector), dict(self.labels)]
        if is_plain(values):
            return self._compare(*values)

        async def later() -> bool:
            known = {child: await known_value(name) for child, name in names.items()}
            others = [await known_value(value) for value in (values[0], *values[2:])]
            return self._compare(others[0], known, *others[1:])

        return pulumi.Output.from_input(later())

    def _compare(
        self,
        namespace: str | None,
        names: Mapping[str, str | None],
        selector: Mapping[str, str] | None,
        labels: Mapping[str, str] | None,
    ) -> bool:
        if namespace is None:
            return True
        arguments = {
            SERVICE: "name" if self.args.front_service_name is None else "front_service_name",
            HEADLESS: "headless_service" if self.args.service_name is None else "service_name",
        }
        objects = [
            NamedObject(kind, name, arguments.get(child, "name"))
            for child, (kind, _) in self._names().items()
            if (name := names[child]) is not None
        ]
        namespaces = of_run("tke_hybrid_workloads", dict[Any, WorkloadsOfNamespace])
        others = namespaces.setdefault((self.provider, namespace), WorkloadsOfNamespace(namespace))
        found = others.add(DeclaredWorkload(self.owner, objects, selector or {}, labels or {}))
        report(self.component, self.owner, self.args.settings, found)
        return True

    async def _read(self) -> Live:
        why = (
            "what exists already is compared with the program"
            if self._adopt
            else "fields that the program ignores are read"
        )
        live = await self.read_live(why) or Live()
        if self._adopt:
            fields = await self.immutable_fields()
            InvalidInputs.raise_if_any(
                self.owner, [*await self._upsert(live), *live_findings(live.objects, fields)]
            )
            await self._check_budgets(live)
        return live

    async def read_live(self, why: str, *, with_ingress: bool = False) -> Live | None:
        """Return the live objects under the names of the program, as `live_objects.read_live`.

        `with_ingress`: an Ingress also where the program has no Ingress.
        """
        names = {**self._names(), **({INGRESS: ("Ingress", self.object_name)} if with_ingress else {})}
        return await self._read_named(names, why)

    async def read_pods(self, why: str) -> Mapping[str, Any]:
        """Return the live Deployment or StatefulSet; an empty object where none is read."""
        live = await self._read_named({PODS: self._names()[PODS]}, why)
        return {} if live is None else live.objects.get(PODS) or {}

    async def _read_named(self, names: dict[str, tuple[str, Input[str]]], why: str) -> Live | None:
        place = Place(self.namespace, names)
        return await read_live(self.component, self.owner, self.provider, place, why)

    async def _upsert(self, live: Live) -> list[Finding]:
        unmanaged = any(_unmanaged(live, child) for child in live.objects)
        return await upsert_findings(self.provider) if unmanaged else []

    async def _check_budgets(self, live: Live) -> None:
        labels = await known_value(dict(self.labels))
        if self.has_budget and labels is not None:
            name = await known_value(self.object_name)
            InvalidInputs.raise_if_any(self.owner, budget_findings(live.budgets, name, labels))

    async def immutable_fields(self) -> ImmutableFields:
        """Return the values of the program for immutable fields."""
        args = self.args
        fields = ImmutableFields(selector=await known_value(dict(self.selector)))
        if args.stateful:
            claims = await known_value(list(args.volume_claims or ()))
            fields = replace(
                fields,
                service_name=await known_value(self.governing_name),
                pod_management_policy=args.pod_policy.value,
                claims=None if claims is None else [_claim(claim) for claim in claims],
            )
        if args.allow_address_change:
            return fields
        annotations = {SERVICE: await _fixed_annotations("exposure", args.exposure, SERVICE_KEYS)}
        if args.ingress is not None:
            exposure = args.ingress.exposure
            annotations[INGRESS] = await _fixed_annotations("ingress.exposure", exposure, INGRESS_KEYS)
        return replace(fields, exposed=args.exposure.has_load_balancer, annotations=annotations)


def _unmanaged(live: Live, child: str) -> bool:
    """Whether an object exists that no Pulumi stack applies yet."""
    return child in live.objects and not managed(live.objects[child])


async def _fixed_annotations(
    path: str, exposure: ExposureArgs, keys: LoadBalancerKeys
) -> dict[str, tuple[str, str | None]]:
    """Return property path and value of the annotations that TKE reads once: the load balancer always, its
    billing where the program gives the billing."""
    if not exposure.has_load_balancer:
        return {}
    annotations = exposure.load_balancer_annotations(keys)
    found: dict[str, tuple[str, str | None]] = {}
    for argument in ("subnet_id", "load_balancer_id", "charge_type", "bandwidth"):
        key = getattr(keys, argument)
        value = await known_value(annotations[key]) if key in annotations else None
        is_name = argument in ("subnet_id", "load_balancer_id")  # the absence of a name counts too
        if value is not None or (is_name and key not in annotations):
            found[key] = (f"{path}.{argument}", value)
    return found


def _claim(claim: Any) -> VolumeClaim:
    spec = take(claim, "spec")
    requests, modes = take(take(spec, "resources"), "requests"), take(spec, "access_modes")
    return VolumeClaim(
        str(take(take(claim, "metadata"), "name")),
        None if requests is None else requests.get("storage"),
        take(spec, "storage_class_name"),
        None if modes is None else tuple(modes),
    )
