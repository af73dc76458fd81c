"""Wrong workloads."""

import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke
from tests.cases.catalogue.described import (
    CLB,
    CLUSTER,
    FOUR,
    PODS_4,
    adopted,
    facts,
    later,
    workload,
    zone_subnet,
)
from tests.cases.catalogue.wrong_program import (
    EMPTY,
    app,
    cluster,
    container_args,
    subnet,
)

WORKLOADS = [
    app("no image", workload(image=None), "image: exactly one of image, containers and pod_spec is needed"),
    app("an empty image", workload(image=" "), "image: is empty; give the image"),
    app(
        "an image with a space",
        workload(image="nginx 1.29"),
        "image: 'nginx 1.29' holds white space; no image does, for example 'nginx:1.29'",
    ),
    app(
        "an image and containers",
        workload(containers=[container_args()]),
        "containers: exactly one of image, containers and pod_spec is needed",
    ),
    app(
        "no containers",
        workload(image=None, containers=[]),
        "containers: is empty; a pod has at least one container",
    ),
    app(
        "a port twice", workload(ports=[{"port": 80}, {"port": 80}]), "ports[1].port: 80/TCP is listed twice"
    ),
    app(
        "a port out of range",
        workload(ports=[{"port": 70000}]),
        "ports[0].port: 70000 is not a port; use 1 to 65535",
    ),
    app(
        "two ports of one name",
        workload(ports=[{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]),
        "ports[1].name: 'a' is the name of ports[0]; a Service has each name once; give another one",
    ),
    app(
        "a port of another's own name",
        workload(ports=[{"port": 80, "name": "port-1"}, {"port": 81}]),
        "ports[0].name: 'port-1' is the name of ports[1]",
    ),
    app("no ports", workload(ports=[]), "ports: is empty; leave it out for port 80"),
    app("negative replicas", workload(replicas=-1), "replicas: -1 is negative; use 0 or more"),
    app("a fixed address of a Deployment", workload(fixed_ip=True), "fixed_ip: needs kind='statefulset'"),
    app(
        "a fixed address on the overlay",
        workload(kind="statefulset", network="global_route", fixed_ip=True),
        "fixed_ip: needs network='eni'",
    ),
    app(
        "a subnet for a public one",
        workload(exposure={"kind": "public", "subnet_id": CLB}),
        "exposure.subnet_id: belongs to a load balancer of kind 'internal'",
    ),
    app(
        "no subnet for an internal one",
        workload(exposure={"kind": "internal"}),
        "exposure.subnet_id: is required for kind 'internal'",
    ),
    app(
        "no id for an existing one",
        workload(exposure={"kind": "existing"}),
        "exposure.load_balancer_id: is required for kind 'existing'",
    ),
    app(
        "a wide band",
        workload(exposure={"kind": "public", "bandwidth": 4096}),
        "exposure.bandwidth: 4096 Mbit/s is outside 1 to 2048",
    ),
    app(
        "a shared load balancer",
        workload(
            exposure={"kind": "existing", "load_balancer_id": "lb-12345678"},
            ingress={"exposure": {"kind": "existing", "load_balancer_id": "lb-12345678"}},
        ),
        "ingress.exposure.load_balancer_id: lb-12345678 is the Service's",
    ),
    app(
        "an Ingress for nobody",
        workload(ingress={"exposure": {"kind": "none"}}),
        "ingress.exposure.kind: 'none' makes no Ingress",
    ),
    app(
        "a host without dot",
        workload(ingress={"exposure": {"kind": "public"}, "hosts": ["shop"]}),
        "ingress.hosts[0]: 'shop' is not a host TKE accepts (E4052); it needs a dot",
    ),
    app(
        "a late host without dot, and another",
        workload(ingress={"exposure": {"kind": "public"}, "hosts": ["a.b", later("Shop")]}),
        "hosts[1]: 'Shop' is not a host TKE accepts (E4052)",
    ),
    app(
        "an address as host, and what is no name",
        workload(ingress={"exposure": {"kind": "public"}, "hosts": ["10.0.0.1", "a..b.com"]}),
        "ingress.hosts[0]: '10.0.0.1' is an address; an Ingress goes by names; leave hosts out for requests"
        " to the address itself",
        "ingress.hosts[1]: 'a..b.com' is not a DNS name",
    ),
    app(
        "no hosts",
        workload(ingress={"exposure": {"kind": "public"}, "hosts": []}),
        "ingress.hosts: is empty; leave it out for every host",
    ),
    app(
        "several security groups that are none",
        workload(exposure={"kind": "public", "security_groups": ["sg-BAD", "sg-12345678", "x"]}),
        "exposure.security_groups[0]: 'sg-BAD' is not a security group id",
        "exposure.security_groups[2]: 'x' is not a security group id",
    ),
    app(
        "a late security group that is none",
        workload(exposure={"kind": "public", "security_groups": ["sg-12345678", later("sg-BAD")]}),
        "security_groups[1]: 'sg-BAD' is not a security group id",
    ),
    app(
        "a late nominated subnet that is none",
        workload(nominated_subnets=[later("zz")]),
        "nominated_subnets[0]: 'zz' is not a subnet id",
    ),
    app(
        "a path without slash",
        workload(ingress={"exposure": {"kind": "public"}, "path": "shop"}),
        "ingress.path: 'shop' does not start with '/'",
    ),
    app(
        "a port of nobody",
        workload(ingress={"exposure": {"kind": "public"}, "port": 81}),
        "ingress.port: 81 is none of the workload's ports (80)",
    ),
    app(
        "an Ingress to the first port, which is UDP",
        workload(
            ports=[{"port": 53, "protocol": "UDP"}, {"port": 80}], ingress={"exposure": {"kind": "public"}}
        ),
        "ingress.port: 53 is UDP; an Ingress passes HTTP on, over TCP; name a TCP port of the workload",
    ),
    app(
        "a path to a UDP port",
        workload(
            ports=[{"port": 80}, {"port": 53, "protocol": "UDP"}],
            ingress={"exposure": {"kind": "public"}, "paths": [{"path": "/", "port": 53}]},
        ),
        "ingress.paths[0].port: 53 is UDP",
    ),
    app(
        "an annotation of ours",
        workload(pod_annotations={"tke.cloud.tencent.com/networks": "tke-direct-eni"}),
        "pod_annotations: tke.cloud.tencent.com/networks is written by the component",
    ),
    app(
        "a label of ours",
        workload(labels={"app.kubernetes.io/name": "x"}),
        "labels: app.kubernetes.io/name selects the pods",
    ),
    app(
        "a label's key of none",
        workload(labels={"a b": "c", "d": ""}),
        "labels['a b']: is no key of a label; use at most 63 letters, digits, '-', '_' and '.', beginning"
        " and ending with a letter or digit; "
        "before it may be a domain name and '/'",
    ),
    app(
        "labels' values of none",
        workload(labels={"a": "y" * 64}, selector={"app": "-"}, node_selector={"b": "x y"}),
        "node_selector['b']: 'x y' is no value of a label",
        "selector['app']: '-' is no value of a label; use at most 63 letters, digits, '-', '_' and '.',"
        " beginning and ending",
        f"labels['a']: '{'y' * 64}' is no value of a label",
    ),
    app(
        "a late label's value of none",
        workload(labels={"b": later("x y")}),
        "labels['b']: 'x y' is no value of a label",
    ),
    app("a selector of all", workload(selector={}), "selector: is empty and would select every pod"),
    app(
        "a name of no object",
        workload(name="Web_App"),
        "name: 'Web_App' is not a Kubernetes name; use at most 63 lower-case letters",
    ),
    app(
        "a name that no Service has",
        workload(name=later("1web")),
        "name: '1web' begins with a digit; Kubernetes before 1.36 refuses it for a Service; begin it with a"
        " letter; lower this rule on a newer "
        "cluster [service-name]",
    ),
    app(
        "a long name of a StatefulSet",
        workload(name="a" * 53, kind="statefulset"),
        f"name: '{'a' * 53}' has 53 characters; each pod gets a label with this name and eleven"
        " characters more, a label has at most 63 characters, and no pod would be created; use at most 52;"
        " lower this rule for a StatefulSet that already has pods [statefulset-name]",
    ),
    app(
        "a namespace of none", workload(namespace="My Team"), "namespace: 'My Team' is not a Kubernetes name"
    ),
    app(
        "the node's network",
        workload(
            image=None,
            pod_spec=kubernetes.core.v1.PodSpecArgs(containers=[container_args()], host_network=True),
        ),
        "pod_spec.host_network: True shares the node's address",
    ),
    app(
        "local traffic with direct access",
        workload(external_traffic_policy="local"),
        "external_traffic_policy: 'local' has no effect with direct access",
    ),
    app(
        "a pod's reclaim that is never",
        workload(ip_reclaim=tke.never()),
        "ip_reclaim: TKE has no 'never' for a single pod",
    ),
    app(
        "a pod's short reclaim",
        workload(ip_reclaim=tke.after(10)),
        "ip_reclaim: 10 s is outside 300 to 15768000 s",
    ),
    app(
        "volumes for each pod of a Deployment",
        workload(
            volume_claims=[
                kubernetes.core.v1.PersistentVolumeClaimArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(name="data")
                )
            ]
        ),
        "volume_claims: needs kind='statefulset'",
    ),
    app(
        "an address setting on the overlay",
        workload(network="global_route", nominated_subnets=[PODS_4]),
        "nominated_subnets: needs network='eni'",
    ),
    app(
        "an ENI address for the second container",
        workload(
            image=None,
            containers=[
                container_args(),
                container_args(
                    resources=kubernetes.core.v1.ResourceRequirementsArgs(
                        requests={"tke.cloud.tencent.com/eni-ip": "1"}
                    )
                ),
            ],
        ),
        "containers[1].resources: requests an ENI address",
    ),
    app(
        "listener settings without a load balancer",
        workload(exposure={"kind": "none"}, listener={"scheduler": "WRR"}),
        "listener: is about the Service's load balancer, and exposure 'none' has none",
    ),
    app(
        "two ENI addresses",
        workload(requests={"tke.cloud.tencent.com/eni-ip": "2"}),
        "requests['tke.cloud.tencent.com/eni-ip']: 2 is another number than 1; a pod has one ENI address,"
        " and the component requests the address; leave it out",
    ),
    app(
        "late, two ENI addresses",
        workload(limits={"tke.cloud.tencent.com/eni-ip": later("2")}),
        "limits['tke.cloud.tencent.com/eni-ip']: 2 is another number than 1",
    ),
    app(
        "two ENI addresses for the first container",
        workload(
            image=None,
            containers=[
                container_args(
                    resources=kubernetes.core.v1.ResourceRequirementsArgs(
                        requests={"tke.cloud.tencent.com/eni-ip": "2"}
                    )
                )
            ],
        ),
        "containers[0].resources.requests['tke.cloud.tencent.com/eni-ip']: 2 is another number than 1",
    ),
    app(
        "two ENI addresses in a whole pod",
        workload(
            image=None,
            pod_spec=kubernetes.core.v1.PodSpecArgs(
                containers=[
                    container_args(
                        resources=kubernetes.core.v1.ResourceRequirementsArgs(
                            limits={"tke.cloud.tencent.com/eni-ip": "2"}
                        )
                    )
                ]
            ),
        ),
        "pod_spec.containers[0].resources.limits['tke.cloud.tencent.com/eni-ip']: 2 is another number than 1",
    ),
    app(
        "a surge of a StatefulSet",
        workload(kind="statefulset", rollout={"max_surge": 5}, rules={"no-effect": "error"}),
        "rollout.max_surge: has no effect on a StatefulSet; a pod of a StatefulSet goes before it comes"
        " again, so none comes beyond replicas; leave it out",
    ),
    app(
        "labels against the selector",
        workload(
            selector={"app": "x", "tier": "web"},
            labels={"app": "y", "tier": "web"},
            rules={"no-effect": "error"},
        ),
        "labels['app']: 'y' has no effect beside selector['app'], which is 'x'; the objects and their pods"
        " get the selector's",
    ),
    app(
        "late labels against the selector",
        workload(selector={"app": "x"}, labels={"app": later("y")}, rules={"no-effect": "error"}),
        "labels['app']: 'y' has no effect",
    ),
    app(
        "two times to end",
        workload(
            image=None,
            rollout={"termination_grace_seconds": 100},
            pod_spec=kubernetes.core.v1.PodSpecArgs(
                containers=[container_args()], termination_grace_period_seconds=60
            ),
        ),
        "rollout.termination_grace_seconds: 100 s has no effect beside"
        " pod_spec.termination_grace_period_seconds; the pod gets the seconds of pod_spec; "
        "leave one of them out",
    ),
    app(
        "no time to stop",
        workload(rollout={"pre_stop_seconds": 40, "termination_grace_seconds": 40}),
        "rollout.termination_grace_seconds: 40 s leaves the application no time after 40 s of"
        " pre_stop_seconds, it would be killed; use 70",
    ),
    app(
        "a probe of an unknown port",
        workload(readiness_probe={"tcp_socket": {"port": "web"}}),
        "readiness_probe.tcp_socket.port: 'web' is no port of this container; none of its ports has a name",
    ),
    app(
        "a health check longer than its interval",
        workload(listener={"health_check": {"interval": 5, "timeout": 5}}),
        "listener.health_check.timeout: 5 s is not below the interval of 5 s",
    ),
    app(
        "TLS without a certificate",
        workload(ports=[{"port": 443, "protocol": "TCP_SSL"}]),
        "ports[0].certificate_id: belongs to protocol 'TCP_SSL', and only to it",
    ),
    app(
        "pass-to-target on an own load balancer",
        workload(exposure={"kind": "existing", "load_balancer_id": "lb-12345678", "pass_to_target": True}),
        "exposure.pass_to_target: TKE sets it only on load balancers that it makes, this one is 'existing'",
    ),
    app(
        "51 listeners",
        workload(ports=[{"port": 8000 + index} for index in range(51)], rules={"listener-quota": "error"}),
        "ports: 51 listeners on the load balancer of the Service",
    ),
    app(
        "two protocols behind node ports",
        workload(network="global_route", ports=[{"port": 53}, {"port": 53, "protocol": "UDP"}]),
        "ports[1].port: 53 has TCP and UDP",
    ),
    app(
        "facts that another stack does not export",
        workload(cluster_facts=later(None)),
        f"cluster_facts: {EMPTY}",
    ),
    app("replicas that turn out to be none", workload(replicas=later(None)), f"replicas: {EMPTY}"),
    app("a name that turns out to be none", workload(name=later(None)), f"name: {EMPTY}"),
    app(
        "a billing that turns out to be none",
        workload(exposure={"kind": "public", "charge_type": later(None)}),
        f"charge_type: {EMPTY}",
    ),
    app(
        "a certificate that turns out to be none",
        workload(ingress={"exposure": {"kind": "public"}, "certificate_id": later(None)}),
        f"certificate_id: {EMPTY}",
    ),
    app(
        "a label that turns out to be none",
        workload(labels={"team": later(None)}),
        f"labels['team']: {EMPTY}",
    ),
    subnet(
        "an adopted one that turns out to be none", zone_subnet(subnet_id=later(None)), f"subnet_id: {EMPTY}"
    ),
    cluster(
        "a kubeconfig that turns out to be none", adopted(kubeconfig=later(None)), f"kubeconfig: {EMPTY}"
    ),
    app(
        "zones instead of facts",
        workload(cluster_facts=later({"zones": ["ap-guangzhou-4"]})),
        "cluster_facts: is something else than the facts",
    ),
    app(
        "facts that say nothing",
        workload(cluster_facts={}, replicas=5000),
        "cluster_facts: is something else than the facts",
    ),
    app("other facts", workload(cluster_facts={"foo": 1}), "cluster_facts: is something else than the facts"),
    app(
        "facts with half a pool",
        workload(cluster_facts=later(facts(nodePools=[{"zone": FOUR}]))),
        "cluster_facts: is something else than the facts",
    ),
    app(
        "facts with a range that is none",
        workload(
            cluster_facts=later(facts(zones={FOUR: [{"subnetId": PODS_4, "cidrBlock": "10.0.64.1/28"}]}))
        ),
        "cluster_facts.zones['ap-guangzhou-4'][0].cidrBlock: 10.0.64.1/28 has host bits set; the range"
        " around this address is 10.0.64.0/28",
    ),
    app("facts that are none", workload(cluster_facts=[CLUSTER]), "cluster_facts: must be"),
]
