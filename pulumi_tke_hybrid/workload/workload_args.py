"""`ClientIpWorkloadArgs`: every input of a workload with type, documentation and the checks of its own value.

Checks of several inputs together stand beside the code that uses the inputs: `pods`, `service`, `ingress`,
`rollout`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Optional, Union

from pulumi_tke_hybrid.component.args import Args, SeverityInput, args_class
from pulumi_tke_hybrid.component.inputs import EachItem, Input, is_pending, value_if_known
from pulumi_tke_hybrid.component.pods import (
    ClaimInput,
    ContainerInput,
    PodSpecInput,
    ProbeInput,
    TolerationInput,
    VolumeInput,
)
from pulumi_tke_hybrid.tke import ipamd, keys, names
from pulumi_tke_hybrid.tke.rule import COMBINATION, EMPTY, Finding, not_yet
from pulumi_tke_hybrid.tke.rules.address_capacity import ADDRESSES, BACKENDS
from pulumi_tke_hybrid.tke.rules.pod_rules import STATEFUL_SURGE_FINDING, VOLUME_CLAIMS_FINDING
from pulumi_tke_hybrid.workload.exposure_args import ExposureArgs
from pulumi_tke_hybrid.workload.ingress import IngressArgs, ingress_findings
from pulumi_tke_hybrid.workload.pod_template import (
    PodManagementPolicy,
    PodNetwork,
    WorkloadKind,
    pod_findings,
)
from pulumi_tke_hybrid.workload.ports import ClientIpFrom, ExternalTrafficPolicy, ListenerArgs, PortArgs
from pulumi_tke_hybrid.workload.rollout import RolloutArgs
from pulumi_tke_hybrid.workload.workload_service import service_findings


def _replicas_problem(value: int) -> str | None:
    return None if value >= 0 else f"{value} is negative; use 0 or more"


def _image_problem(value: str) -> str | None:
    if not value.strip():
        return "is empty; give the image, for example 'nginx:1.29'"
    if any(map(str.isspace, value)):
        return f"{value!r} holds white space; no image does, for example 'nginx:1.29'"
    return None


def _subnets_problem(subnets: Sequence[object]) -> str | None:
    return None if subnets else "is empty; leave it out for every container subnet"


def _reclaim_problem(value: str) -> Finding | str | None:
    if value != ipamd.NEVER:
        return ipamd.reclaim_problem(value)
    todo = "use after(seconds), or set never() on the cluster"
    return ipamd.RECLAIM_SHAPE.finding("", "TKE has no 'never' for a single pod", todo=todo)


_DEFAULT_PORTS = (PortArgs(port=80),)
_LABELS = EachItem(names.label_value_problem, whole=names.label_keys_problem)


@args_class(
    image=_image_problem,
    replicas=_replicas_problem,
    name=names.dns_label_problem,
    front_service_name=names.dns_label_problem,
    service_name=names.dns_label_problem,
    namespace=names.dns_label_problem,
    ip_reclaim=_reclaim_problem,
    nominated_subnets=EachItem(names.subnet_problem, whole=_subnets_problem),
    node_selector=_LABELS,
    selector=_LABELS,
    labels=_LABELS,
)
class ClientIpWorkloadArgs(Args):
    """Arguments of `ClientIpWorkload`. Ten arguments describe most workloads."""

    exposure: ExposureArgs
    """How clients reach the pods: `public()`, `internal(subnet)`, `existing_clb(id)` or `not_exposed()`. No
    default. TKE cannot turn a load balancer into another (457/90598), so a change is refused until
    `allow_address_change`."""

    image: Optional[Input[str]] = None
    """Image of the one container. Exactly one of `image`, `containers` and `pod_spec`. A change rolls the
    pods. Default: none."""

    env: Optional[Mapping[str, Input[str]]] = None
    """Environment of the container made from `image`. Default: none. A change rolls the pods."""

    requests: Optional[Mapping[str, Input[str]]] = None
    """Resource requests of the container made from `image`, e.g. `{"cpu": "250m"}`. The component adds the
    ENI address. Default: the ENI address alone. A change rolls the pods."""

    limits: Optional[Mapping[str, Input[str]]] = None
    """Resource limits of the container of `image`. Default: the ENI address. A change rolls the pods."""

    readiness_probe: Optional[ProbeInput] = None
    """Readiness probe of the container made from `image`. The load balancer's own health check comes on top.
    Default: none. A change rolls the pods."""

    liveness_probe: Optional[ProbeInput] = None
    """Liveness probe of the container made from `image`. Default: none. A change rolls the pods."""

    startup_probe: Optional[ProbeInput] = None
    """Startup probe of the container made from `image`. Default: none. A change rolls the pods."""

    containers: Optional[Sequence[ContainerInput]] = None
    """The containers, as pulumi-kubernetes has them or as dictionaries; the component adds the request for an
    ENI address to the first. A change rolls the pods. Default: the one container of `image`."""

    init_containers: Optional[Sequence[ContainerInput]] = None
    """Containers that run to their end before the others start. Default: none. A change rolls the pods."""

    volumes: Optional[Sequence[VolumeInput]] = None
    """Volumes that containers mount. Default: none. A change rolls the pods."""

    volume_claims: Optional[Sequence[ClaimInput]] = None
    """Volumes of each pod's own (StatefulSet). Fixed when the StatefulSet is made. A cloud disk keeps the pod
    in its zone. Default: none. A change is refused at preview."""

    service_account: Optional[Input[str]] = None
    """Service account of the pods. Default: the namespace's `default`. A change rolls the pods."""

    node_selector: Optional[Mapping[str, Input[str]]] = None
    """Labels of the nodes that may run the pods. Zone labels are numbers on TKE (`100004`), not names.
    Default: none. A change rolls the pods."""

    tolerations: Optional[Sequence[TolerationInput]] = None
    """Taints that the pods put up with. Default: none. A change rolls the pods."""

    pod_spec: Optional[PodSpecInput] = None
    """The whole pod, instead of the properties above. The component adds the ENI address, and drain and
    spread where this pod has none. Default: made of the properties above. A change rolls the pods."""

    ports: Optional[Sequence[PortArgs]] = None
    """Ports of the workload. Default: 80. Updated in place."""

    listener: Optional[ListenerArgs] = None
    """Session affinity, scheduler and health check of the Service's load balancer, for ports without a
    `listener`. Default: TKE's. Updated in place."""

    replicas: Optional[Input[int]] = None
    """Number of pods. Default: 2, so that a node may fail. Updated in place."""

    autoscaled: Optional[bool] = None
    """A HorizontalPodAutoscaler sets the number of pods: `replicas` counts at creation only, and for the
    surge of a rollout (`rollout.max_surge` sets another). Pulumi waits up to two hours. Default: false.
    Updated in place."""

    kind: Optional[Union[WorkloadKind, Literal["deployment", "statefulset"]]] = None
    """`deployment` or `statefulset`. Default: `deployment`. A change replaces the pods."""

    network: Optional[Union[PodNetwork, Literal["eni", "global_route"]]] = None
    """`eni` or `global_route`. Default: `eni`. A change rolls the pods; with a load balancer only while
    `direct` is false before and after, because one direct load balancer cannot have backends of both networks
    (457/41897)."""

    direct: Optional[bool] = None
    """Whether the load balancer sends to pods instead of node ports. Default: true with `eni`, false with
    `global_route`; always written, because newer controllers have another default (457/131136). A change
    rolls the pods, so that they get their readiness gates. True with `global_route` needs an account with
    upgraded bandwidth, and node security groups that open the pods' ports."""

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
    """Container subnets for the addresses of these pods; static IPs, ipamd 3.4.3. Default: all of the node's
    zone. A change rolls the pods."""

    ingress: Optional[IngressArgs] = None
    """A layer-7 load balancer. Default: none. Made and removed in place; `IngressArgs` and `ExposureArgs`
    name what is fixed."""

    rollout: Optional[RolloutArgs] = None
    """How pods are replaced. Default: without losing a request. `RolloutArgs` names what rolls the pods."""

    name: Optional[Input[str]] = None
    """Name of the Kubernetes objects: begins with a letter, has at most 52 characters for a StatefulSet.
    Default: the component's name. A change replaces them, and the load balancer's address with them."""

    namespace: Optional[Input[str]] = None
    """Namespace. Default: `default`. A change replaces the objects."""

    selector: Optional[Mapping[str, Input[str]]] = None
    """Labels by which the objects select their pods; to adopt a workload, give its labels. Fixed when the
    workload is made: a change is refused at preview. Default: `app.kubernetes.io/name` with the objects'
    name."""

    labels: Optional[Mapping[str, Input[str]]] = None
    """Further labels of all objects and pods. Updated in place, rolls the pods. Default: none."""

    pod_annotations: Optional[Mapping[str, Input[str]]] = None
    """Further annotations of the pods, except the component's own. Updated in place, rolls the pods. Default:
    none."""

    service_annotations: Optional[Mapping[str, Input[str]]] = None
    """Further annotations of the Service, except the component's own. Updated in place; a change of an
    annotation that TKE reads only when it makes the load balancer (creation parameters, region, VPC) is
    refused at preview until `allow_address_change`. Default: none."""

    front_service_name: Optional[Input[str]] = None
    """Name of the Service for clients, where the objects' name belongs to another Service, a headless Service
    for instance. Default: the objects' name. A change replaces the Service, and its load balancer's address
    with it: refused at preview until `allow_address_change`."""

    service_name: Optional[Input[str]] = None
    """Name of the Service that governs a StatefulSet (`spec.serviceName`) and gives each pod a DNS name. The
    Service exists already, or `headless_service` makes it. Default: the workload's Service. Fixed when the
    StatefulSet is made: a change is refused at preview."""

    headless_service: Optional[bool] = None
    """Make the governing Service of a StatefulSet, without an address (`clusterIP: None`): each pod has a DNS
    name, even before the pod is ready. Its name is `service_name`, or the workload's with `-headless`.
    Default: false. Made and removed in place; the resulting `service_name` is fixed."""

    pod_management_policy: Optional[Union[PodManagementPolicy, Literal["OrderedReady", "Parallel"]]] = None
    """`OrderedReady` or `Parallel`: how a StatefulSet is scaled. Default: `OrderedReady`. Fixed when the
    StatefulSet is made: a change is refused at preview."""

    disruption_budget: Optional[bool] = None
    """Whether a PodDisruptionBudget keeps all pods but one when nodes are drained. False where another budget
    selects the pods: the API server evicts no pod that two budgets select. Default: true with more than one
    replica or `autoscaled`. Made and removed in place."""

    adopt: Optional[bool] = None
    """The objects may exist already and are taken over. The component reads and compares them first; fields
    of other tools are forced once, while no Pulumi stack applies the object. With pulumi-kubernetes 4.29 and
    later the provider needs `upsert_existing_objects` as well. Default: false. Updated in place."""

    allow_address_change: Optional[bool] = None
    """Allow a change to replace the load balancer, with a new address and a gap. Default: false, such a
    change is refused at preview."""

    cluster_facts: Optional[Input[Mapping[str, Any]]] = None
    """`cluster_facts` of the `HybridCluster`, also of another stack: replicas, surge and load balancers are
    then checked against its container subnets. Default: not checked. Changes the surge of a rollout, in
    place."""

    rules: Optional[Mapping[str, SeverityInput]] = None
    """Severities of single rules, by their ids in docs/rules.md: `error`, `warning` or `note`. Default: each
    rule's own. Changes nothing that exists."""

    use_ambient_provider: Optional[bool] = None
    """Use the cluster of the machine's own kubeconfig. Default: false, the program must name the cluster. A
    provider of another cluster replaces the objects."""

    def problems(self) -> Iterator[Finding]:
        yield from pod_findings(self)
        yield from service_findings(self)
        if self.ingress is not None:
            yield from ingress_findings(self, self.ingress)
        yield from self._name_findings()
        yield from self._stateful_findings()
        for name, rule in (("replicas", BACKENDS), ("cluster_facts", ADDRESSES)):
            if is_pending(getattr(self, name)):
                yield not_yet(rule, name)

    def _name_findings(self) -> Iterator[Finding]:
        name = value_if_known(self.name)
        if name is not None:
            yield from names.workload_name_findings(name, stateful=self.stateful)
        if self.labels and keys.NAME_LABEL in self.labels and self.selector is None:
            what = f"{keys.NAME_LABEL} selects the pods and is the object's name"
            yield COMBINATION.finding("labels", what, todo="give another label")
        if self.selector is not None and not self.selector:
            todo = "leave it out, or give labels"
            yield EMPTY.finding("selector", "is empty and would select every pod", todo=todo)

    def _stateful_findings(self) -> Iterator[Finding]:
        if self.stateful:
            if self.rollout is not None and self.rollout.max_surge is not None:
                yield STATEFUL_SURGE_FINDING
            return
        for name in ("service_name", "headless_service", "pod_management_policy"):
            if getattr(self, name):
                why, todo = "a Deployment has no such setting", "leave it out, or make a StatefulSet"
                yield COMBINATION.finding(name, "needs kind='statefulset'", why=why, todo=todo)
        if self.volume_claims:
            yield VOLUME_CLAIMS_FINDING

    @property
    def stateful(self) -> bool:
        """Whether a StatefulSet holds the pods."""
        return self.kind is WorkloadKind.STATEFUL_SET

    @property
    def pod_policy(self) -> PodManagementPolicy:
        """`pod_management_policy`, or its default."""
        return PodManagementPolicy(self.pod_management_policy or PodManagementPolicy.ORDERED_READY)

    @property
    def pod_network(self) -> PodNetwork:
        """`network`, or its default."""
        return PodNetwork(self.network or PodNetwork.ENI)

    @property
    def on_eni(self) -> bool:
        """Whether pods have addresses of container subnets."""
        return self.pod_network is PodNetwork.ENI

    @property
    def all_ports(self) -> Sequence[PortArgs]:
        """`ports`, or their default."""
        return self.ports or _DEFAULT_PORTS

    @property
    def is_direct(self) -> bool:
        """`direct`, or its default."""
        return self.on_eni if self.direct is None else self.direct

    @property
    def is_local(self) -> bool:
        """Whether only nodes that hold a pod pass traffic on."""
        return self.external_traffic_policy is ExternalTrafficPolicy.LOCAL

    @property
    def load_balanced_objects(self) -> Sequence[str]:
        """`service` and `ingress`, each where it has a load balancer."""
        objects = {"service": self.exposure.has_load_balancer, "ingress": self.ingress is not None}
        return [name for name, has_load_balancer in objects.items() if has_load_balancer]

    @property
    def client_ip_from(self) -> ClientIpFrom:
        """Where the application reads its client's address, for clients of the output `address`."""
        if self.exposure.has_load_balancer:
            return ClientIpFrom.PEER if self.is_direct or self.is_local else ClientIpFrom.NOWHERE
        if self.ingress is not None:
            return ClientIpFrom.HEADER
        return ClientIpFrom.PEER if self.on_eni else ClientIpFrom.NOWHERE
