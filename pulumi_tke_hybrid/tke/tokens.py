"""Type tokens of the resources that the rules know, as `tke.resource_types.canonical` returns them."""

CLUSTER = "tencentcloud:Kubernetes/cluster:Cluster"
NODE_POOL = "tencentcloud:Kubernetes/nodePool:NodePool"
NATIVE_NODE_POOL = "tencentcloud:Kubernetes/nativeNodePool:NativeNodePool"
SERVERLESS_NODE_POOL = "tencentcloud:Kubernetes/serverlessNodePool:ServerlessNodePool"
SCALE_WORKER = "tencentcloud:Kubernetes/scaleWorker:ScaleWorker"
CLUSTER_ATTACHMENT = "tencentcloud:Kubernetes/clusterAttachment:ClusterAttachment"
AS_SCALING_GROUP = "tencentcloud:Kubernetes/asScalingGroup:AsScalingGroup"
ENDPOINT = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
ADDON = "tencentcloud:Kubernetes/addon:Addon"
ADDON_ATTACHMENT = "tencentcloud:Kubernetes/addonAttachment:AddonAttachment"
ADDON_CONFIG = "tencentcloud:Kubernetes/addonConfig:AddonConfig"
ADDONS = (ADDON, ADDON_ATTACHMENT, ADDON_CONFIG)
POOLS = (NODE_POOL, NATIVE_NODE_POOL, SERVERLESS_NODE_POOL, SCALE_WORKER, CLUSTER_ATTACHMENT, AS_SCALING_GROUP)
"""Whatever gives a cluster nodes."""

VPC = "tencentcloud:Vpc/instance:Instance"
SUBNET = "tencentcloud:Subnet/instance:Instance"
MACHINE = "tencentcloud:Instance/instance:Instance"
SECURITY_GROUP = "tencentcloud:Security/group:Group"
RULE_SET = "tencentcloud:Security/groupRuleSet:GroupRuleSet"
LITE_RULES = "tencentcloud:Security/groupLiteRule:GroupLiteRule"
GROUP_RULE = "tencentcloud:Security/groupRule:GroupRule"
LOAD_BALANCER = "tencentcloud:Clb/instance:Instance"
LISTENER = "tencentcloud:Clb/listener:Listener"
LISTENER_RULE = "tencentcloud:Clb/listenerRule:ListenerRule"
CERTIFICATE = "tencentcloud:Ssl/certificate:Certificate"

SWITCH = "pulumi-python:dynamic/tke-hybrid:VpcCni"
HYBRID_CLUSTER = "tke-hybrid:index:HybridCluster"
POD_SUBNET = "tke-hybrid:index:EniZoneSubnet"

SERVICE = "kubernetes:core/v1:Service"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
CONFIG_MAPS = ("kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:ConfigMapPatch")
IPAMD_WORKLOADS = (DEPLOYMENT, "kubernetes:apps/v1:DeploymentPatch")
PROVIDERS = "pulumi:providers:"
