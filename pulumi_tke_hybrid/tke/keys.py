"""Annotation keys, resource names and values that TKE understands, each with its source.

Sources: *article* is "Getting the most out of TKE's hybrid network mode" (2021-02-05); numbers are documents
of
cloud.tencent.com/document/product.
"""

NETWORKS = "tke.cloud.tencent.com/networks"
"""Pod-template annotation that selects the pod network; absent means GlobalRouter. Article."""

ROUTE_ENI = "tke-route-eni"
"""Value of `NETWORKS` for the shared ENI, the well-documented mode of a hybrid cluster. Article."""

ENI_IP = "tke.cloud.tencent.com/eni-ip"
"""Extended resource that asks the scheduler for one ENI address; requests and limits, first container only.
Article."""

ENI_RESOURCES = {
    ROUTE_ENI: ENI_IP,
    "tke-direct-eni": "tke.cloud.tencent.com/direct-eni",
    "tke-sub-eni": "tke.cloud.tencent.com/sub-eni",
}
"""Every network of VPC-CNI that a pod may select (shared, exclusive and trunked ENI), and the resource that
each one asks for."""

CLAIM_DELETE_POLICY = "tke.cloud.tencent.com/vpc-ip-claim-delete-policy"
"""Pod-template annotation; `Never` keeps the address of a StatefulSet's pod name. Article, step 14."""

KEEP_ADDRESS = "Never"

SERVICE_DIRECT_ACCESS = "service.cloud.tencent.com/direct-access"
"""Service annotation, `"true"`: the load balancer sends to pod addresses. 457/41897."""

SERVICE_GRACE_DELETION = "service.cloud.tencent.com/enable-grace-deletion"
"""Service annotation: a pod goes only after the load balancer unbound it; direct access only. 457/109977."""

SERVICE_INTERNAL_SUBNET = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
"""Service annotation: internal load balancer with an address of that subnet; cannot change in place.
457/90598."""

SERVICE_EXISTING_LB = "service.kubernetes.io/tke-existed-lbid"
"""Service annotation: use a load balancer that the user made; cannot change in place. 457/90598."""

SERVICE_CHARGE_TYPE = "service.kubernetes.io/qcloud-loadbalancer-internet-charge-type"
SERVICE_BANDWIDTH = "service.kubernetes.io/qcloud-loadbalancer-internet-max-bandwidth-out"
"""Service annotations of a public load balancer, read at its creation only."""

SERVICE_PARAMETERS = "service.kubernetes.io/service.extensiveParameters"
"""Service annotation: parameters of CreateLoadBalancer as JSON, read at creation only. 457/51258."""

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
INGRESS_PARAMETERS = "kubernetes.io/ingress.extensiveParameters"
"""The Ingress twins of the Service keys. 457/41897 and the Ingress annotation reference."""

READINESS_GATE = "cloud.tencent.com/load-balancer-backendgroup-ready"
"""Pod condition that TKE adds when a direct Service selects the pod at its creation. 457/41897."""

ZONE_LABEL = "topology.kubernetes.io/zone"
"""Node label; its value on TKE is numeric (`100004`), so spread by the key and never match zone names."""

CBS_ZONE_LABEL = "topology.com.tencent.cloud.csi.cbs/zone"
"""Node label of the CBS add-on: the zone's name."""

INSTANCE_TYPE_LABEL = "node.kubernetes.io/instance-type"
SUPER_NODE = "eklet"
"""The instance type of a super node: no machine, no ENI, no zone of its own."""

EXTERNAL_NODE = "external"
"""The instance type of a registered node: a machine outside of the cloud, which no ENI can be attached to."""

DIRECT_FRONTS = "tke-hybrid/direct"
"""Our own pod-template annotation: `service`, `ingress` or `service+ingress`. A change rolls the pods, so
that they get their gates."""

CLAIM_EXPIRED_DURATION = "tke.cloud.tencent.com/claim-expired-duration"
"""Pod-template annotation, a Go duration: how long TKE keeps this pod's address once it is gone; ipamd >=
3.3.2, static IPs."""

NOMINATED_SUBNETS = "tke.cloud.tencent.com/nominated-eni-subnets"
"""Pod-template annotation, a comma list of container subnets for this pod; ipamd >= 3.4.3, static IPs."""

POD_SECURITY_GROUP = "tke.cloud.tencent.com/security-group-id"
"""Not for us: on the shared ENI, security groups belong to the node's interface, not to a pod."""

SERVICE_SECURITY_GROUPS = "service.cloud.tencent.com/security-groups"
SERVICE_PASS_TO_TARGET = "service.cloud.tencent.com/pass-to-target"  # noqa: S105 - no password
SERVICE_PROTOCOLS = "service.cloud.tencent.com/specify-protocol"
"""JSON by port, e.g. `{"443": {"protocol": ["TCP_SSL"], "tls": "secret"}}`: what a Kubernetes Service cannot
say."""

SERVICE_CONFIG = "service.cloud.tencent.com/tke-service-config"
"""Name of the `TkeServiceConfig` with session, scheduler and health check of the listeners."""

SERVICE_LOCAL_NODES = "service.kubernetes.io/local-svc-only-bind-node-with-pod"
"""With `externalTrafficPolicy: Local`: only nodes that hold a pod are bound."""

INGRESS_SECURITY_GROUPS = "ingress.cloud.tencent.com/security-groups"
INGRESS_PASS_TO_TARGET = "ingress.cloud.tencent.com/pass-to-target"  # noqa: S105 - no password
INGRESS_REDIRECT = "ingress.cloud.tencent.com/auto-rewrite"
"""`"true"`: every HTTP request is answered with a redirect to HTTPS. Switched off with `"false"`, not by
removal."""

INGRESS_RULE_MIX = "kubernetes.io/ingress.rule-mix"
INGRESS_RULE_MIX_BOTH = "ingress.cloud.tencent.com/rule-mix-both"
"""`"true"`: the same rules on HTTP and on HTTPS; controller >= 2.8.0."""

INGRESS_LISTEN_PORTS = "ingress.cloud.tencent.com/listen-ports"
"""The ports of the listeners as a JSON list, e.g. `[{"HTTP": 8080}, {"HTTPS": 8443}]`; controller >=
2.4.1."""

INGRESS_HTTP_RULES = "kubernetes.io/ingress.http-rules"
INGRESS_HTTPS_RULES = "kubernetes.io/ingress.https-rules"
"""With `rule-mix`: which rules are on which protocol, as JSON."""

CERTIFICATE_ID = "qcloud_cert_id"
"""The one key of a Secret that names a certificate of Tencent's; a Secret of type `kubernetes.io/tls` is
refused (E4011)."""

SERVICE_CONFIG_API = "cloud.tencent.com/v1alpha1"
SERVICE_CONFIG_KIND = "TkeServiceConfig"

SERVICE_LB_ID = "service.kubernetes.io/loadbalance-id"
INGRESS_LB_ID = "kubernetes.io/ingress.qcloud-loadbalance-id"
"""Written by TKE: the load balancer that it made or took."""

POD_KEYS = frozenset(
    {NETWORKS, CLAIM_DELETE_POLICY, CLAIM_EXPIRED_DURATION, NOMINATED_SUBNETS, DIRECT_FRONTS}
)
SERVICE_KEYS = frozenset(
    {
        SERVICE_DIRECT_ACCESS,
        SERVICE_GRACE_DELETION,
        SERVICE_INTERNAL_SUBNET,
        SERVICE_EXISTING_LB,
        SERVICE_CHARGE_TYPE,
        SERVICE_BANDWIDTH,
        SERVICE_SECURITY_GROUPS,
        SERVICE_PASS_TO_TARGET,
        SERVICE_PROTOCOLS,
        SERVICE_CONFIG,
        SERVICE_LOCAL_NODES,
    }
)
INGRESS_KEYS = frozenset(
    {
        INGRESS_CLASS_KEY,
        INGRESS_DIRECT_ACCESS,
        INGRESS_GRACE_DELETION,
        INGRESS_INTERNAL_SUBNET,
        INGRESS_EXISTING_LB,
        INGRESS_CHARGE_TYPE,
        INGRESS_BANDWIDTH,
        INGRESS_SECURITY_GROUPS,
        INGRESS_PASS_TO_TARGET,
        INGRESS_REDIRECT,
        INGRESS_RULE_MIX,
        INGRESS_HTTP_RULES,
        INGRESS_HTTPS_RULES,
    }
)
"""What a component writes from its own properties; a user's own annotations may not say it again."""

WRITTEN_BY_TKE = frozenset({SERVICE_LB_ID, INGRESS_LB_ID})
OURS = "tke-hybrid/"
"""Prefix of our own annotations."""
