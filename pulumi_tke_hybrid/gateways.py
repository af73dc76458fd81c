"""Gateways that are Helm charts: the pods and Services of a ClientIpWorkload as values of a chart, or as a
transform of the objects that a chart renders."""

import sys
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from typing import Any, Optional, cast

import pulumi

from pulumi_tke_hybrid.component.args import Args, args_class, parse_args
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.tke import annotations
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.load_balancer_rules import NO_LOAD_BALANCER
from pulumi_tke_hybrid.tke.rules.pod_rules import CHART_HOST_NETWORK_FINDING, RELEASE_FINDING
from pulumi_tke_hybrid.workload.exposure_args import ExposureArgs
from pulumi_tke_hybrid.workload.workload_service import ADDRESS_ONLY, service_annotations

Transform = Callable[[pulumi.ResourceTransformArgs], "pulumi.ResourceTransformResult | None"]

_POD_HOLDERS = (resource_types.DEPLOYMENT, resource_types.STATEFUL_SET)
_RELEASE = "kubernetes:helm.sh/v3:Release"
_ENVOY_PROXY = "kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxy"


def eni_pod_template(*, fixed_ip: bool = False) -> dict[str, Any]:
    """Return the values for pods on container subnets behind a direct Service: `annotations` of the pod,
    `resources` of its first container.

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
        "is empty, so no pod would go to ENI; name the Deployments and StatefulSets, or give None if Envoy"
        " Gateway makes the pods"
    )


@args_class(workloads=_workloads_problem)
class _GatewayArgs(Args):
    """The arguments of both functions for Services."""

    exposure: ExposureArgs
    workloads: Optional[Sequence[str]] = None

    def problems(self) -> Iterator[Finding]:
        if not self.exposure.has_load_balancer:
            todo = "choose public, internal or existing"
            yield NO_LOAD_BALANCER.finding("exposure.kind", "'none' is no load balancer", todo=todo)


def direct_service_annotations(exposure: ExposureArgs | Mapping[str, Any]) -> dict[str, Input[str]]:
    """Return the annotations of a Service of type LoadBalancer that sends to pods directly, behind this load
    balancer.

    One annotation is Pulumi's own: Pulumi waits for the Service's address, and not for pods that come later.
    """
    parsed = parse_args(_GatewayArgs, {"exposure": exposure}, "direct_service_annotations")
    return _service_annotations(parsed.exposure)


def _service_annotations(exposure: ExposureArgs) -> dict[str, Input[str]]:
    return {**service_annotations(exposure, direct=True, local=False), **ADDRESS_ONLY}


def gateway_transform(
    exposure: ExposureArgs | Mapping[str, Any], *, workloads: Collection[str] | None, fixed_ip: bool = False
) -> Transform:
    """Return a transform for `opts.transforms` of a chart: pods move to container subnets, Services become
    direct.

    `workloads` are the Kubernetes names of the Deployments and StatefulSets whose pods move. Other pods, such
    as the controller of Envoy Gateway, stay on the overlay; with None all pods stay. All Services of type
    LoadBalancer and all `EnvoyProxy` objects are changed.

    Raises `InvalidInputs` for a `helm.sh/v3` Release, whose objects no transform reaches. A warning at the
    end of the program lists names of `workloads` without an object, and a chart without a load balancer.
    """
    described = {
        "exposure": exposure,
        "workloads": list(workloads) if isinstance(workloads, Set) else workloads,
    }
    parsed = parse_args(_GatewayArgs, described, "gateway_transform")
    pod, service = eni_pod_template(fixed_ip=fixed_ip), _service_annotations(parsed.exposure)
    moved = frozenset(parsed.workloads or ())
    seen = set[tuple[str, str | None]]()  # of each object its type, and its name if the transform changed it

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ == _RELEASE:
            warnings.detach()  # the error replaces the warnings
            raise InvalidInputs(f"gateway_transform {args.name!r}", [RELEASE_FINDING])
        props: Mapping[str, Any] = args.props
        name = str(_child(props, "metadata").get("name"))
        if args.type_ in _POD_HOLDERS and name in moved:
            changed = _with_pods(props, pod, name)
        elif args.type_ == resource_types.SERVICE and _child(props, "spec").get("type") == "LoadBalancer":
            changed = _merged(props, {"metadata": {"annotations": service}})
        elif args.type_ == _ENVOY_PROXY:
            changed = _merged(props, _envoy_fields(pod, service))
        else:
            seen.add((args.type_, None))
            return None
        seen.add((args.type_, name))
        return pulumi.ResourceTransformResult(props=changed, opts=args.opts)

    warnings = weakref.finalize(transform, _print_warnings, moved, seen)
    return transform


def _print_warnings(moved: Collection[str], seen: Collection[tuple[str, str | None]]) -> None:
    """Print a line for each argument without effect to standard error, which the engine shows: the program's
    log is closed by then."""
    for line in _without_effect(moved, seen):
        print(f"warning: gateway_transform: {line}", file=sys.stderr, flush=True)


def _without_effect(moved: Collection[str], seen: Collection[tuple[str, str | None]]) -> Iterator[str]:
    if not any(kind.startswith("kubernetes:") for kind, _ in seen):
        yield "received no Kubernetes object, so it changed nothing; give it to a chart, in opts.transforms"
        return
    unmoved = set(moved) - {name for kind, name in seen if kind in _POD_HOLDERS}
    if unmoved:
        yield (
            f"no Deployment or StatefulSet is named {', '.join(sorted(unmoved))}, so those pods get no ENI"
            " address; give the names that the chart renders"
        )
    if all(name is None or kind in _POD_HOLDERS for kind, name in seen):
        yield (
            "received no Service of type LoadBalancer and no EnvoyProxy, so no load balancer became"
            " direct; check the chart's values"
        )


def _child(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = holder.get(name) or {}
    return found


def _merged(holder: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with more fields, at every depth."""
    return {
        **holder,
        **{
            name: _merged(_child(holder, name), cast(Mapping[str, Any], field))
            if isinstance(field, Mapping)
            else field
            for name, field in more.items()
        },
    }


def _with_pods(props: Mapping[str, Any], pod: Mapping[str, Any], name: str) -> dict[str, Any]:
    spec = _child(props, "spec")
    template = _merged(_child(spec, "template"), {"metadata": {"annotations": pod["annotations"]}})
    pod_spec = template["spec"]
    if pod_spec.get("hostNetwork"):
        raise InvalidInputs(f"gateway_transform {name!r}", [CHART_HOST_NETWORK_FINDING])
    first, *others = pod_spec["containers"]
    containers = [_merged(first, {"resources": pod["resources"]}), *others]
    template["spec"] = {**pod_spec, "containers": containers}
    return {**props, "spec": {**spec, "template": template}}


def _envoy_fields(pod: Mapping[str, Any], service: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an `EnvoyProxy`, from which Envoy Gateway makes the Deployment and the Service."""
    made = {
        "envoyDeployment": {
            "pod": {"annotations": pod["annotations"]},
            "container": {"resources": pod["resources"]},
        },
        "envoyService": {"type": "LoadBalancer", "annotations": service},
    }
    return {"spec": {"provider": {"type": "Kubernetes", "kubernetes": made}}}
