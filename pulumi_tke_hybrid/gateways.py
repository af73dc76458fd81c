"""For gateways that are Helm charts: what a ClientIpWorkload writes, as values for a chart or as a transform
of what it renders."""

import sys
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from typing import Any, Optional

import pulumi

from pulumi_tke_hybrid.component.args import Args, args_class, parse_args
from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.tke import annotations
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY
from pulumi_tke_hybrid.workload.exposure import ExposureArgs
from pulumi_tke_hybrid.workload.service import ADDRESS_ONLY, service_annotations

Transform = Callable[[pulumi.ResourceTransformArgs], "pulumi.ResourceTransformResult | None"]

_POD_HOLDERS = (resource_types.DEPLOYMENT, resource_types.STATEFUL_SET)
_RELEASE = "kubernetes:helm.sh/v3:Release"
_ENVOY_PROXY = "kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxy"


def eni_pod_template(*, fixed_ip: bool = False) -> dict[str, Any]:
    """What pods need for an ENI address behind a direct Service: `annotations` of the pod, `resources` of its
    first container.

    `fixed_ip` only where the chart makes a StatefulSet.
    """
    return {
        "annotations": annotations.pod_annotations(True, fixed_ip, ["service"]),
        "resources": annotations.eni_resources(),
    }


def _workloads_problem(names: Sequence[str]) -> str | None:
    if names:
        return None
    return (
        "is empty, so no pod would go to ENI; name the Deployments and StatefulSets, or say None if Envoy"
        " Gateway makes the pods"
    )


@args_class(workloads=_workloads_problem)
class _GatewayArgs(Args):
    """What a program says of a gateway."""

    exposure: ExposureArgs
    workloads: Optional[Sequence[str]] = None

    def problems(self) -> Iterator[Finding]:
        if not self.exposure.is_there:
            yield PROPERTY.finding(
                "exposure.kind", "'none' is no load balancer; say public, internal or existing"
            )


def direct_service_annotations(exposure: ExposureArgs | Mapping[str, Any]) -> dict[str, Input[str]]:
    """Annotations of a Service of type LoadBalancer that sends to pods directly, behind this load balancer.

    One of them is Pulumi's own: it waits for the Service's address, and not for pods that come after it.
    """
    parsed = parse_args(_GatewayArgs, {"exposure": exposure}, "direct_service_annotations")
    return {**service_annotations(parsed.exposure, direct=True, local=False), **ADDRESS_ONLY}


def gateway_transform(
    exposure: ExposureArgs | Mapping[str, Any], *, workloads: Collection[str] | None, fixed_ip: bool = False
) -> Transform:
    """For `opts.transforms` of a chart: puts the pods of these Deployments and StatefulSets on ENI, and makes
    Services direct.

    `workloads` are their Kubernetes names; others, such as the controller of Envoy Gateway, stay as they are,
    and all of them with None.
    Services of type LoadBalancer and `EnvoyProxy` objects are changed whatever their name.

    Raises `InvalidInputs` for a `helm.sh/v3` Release, whose objects no transform reaches. Names of
    `workloads` that no object has, and a
    chart without a load balancer, are named in a warning at the end of the program.
    """
    described = {
        "exposure": exposure,
        "workloads": list(workloads) if isinstance(workloads, Set) else workloads,
    }
    parsed = parse_args(_GatewayArgs, described, "gateway_transform")
    pod, service = eni_pod_template(fixed_ip=fixed_ip), direct_service_annotations(parsed.exposure)
    moved = frozenset(parsed.workloads or ())
    seen = _Seen(moved)

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ == _RELEASE:
            report.detach()  # the refusal is enough
            raise _no_release(args.name)
        props: Mapping[str, Any] = args.props
        name = str(_child(props, "metadata").get("name"))
        if args.type_ in _POD_HOLDERS and name in moved:
            changed = _with_pods(props, pod, name)
        elif args.type_ == resource_types.SERVICE and _child(props, "spec").get("type") == "LoadBalancer":
            changed = _annotated(props, service)
        elif args.type_ == _ENVOY_PROXY:
            changed = _with_envoy(props, pod, service)
        else:
            seen.note(args.type_)
            return None
        seen.note(args.type_, changed=name)
        return pulumi.ResourceTransformResult(props=changed, opts=args.opts)

    report = weakref.finalize(transform, seen.report)
    return transform


class _Seen:
    """What a transform was given and what it changed. At the end of the program it names what had no
    effect."""

    def __init__(self, moved: Collection[str]) -> None:
        self._unmoved = set(moved)
        self._given = False
        self._direct = False

    def note(self, kind: str, *, changed: str | None = None) -> None:
        """Remember an object, and its name if the transform changed it."""
        self._given = self._given or kind.startswith("kubernetes:")
        if changed is not None and kind in _POD_HOLDERS:
            self._unmoved.discard(changed)
        elif changed is not None:
            self._direct = True

    def lines(self) -> Iterator[str]:
        """What had no effect, and what to do."""
        if not self._given:
            yield (
                "was given no Kubernetes object, so it changed nothing; give it to a chart, in"
                " opts.transforms"
            )
            return
        if self._unmoved:
            names = ", ".join(sorted(self._unmoved))
            yield (
                f"no Deployment or StatefulSet is named {names}, so those pods get no ENI address; give the"
                " names that the chart renders"
            )
        if not self._direct:
            yield (
                "no Service of type LoadBalancer and no EnvoyProxy came by, so no load balancer became"
                " direct; look at the chart's values"
            )

    def report(self) -> None:
        """Write the lines where the engine shows them. The program is over by then, and its log is closed."""
        for line in self.lines():
            print(f"warning: gateway_transform: {line}", file=sys.stderr, flush=True)


def _no_release(name: str) -> InvalidInputs:
    finding = PROPERTY.finding(
        "opts.transforms",
        "does nothing in a helm.sh/v3 Release",
        why=(
            "Helm renders its objects inside the provider, where no transform reaches them; its pods would"
            " stay on the overlay"
        ),
        todo=(
            "use kubernetes.helm.v4.Chart, or give eni_pod_template() and direct_service_annotations() as"
            " values of the chart"
        ),
    )
    return InvalidInputs(f"gateway_transform {name!r}", [finding])


def _child(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = holder.get(name) or {}
    return found


def _annotated(holder: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Something with metadata, with more annotations."""
    metadata = _child(holder, "metadata")
    return {**holder, "metadata": {**metadata, "annotations": {**_child(metadata, "annotations"), **more}}}


def _asking(container: Mapping[str, Any], resources: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    given = _child(container, "resources")
    return {
        **container,
        "resources": {
            **given,
            **{name: {**_child(given, name), **amounts} for name, amounts in resources.items()},
        },
    }


def _with_pods(props: Mapping[str, Any], pod: Mapping[str, Any], name: str) -> dict[str, Any]:
    spec = _child(props, "spec")
    template = _annotated(_child(spec, "template"), pod["annotations"])
    pod_spec = template["spec"]
    if pod_spec.get("hostNetwork"):
        raise InvalidInputs.single(
            f"gateway_transform {name!r}",
            "hostNetwork",
            "shares the node's address, and gets no ENI address; switch it off in the chart's values",
        )
    first, *others = pod_spec["containers"]
    template["spec"] = {**pod_spec, "containers": [_asking(first, pod["resources"]), *others]}
    return {**props, "spec": {**spec, "template": template}}


def _with_envoy(
    props: Mapping[str, Any], pod: Mapping[str, Any], service: Mapping[str, Any]
) -> dict[str, Any]:
    """Envoy Gateway makes the proxies' Deployment and Service itself, out of this object."""
    spec = _child(props, "spec")
    provider = _child(spec, "provider")
    inside = _child(provider, "kubernetes")
    deployment = _child(inside, "envoyDeployment")
    in_pod = _child(deployment, "pod")
    in_service = _child(inside, "envoyService")
    changed = {
        **inside,
        "envoyDeployment": {
            **deployment,
            "pod": {**in_pod, "annotations": {**_child(in_pod, "annotations"), **pod["annotations"]}},
            "container": _asking(_child(deployment, "container"), pod["resources"]),
        },
        "envoyService": {
            **in_service,
            "type": "LoadBalancer",
            "annotations": {**_child(in_service, "annotations"), **service},
        },
    }
    return {**props, "spec": {**spec, "provider": {**provider, "type": "Kubernetes", "kubernetes": changed}}}
