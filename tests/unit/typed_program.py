"""A program as the documentation writes it, with words instead of enumerations: both type checkers read it,
strictly. One test runs it."""

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke

SEVERITY: tke.Severity = tke.Severity.WARNING
REFUSAL: type[tke.InvalidInputs] = tke.InvalidInputs


def cluster() -> tke.HybridCluster:
    """A cluster described in words."""
    zone = "ap-guangzhou-4"
    pool = tke.NodePoolArgs(
        name="four",
        zone=zone,
        subnet_id="subnet-99999999",
        instance_type="S5.LARGE8",
        size=1,
        keep_machines=False,
        key_ids=["skey-12345678"],
    )
    args = tke.HybridClusterArgs(
        vpc_id="vpc-12345678",
        cluster_cidr="192.168.0.0/20",
        cluster_max_pod_num=64,
        cluster_max_service_num=1024,
        ip_reclaim=tke.after(300),
        eni_subnets=[tke.EniSubnetArgs(subnet_id="subnet-44444444", zone=zone)],
        node_pools=[pool],
        zone_registration="api",
        non_masquerade="keep",
        endpoint=tke.EndpointArgs(access="internet", security_group_id="sg-12345678"),
        rules={"zone-pinning": "note", "addresses": SEVERITY},
    )
    return tke.HybridCluster("words", args)


def switch() -> tke.VpcCni:
    """VPC-CNI described in words."""
    args = tke.VpcCniArgs(
        cluster_id="cls-12345678",
        vpc_id="vpc-12345678",
        subnets=["subnet-44444444"],
        ip_reclaim=tke.never(),
        non_masquerade=pulumi.Output.from_input(tke.NonMasquerade.KEEP),
        on_delete="disable",
        region="ap-guangzhou",
    )
    return tke.VpcCni("words-switch", args)


def workloads(provider: kubernetes.Provider) -> list[tke.ClientIpWorkload]:
    """Workloads described in words, and with containers as dictionaries."""
    opts = pulumi.ResourceOptions(provider=provider)
    stateful = tke.ClientIpWorkloadArgs(
        containers=[
            {
                "name": "web",
                "image": "nginx",
                "ports": [{"name": "http", "containerPort": 80}],
                "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
            }
        ],
        kind="statefulset",
        network="eni",
        pod_management_policy="Parallel",
        exposure=tke.public(charge_type="TRAFFIC_POSTPAID_BY_HOUR"),
        ports=[tke.PortArgs(port=80, listener=tke.ListenerArgs(scheduler="LEAST_CONN"))],
        rules={"zone-pinning": "note"},
    )
    overlay = tke.ClientIpWorkloadArgs(
        image="nginx",
        kind="deployment",
        network="global_route",
        external_traffic_policy="local",
        exposure=tke.ExposureArgs(kind="internal", subnet_id="subnet-88888888"),
        readiness_probe=kubernetes.core.v1.ProbeArgs(
            http_get=kubernetes.core.v1.HTTPGetActionArgs(path="/", port=80)
        ),
        tolerations=[{"key": "team", "operator": "Exists"}],
    )
    typed: kubernetes.core.v1.ContainerArgsDict = {
        "name": "web",
        "image": "nginx",
        "image_pull_policy": "Always",
    }
    dictionaries = tke.ClientIpWorkloadArgs(containers=[typed], exposure=tke.not_exposed())
    described = {"words-stateful": stateful, "words-overlay": overlay, "words-typed": dictionaries}
    return [tke.ClientIpWorkload(name, args, opts) for name, args in described.items()]
