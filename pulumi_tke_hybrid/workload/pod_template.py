"""The pods of a workload: checks of the pod inputs, and the pod template with network, drain and spread.

The Deployment or StatefulSet around the template is made by `ClientIpWorkload`.
"""

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.inputs import Input, value_if_known
from pulumi_tke_hybrid.component.pods import Container, asked_by_hand, take, with_eni_ip, with_pre_stop
from pulumi_tke_hybrid.tke import annotations, keys
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.rule import COMBINATION, EMPTY, PROPERTY, Finding
from pulumi_tke_hybrid.tke.rules import pod_rules as rules
from pulumi_tke_hybrid.tke.rules import zones_and_subnets
from pulumi_tke_hybrid.workload.ports import container_port_name, container_ports
from pulumi_tke_hybrid.workload.rollout import DEFAULT_ROLLOUT, RolloutArgs
from pulumi_tke_hybrid.workload.workload_service import annotation_findings

if TYPE_CHECKING:
    from pulumi_tke_hybrid.workload.workload_args import ClientIpWorkloadArgs

PodSpec = kubernetes.core.v1.PodSpecArgs
_PROBES = ("readiness_probe", "liveness_probe", "startup_probe")
_HOOKS = ("post_start", "pre_stop")
_HOST_LABEL = "kubernetes.io/hostname"


class WorkloadKind(str, Enum):
    """The Kubernetes object that holds the pods."""

    DEPLOYMENT = "deployment"
    STATEFUL_SET = "statefulset"


class PodManagementPolicy(str, Enum):
    """In which order a StatefulSet makes and removes its pods when the number of replicas changes."""

    ORDERED_READY = "OrderedReady"
    """One pod after the other, each when the pod before is ready."""
    PARALLEL = "Parallel"
    """All pods at once."""


class PodNetwork(str, Enum):
    """Where pods get their address from."""

    ENI = "eni"
    """The container subnet of their node's zone: an address of the VPC."""
    GLOBAL_ROUTE = "global_route"
    """The overlay of the cluster."""


def pod_findings(args: "ClientIpWorkloadArgs") -> Iterator[Finding]:
    """Check the inputs of the pods."""
    given = [name for name in ("image", "containers", "pod_spec") if getattr(args, name) is not None]
    if len(given) == 1:
        yield from _source_findings(args, given[0])
        yield from _probe_findings(args)
        yield from _stop_findings(args)
    else:
        what = "exactly one of image, containers and pod_spec is needed"
        yield COMBINATION.finding(given[1] if given else "image", what)
    yield from annotation_findings(On.POD, args.pod_annotations, {}, "pod_annotations")
    yield from _network_findings(args)
    spec = _whole_pod(args)
    for path, nodes in (
        ("node_selector", args.node_selector),
        ("pod_spec.node_selector", take(spec, "node_selector")),
    ):
        if isinstance(nodes, Mapping):
            zone = value_if_known(cast(Mapping[str, Input[str]], nodes).get(keys.ZONE_LABEL))
            yield from zones_and_subnets.zone_label_findings(path, zone)
    for name in ("volumes", "volume_claims"):
        if args.image is not None and getattr(args, name):
            yield rules.unmounted_finding(name)
    selector, labels = (
        {key: value_if_known(value) for key, value in (found or {}).items()}
        for found in (args.selector, args.labels)
    )
    yield from rules.label_findings(selector, labels)


def _source_findings(args: "ClientIpWorkloadArgs", source: str) -> Iterator[Finding]:
    """Check the inputs beside the one of `image`, `containers` and `pod_spec` that is given."""
    if args.containers is not None and not args.containers:
        yield EMPTY.finding("containers", "is empty", why="a pod has at least one container")
    for name in ("env", "requests", "limits", *_PROBES):
        if source != "image" and getattr(args, name) is not None:
            what = f"belongs to image; with {source} each container carries its own"
            yield COMBINATION.finding(name, what)
    for name in ("init_containers", "volumes", "service_account", "node_selector", "tolerations"):
        if source == "pod_spec" and getattr(args, name) is not None:
            yield COMBINATION.finding(name, "is part of pod_spec", todo="give it there")
    whole_pod = _whole_pod(args)
    if whole_pod is not None:
        yield from _pod_spec_findings(whole_pod, args.rollout or DEFAULT_ROLLOUT)


def _pod_spec_findings(spec: PodSpec, rollout: RolloutArgs) -> Iterator[Finding]:
    if not _typed_containers(spec, "containers"):
        yield PROPERTY.finding(
            "pod_spec.containers",
            "must be a plain list of ContainerArgs or dictionaries, one at least; the component requests the"
            " ENI address on the first container",
        )
    if not isinstance(spec.host_network, bool | None):
        yield PROPERTY.finding(
            "pod_spec.host_network",
            "must be a plain value; a pod on its node's network is refused, and an Output is known too late",
        )
    if spec.host_network is True:
        yield rules.HOST_NETWORK_FINDING
    grace, other = spec.termination_grace_period_seconds, rollout.termination_grace_seconds
    if grace is not None and other is not None and grace != other:
        yield COMBINATION.finding(
            "rollout.termination_grace_seconds",
            "has no effect beside pod_spec.termination_grace_period_seconds",
            value=f"{other} s",
            why="the pod gets the seconds of pod_spec",
            todo="leave one of them out",
        )
    if isinstance(grace, int):
        path = "pod_spec.termination_grace_period_seconds"
        yield from rules.stop_time_findings(path, grace, rollout.pre_stop, "rollout.pre_stop_seconds", "more")


def _network_findings(args: "ClientIpWorkloadArgs") -> Iterator[Finding]:
    if args.fixed_ip:
        yield from rules.kept_address_findings(stateful=args.stateful, on_eni=args.on_eni)
    for name in ("ip_reclaim", "nominated_subnets"):
        if getattr(args, name) is not None and not args.on_eni:
            yield rules.eni_only_finding(name)
    first = ("", "containers[0]", "pod_spec.containers[0]")
    for holder, path, key, amount in _requests(args):
        if not args.on_eni:
            yield rules.eni_by_hand_finding(path, rules.EniByHand.ON_OVERLAY)
        elif key != keys.ENI_IP:
            yield rules.eni_by_hand_finding(path, rules.EniByHand.OTHER_MODE)
        elif holder in first:
            yield from rules.address_amount_findings(path, value_if_known(amount))
        else:
            yield rules.eni_by_hand_finding(f"{holder}.resources", rules.EniByHand.SECOND_ADDRESS)


def _requests(args: "ClientIpWorkloadArgs") -> Iterator[tuple[str, str, str, Any]]:
    """Yield container, path, resource and amount of each request for ENIs or their addresses."""
    yield from (("", *request) for request in asked_by_hand(args))
    for path, containers in _container_lists(args).items():
        for index, container in enumerate(containers):
            holder = f"{path}[{index}]"
            for name, key, amount in asked_by_hand(container.resources):
                yield holder, f"{holder}.resources.{name}", key, amount


def _stop_findings(args: "ClientIpWorkloadArgs") -> Iterator[Finding]:
    """Compare the grace period of the pod with the preStop hooks that the program gives to containers."""
    rollout, spec = args.rollout or DEFAULT_ROLLOUT, _whole_pod(args)
    grace, path = take(spec, "termination_grace_period_seconds"), "pod_spec.termination_grace_period_seconds"
    if grace is None:
        grace, path = rollout.termination_grace, "rollout.termination_grace_seconds"
    for holder, containers in _container_lists(args).items():
        for index, container in enumerate(containers):
            seconds = take(take(take(container.lifecycle, "pre_stop"), "sleep"), "seconds")
            if isinstance(seconds, int) and isinstance(grace, int):
                where = f"{holder}[{index}].lifecycle.pre_stop"
                yield from rules.stop_time_findings(path, grace, seconds, where, "more")


def _probe_findings(args: "ClientIpWorkloadArgs") -> Iterator[Finding]:
    if args.image is not None:
        names = {name for port in args.all_ports if (name := container_port_name(port.name))}
        yield from _probe_port_findings(args, names, "")
    for path, containers in _container_lists(args).items():
        for index, container in enumerate(containers):
            ports = _port_names(container)
            if ports is not None:
                yield from _probe_port_findings(container, ports, f"{path}[{index}].")


def _probe_port_findings(container: Any, names: Collection[str], where: str) -> Iterator[Finding]:
    """Compare the port names in the probes and hooks of a container with the names of the container's
    ports."""
    holders = [(f"{where}{probe}", take(container, probe)) for probe in _PROBES]
    holders += [(f"{where}lifecycle.{hook}", take(take(container, "lifecycle"), hook)) for hook in _HOOKS]
    for path, holder in holders:
        if holder is None:
            continue
        for action in ("http_get", "tcp_socket"):
            port = take(take(holder, action), "port")
            if isinstance(port, str) and port not in names:
                yield rules.probe_port_finding(f"{path}.{action}.port", port, names)


def _port_names(container: Container) -> set[str] | None:
    """Return the names of a container's ports; None where an Output hides a port."""
    ports: Any = () if container.ports is None else container.ports
    if not isinstance(ports, list | tuple):
        return None
    found: set[str] = set()
    for port in cast(Sequence[Any], ports):
        is_typed, name = isinstance(port, Mapping | kubernetes.core.v1.ContainerPortArgs), take(port, "name")
        if not is_typed or not isinstance(name, str | None):
            return None
        found |= {name} if name else set()
    return found


def _whole_pod(args: "ClientIpWorkloadArgs") -> PodSpec | None:
    """Return `pod_spec`, which is an instance after validation."""
    return cast(PodSpec | None, args.pod_spec)


def _typed_containers(spec: PodSpec | None, name: str) -> Sequence[Container]:
    """Return a list of containers of `pod_spec`; empty where the value is no plain list of containers."""
    found: Any = getattr(spec, name, None)
    items: list[Any] = found if isinstance(found, list) else []  # pyright: ignore[reportUnknownVariableType]
    return items if all(isinstance(item, kubernetes.core.v1.ContainerArgs) for item in items) else []


def _container_lists(args: "ClientIpWorkloadArgs") -> dict[str, Sequence[Container]]:
    """Return the containers that the program describes, by property path."""
    spec = _whole_pod(args)
    return {
        "containers": cast(Sequence[Container], args.containers or ()),
        "init_containers": cast(Sequence[Container], args.init_containers or ()),
        "pod_spec.containers": _typed_containers(spec, "containers"),
        "pod_spec.init_containers": _typed_containers(spec, "init_containers"),
    }


def _pod_spec(args: "ClientIpWorkloadArgs", name: Input[str]) -> PodSpec:
    """Return a copy of `pod_spec`, or a pod made of the other inputs; `name` is the name of the only
    container."""
    whole_pod = _whole_pod(args)
    if whole_pod is not None:
        return copy.copy(whole_pod)
    volumes: list[Any] = list(args.volumes or ())
    tolerations: list[Any] = list(args.tolerations or ())
    init_containers: list[Any] = list(args.init_containers or ())
    containers: list[Any] = list(args.containers or ())
    return PodSpec(
        containers=containers or [_image_container(args, name)],
        init_containers=init_containers or None,
        volumes=volumes or None,
        service_account_name=args.service_account,
        node_selector=args.node_selector,
        tolerations=tolerations or None,
    )


def _image_container(args: "ClientIpWorkloadArgs", name: Input[str]) -> Container:
    resources = kubernetes.core.v1.ResourceRequirementsArgs(requests=args.requests, limits=args.limits)
    env = [kubernetes.core.v1.EnvVarArgs(name=key, value=value) for key, value in (args.env or {}).items()]
    return kubernetes.core.v1.ContainerArgs(
        name=name,
        image=args.image,
        env=env or None,
        ports=container_ports(args.all_ports),
        resources=resources if args.requests or args.limits else None,
        **{probe: getattr(args, probe) for probe in _PROBES},
    )


def pod_template(
    args: "ClientIpWorkloadArgs",
    name: Input[str],
    labels: Mapping[str, Input[str]],
    selector: Mapping[str, Input[str]],
) -> kubernetes.core.v1.PodTemplateSpecArgs:
    """Return the pod template. Drain and spread that `pod_spec` gives stay as they are."""
    rollout = args.rollout or DEFAULT_ROLLOUT
    spec = _pod_spec(args, name)
    containers = list(cast(Sequence[Any], spec.containers))
    containers = with_pre_stop(containers, rollout.pre_stop, rollout.native_sleep is not False)
    spec.containers = with_eni_ip(containers) if args.on_eni else containers
    if spec.termination_grace_period_seconds is None:
        spec.termination_grace_period_seconds = rollout.termination_grace
    if spec.topology_spread_constraints is None:
        spec.topology_spread_constraints = [_spread(key, selector) for key in (keys.ZONE_LABEL, _HOST_LABEL)]
    return kubernetes.core.v1.PodTemplateSpecArgs(
        metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=labels, annotations=_annotations(args) or None),
        spec=spec,
    )


def _spread(key: str, selector: Mapping[str, Input[str]]) -> kubernetes.core.v1.TopologySpreadConstraintArgs:
    # Zone labels hold numbers on TKE, so the constraint names no zone. `DoNotSchedule` would count zones
    # without a container subnet too, and block every further pod.
    return kubernetes.core.v1.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=key,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=selector),
    )


def _annotations(args: "ClientIpWorkloadArgs") -> dict[str, Input[str]]:
    """Return the program's annotations and those of the component."""
    direct_objects = args.load_balanced_objects if args.is_direct else ()
    found: dict[str, Input[str]] = {
        **(args.pod_annotations or {}),
        **annotations.pod_annotations(args.on_eni, bool(args.fixed_ip), direct_objects),
    }
    if args.ip_reclaim is not None:
        found[keys.CLAIM_EXPIRED_DURATION] = args.ip_reclaim
    if args.nominated_subnets is not None:
        found[keys.NOMINATED_SUBNETS] = pulumi.Output.all(*args.nominated_subnets).apply(",".join)
    return found
