"""The objects of a workload, and the combinations of inputs that are refused."""

import itertools
import json
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.workload.rollout import LONGEST_SECONDS, stateful_set_deadline
from tests.unit.programs import run
from tests.unit.refused_workloads import ADDRESSES, CERTIFICATE, EXISTING, FACTS, REFUSED
from tests.unit.workloads import SUBNET, made, template, workload

core = kubernetes.core.v1


def front(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = made(**more).named("w-service").inputs
    return found


def refusal(**more: Any) -> list[str]:
    with pytest.raises(tke.InvalidInputs) as caught:
        made(**more)
    return [str(problem) for problem in caught.value.problems]


def test_a_workload_without_a_provider_is_refused_instead_of_going_to_the_machines_own_cluster() -> None:
    with pytest.raises(tke.InvalidInputs, match=r"opts\.provider: no Kubernetes provider"):
        run(lambda: tke.ClientIpWorkload("w", {"image": "nginx", "exposure": tke.not_exposed()}))


def test_the_component_stores_the_selector_that_the_program_gives() -> None:
    assert "selector" not in made().named("w").inputs
    assert made(selector={"app": "shop"}).named("w").inputs["selector"] == {"app": "shop"}


def test_the_first_container_of_an_eni_pod_requests_one_address() -> None:
    amounts = core.ResourceRequirementsArgs(limits={"cpu": "500m"}, requests={"cpu": "250m"})
    containers = [
        core.ContainerArgs(name="a", image="a", resources=amounts),
        core.ContainerArgs(name="b", image="b"),
    ]
    before = [core.ContainerArgs(name="i", image="i")]
    seen = template(image=None, containers=containers, init_containers=before)
    assert seen["metadata"]["annotations"] == {
        "tke.cloud.tencent.com/networks": "tke-route-eni",
        "tke-hybrid/direct": "service",
    }
    one, other = seen["spec"]["containers"]
    assert one["resources"] == {
        "limits": {"cpu": "500m", "tke.cloud.tencent.com/eni-ip": "1"},
        "requests": {"cpu": "250m", "tke.cloud.tencent.com/eni-ip": "1"},
    }
    assert "resources" not in other
    assert "resources" not in seen["spec"]["initContainers"][0]


def test_a_pod_on_the_overlay_has_no_eni_settings() -> None:
    seen = made(network=tke.PodNetwork.GLOBAL_ROUTE)
    pod = seen.named("w-deployment").inputs["spec"]["template"]
    assert "annotations" not in pod["metadata"]
    assert "resources" not in pod["spec"]["containers"][0]
    assert (
        seen.named("w-service").inputs["metadata"]["annotations"]["service.cloud.tencent.com/direct-access"]
        == "false"
    )


def test_pulumi_waits_for_the_address_of_a_direct_service_and_not_for_its_pods() -> None:
    assert front()["metadata"]["annotations"] == {
        "service.cloud.tencent.com/direct-access": "true",
        "service.cloud.tencent.com/enable-grace-deletion": "true",
        "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid": SUBNET,
        "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0]}",
    }


@pytest.mark.parametrize(
    ("more", "service_type", "client"),
    [
        ({}, "LoadBalancer", "peer"),
        ({"exposure": tke.not_exposed()}, "ClusterIP", "peer"),
        (
            {"exposure": tke.not_exposed(), "ingress": tke.IngressArgs(exposure=tke.public())},
            "NodePort",
            "x-forwarded-for",
        ),
        ({"network": tke.PodNetwork.GLOBAL_ROUTE}, "LoadBalancer", "none"),
        ({"network": tke.PodNetwork.GLOBAL_ROUTE, "direct": True}, "LoadBalancer", "peer"),
        ({"network": "global_route", "external_traffic_policy": "local"}, "LoadBalancer", "peer"),
        ({"exposure": tke.existing_clb("lb-12345678")}, "LoadBalancer", "peer"),
    ],
)
def test_the_service_type_and_where_to_read_the_client_follow_from_the_exposure(
    more: dict[str, Any], service_type: str, client: str
) -> None:
    values: list[str] = []
    graph = run(lambda: workload(**more).client_ip_from.apply(values.append))
    assert graph.named("w-service").inputs["spec"]["type"] == service_type
    assert values == [client]


def test_a_new_load_balancer_rolls_the_pods_for_their_readiness_gates() -> None:
    def annotations(**more: Any) -> dict[str, str]:
        found: dict[str, str] = template(**more)["metadata"]["annotations"]
        return found

    assert annotations(exposure=tke.not_exposed()) == {"tke.cloud.tencent.com/networks": "tke-route-eni"}
    assert annotations()["tke-hybrid/direct"] == "service"
    assert (
        annotations(ingress=tke.IngressArgs(exposure=tke.public()))["tke-hybrid/direct"] == "service+ingress"
    )
    assert "tke-hybrid/direct" not in annotations(direct=False)


@pytest.mark.parametrize(
    ("replicas", "autoscaled", "budgets"), [(0, False, 0), (1, False, 0), (1, True, 1), (2, False, 1)]
)
def test_one_replica_has_no_disruption_budget_because_no_other_pod_could_stay(
    replicas: int, autoscaled: bool, budgets: int
) -> None:
    assert len(made(replicas=replicas, autoscaled=autoscaled).of_type("PodDisruptionBudget")) == budgets


@pytest.mark.parametrize(
    ("replicas", "facts", "more", "surge", "unavailable", "deadline"),
    [
        (2, None, {}, 1, 0, 480),
        (10, None, {}, 3, 0, 720),
        (10, None, {"max_surge": 1}, 1, 0, 1440),
        (10, None, {"max_surge": 5, "pod_seconds": 30}, 5, 0, 120),
        (ADDRESSES - 1, FACTS, {}, 1, 0, 3240),
        (ADDRESSES, FACTS, {}, 0, 1, 3360),
    ],
)
def test_surge_and_deadline_follow_from_the_free_addresses(
    replicas: int,
    facts: dict[str, Any] | None,
    more: dict[str, Any],
    surge: int,
    unavailable: int,
    deadline: int,
) -> None:
    spec = (
        made(replicas=replicas, cluster_facts=facts, rollout=tke.RolloutArgs(**more))
        .named("w-deployment")
        .inputs["spec"]
    )
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": surge, "maxUnavailable": unavailable}
    assert spec["progressDeadlineSeconds"] == deadline


def test_an_autoscaled_workload_has_the_longest_timeout() -> None:
    assert (
        made(replicas=2, autoscaled=True).named("w-deployment").inputs["spec"]["progressDeadlineSeconds"]
        == LONGEST_SECONDS
    )
    args = tke.ClientIpWorkloadArgs(exposure=tke.not_exposed(), image="nginx", autoscaled=True)
    assert stateful_set_deadline(args, 2) == LONGEST_SECONDS


@pytest.mark.parametrize(
    ("replicas", "more"),
    [
        (ADDRESSES - 6, {"max_surge": 0}),
        (ADDRESSES - 6, {"max_surge": 6}),
        (ADDRESSES - 6, {}),
        # There are never more new pods than replicas.
        (ADDRESSES // 2, {"max_surge": 1000}),
        (0, {"max_surge": 1000}),
    ],
)
def test_a_surge_within_the_free_addresses_has_no_finding(replicas: int, more: dict[str, Any]) -> None:
    assert made(replicas=replicas, cluster_facts=FACTS, rollout=tke.RolloutArgs(**more)).said == []


def test_every_container_without_a_hook_gets_a_pre_stop_hook() -> None:
    hook = core.LifecycleArgs(
        pre_stop=core.LifecycleHandlerArgs(exec_=core.ExecActionArgs(command=["/drain"]))
    )
    begin = core.LifecycleArgs(
        post_start=core.LifecycleHandlerArgs(exec_=core.ExecActionArgs(command=["/begin"]))
    )
    containers = [
        core.ContainerArgs(name="a", image="a"),
        core.ContainerArgs(name="b", image="b", lifecycle=hook),
        core.ContainerArgs(name="c", image="c", lifecycle=begin),
    ]
    spec = template(image=None, containers=containers)["spec"]
    assert [container["lifecycle"] for container in spec["containers"]] == [
        {"preStop": {"sleep": {"seconds": 15}}},
        {"preStop": {"exec": {"command": ["/drain"]}}},
        {"preStop": {"sleep": {"seconds": 15}}, "postStart": {"exec": {"command": ["/begin"]}}},
    ]
    assert spec["terminationGracePeriodSeconds"] == 45
    old = template(rollout=tke.RolloutArgs(native_sleep=False, pre_stop_seconds=7))["spec"]
    assert old["containers"][0]["lifecycle"] == {"preStop": {"exec": {"command": ["sleep", "7"]}}}
    assert old["terminationGracePeriodSeconds"] == 37
    assert "lifecycle" not in template(rollout=tke.RolloutArgs(pre_stop_seconds=0))["spec"]["containers"][0]


def test_pod_spec_keeps_its_own_drain_and_spread() -> None:
    whole = core.PodSpecArgs(
        containers=[core.ContainerArgs(name="a", image="a")],
        termination_grace_period_seconds=300,
        topology_spread_constraints=[],
        priority_class_name="high",
    )
    spec = template(image=None, pod_spec=whole)["spec"]
    assert (
        spec["terminationGracePeriodSeconds"],
        spec["topologySpreadConstraints"],
        spec["priorityClassName"],
    ) == (300, [], "high")
    assert spec["containers"][0]["resources"]["limits"] == {"tke.cloud.tencent.com/eni-ip": "1"}


def test_a_value_given_twice_alike_has_no_finding() -> None:
    asking = core.ResourceRequirementsArgs(
        requests={"tke.cloud.tencent.com/eni-ip": "1"}, limits={"tke.cloud.tencent.com/eni-ip": "1"}
    )
    whole = core.PodSpecArgs(
        containers=[core.ContainerArgs(name="a", image="a", resources=asking)],
        termination_grace_period_seconds=60,
    )
    rollout = tke.RolloutArgs(termination_grace_seconds=60)
    seen = template(
        image=None, pod_spec=whole, rollout=rollout, selector={"app": "x"}, labels={"app": "x", "team": "a"}
    )
    assert seen["metadata"]["labels"] == {"app": "x", "team": "a"}
    assert seen["spec"]["terminationGracePeriodSeconds"] == 60


def test_each_certificate_has_a_secret_of_its_own() -> None:
    ports = [{"port": 80}, {"port": 443, "protocol": "TCP_SSL", "certificate_id": CERTIFICATE}]
    graph = made(
        ports=ports, ingress=tke.IngressArgs(exposure=tke.public(), certificate_id=CERTIFICATE, redirect=True)
    )
    names = [resource.inputs["metadata"]["name"] for resource in graph.of_type(":Secret")]
    names.sort()
    assert names == ["w-certificate-1-abcd1234", "w-ingress-certificate-abcd1234"]
    annotations = graph.named("w-service").inputs["metadata"]["annotations"]
    assert json.loads(annotations["service.cloud.tencent.com/specify-protocol"]) == {
        "443": {"protocol": ["TCP_SSL"], "tls": names[0]}
    }
    assert graph.named("w-ingress").inputs["spec"]["tls"] == [{"secretName": names[1]}]


@pytest.mark.parametrize(("more", "line"), REFUSED, ids=[line.partition(";")[0][:60] for _, line in REFUSED])
def test_a_wrong_combination_is_refused_with_the_reason(more: dict[str, Any], line: str) -> None:
    described = {"image": "nginx", "exposure": tke.internal(SUBNET), **more}

    def program() -> None:
        provider = kubernetes.Provider("cluster", kubeconfig="none")
        tke.ClientIpWorkload("w", described, pulumi.ResourceOptions(provider=provider))

    with pytest.raises(tke.InvalidInputs) as caught:
        run(program)
    assert [str(problem) for problem in caught.value.problems] == [line]


def test_local_traffic_needs_overlay_pods_behind_a_service_without_direct_access() -> None:
    words = {
        "none": "'local' is about a load balancer, and exposure 'none' has none",
        "direct": "'local' has no effect with direct access",
        "eni": "'local' is the way for GlobalRouter pods",
    }
    exposures = [tke.not_exposed(), tke.public(), tke.internal(SUBNET), EXISTING]
    for exposure, network, direct in itertools.product(exposures, tke.PodNetwork, (True, False)):
        more: dict[str, Any] = {
            "exposure": exposure,
            "network": network,
            "direct": direct,
            "external_traffic_policy": "local",
        }
        if exposure.has_load_balancer and network is tke.PodNetwork.GLOBAL_ROUTE and not direct:
            assert front(**more)["spec"]["externalTrafficPolicy"] == "Local"
            continue
        (line,) = refusal(**more)
        reason = "none" if not exposure.has_load_balancer else "direct" if direct else "eni"
        assert line.startswith(f"external_traffic_policy: {words[reason]};")


@pytest.mark.parametrize(
    ("more", "warning"),
    [
        (
            {"kind": "statefulset", "fixed_ip": True, "cluster_facts": FACTS},
            "fixed_ip: keeps each pod in the zone of its first start",
        ),
        (
            {"kind": "statefulset", "fixed_ip": True},
            "fixed_ip: keeps each pod in the zone of its first start; an address never leaves",
        ),
        (
            {"replicas": ADDRESSES, "cluster_facts": FACTS},
            "replicas: 26 pods take all 26 addresses of the container subnets",
        ),
        ({"replicas": 90}, "replicas: 90 and 23 more during a rollout are over 100 backends"),
    ],
)
def test_a_risk_is_a_warning(more: dict[str, Any], warning: str) -> None:
    assert [(level, text[: len(warning)]) for level, text in made(**more).said] == [("warning", warning)]


def test_allow_eni_subnet_lets_a_load_balancer_into_a_container_subnet() -> None:
    made(exposure=tke.internal("subnet-44444444", allow_eni_subnet=True), cluster_facts=FACTS)


def test_facts_in_an_output_are_checked_before_the_first_object() -> None:
    with pytest.raises(tke.InvalidInputs, match="replicas: 27 pods need"):
        run(lambda: workload(replicas=27, cluster_facts=pulumi.Output.from_input(FACTS)))


def test_a_program_can_allow_names_that_only_some_clusters_take() -> None:
    allowed = {"service-name": "warning", "statefulset-name": "note"}
    name = "1" + "a" * 52
    for graph in (
        made(name=name, kind="statefulset", rules=allowed),
        run(lambda: workload(name, kind="statefulset", rules=allowed)),
    ):
        assert [(level, text.rpartition(" ")[2]) for level, text in graph.said] == [
            ("warning", "[service-name]"), ("info", "[statefulset-name]")
        ]  # fmt: skip
        assert graph.of_type(":StatefulSet")[0].inputs["metadata"]["name"] == name
    assert made(name="a" * 63).said == []
    assert made(name="a" * 52, kind="statefulset").said == []


def test_ports_without_a_name_are_named_by_their_place() -> None:
    ports = [{"port": 80, "name": "port-2"}, {"port": 81}]
    assert [port["name"] for port in front(ports=ports)["spec"]["ports"]] == ["port-2", "port-1"]


def test_a_name_that_kubernetes_refuses_is_refused() -> None:
    with pytest.raises(tke.InvalidInputs, match="name: 'Web_App' is not a Kubernetes name"):
        run(lambda: workload("Web_App"))
