"""Wrong workloads, each with the line of its error."""

from typing import Any

import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke
from tests.unit.workloads import SUBNET

core = kubernetes.core.v1
CERTIFICATE = "AbCd1234"
FACTS: dict[str, Any] = {
    "staticIp": True,
    "zones": {
        "ap-guangzhou-4": [{"subnetId": "subnet-44444444", "cidrBlock": "10.0.4.0/28"}],
        "ap-guangzhou-6": [{"subnetId": "subnet-66666666", "cidrBlock": "10.0.6.0/28"}],
    },
}
ADDRESSES = 26


def ingress(**more: Any) -> dict[str, Any]:
    return {"exposure": tke.public(), **more}


def whole(**more: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"containers": [core.ContainerArgs(name="a", image="a")], **more}
    return {"image": None, "pod_spec": core.PodSpecArgs(**described)}


EXISTING = tke.existing_clb("lb-12345678")
ASKING = core.ContainerArgs(
    name="b", image="b", resources=core.ResourceRequirementsArgs(limits={"tke.cloud.tencent.com/eni-ip": "1"})
)
OVERLAY = {"network": "global_route"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    # the pod
    (
        {"containers": [core.ContainerArgs(name="a", image="a")]},
        "containers: exactly one of image, containers and pod_spec is needed",
    ),
    ({"image": None}, "image: exactly one of image, containers and pod_spec is needed"),
    ({"image": None, "containers": []}, "containers: is empty; a pod has at least one container"),
    (
        {"image": None, "containers": [core.ContainerArgs(name="a", image="a")], "env": {"A": "b"}},
        "env: belongs to image; with containers each container carries its own",
    ),
    ({**whole(), "node_selector": {"a": "b"}}, "node_selector: is part of pod_spec; give it there"),
    (
        whole(host_network=True),
        (
            "pod_spec.host_network: True shares the node's address; such a pod gets no ENI address and cannot"
            " stand behind a direct load balancer; leave it out"
        ),
    ),
    (
        whole(termination_grace_period_seconds=10),
        (
            "pod_spec.termination_grace_period_seconds: 10 s leaves the application no time after "
            "15 s of rollout.pre_stop_seconds, it would be "
            "killed; use more"
        ),
    ),
    (
        {"image": None, "containers": [core.ContainerArgs(name="a", image="a"), ASKING]},
        (
            "containers[1].resources: requests an ENI address; the component requests the address on the"
            " first container, so the pod would take two; leave it out"
        ),
    ),
    (
        {"init_containers": [ASKING]},
        (
            "init_containers[0].resources: requests an ENI address; the component requests the address on the"
            " first container, so the pod would take two; leave it out"
        ),
    ),
    (
        {"volume_claims": [core.PersistentVolumeClaimArgs()]},
        "volume_claims: needs kind='statefulset'; a Deployment's pods share their volumes; use volumes",
    ),
    # addresses
    (
        {"fixed_ip": True},
        (
            "fixed_ip: needs kind='statefulset'; TKE keeps addresses by pod name, so only pods with stable"
            " names keep theirs; of a Deployment each new pod has a new name"
        ),
    ),
    (
        {"fixed_ip": True, "kind": "statefulset", **OVERLAY},
        "fixed_ip: needs network='eni'; overlay addresses cannot be kept",
    ),
    (
        {"ip_reclaim": "600s", **OVERLAY},
        "ip_reclaim: needs network='eni'; the overlay knows no such setting; leave it out",
    ),
    (
        {"nominated_subnets": ["subnet-44444444"], **OVERLAY},
        "nominated_subnets: needs network='eni'; the overlay knows no such setting; leave it out",
    ),
    (
        {"ip_reclaim": "20s"},
        "ip_reclaim: 20 s is outside 300 to 15768000 s, the range TKE accepts; use after(300)",
    ),
    (
        {"ip_reclaim": "never"},
        "ip_reclaim: TKE has no 'never' for a single pod; use after(seconds), or set never() on the cluster",
    ),
    # ports and listeners
    (
        {"ports": [{"port": 80}, {"port": 80}]},
        "ports[1].port: 80/TCP is listed twice; a Service has each port once",
    ),
    (
        {"ports": [{"port": 53}, {"port": 53, "protocol": "UDP"}], "direct": False},
        (
            "ports[1].port: 53 has TCP and UDP; TKE offers both on one port only with direct access; set"
            " direct=True, or use two ports"
        ),
    ),
    (
        {"ports": [{"port": 80, "protocol": "tcp"}]},
        "ports[0].protocol: 'tcp' is not a protocol of a Service; use 'TCP', 'UDP' or 'TCP_SSL'",
    ),
    (
        {"ports": [{"port": 443, "protocol": "TCP_SSL"}]},
        (
            "ports[0].certificate_id: belongs to protocol 'TCP_SSL', and only to it; the load balancer needs"
            " it to end TLS"
        ),
    ),
    (
        {"listener": {"health_check": {"interval": 5, "timeout": 5}}},
        (
            "listener.health_check.timeout: 5 s is not below the interval of 5 s; a check must end before the"
            " next one begins"
        ),
    ),
    (
        {"listener": {"session_seconds": 10}},
        "listener.session_seconds: 10 s is outside 30 to 3600 s, the range TKE accepts",
    ),
    (
        {"listener": {"session_seconds": 60}, "exposure": tke.not_exposed()},
        (
            "listener: is about the Service's load balancer, and exposure 'none' has none; leave it out, or"
            " choose an exposure"
        ),
    ),
    # the load balancer
    (
        {"exposure": {"kind": "internal"}},
        "exposure.subnet_id: is required for kind 'internal'",
    ),
    (
        {"exposure": {"kind": "public", "subnet_id": SUBNET}},
        (
            "exposure.subnet_id: belongs to a load balancer of kind 'internal', this one is 'public'; leave"
            " it out"
        ),
    ),
    (
        {"exposure": {"kind": "internal", "subnet_id": SUBNET, "bandwidth": 5}},
        (
            "exposure.bandwidth: belongs to a load balancer of kind 'public', this one is 'internal'; leave"
            " it out"
        ),
    ),
    (
        {"exposure": {"kind": "existing", "load_balancer_id": "lb-12345678", "pass_to_target": True}},
        (
            "exposure.pass_to_target: TKE sets it only on load balancers that it makes, this one is"
            " 'existing'; leave it out, and set LoadBalancerPassToTarget on a load balancer of your own"
        ),
    ),
    (
        {"exposure": {"kind": "public", "security_groups": ["sg-12345678"] * 6}},
        "exposure.security_groups: 6 groups; a load balancer takes 1 to 5, leave it out for none",
    ),
    (
        {"exposure": {"kind": "public", "bandwidth": 4000}},
        "exposure.bandwidth: 4000 Mbit/s is outside 1 to 2048, the range of a load balancer",
    ),
    # the Ingress
    ({"ingress": ingress(port=81)}, "ingress.port: 81 is none of the workload's ports (80)"),
    (
        {"ingress": ingress(paths=[{"path": "/", "port": 81}])},
        "ingress.paths[0].port: 81 is none of the workload's ports (80)",
    ),
    ({"ingress": ingress(path="shop")}, "ingress.path: 'shop' does not start with '/'"),
    (
        {"ingress": ingress(path="/", paths=[{"path": "/"}])},
        "ingress.paths: path is given as well; give one of them",
    ),
    (
        {"ingress": ingress(hosts=["shop"])},
        (
            "ingress.hosts[0]: 'shop' is not a host TKE accepts (E4052); it needs a dot, for example"
            " 'shop.example.com'"
        ),
    ),
    (
        {"ingress": ingress(redirect=True)},
        "ingress.redirect: needs certificate_id; without HTTPS there is only one protocol",
    ),
    (
        {"ingress": ingress(certificate_id=CERTIFICATE, redirect=True, both_protocols=True)},
        "ingress.both_protocols: contradicts redirect: HTTP either serves or redirects; leave one out",
    ),
    (
        {"ingress": {"exposure": tke.not_exposed()}},
        (
            "ingress.exposure.kind: 'none' makes no Ingress; choose public, internal or existing, or leave"
            " ingress out"
        ),
    ),
    (
        {"exposure": EXISTING, "ingress": {"exposure": EXISTING}},
        (
            "ingress.exposure.load_balancer_id: lb-12345678 is the Service's; TKE refuses to share a load"
            " balancer between a Service and an Ingress; give the Ingress another one"
        ),
    ),
    # annotations and names
    (
        {"pod_annotations": {"tke.cloud.tencent.com/networks": "x"}},
        (
            "pod_annotations: tke.cloud.tencent.com/networks is written by the component from its own"
            " properties; set the property, or change the object with a Pulumi transform"
        ),
    ),
    (
        {"service_annotations": {"service.kubernetes.io/loadbalance-id": "lb-12345678"}},
        (
            "service_annotations: service.kubernetes.io/loadbalance-id is written by TKE and "
            "names the load balancer; to choose a load balancer, "
            "use existing_clb(id)"
        ),
    ),
    (
        {"pod_annotations": {"tke.cloud.tencent.com/security-group-id": "sg-12345678"}},
        (
            "pod_annotations: tke.cloud.tencent.com/security-group-id has no effect on the shared "
            "ENI, which has the security groups of the node; set "
            "the groups of the ENIs (ipamd) instead"
        ),
    ),
    (
        {"labels": {"app.kubernetes.io/name": "x"}},
        "labels: app.kubernetes.io/name selects the pods and is the object's name; give another label",
    ),
    ({"selector": {}}, "selector: is empty and would select every pod; leave it out, or give labels"),
    # rollout
    (
        {"rollout": {"pre_stop_seconds": 40, "termination_grace_seconds": 40}},
        (
            "rollout.termination_grace_seconds: 40 s leaves the application no time after 40 s of"
            " pre_stop_seconds, it would be killed; use 70"
        ),
    ),
    # the cluster's facts
    (
        {"replicas": 27, "cluster_facts": FACTS},
        (
            "replicas: 27 pods need as many ENI addresses, and the container subnets have 26; add a container"
            " subnet, or use fewer replicas [addresses]"
        ),
    ),
    (
        {"replicas": 14, "cluster_facts": FACTS, "nominated_subnets": ["subnet-44444444"]},
        (
            "replicas: 14 pods need as many ENI addresses, and the container subnets have 13; add a container"
            " subnet, or use fewer replicas [addresses]"
        ),
    ),
    (
        {"exposure": tke.internal("subnet-44444444"), "cluster_facts": FACTS},
        (
            "exposure.subnet_id: subnet-44444444 is a container subnet; the load balancer would "
            "take an address from the pods, and keep the subnet "
            "from being removed; use a subnet of its own, or set "
            "allow_eni_subnet=True [load-balancer-in-eni-subnet]"
        ),
    ),
    (
        {"kind": "statefulset", "fixed_ip": True, "cluster_facts": {**FACTS, "staticIp": False}},
        (
            "fixed_ip: needs a cluster with static IPs, and this one has none; its mode is fixed for ever;"
            " leave it out"
        ),
    ),
]
