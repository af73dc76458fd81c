"""Wrong inputs of a workload's pods: network, volumes, hooks, node selectors."""

from tests.cases.catalogue.described import FOUR, PODS_4, facts, workload
from tests.cases.catalogue.wrong_program import app

PODS_OF_WORKLOADS = [
    app(
        "a truth value for a number",
        workload(replicas=True, ports=[{"port": True}]),
        "ports[0].port: must be a number, not a truth value; got True",
        "replicas: must be a number, not a truth value; got True",
    ),
    app(
        "the name of a zone in a node selector",
        workload(node_selector={"topology.kubernetes.io/zone": FOUR}, rules={"zone-label-name": "error"}),
        f"node_selector: {FOUR} is given for topology.kubernetes.io/zone; TKE writes the zone's number there",
    ),
    app(
        "the name of a zone in the selector of a pod",
        workload(
            image=None,
            pod_spec={
                "containers": [{"name": "a", "image": "a"}],
                "nodeSelector": {"topology.kubernetes.io/zone": FOUR},
            },
            rules={"zone-label-name": "error"},
        ),
        f"pod_spec.node_selector: {FOUR} is given for topology.kubernetes.io/zone; ",
    ),
    app(
        "volumes that nothing mounts",
        workload(volumes=[{"name": "a", "emptyDir": {}}], rules={"no-effect": "error"}),
        "volumes: has no effect beside image; the container of `image` mounts no volume",
    ),
    app(
        "claims that nothing mounts",
        workload(
            kind="statefulset",
            volume_claims=[{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}],
            rules={"no-effect": "error"},
        ),
        "volume_claims: has no effect beside image; the container of `image` mounts no volume",
    ),
    app(
        "an ENI address on the overlay",
        workload(network="global_route", requests={"tke.cloud.tencent.com/eni-ip": "1"}),
        "requests['tke.cloud.tencent.com/eni-ip']: requests an ENI, and network is 'global_route'; the pod",
    ),
    app(
        "an exclusive ENI",
        workload(
            image=None,
            containers=[
                {
                    "name": "a",
                    "image": "a",
                    "resources": {"limits": {"tke.cloud.tencent.com/direct-eni": "1"}},
                }
            ],
        ),
        "containers[0].resources.limits['tke.cloud.tencent.com/direct-eni']: requests an ENI of another",
    ),
    app(
        "a preStop hook longer than the grace period",
        workload(
            image=None,
            containers=[{"name": "a", "image": "a", "lifecycle": {"preStop": {"sleep": {"seconds": 60}}}}],
        ),
        "rollout.termination_grace_seconds: 45 s leaves the application no time after 60 s of"
        " containers[0].lifecycle.pre_stop, it would be killed; use more",
    ),
    app(
        "a path and a host twice",
        workload(
            exposure={"kind": "none"},
            ingress={
                "exposure": {"kind": "public"},
                "hosts": ["a.example.com", "a.example.com"],
                "paths": [{"path": "/"}, {"path": "/"}],
            },
        ),
        "ingress.hosts[1]: a.example.com is listed twice, first at ingress.hosts[0]; list it once",
        "ingress.paths[1]: / is listed twice, first at ingress.paths[0]; list it once",
    ),
    app(
        "a nominated subnet of another cluster",
        workload(
            nominated_subnets=["subnet-99999999"],
            cluster_facts=facts(zones={FOUR: [{"subnetId": PODS_4, "cidrBlock": "10.0.64.0/24"}]}),
        ),
        "nominated_subnets[0]: subnet-99999999 is none of the cluster's container subnets; those are",
    ),
    app(
        "a host network that is a number",
        workload(image=None, pod_spec={"containers": [{"name": "a", "image": "a"}], "hostNetwork": 1}),
        "pod_spec.host_network: must be a plain value; ",
    ),
]
