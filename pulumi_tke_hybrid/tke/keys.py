"""Annotation keys, resource names and values that TKE understands, each with its source.

Sources: *article* is "Getting the most out of TKE's hybrid network mode" (2021-02-05); numbers are documents of
cloud.tencent.com/document/product.
"""

NETWORKS = "tke.cloud.tencent.com/networks"
"""Pod-template annotation that selects the pod network; absent means GlobalRouter. Article."""

ROUTE_ENI = "tke-route-eni"
"""Value of `NETWORKS` for the shared ENI, the well-documented mode of a hybrid cluster. Article."""

ENI_IP = "tke.cloud.tencent.com/eni-ip"
"""Extended resource that asks the scheduler for one ENI address; requests and limits, first container only. Article."""

CLAIM_DELETE_POLICY = "tke.cloud.tencent.com/vpc-ip-claim-delete-policy"
"""Pod-template annotation; `Never` keeps the address of a StatefulSet's pod name. Article, step 14."""

KEEP_ADDRESS = "Never"

SERVICE_DIRECT_ACCESS = "service.cloud.tencent.com/direct-access"
"""Service annotation, `"true"`: the load balancer sends to pod addresses. 457/41897."""

SERVICE_GRACE_DELETION = "service.cloud.tencent.com/enable-grace-deletion"
"""Service annotation: a pod goes only after the load balancer unbound it; direct access only. 457/109977."""

SERVICE_INTERNAL_SUBNET = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
"""Service annotation: internal load balancer with an address of that subnet; cannot change in place. 457/90598."""

SERVICE_EXISTING_LB = "service.kubernetes.io/tke-existed-lbid"
"""Service annotation: use a load balancer that the user made; cannot change in place. 457/90598."""

SERVICE_CHARGE_TYPE = "service.kubernetes.io/qcloud-loadbalancer-internet-charge-type"
SERVICE_BANDWIDTH = "service.kubernetes.io/qcloud-loadbalancer-internet-max-bandwidth-out"
"""Service annotations of a public load balancer, read at its creation only."""

INGRESS_CLASS = "qcloud"
"""Ingress class of TKE's own load balancer controller."""

INGRESS_CLASS_KEY = "kubernetes.io/ingress.class"
"""The class as an annotation: older controllers read nothing else, newer ones still read it."""

INGRESS_DIRECT_ACCESS = "ingress.cloud.tencent.com/direct-access"
INGRESS_GRACE_DELETION = "ingress.cloud.tencent.com/enable-grace-deletion"
INGRESS_INTERNAL_SUBNET = "kubernetes.io/ingress.subnetId"
INGRESS_EXISTING_LB = "kubernetes.io/ingress.existLbId"
INGRESS_CHARGE_TYPE = "kubernetes.io/ingress.internetChargeType"
INGRESS_BANDWIDTH = "kubernetes.io/ingress.internetMaxBandwidthOut"
"""The Ingress twins of the Service keys. 457/41897 and the Ingress annotation reference."""

READINESS_GATE = "cloud.tencent.com/load-balancer-backendgroup-ready"
"""Pod condition that TKE adds when a direct Service selects the pod at its creation. 457/41897."""

ZONE_LABEL = "topology.kubernetes.io/zone"
"""Node label; its value on TKE is numeric (`100004`), so spread by the key and never match zone names."""

DIRECT_FRONTS = "tke-hybrid/direct"
"""Our own pod-template annotation: `service`, `ingress` or `service+ingress`. A change rolls the pods, so that they get their gates."""

OWNED_PREFIXES = (
    "tke-hybrid/",
    "tke.cloud.tencent.com/",
    "service.cloud.tencent.com/",
    "ingress.cloud.tencent.com/",
    "service.kubernetes.io/qcloud-",
    "service.kubernetes.io/tke-existed-lbid",
    "kubernetes.io/ingress.",
)
"""Prefixes under which a component writes keys of its own; used to refuse contradictions."""
