"""Workloads of two pods in one of three shapes, for `python -m benchmarks.against_raw`.

`BENCHMARK_SHAPE` is `raw` (Service, Deployment and PodDisruptionBudget of pulumi-kubernetes), `bare` (the
same under an empty component) or `components` (`ClientIpWorkload`). All shapes make the same objects.
"""

import atexit
import os
import resource
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

core, meta = kubernetes.core.v1, kubernetes.meta.v1
SUBNET = os.environ["BENCHMARK_SUBNET"]
HOSTS = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


def write_cpu_seconds() -> None:
    """Write the CPU seconds of this process, in user mode."""
    seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    Path(os.environ["BENCHMARK_CPU_FILE"]).write_text(str(seconds))


def raw(name: str, opts: pulumi.ResourceOptions, **child: pulumi.Resource) -> None:
    """Make a direct Service, its Deployment with the ENI network, and the budget."""
    labels = {"app.kubernetes.io/name": name}
    direct = {
        "service.cloud.tencent.com/direct-access": "true",
        "service.cloud.tencent.com/enable-grace-deletion": "true",
        "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid": SUBNET,
        "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0]}",
    }
    service = kubernetes.core.v1.Service(
        f"{name}-service",
        metadata=meta.ObjectMetaArgs(name=name, namespace="default", labels=labels, annotations=direct),
        spec=core.ServiceSpecArgs(
            type="LoadBalancer",
            selector=labels,
            ports=[core.ServicePortArgs(name="port-0", port=80, target_port=80, protocol="TCP")],
        ),
        opts=opts,
    )
    container = core.ContainerArgs(
        name=name,
        image="nginx",
        ports=[core.ContainerPortArgs(container_port=80, protocol="TCP")],
        resources=core.ResourceRequirementsArgs(
            requests={"tke.cloud.tencent.com/eni-ip": "1"}, limits={"tke.cloud.tencent.com/eni-ip": "1"}
        ),
        lifecycle=core.LifecycleArgs(
            pre_stop=core.LifecycleHandlerArgs(sleep=core.SleepActionArgs(seconds=15))
        ),
    )
    spread = [
        core.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=meta.LabelSelectorArgs(match_labels=labels),
        )
        for key in HOSTS
    ]
    network = {"tke.cloud.tencent.com/networks": "tke-route-eni", "tke-hybrid/direct": "service"}
    kubernetes.apps.v1.Deployment(
        f"{name}-deployment",
        metadata=meta.ObjectMetaArgs(name=name, namespace="default", labels=labels),
        spec=kubernetes.apps.v1.DeploymentSpecArgs(
            replicas=2,
            selector=meta.LabelSelectorArgs(match_labels=labels),
            progress_deadline_seconds=480,
            strategy=kubernetes.apps.v1.DeploymentStrategyArgs(
                type="RollingUpdate",
                rolling_update=kubernetes.apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
            ),
            template=core.PodTemplateSpecArgs(
                metadata=meta.ObjectMetaArgs(labels=labels, annotations=network),
                spec=core.PodSpecArgs(
                    containers=[container],
                    termination_grace_period_seconds=45,
                    topology_spread_constraints=spread,
                ),
            ),
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[service])),
    )
    kubernetes.policy.v1.PodDisruptionBudget(
        f"{name}-pdb",
        metadata=meta.ObjectMetaArgs(name=name, namespace="default", labels=labels),
        spec=kubernetes.policy.v1.PodDisruptionBudgetSpecArgs(
            max_unavailable=1,
            unhealthy_pod_eviction_policy="AlwaysAllow",
            selector=meta.LabelSelectorArgs(match_labels=labels),
        ),
        opts=opts,
    )


class Bare(pulumi.ComponentResource):
    """The raw resources under a component that does nothing."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("benchmark:index:Bare", name, None, opts)
        raw(name, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


def make(shape: str, name: str, provider: kubernetes.Provider) -> None:
    if shape == "raw":
        raw(name, pulumi.ResourceOptions(provider=provider))
    elif shape == "bare":
        Bare(name, pulumi.ResourceOptions(provider=provider))
    else:
        import pulumi_tke_hybrid as tke  # the other shapes do not pay for this import

        args = tke.ClientIpWorkloadArgs(image="nginx", exposure=tke.internal(SUBNET))
        tke.ClientIpWorkload(name, args, pulumi.ResourceOptions(provider=provider))


atexit.register(write_cpu_seconds)
cluster = kubernetes.Provider(
    "cluster",
    kubeconfig=pulumi.Output.secret(os.environ["LAB_KUBECONFIG"]),
    cluster_identifier=os.environ["BENCHMARK_CLUSTER"],
    enable_server_side_apply=True,
)
for index in range(int(os.environ["BENCHMARK_WORKLOADS"])):
    make(os.environ["BENCHMARK_SHAPE"], f"web-{index}", cluster)
