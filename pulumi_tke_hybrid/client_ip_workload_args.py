"""The arguments of `ClientIpWorkload`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Optional, Union, cast

import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.args import Args, SeverityInput, args_class
from pulumi_tke_hybrid.component.inputs import EachItem, Input, is_pending, value_if_known
from pulumi_tke_hybrid.component.pods import (
    ClaimInput,
    Container,
    ContainerInput,
    PodSpecInput,
    ProbeInput,
    TolerationInput,
    VolumeInput,
    asked_by_hand,
)
from pulumi_tke_hybrid.tke import ipamd, keys, names
from pulumi_tke_hybrid.tke import names as ids
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules import workload as workload_rules
from pulumi_tke_hybrid.tke.rules.inputs import COMBINATION, PROPERTY, not_yet
from pulumi_tke_hybrid.tke.rules.load_balancers import Use
from pulumi_tke_hybrid.workload.exposure import ExposureArgs
from pulumi_tke_hybrid.workload.ingress import IngressArgs
from pulumi_tke_hybrid.workload.ports import (
    ClientIpFrom,
    ExternalTrafficPolicy,
    ListenerArgs,
    PodManagementPolicy,
    PodNetwork,
    PortArgs,
    WorkloadKind,
    container_port_name,
    container_ports,
)
from pulumi_tke_hybrid.workload.rollout import Asked, RolloutArgs
from pulumi_tke_hybrid.workload.service import exposure_keys, given_findings, needless_findings
from pulumi_tke_hybrid.workload.template import (
    PROBES,
    asked_amounts,
    asking_paths,
    named_port_problems,
    pod_spec_problems,
    port_names,
    typed_containers,
)

NAME_LABEL = "app.kubernetes.io/name"


def _replicas_problem(value: int) -> str | None:
    return None if value >= 0 else f"{value} is negative; use 0 or more"


def _image_problem(value: str) -> str | None:
    if not value.strip():
        return "is empty; give the image, for example 'nginx:1.29'"
    return (
        f"{value!r} holds white space; no image does, for example 'nginx:1.29'"
        if any(map(str.isspace, value))
        else None
    )


def _subnets_problem(subnets: Sequence[object]) -> str | None:
    return None if subnets else "is empty; leave it out for every container subnet"


def _reclaim_problem(value: str) -> Finding | str | None:
    if value == ipamd.NEVER:
        return "TKE has no 'never' for a single pod; use after(seconds), or set never() on the cluster"
    return ipamd.reclaim_problem(value)


_LABELS = EachItem(names.label_value_problem, whole=names.label_keys_problem)


@args_class(
    image=_image_problem,
    replicas=_replicas_problem,
    name=names.dns_label_problem,
    front_service_name=names.dns_label_problem,
    service_name=names.dns_label_problem,
    namespace=names.dns_label_problem,
    ip_reclaim=_reclaim_problem,
    nominated_subnets=EachItem(ids.subnet_problem, whole=_subnets_problem),
    node_selector=_LABELS,
    selector=_LABELS,
    labels=_LABELS,
)
class ClientIpWorkloadArgs(Args):
    """Arguments of `ClientIpWorkload`. Ten of them describe most workloads; `pod_spec` and transforms do the
    rest."""

    exposure: ExposureArgs
    """How clients reach the pods: `public()`, `internal(subnet)`, `existing_clb(id)` or `not_exposed()`. No
    default: it decides who can.
    TKE cannot turn a load balancer into another one (457/90598), so a change is refused until
    `allow_address_change`."""

    image: Optional[Input[str]] = None
    """Image of the one container. Exactly one of `image`, `containers` and `pod_spec`. A change rolls the
    pods. Default: none."""

    env: Optional[Mapping[str, Input[str]]] = None
    """Environment of the container made from `image`. Default: none. A change rolls the pods."""

    requests: Optional[Mapping[str, Input[str]]] = None
    """Resource requests of the container made from `image`, e.g. `{"cpu": "250m"}`. The ENI address is asked
    for without being told. Default: the ENI address alone. A change rolls the pods."""

    limits: Optional[Mapping[str, Input[str]]] = None
    """Resource limits of the container made from `image`. Default: the ENI address alone. A change rolls the
    pods."""

    readiness_probe: Optional[ProbeInput] = None
    """Readiness probe of the container made from `image`. The load balancer's own health check comes on top.
    Default: none. A change rolls the pods."""

    liveness_probe: Optional[ProbeInput] = None
    """Liveness probe of the container made from `image`. Default: none. A change rolls the pods."""

    startup_probe: Optional[ProbeInput] = None
    """Startup probe of the container made from `image`. Default: none. A change rolls the pods."""

    containers: Optional[Sequence[ContainerInput]] = None
    """The containers, as pulumi-kubernetes has them or as dictionaries; the first one gets the request for an
    ENI address. A change rolls
    the pods. Default: the one container of `image`."""

    init_containers: Optional[Sequence[ContainerInput]] = None
    """Containers that run to their end before the others start. Default: none. A change rolls the pods."""

    volumes: Optional[Sequence[VolumeInput]] = None
    """Volumes that containers mount. Default: none. A change rolls the pods."""

    volume_claims: Optional[Sequence[ClaimInput]] = None
    """Volumes of each pod's own (StatefulSet). Fixed when the StatefulSet is made. A cloud disk stays in its
    zone, and so does the pod. Default: none. A change is refused at preview."""

    service_account: Optional[Input[str]] = None
    """Service account of the pods. Default: the namespace's `default`. A change rolls the pods."""

    node_selector: Optional[Mapping[str, Input[str]]] = None
    """Labels of the nodes that may run the pods. Zone labels are numbers on TKE (`100004`), not names.
    Default: none. A change rolls the pods."""

    tolerations: Optional[Sequence[TolerationInput]] = None
    """Taints that the pods put up with. Default: none. A change rolls the pods."""

    pod_spec: Optional[PodSpecInput] = None
    """The whole pod, where the properties above are not enough; they are then said there. The component adds
    the ENI address, the drain and the spread, the last two only where this says nothing about them. Default:
    made of the properties above. A change rolls the pods."""

    ports: Optional[Sequence[PortArgs]] = None
    """Ports of the workload. Default: 80. Updated in place."""

    listener: Optional[ListenerArgs] = None
    """Session affinity, scheduler and health check of the Service's load balancer, for ports that say nothing
    of their own. Default:
    TKE's. Updated in place."""

    replicas: Optional[Input[int]] = None
    """Number of pods. Default: 2, so that a node may fail. Updated in place."""

    autoscaled: Optional[bool] = None
    """A HorizontalPodAutoscaler sets the number of pods: `replicas` counts at creation only, and is never set
    back. The surge of a rollout goes by `replicas` too (say `rollout.max_surge` for more at a time), and
    Pulumi waits up to two hours. Default: false. Updated in place."""

    kind: Optional[Union[WorkloadKind, Literal["deployment", "statefulset"]]] = None
    """`deployment` or `statefulset`. Default: `deployment`. A change replaces the pods."""

    network: Optional[Union[PodNetwork, Literal["eni", "global_route"]]] = None
    """`eni` or `global_route`. Default: `eni`. A change rolls the pods; with a load balancer in front only
    while `direct` is false before
    and after, because backends of both networks cannot stand behind one direct load balancer (457/41897)."""

    direct: Optional[bool] = None
    """Whether the load balancer sends to pods instead of node ports. Default: true with `eni`, false with
    `global_route`; always written
    out, because newer controllers would decide by themselves (457/131136). A change rolls the pods, so that
    they get their readiness
    gates. True with `global_route` needs an account with upgraded bandwidth, and node security groups that
    open the pods' ports."""

    external_traffic_policy: Optional[Union[ExternalTrafficPolicy, Literal["cluster", "local"]]] = None
    """`cluster` or `local`, for `global_route` without direct access: `local` shows pods their client.
    Default: `cluster`. Updated in place."""

    fixed_ip: Optional[bool] = None
    """A pod of the same name gets the same address again: StatefulSet on ENI, in a cluster with static IPs.
    Such a pod can only come back in its own zone. Default: false. A change rolls the pods."""

    ip_reclaim: Optional[Input[str]] = None
    """When TKE takes back the address of a pod that is gone, for these pods: `after(seconds)`; new pods only,
    ipamd 3.3.2. Default: the cluster's. A change rolls the pods."""

    nominated_subnets: Optional[Sequence[Input[str]]] = None
    """Container subnets whose addresses these pods get; static IPs, ipamd 3.4.3. Default: all of the node's
    zone. A change rolls the pods."""

    ingress: Optional[IngressArgs] = None
    """A layer-7 load balancer. Default: none. Made and removed in place; what of it is fixed, `IngressArgs`
    and `ExposureArgs` say."""

    rollout: Optional[RolloutArgs] = None
    """How pods are replaced. Default: without losing a request. `RolloutArgs` names what rolls the pods."""

    name: Optional[Input[str]] = None
    """Name of the Kubernetes objects; it begins with a letter, and has at most 52 characters for a
    StatefulSet. Default: the component's
    name. A change replaces them, and the load balancer's address with them."""

    namespace: Optional[Input[str]] = None
    """Namespace. Default: `default`. A change replaces the objects."""

    selector: Optional[Mapping[str, Input[str]]] = None
    """Labels by which the objects find their pods; give those of an existing workload to adopt it. Fixed when
    it is made: a
    change is refused at preview. Default: `app.kubernetes.io/name` with the objects' name."""

    labels: Optional[Mapping[str, Input[str]]] = None
    """Further labels of all objects and pods. Updated in place, rolls the pods. Default: none."""

    pod_annotations: Optional[Mapping[str, Input[str]]] = None
    """Further annotations of the pods; none that the component writes itself. Updated in place, rolls the
    pods. Default: none."""

    service_annotations: Optional[Mapping[str, Input[str]]] = None
    """Further annotations of the Service; none that the component writes itself. Updated in place, but for
    those that
    TKE reads only when it makes the load balancer (creation parameters, its region and VPC): a change of
    these is
    refused at preview until `allow_address_change`. Default: none."""

    front_service_name: Optional[Input[str]] = None
    """Name of the Service that clients come through, where the objects' name belongs to another Service, a
    headless one for instance.
    Default: the objects' name. A change replaces the Service, and its load balancer's address with it:
    refused at preview until
    `allow_address_change`."""

    service_name: Optional[Input[str]] = None
    """Name of the Service that governs a StatefulSet (`spec.serviceName`) and gives each pod a DNS name,
    where it is another one than the
    workload's own. It exists already, or `headless_service` makes it. Default: the workload's Service. Fixed
    when the StatefulSet is
    made: a change is refused at preview."""

    headless_service: Optional[bool] = None
    """Make the governing Service of a StatefulSet: one without an address (`clusterIP: None`), by which each
    pod has a DNS name also
    before it is ready. Its name is `service_name`, or the workload's with `-headless`. Default: false. Made
    and removed in place; what it
    means for `service_name` is fixed."""

    pod_management_policy: Optional[Union[PodManagementPolicy, Literal["OrderedReady", "Parallel"]]] = None
    """`OrderedReady` or `Parallel`: how a StatefulSet is scaled. Default: `OrderedReady`. Fixed when the
    StatefulSet is made: a change is
    refused at preview."""

    disruption_budget: Optional[bool] = None
    """Whether a PodDisruptionBudget keeps all pods but one when nodes are drained. False where another budget
    selects the pods: the API
    server evicts no pod that two of them select. Default: true with more than one replica or `autoscaled`.
    Made and removed in place."""

    adopt: Optional[bool] = None
    """The objects may exist already and are taken over. They are read and compared before anything is made;
    fields that others wrote are forced once, while no Pulumi stack applies the object. With
    pulumi-kubernetes 4.29 and later the provider needs `upsert_existing_objects` as well. Default: false.
    Updated in place."""

    allow_address_change: Optional[bool] = None
    """Let a change replace the load balancer, with a new address and a gap. Default: false, such a change is
    refused at preview."""

    cluster_facts: Optional[Input[Mapping[str, Any]]] = None
    """`cluster_facts` of the `HybridCluster`, also of another stack: replicas, surge and load balancers are
    then checked against its container subnets. Default: not checked. What it changes is the surge of a
    rollout, in place."""

    rules: Optional[Mapping[str, SeverityInput]] = None
    """Severities of single rules, by their ids in docs/rules.md: `error`, `warning` or `note`. Default: each
    rule's own. Changes nothing that exists."""

    use_ambient_provider: Optional[bool] = None
    """Use whatever cluster the machine's own kubeconfig points at. Default: false, the program must say which
    cluster. A provider of another cluster replaces the objects."""

    def problems(self) -> Iterator[Finding]:
        yield from self._pod_problems()
        if self.ports is not None and not self.ports:
            yield PROPERTY.finding("ports", "is empty; leave it out for port 80")
        if self.ingress is not None:
            yield from self._ingress_port_problems(self.ingress)
        yield from given_findings(On.POD, self.pod_annotations, {}, "pod_annotations")
        yield from given_findings(
            On.SERVICE, self.service_annotations, self._service_keys, "service_annotations"
        )
        if not self.exposure.is_there:
            yield from needless_findings(self.service_annotations, "service_annotations")
        if self.labels and NAME_LABEL in self.labels and self.selector is None:
            yield PROPERTY.finding(
                "labels", f"{NAME_LABEL} selects the pods and is the object's name; give another label"
            )
        if self.selector is not None and not self.selector:
            yield PROPERTY.finding(
                "selector", "is empty and would select every pod; leave it out, or give labels"
            )
        for name in ("service_name", "headless_service", "pod_management_policy"):
            if getattr(self, name) and not self.stateful:
                yield COMBINATION.finding(
                    name,
                    "needs kind='statefulset'",
                    why="a Deployment has no such setting",
                    todo="leave it out, or make a StatefulSet",
                )
        yield from workload_rules.combination_findings(self.as_known())
        for name, rule in (
            ("replicas", workload_rules.BACKENDS),
            ("cluster_facts", workload_rules.ADDRESSES),
        ):
            if is_pending(getattr(self, name)):
                yield not_yet(rule, name)

    @property
    def _service_keys(self) -> dict[str, str]:
        """Annotations that the component writes on the Service, and the arguments that they come from."""
        found = exposure_keys(On.SERVICE, self.exposure, "exposure")
        if self.is_direct and self.exposure.is_there:
            found[keys.SERVICE_DIRECT_ACCESS] = "direct"
        if self.listener is not None or any(port.listener is not None for port in self.all_ports):
            found[keys.SERVICE_CONFIG] = "listener"
        if any(port.certificate_id is not None for port in self.all_ports):
            found[keys.SERVICE_PROTOCOLS] = "ports"
        if self.is_local:
            found[keys.SERVICE_LOCAL_NODES] = "external_traffic_policy"
        return found

    def _ingress_port_problems(self, ingress: IngressArgs) -> Iterator[Finding]:
        own = [path.port for path in ingress.paths or ()]
        by_default = ingress.port is None and (not own or None in own)
        wanted = [("ingress.port", self.all_ports[0].port if by_default else ingress.port)]
        wanted += [(f"ingress.paths[{index}].port", port) for index, port in enumerate(own)]
        numbers = [value_if_known(port.port) for port in self.all_ports]
        for path, number in wanted:
            value = value_if_known(number)
            if value is None:
                continue
            transports = {port.transport for port in self.all_ports if value_if_known(port.port) == value}
            if not transports and None not in numbers:
                yield PROPERTY.finding(
                    path, f"{value} is none of the workload's ports ({', '.join(map(str, numbers))})"
                )
            elif transports == {"UDP"}:
                yield PROPERTY.finding(
                    path,
                    f"{value} is UDP; an Ingress passes HTTP on, over TCP; name a TCP port of the workload",
                )

    def _pod_problems(self) -> Iterator[Finding]:
        given = [name for name in ("image", "containers", "pod_spec") if getattr(self, name) is not None]
        if len(given) != 1:
            yield PROPERTY.finding(
                given[1] if given else "image", "exactly one of image, containers and pod_spec is needed"
            )
            return
        if self.containers is not None and not self.containers:
            yield PROPERTY.finding("containers", "is empty; a pod has at least one container")
        for name in ("env", "requests", "limits", *PROBES):
            if given != ["image"] and getattr(self, name) is not None:
                yield PROPERTY.finding(
                    name, f"belongs to image; with {given[0]} each container carries its own"
                )
        for name in ("init_containers", "volumes", "service_account", "node_selector", "tolerations"):
            if given == ["pod_spec"] and getattr(self, name) is not None:
                yield PROPERTY.finding(name, "is part of pod_spec; say it there")
        if self.whole_pod is not None:
            yield from pod_spec_problems(self.whole_pod, self.rollout or RolloutArgs())
        yield from self._probe_problems()

    def _probe_problems(self) -> Iterator[Finding]:
        if self.image is not None:
            names = {name for port in self.all_ports if (name := container_port_name(port.name))}
            yield from named_port_problems(self, names)
        groups = [("containers", self.typed_containers), ("init_containers", self.typed_init_containers)]
        groups += [
            (f"pod_spec.{name}", typed_containers(self.whole_pod, name))
            for name in ("containers", "init_containers")
        ]
        for where, containers in groups:
            for index, container in enumerate(containers):
                yield from named_port_problems(container, port_names(container), f"{where}[{index}].")

    def as_known(self) -> workload_rules.Workload:
        """What is known before anything runs, for the rules."""
        asking = [
            *asking_paths(self.typed_containers, self.typed_init_containers),
            *asking_paths(
                typed_containers(self.whole_pod, "containers"),
                typed_containers(self.whole_pod, "init_containers"),
                "pod_spec.",
            ),
        ]
        amounts = [
            *asked_by_hand(self),
            *asked_amounts(self.typed_containers),
            *asked_amounts(typed_containers(self.whole_pod, "containers"), "pod_spec."),
        ]
        settings = ["listener"] if self.listener is not None else []
        for index, port in enumerate(self.ports or ()):
            settings += [f"ports[{index}].listener"] if port.listener is not None else []
            settings += [f"ports[{index}].protocol"] if port.protocol == "TCP_SSL" else []
        return workload_rules.Workload(
            stateful=self.stateful,
            on_eni=self.on_eni,
            direct=self.is_direct,
            local=self.is_local,
            fixed_ip=bool(self.fixed_ip),
            address_settings=[
                name for name in ("ip_reclaim", "nominated_subnets") if getattr(self, name) is not None
            ],
            service=self.exposure.kind_of.value,
            ingress=self.ingress.exposure.kind_of.value if self.ingress else "none",
            service_balancer=value_if_known(self.exposure.load_balancer_id),
            ingress_balancer=value_if_known(self.ingress.exposure.load_balancer_id) if self.ingress else None,
            balancer_settings=settings,
            name=value_if_known(self.name),
            ports=[
                workload_rules.Port(
                    value_if_known(port.port), port.protocol or "TCP", port.name, port.called(index)
                )
                for index, port in enumerate(self.all_ports)
            ],
            host_network=self.whole_pod is not None and self.whole_pod.host_network is True,
            asking=asking,
            amounts={path: value_if_known(amount) for path, amount in amounts},
            volume_claims=bool(self.volume_claims),
            surge=self.rollout is not None and self.rollout.max_surge is not None,
            selector={key: value_if_known(value) for key, value in (self.selector or {}).items()},
            labels={key: value_if_known(value) for key, value in (self.labels or {}).items()},
        )

    @property
    def typed_containers(self) -> Sequence[Container]:
        """The containers, which are instances once they were validated."""
        return cast(Sequence[Container], self.containers or ())

    @property
    def typed_init_containers(self) -> Sequence[Container]:
        """The same of those that run before the others."""
        return cast(Sequence[Container], self.init_containers or ())

    @property
    def whole_pod(self) -> kubernetes.core.v1.PodSpecArgs | None:
        """The whole pod, which is an instance once it was validated."""
        return cast("kubernetes.core.v1.PodSpecArgs | None", self.pod_spec)

    @property
    def stateful(self) -> bool:
        """Whether a StatefulSet holds the pods."""
        return self.kind is WorkloadKind.STATEFUL_SET

    @property
    def pod_network(self) -> PodNetwork:
        """Where the pods get their addresses from."""
        return PodNetwork(self.network or PodNetwork.ENI)

    @property
    def all_ports(self) -> Sequence[PortArgs]:
        """The ports, given or not."""
        return self.ports or [PortArgs(port=80)]

    @property
    def on_eni(self) -> bool:
        """Whether pods have ENI addresses."""
        return self.network is not PodNetwork.GLOBAL_ROUTE

    @property
    def is_direct(self) -> bool:
        """Whether load balancers send to pods."""
        return self.on_eni if self.direct is None else self.direct

    @property
    def is_local(self) -> bool:
        """Whether only nodes that hold a pod pass traffic on."""
        return self.external_traffic_policy is ExternalTrafficPolicy.LOCAL

    @property
    def fronts(self) -> Sequence[str]:
        """What stands in front of the pods with a load balancer of its own."""
        there = (("service", self.exposure.is_there), ("ingress", self.ingress is not None))
        return [name for name, is_there in there if is_there]

    @property
    def client_ip_from(self) -> ClientIpFrom:
        """Where the application reads its client's address, for clients of the output `address`."""
        if self.exposure.is_there:
            return ClientIpFrom.PEER if self.is_direct or self.is_local else ClientIpFrom.NOWHERE
        if self.ingress is not None:
            return ClientIpFrom.HEADER
        return ClientIpFrom.PEER if self.on_eni else ClientIpFrom.NOWHERE

    def image_container(self, name: Input[str]) -> Container:
        """The one container of the simple case."""
        resources = kubernetes.core.v1.ResourceRequirementsArgs(requests=self.requests, limits=self.limits)
        return kubernetes.core.v1.ContainerArgs(
            name=name,
            image=self.image,
            env=(
                [kubernetes.core.v1.EnvVarArgs(name=key, value=value) for key, value in self.env.items()]
                if self.env
                else None
            ),
            ports=container_ports(self.all_ports),
            resources=resources if self.requests or self.limits else None,
            **{probe: getattr(self, probe) for probe in PROBES},
        )

    def given_ids(self) -> dict[str, Input[str]]:
        """The ids that the workload may change in place, by property path: security groups, container
        subnets, certificates."""
        found: dict[str, Input[str]] = {
            f"nominated_subnets[{index}]": item for index, item in enumerate(self.nominated_subnets or ())
        }
        exposures = {"exposure": self.exposure} | (
            {"ingress.exposure": self.ingress.exposure} if self.ingress else {}
        )
        for path, exposure in exposures.items():
            found |= {
                f"{path}.security_groups[{index}]": item
                for index, item in enumerate(exposure.security_groups or ())
            }
        certificates = {
            f"ports[{index}].certificate_id": port.certificate_id
            for index, port in enumerate(self.ports or ())
        }
        certificates |= {"ingress.certificate_id": self.ingress.certificate_id} if self.ingress else {}
        return found | {
            path: certificate for path, certificate in certificates.items() if certificate is not None
        }

    def balancer_uses(self, owner: str) -> Iterator[tuple[Use, Input[str]]]:
        """The existing load balancers that the workload names, and how it uses each."""
        if self.exposure.load_balancer_id is not None:
            numbers = [(value_if_known(port.port), port.transport) for port in self.all_ports]
            ports = frozenset((number, transport) for number, transport in numbers if number is not None)
            yield Use(owner, "exposure", bool(self.exposure.shared), ports), self.exposure.load_balancer_id
        if self.ingress is not None and self.ingress.exposure.load_balancer_id is not None:
            yield Use(owner, "ingress.exposure"), self.ingress.exposure.load_balancer_id

    def asked_of_the_cluster(self, replicas: Input[int]) -> Asked:
        """What the facts of a cluster are compared with."""
        exposures = {
            "exposure.subnet_id": self.exposure,
            "ingress.exposure.subnet_id": self.ingress.exposure if self.ingress else None,
        }
        return Asked(
            replicas=replicas,
            surge=self.rollout.max_surge if self.rollout else None,
            on_eni=self.on_eni,
            exposed=bool(self.fronts),
            rolling=not self.stateful,
            fixed_ip=bool(self.fixed_ip),
            nominated=self.nominated_subnets or (),
            balancers={
                path: exposure.subnet_id
                for path, exposure in exposures.items()
                if exposure is not None and exposure.subnet_id is not None and not exposure.allow_eni_subnet
            },
        )
