"""The words with which a workload is described."""

from enum import Enum


class WorkloadKind(str, Enum):
    """The Kubernetes object that holds the pods."""

    DEPLOYMENT = "deployment"
    STATEFUL_SET = "statefulset"


class PodManagementPolicy(str, Enum):
    """In which order a StatefulSet makes and removes its pods when it is scaled."""

    ORDERED_READY = "OrderedReady"
    """One after the other, each when the one before is ready."""
    PARALLEL = "Parallel"
    """All at once."""


class PodNetwork(str, Enum):
    """Where pods get their address from."""

    ENI = "eni"
    """The ENI subnet of their node's zone: an address of the VPC."""
    GLOBAL_ROUTE = "global_route"
    """The overlay of the cluster."""


class ExternalTrafficPolicy(str, Enum):
    """Which nodes pass a load balancer's traffic on to pods, where it does not go to pods directly."""

    CLUSTER = "cluster"
    """All of them; pods see a node's address."""
    LOCAL = "local"
    """Those that hold a pod; pods see the client. Load is as uneven as pods are spread, and rollouts leave short gaps (457/38426)."""


class ClientIpFrom(str, Enum):
    """Where an application reads its client's address."""

    PEER = "peer"
    """The TCP connection's other end: load balancers pass layer-4 packets on as the client sent them (214/3728)."""
    HEADER = "x-forwarded-for"
    """The HTTP header that the load balancer writes. On layer 7 it makes connections of its own and keeps them for several clients, so
    the other end may be the load balancer (214/3728)."""
    NOWHERE = "none"
    """Nowhere: the connection comes from a node."""
