"""Annotations of TKE: the table of known keys, and the annotations that the components write.

Sources of the table: 457/51258 (Service), 457/56112 (Ingress), 457/44173 (pods on super nodes), 457/90598
(keys that an update cannot change), 457/59094 and 457/59095 (load balancers of other regions and VPCs). The
checks of a program's annotations are in `tke.rules`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from pulumi_tke_hybrid.tke import keys


class On(str, Enum):
    """The object that carries the annotation."""

    SERVICE = "Service"
    INGRESS = "Ingress"
    POD = "pod"
    NODE = "node"


class Value(str, Enum):
    """The values that TKE accepts, as text for messages."""

    TEXT = "text"
    FLAG = '"true" or "false"'
    JSON = "JSON"
    BANDWIDTH = "a whole number from 1 to 2048, in Mbit/s"
    CHARGE = "TRAFFIC_POSTPAID_BY_HOUR or BANDWIDTH_POSTPAID_BY_HOUR"
    SUBNET = "the id of a subnet"
    BALANCER = "the id of a load balancer"
    VPC = "the id of a VPC"
    GROUPS = "ids of security groups, with commas between them"
    SUBNETS = "ids of subnets, with commas between them"


@dataclass(frozen=True)
class Known:
    """One annotation."""

    key: str
    on: On
    value: Value = Value.TEXT
    fixed: str = ""
    """The property of the load balancer that the annotation decides, if TKE reads the key only when the load
    balancer is created; else empty."""
    source: str = ""
    """Source of `fixed`; empty for the vendor's list of annotations."""
    written_by_tke: bool = False
    """TKE writes the annotation; a program does not."""


_S, _I, _P, _N = On.SERVICE, On.INGRESS, On.POD, On.NODE
_SERVICE, _SERVICE_OLD = "service.cloud.tencent.com/", "service.kubernetes.io/"
_INGRESS, _INGRESS_OLD = "ingress.cloud.tencent.com/", "kubernetes.io/ingress."
_POD, _SUPER = "tke.cloud.tencent.com/", "eks.tke.cloud.tencent.com/"

_SUBNET = "the subnet of the internal load balancer"
_EXISTING = "which existing load balancer is used"
_CHARGE = "how a public load balancer is billed"
_BANDWIDTH = "the bandwidth of a public load balancer"
_PARAMETERS = "parameters that the load balancer is made with"
_REGION = "the region of the load balancer"
_VPC = "the VPC of the load balancer"
_CLASSIC = "whether the load balancer is a classic one"
_SHARED = "whether Ingresses share the load balancer"
_CREATION = "457/51258: read at creation only"

_FIXED = (
    Known(keys.SERVICE_INTERNAL_SUBNET, _S, Value.SUBNET, _SUBNET, "457/90598"),
    Known(keys.SERVICE_EXISTING_LB, _S, Value.BALANCER, _EXISTING, "457/90598"),
    Known(keys.SERVICE_CHARGE_TYPE, _S, Value.CHARGE, _CHARGE, _CREATION),
    Known(keys.SERVICE_BANDWIDTH, _S, Value.BANDWIDTH, _BANDWIDTH, _CREATION),
    Known("kubernetes.io/service.internetChargeType", _S, Value.CHARGE, _CHARGE, _CREATION),
    Known("kubernetes.io/service.internetMaxBandwidthOut", _S, Value.BANDWIDTH, _BANDWIDTH, _CREATION),
    Known(keys.SERVICE_PARAMETERS, _S, Value.JSON, _PARAMETERS, _CREATION),
    Known(f"{_SERVICE_OLD}loadbalance-type", _S, Value.TEXT, _CLASSIC, "457/90598"),
    Known(f"{_SERVICE}cross-region-id", _S, Value.TEXT, _REGION, "457/90598, 457/59094"),
    Known(f"{_SERVICE}cross-vpc-id", _S, Value.VPC, _VPC, "457/90598, 457/59094"),
    Known(keys.INGRESS_INTERNAL_SUBNET, _I, Value.SUBNET, _SUBNET, "457/90598"),
    Known(keys.INGRESS_EXISTING_LB, _I, Value.BALANCER, _EXISTING, "457/90598"),
    Known(keys.INGRESS_CHARGE_TYPE, _I, Value.CHARGE, _CHARGE, "457/56112: read at creation only"),
    Known(keys.INGRESS_BANDWIDTH, _I, Value.BANDWIDTH, _BANDWIDTH, "457/56112: read at creation only"),
    Known(keys.INGRESS_PARAMETERS, _I, Value.JSON, _PARAMETERS, "457/56112: read at creation only"),
    Known(f"{_INGRESS}cross-region-id", _I, Value.TEXT, _REGION, "457/59095"),
    Known(f"{_INGRESS}cross-vpc-id", _I, Value.VPC, _VPC, "457/59095"),
    Known(f"{_INGRESS}enable-group", _I, Value.FLAG, _SHARED, "457/127545: set at creation only"),
)

Endings = Mapping[On, Mapping[str, str]]
"""For each object, the prefixes of keys, and their endings with spaces between them."""

_FLAGS_OF_BOTH = (
    "direct-access enable-grace-deletion enable-grace-shutdown enable-grace-shutdown-tkex pass-to-target"
    " tke-service-config-auto modification-protection deletion-protection loadbalance-retain"
)
_FLAGS: Endings = {
    _S: {
        _SERVICE: f"{_FLAGS_OF_BOTH} local-svc-weighted-balance discard-loadbalancer-ip",
        _SERVICE_OLD: "local-svc-only-bind-node-with-pod qcloud-share-existed-lb",
    },
    _I: {
        _INGRESS: f"{_FLAGS_OF_BOTH} auto-rewrite rewrite-support rule-mix-both",
        _INGRESS_OLD: "rule-mix rule-mix-both",
    },
    _P: {_SUPER: "retain-ip spot-pod spec-auto-upgrade recreate-node-lost-pod must-keep-last-container"},
}
_JSON: Endings = {
    _S: {_SERVICE: "specify-protocol lb-rs-weight target-groups"},
    _I: {
        _INGRESS: "lb-rs-weight listen-ports auto-rewrite-code certificate snat-pro-info",
        _INGRESS_OLD: "http-rules https-rules",
    },
}
_TEXTS: Endings = {
    _S: {
        _SERVICE: "tke-service-config mode mix-target-prefer",
        _SERVICE_OLD: "qcloud-loadbalancer-backends-label",
    },
    _I: {
        _INGRESS: "tke-service-config mode mix-target-prefer hybrid-type internet-charge-type",
        _INGRESS_OLD: "class",
    },
    _P: {
        _POD: "networks vpc-ip-claim-delete-policy claim-expired-duration nominated-vpc-ip security-group-id"
        " eip-attributes eip-claim-delete-policy eip-id-list eip-public-ip",
        _SUPER: "cbs-reuse-key cluster-ip-switch container-gc-threshold cpu cpu-type cri-stats-interval"
        " custom-metrics-url duration-to-wait-service-rules eip-attributes eip-claim-delete-policy"
        " eip-id-list eip-public-ip filebeat-metadata-format gpu-count gpu-type heartbeat-lost-period"
        " host-modprobe host-sysctls host-timezone image-cache-disk-retain-minute image-cache-disk-size"
        " image-cache-disk-type image-gc-high-threshold image-gc-low-threshold image-gc-period"
        " ipvs-min-sync-period ipvs-scheduler ipvs-sh-port ipvs-sync-period log-key-as-message mem"
        " metrics-port norm pod-eviction-threshold registry-http-endpoint registry-insecure-skip-verify"
        " reserve-sandbox-duration reserve-succeeded-sandbox reserve-task-shorter-than resolv-conf"
        " retain-ip-hours role-name root-cbs-size root-cbs-type use-image-cache",
    },
    _N: {
        _POD: "desired-route-eni-pod-num disable-node-eni-security-groups route-eni-ip-min-warm-target"
        " route-eni-ip-max-warm-target direct-eni-min-warm-target direct-eni-max-warm-target"
        " route-eni-max-attach max-ip-per-route-eni direct-eni-max-attach need-sync-security-groups",
    },
}
_GROUPS: Endings = {
    _S: {_SERVICE: "security-groups"},
    _I: {_INGRESS: "security-groups"},
    _P: {_SUPER: "security-group-id"},
}
_WRITTEN: Endings = {
    _S: {
        _SERVICE: "client-token loadbalancer-source-endpoints sync-begin-time sync-end-time",
        _SERVICE_OLD: "loadbalance-id loadbalance-nat-ipv6",
    },
    _I: {
        _INGRESS: "loadbalance-nat-ipv6 loadbalance-ipv6 client-token sync-begin-time sync-end-time",
        _INGRESS_OLD: "qcloud-loadbalance-id",
    },
}


def _known(table: Endings, value: Value, *, written_by_tke: bool = False) -> Iterator[Known]:
    for on, prefixes in table.items():
        for prefix, endings in prefixes.items():
            for ending in endings.split():
                yield Known(f"{prefix}{ending}", on, value, written_by_tke=written_by_tke)


KNOWN: Mapping[str, Known] = {
    known.key: known
    for known in (
        *_FIXED,
        *_known(_FLAGS, Value.FLAG),
        *_known(_JSON, Value.JSON),
        *_known(_TEXTS, Value.TEXT),
        *_known(_GROUPS, Value.GROUPS),
        *_known(_WRITTEN, Value.TEXT, written_by_tke=True),
        Known(keys.NOMINATED_SUBNETS, _P, Value.SUBNETS),
    )
}
"""The known annotations by key."""

FIXED: Mapping[On, tuple[Known, ...]] = {
    on: tuple(known for known in KNOWN.values() if known.on is on and known.fixed)
    for on in (On.SERVICE, On.INGRESS)
}
"""The annotations that TKE reads only when the load balancer is created, by object."""

PREFIXES = (
    _SERVICE,
    _SERVICE_OLD,
    _INGRESS,
    _INGRESS_OLD,
    "kubernetes.io/service.",
    _POD,
    _SUPER,
    "networking.tke.cloud.tencent.com/",
)
"""Prefixes of TKE's keys."""

OF_OTHERS = frozenset({"service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"})
"""Keys of Kubernetes under a prefix of TKE."""


def tke_prefix(key: str) -> str:
    """The prefix of TKE that the key has; empty if the key is not TKE's."""
    return next((prefix for prefix in PREFIXES if key.startswith(prefix)), "") if key not in OF_OTHERS else ""


V = TypeVar("V")


def flag(value: bool) -> str:
    """The value of a flag as text: Kubernetes refuses a boolean; TKE reads only these two texts (E4037)."""
    return "true" if value else "false"


def pod_annotations(eni: bool, keep_address: bool, direct_fronts: Sequence[str] = ()) -> dict[str, str]:
    """Pod-template annotations. Without them a pod is on GlobalRouter.

    `direct_fronts` names the objects (`service`, `ingress`) whose load balancer sends to the pods directly.
    TKE adds its readiness gate only to new pods, so an annotation of ours makes Kubernetes replace the pods
    when `direct_fronts` changes.
    """
    found: dict[str, str] = {}
    if eni:
        found[keys.NETWORKS] = keys.ROUTE_ENI
    if keep_address:
        found[keys.CLAIM_DELETE_POLICY] = keys.KEEP_ADDRESS
    if direct_fronts:
        found[keys.DIRECT_FRONTS] = "+".join(direct_fronts)
    return found


def eni_resources() -> dict[str, dict[str, str]]:
    """Resources of the first container of an ENI pod; Kubernetes needs equal requests and limits of them."""
    return {"requests": {keys.ENI_IP: "1"}, "limits": {keys.ENI_IP: "1"}}


def service_annotations(direct: bool, placement: Mapping[str, V]) -> dict[str, str | V]:
    """Annotations of a Service of type LoadBalancer.

    Direct access is always written: newer controllers enable it for new Services without an annotation
    (457/131136).
    """
    grace = {keys.SERVICE_GRACE_DELETION: flag(True)} if direct else {}
    return {keys.SERVICE_DIRECT_ACCESS: flag(direct), **grace, **placement}


def ingress_annotations(direct: bool, placement: Mapping[str, V]) -> dict[str, str | V]:
    """Annotations of an Ingress for TKE's own controller."""
    grace = {keys.INGRESS_GRACE_DELETION: flag(True)} if direct else {}
    access = {keys.INGRESS_DIRECT_ACCESS: flag(direct), **grace}
    return {keys.INGRESS_CLASS_KEY: keys.INGRESS_CLASS, **access, **placement}
