"""Names that TKE and the lab use on Kubernetes objects, in one place for the stand-in controllers."""

# Pod network
NETWORKS = "tke.cloud.tencent.com/networks"
ROUTE_ENI = "tke-route-eni"
ENI_IP = "tke.cloud.tencent.com/eni-ip"
CLAIM_DELETE_POLICY = "tke.cloud.tencent.com/vpc-ip-claim-delete-policy"
CLAIM_EXPIRED_DURATION = "tke.cloud.tencent.com/claim-expired-duration"
NOMINATED_SUBNETS = "tke.cloud.tencent.com/nominated-eni-subnets"
NO_ENI_IP_LIMIT_LABEL = "not-add-pod-eni-ip-limit"
POD_IP = "lab.tke/pod-ip"
"""The lab's own: the KWOK stage turns a pod with this annotation into a running one with this address."""
DELETION_HOLD = "lab.tke/deletion-hold"
"""The lab's own, for the kubelet's protection of pods that a CLB still has: "true", then the time when it ended."""

# Nodes
INSTANCE_ID = "cloud.tencent.com/node-instance-id"
NODE_POOL_ID = "tke.cloud.tencent.com/nodepool-id"

# ipamd
IPAMD = "tke-eni-ipamd"
ENI_AGENT = "tke-eni-agent"
SUBNET_ID_KEY = "TKE_ENI_IPAMD_SUBNET_ID"
VPC_ID_KEY = "TKE_ENI_IPAMD_VPC_ID"
ZONE_KEY = "TKE_ENI_IPAMD_ZONE"
TKE_MANAGER = "tke-controller-manager"

# Service
SERVICE_DIRECT = "service.cloud.tencent.com/direct-access"
SERVICE_SUBNET = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
SERVICE_EXISTING = "service.kubernetes.io/tke-existed-lbid"
SERVICE_LB_ID = "service.kubernetes.io/loadbalance-id"
SERVICE_PROTECTION = "service.cloud.tencent.com/modification-protection"
SERVICE_CLIENT_TOKEN = "service.cloud.tencent.com/client-token"
SERVICE_SYNC_BEGIN = "service.cloud.tencent.com/sync-begin-time"
SERVICE_SYNC_END = "service.cloud.tencent.com/sync-end-time"
SERVICE_PROTOCOL = "service.cloud.tencent.com/specify-protocol"
SERVICE_LOCAL_NODES = "service.kubernetes.io/local-svc-only-bind-node-with-pod"
SERVICE_GRACE = "service.cloud.tencent.com/enable-grace-deletion"
SERVICE_MODE = "service.cloud.tencent.com/mode"
SERVICE_FINALIZER = "service.k8s.tencent/resources"
SERVICE_CONTROLLER = "service-controller"
SERVICE_CONFIG = "tke-service-controller-config"

# Ingress
INGRESS_DIRECT = "ingress.cloud.tencent.com/direct-access"
INGRESS_SUBNET = "kubernetes.io/ingress.subnetId"
INGRESS_EXISTING = "kubernetes.io/ingress.existLbId"
INGRESS_LB_ID = "kubernetes.io/ingress.qcloud-loadbalance-id"
INGRESS_GRACE = "ingress.cloud.tencent.com/enable-grace-deletion"
INGRESS_CLASS = "kubernetes.io/ingress.class"
INGRESS_CLASS_NAME = "qcloud"
INGRESS_FINALIZER = "ingress.k8s.tencent/resources"
INGRESS_CONTROLLER = "l7-lb-controller"
INGRESS_CONFIG = "tke-ingress-controller-config"

# Readiness
READINESS_GATE = "cloud.tencent.com/load-balancer-backendgroup-ready"
READINESS_REASON = "LoadBalancerNetworkGroupReady"
NOT_READY_REASON = "LoadBalancerNetworkGroupNotReady"
"""Inferred from the other one; that the condition is there and False before it is True was seen on TKE."""

KUBE_SYSTEM = "kube-system"
