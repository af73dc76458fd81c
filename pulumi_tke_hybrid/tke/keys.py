"""Annotation keys, labels, resource names and their values that TKE understands, each with its source.

*Article* is "Getting the most out of TKE's hybrid network mode" (2021-02-05); numbers are documents of
cloud.tencent.com/document/product. `tke.annotations` has the table of all known annotations.
"""

NETWORKS = "tke.cloud.tencent.com/networks"
"""Pod-template annotation that selects the pod network; absent means GlobalRouter. Article."""

ROUTE_ENI = "tke-route-eni"
"""Value of `NETWORKS` for the shared ENI, the well-documented mode of a hybrid cluster. Article."""

ENI_IP = "tke.cloud.tencent.com/eni-ip"
"""Extended resource of one ENI address: requests and limits of the first container only. Article."""

ENI_RESOURCES = {
    ROUTE_ENI: ENI_IP,
    "tke-direct-eni": "tke.cloud.tencent.com/direct-eni",
    "tke-sub-eni": "tke.cloud.tencent.com/sub-eni",
}
"""The networks of VPC-CNI that a pod may select (shared, exclusive and trunked ENI), and the resource of
each."""

CLAIM_DELETE_POLICY = "tke.cloud.tencent.com/vpc-ip-claim-delete-policy"
"""Pod-template annotation; `Never` keeps the address of a StatefulSet's pod name. Article, step 14."""

KEEP_ADDRESS = "Never"

SERVICE_DIRECT_ACCESS = "service.cloud.tencent.com/direct-access"
"""Service annotation, `"true"`: the load balancer sends to pod addresses. 457/41897."""

SERVICE_GRACE_DELETION = "service.cloud.tencent.com/enable-grace-deletion"
"""Service annotation: a pod ends only after the load balancer has unbound the pod; direct access only.
457/109977."""

SERVICE_INTERNAL_SUBNET = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
"""Service annotation: internal load balancer with an address of that subnet; cannot change in place.
457/90598."""

SERVICE_EXISTING_LB = "service.kubernetes.io/tke-existed-lbid"
"""Service annotation: use an existing load balancer; cannot change in place. 457/90598."""

SERVICE_CHARGE_TYPE = "service.kubernetes.io/qcloud-loadbalancer-internet-charge-type"
SERVICE_BANDWIDTH = "service.kubernetes.io/qcloud-loadbalancer-internet-max-bandwidth-out"
"""Service annotations of a public load balancer, read at its creation only."""

SERVICE_PARAMETERS = "service.kubernetes.io/service.extensiveParameters"
"""Service annotation: parameters of CreateLoadBalancer as JSON, read at creation only. 457/51258."""

INGRESS_CLASS = "qcloud"
"""Ingress class of TKE's own load balancer controller."""

INGRESS_CLASS_KEY = "kubernetes.io/ingress.class"
"""The class as an annotation: older controllers read only the annotation, newer controllers read it too."""

INGRESS_DIRECT_ACCESS = "ingress.cloud.tencent.com/direct-access"
INGRESS_GRACE_DELETION = "ingress.cloud.tencent.com/enable-grace-deletion"
INGRESS_INTERNAL_SUBNET = "kubernetes.io/ingress.subnetId"
INGRESS_EXISTING_LB = "kubernetes.io/ingress.existLbId"
INGRESS_CHARGE_TYPE = "kubernetes.io/ingress.internetChargeType"
INGRESS_BANDWIDTH = "kubernetes.io/ingress.internetMaxBandwidthOut"
INGRESS_PARAMETERS = "kubernetes.io/ingress.extensiveParameters"
"""The same keys for an Ingress. 457/41897 and the Ingress annotation reference."""

READINESS_GATE = "cloud.tencent.com/load-balancer-backendgroup-ready"
"""Pod condition that TKE adds when a direct Service selects the pod at its creation. 457/41897."""

NAME_LABEL = "app.kubernetes.io/name"
"""The label by which the objects of a workload select their pods by default."""

ZONE_LABEL = "topology.kubernetes.io/zone"
"""Node label; its value on TKE is numeric (`100004`), so spread by the key and never match zone names."""

CBS_ZONE_LABEL = "topology.com.tencent.cloud.csi.cbs/zone"
"""Node label of the CBS add-on: the zone's name."""

INSTANCE_TYPE_LABEL = "node.kubernetes.io/instance-type"
SUPER_NODE = "eklet"
"""The instance type of a super node: no instance (CVM), no ENI, no zone of its own."""

EXTERNAL_NODE = "external"
"""The instance type of a registered node: a computer outside the cloud, which can have no ENI."""

DIRECT_FRONTS = "tke-hybrid/direct"
"""Our own pod-template annotation: `service`, `ingress` or `service+ingress`. A change replaces the pods, so
that the new pods get their readiness gates."""

CLAIM_EXPIRED_DURATION = "tke.cloud.tencent.com/claim-expired-duration"
"""Pod-template annotation, a Go duration: how long TKE keeps the address of the deleted pod; ipamd >= 3.3.2,
static IPs."""

NOMINATED_SUBNETS = "tke.cloud.tencent.com/nominated-eni-subnets"
"""Pod-template annotation, a comma list of container subnets of the pod; ipamd >= 3.4.3, static IPs."""

POD_SECURITY_GROUP = "tke.cloud.tencent.com/security-group-id"
"""Without effect on the shared ENI: security groups belong to the node's interface, not to a pod."""

SERVICE_SECURITY_GROUPS = "service.cloud.tencent.com/security-groups"
SERVICE_PASS_TO_TARGET = "service.cloud.tencent.com/pass-to-target"  # noqa: S105 - no password
SERVICE_PROTOCOLS = "service.cloud.tencent.com/specify-protocol"
"""Protocols of the listeners that a Kubernetes Service has no field for, as JSON by port, e.g. `{"443":
{"protocol": ["TCP_SSL"], "tls": "secret"}}`."""

SERVICE_CONFIG = "service.cloud.tencent.com/tke-service-config"
"""Name of the `TkeServiceConfig` with session, scheduler and health check of the listeners."""

SERVICE_LOCAL_NODES = "service.kubernetes.io/local-svc-only-bind-node-with-pod"
"""With `externalTrafficPolicy: Local`: only nodes that hold a pod are bound."""

INGRESS_SECURITY_GROUPS = "ingress.cloud.tencent.com/security-groups"
INGRESS_PASS_TO_TARGET = "ingress.cloud.tencent.com/pass-to-target"  # noqa: S105 - no password
INGRESS_REDIRECT = "ingress.cloud.tencent.com/auto-rewrite"
"""`"true"`: HTTP requests are redirected to HTTPS. `"false"` ends the redirect; the removal of the key does
not."""

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
"""The key of a Secret that names a Tencent Cloud certificate; a Secret of type `kubernetes.io/tls` is refused
(E4011)."""

SERVICE_CONFIG_API = "cloud.tencent.com/v1alpha1"
SERVICE_CONFIG_KIND = "TkeServiceConfig"

SERVICE_LB_ID = "service.kubernetes.io/loadbalance-id"
INGRESS_LB_ID = "kubernetes.io/ingress.qcloud-loadbalance-id"
"""Written by TKE: the load balancer that TKE created or uses."""

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
"""Keys that a component writes from its own properties; a program may not give these annotations."""

WRITTEN_BY_TKE = frozenset({SERVICE_LB_ID, INGRESS_LB_ID})
OURS = "tke-hybrid/"
"""Prefix of our own annotations."""
