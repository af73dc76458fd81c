"""The cluster's objects for every allowed combination, and a preview without a change after them."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lightkube.resources.apps_v1 import Deployment, StatefulSet
from lightkube.resources.core_v1 import Pod, Service
from lightkube.resources.policy_v1 import PodDisruptionBudget

from pulumi_tke_hybrid import eni_pod_template
from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import PROGRAMS, changed, stack, steps
from tests.engine.workload_table import Json, cases, golden, read_back, rich
from tests.lab.cluster_view import client, pods
from tests.lab.lab import Lab
from tests.lab.pulumi_cli import PulumiProject

GOLDEN = Path(__file__).with_name("golden") / "workloads.yaml"
AT_ONCE = {"pre_stop_seconds": 0}  # no client is connected
FAST = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


@pytest.fixture(scope="module")
def cluster(lab: Lab) -> Iterator[str]:
    with stack(
        lab,
        PROGRAMS / "zones",
        "workloads",
        {"zones": ["ap-guangzhou-4", "ap-guangzhou-6"], "workload": "false"},
    ) as made:
        made.up()
        yield str(made.outputs()["clusterId"])


@pytest.fixture(scope="module")
def subnets(lab: Lab, cluster: str) -> list[str]:
    """The subnets of the nodes, where internal load balancers go."""
    state = lab.state()
    vpc = state["clusters"][cluster]["vpc_id"]
    found = [name for name, item in state["subnets"].items() if item["name"].startswith("nodes-")]
    return sorted(name for name in found if state["subnets"][name]["vpc_id"] == vpc)


@pytest.fixture(scope="module")
def group(lab: Lab) -> Iterator[str]:
    made = lab.call("vpc", "CreateSecurityGroup", {"GroupName": "web", "GroupDescription": "web"})
    name = str(made["SecurityGroup"]["SecurityGroupId"])
    yield name
    lab.call("vpc", "DeleteSecurityGroup", {"SecurityGroupId": name})


@pytest.fixture
def own(lab: Lab) -> Iterator[Callable[[], str]]:
    with lab.own_load_balancers() as make:
        yield make


@pytest.fixture
def project(lab: Lab, cluster: str, own: Callable[[], str]) -> Iterator[PulumiProject]:
    environment = {"LAB_KUBECONFIG": lab.kubeconfig(cluster), "WORKLOADS": "{}", **FAST}
    with stack(lab, PROGRAMS / "workloads", "workloads", {"clusterId": cluster}, environment) as made:
        yield made


def describe(project: PulumiProject, workloads: dict[str, Json]) -> None:
    project.change_environment({"WORKLOADS": json.dumps(workloads)})


def quiet(project: PulumiProject) -> None:
    project.preview("--expect-no-changes")
    project.run("refresh", "--yes")
    project.preview("--expect-no-changes")


def test_every_allowed_combination_is_in_the_cluster_as_reviewed_and_quiet(
    lab: Lab, cluster: str, subnets: list[str], group: str, own: Callable[[], str], project: PulumiProject
) -> None:
    """After a change that was reviewed: UPDATE_GOLDEN=1."""
    described = {case.title: case.args(subnets[0], own) for case in cases()} | rich(subnets[0], group)
    names = {title: f"case-{number}" for number, title in enumerate(described)}
    describe(project, {names[title]: args for title, args in described.items()})
    project.up()

    words = {subnets[0]: "SUBNET", group: "GROUP"}
    words |= {name: "BALANCER" for name, item in lab.state()["load_balancers"].items() if item["user_made"]}
    kube, outputs = client(lab.kubeconfig(cluster)), project.outputs()
    objects = {title: read_back(kube, name, words) for title, name in names.items()}
    text = golden(objects, {title: outputs[name]["clientIpFrom"] for title, name in names.items()})
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()

    balancers = {item["owner"]: item for item in lab.state()["load_balancers"].values()}
    secured = balancers[f"service/default/{names['ports, listeners and security groups']}"]
    assert (secured["security_groups"], secured["pass_to_target"]) == ([group], True)
    seen = {(item["protocol"], item["port"]): item for item in secured["listeners"]}
    assert seen["TCP", 53]["session_seconds"] == 60
    assert seen["UDP", 53]["scheduler"] == "LEAST_CONN"
    assert seen["TCP_SSL", 443]["certificate"] == "AbCd1234"
    redirected = balancers[f"ingress/default/{names['HTTPS with a redirect, several hosts and paths']}"][
        "listeners"
    ]
    assert [(item["protocol"], item["redirect"], len(item["rules"])) for item in redirected] == [
        ("HTTP", True, 0),
        ("HTTPS", False, 4),
    ]
    both = balancers[f"ingress/default/{names['the same rules on HTTP and HTTPS']}"]["listeners"]
    assert [(item["protocol"], len(item["backends"])) for item in both] == [("HTTP", 2), ("HTTPS", 2)]
    quiet(project)


def internal(subnet: str) -> Json:
    return {"kind": "internal", "subnet_id": subnet}


def existing(balancer: str) -> Json:
    return {"kind": "existing", "load_balancer_id": balancer}


def test_an_immutable_field_is_refused_until_replacement_is_allowed(
    lab: Lab, subnets: list[str], own: Callable[[], str], project: PulumiProject
) -> None:
    """The sentence for each property: `tests/unit/plan/rules/test_workload_changes.py`."""
    first, second, third = own(), own(), own()
    none, public = {"kind": "none"}, {"kind": "public"}
    changes: dict[str, tuple[Json, Json, str]] = {
        "inward": (
            {"exposure": public},
            {"exposure": internal(subnets[0])},
            "exposure.kind: internal instead of public",
        ),
        "taking": (
            {"exposure": public},
            {"exposure": existing(first)},
            "exposure.kind: existing instead of public",
        ),
        "leaving": ({"exposure": public}, {"exposure": none}, "exposure.kind: none instead of public"),
        "moving": (
            {"exposure": internal(subnets[0])},
            {"exposure": internal(subnets[1])},
            f"exposure.subnet_id: {subnets[1]} instead of {subnets[0]}",
        ),
        "switching": (
            {"exposure": existing(second)},
            {"exposure": existing(third)},
            f"exposure.load_balancer_id: {third} instead of {second}",
        ),
        "billing": (
            {"exposure": {**public, "charge_type": "TRAFFIC_POSTPAID_BY_HOUR"}},
            {"exposure": {**public, "charge_type": "BANDWIDTH_POSTPAID_BY_HOUR"}},
            "exposure.charge_type: BANDWIDTH_POSTPAID_BY_HOUR instead of TRAFFIC_POSTPAID_BY_HOUR",
        ),
        "widening": (
            {"exposure": {**public, "bandwidth": 10}},
            {"exposure": {**public, "bandwidth": 20}},
            "exposure.bandwidth: 20 instead of 10",
        ),
        "routing": (
            {"exposure": none, "ingress": {"exposure": internal(subnets[0])}},
            {"exposure": none, "ingress": {"exposure": public}},
            "ingress.exposure.kind: public instead of internal",
        ),
        "naming": (
            {"exposure": public, "name": "before"},
            {"exposure": public, "name": "after"},
            "name: after instead of before",
        ),
    }
    bystander: Json = {"bystander": {"exposure": public, "replicas": 0}}
    everything = bystander | {name: {**before, "replicas": 0} for name, (before, _, _) in changes.items()}
    describe(project, everything)
    project.up()
    leaves_earlier_states_alone(project, "workloads")
    untouched = {owner: item["vip"] for owner, item in balancers(lab).items() if owner.endswith("/bystander")}

    for name in ("moving", "routing"):
        _, after, sentence = changes[name]
        describe(project, everything | {name: {**after, "replicas": 0}})
        refused = project.preview(check=False)
        assert refused.exit_code != 0
        assert sentence in refused.output
        assert "set allow_address_change=True to have it replaced" in refused.output
        assert "Traceback" not in refused.output

    allowed = {
        name: {**after, "replicas": 0, "allow_address_change": True}
        for name, (_, after, _) in changes.items()
    }
    describe(project, bystander | allowed)
    named = {"naming-deployment", "naming-service"}
    wanted = {f"{name}-{'ingress' if name == 'routing' else 'service'}" for name in changes} | named
    touched = {*steps(project)}
    assert touched - {*changes} == wanted | {"leaving-deployment", "naming-pdb"} & touched
    project.up()

    found = balancers(lab)
    assert {owner: item["vip"] for owner, item in found.items() if owner.endswith("/bystander")} == untouched
    assert found["service/default/inward"]["subnet_id"] == subnets[0]
    assert found["service/default/taking"]["lb_id"] == first
    assert "service/default/leaving" not in found
    assert found["service/default/moving"]["subnet_id"] == subnets[1]
    assert found["service/default/switching"]["lb_id"] == third
    assert found["service/default/billing"]["charge_type"] == "BANDWIDTH_POSTPAID_BY_HOUR"
    assert found["service/default/widening"]["bandwidth"] == 20
    assert found["ingress/default/routing"]["internal"] is False
    assert "service/default/after" in found
    assert "service/default/before" not in found
    quiet(project)


def balancers(lab: Lab) -> dict[str, Json]:
    return {item["owner"]: item for item in lab.state()["load_balancers"].values()}


def test_network_and_direct_access_change_in_steps_and_never_together(
    lab: Lab, cluster: str, subnets: list[str], project: PulumiProject
) -> None:
    web: Json = {"exposure": internal(subnets[0]), "replicas": 1, "rollout": AT_ONCE}
    overlay = {**web, "network": "global_route"}
    describe(project, {"web": overlay})
    project.up()
    address = project.outputs()["web"]["address"]
    kube: Any = client(lab.kubeconfig(cluster))
    uid = kube.get(Service, "web").metadata.uid

    describe(project, {"web": web})
    steps_told = "1. network='eni', direct=False; 2. network='eni', direct=True"
    for arguments in (("preview",), ("up", "--yes", "--skip-preview")):
        refused = project.run(*arguments, check=False)
        assert refused.exit_code != 0
        assert steps_told in refused.output
    assert kube.get(Service, "web").metadata.annotations["service.cloud.tencent.com/direct-access"] == "false"

    stuck = {"node_selector": {"no": "node"}, "rollout": {**AT_ONCE, "pod_seconds": 5}}
    describe(project, {"web": {**web, "direct": False, **stuck}})
    assert project.up(check=False).exit_code != 0
    describe(project, {"web": web})
    for arguments in (("preview",), ("up", "--yes", "--skip-preview")):
        unfinished = project.run(*arguments, check=False)  # only direct access changes, and no pod has moved
        assert unfinished.exit_code != 0
        assert "direct: True while pods are not on network 'eni': web-" in unfinished.output
        assert "Traceback" not in unfinished.output
    assert kube.get(Service, "web").metadata.annotations["service.cloud.tencent.com/direct-access"] == "false"

    for step, network in (
        ({**web, "direct": False}, "eni"),
        (web, "eni"),
        ({**web, "direct": False}, "eni"),
        (overlay, "overlay"),
    ):
        describe(project, {"web": step})
        project.up("--refresh")  # as documented: the plugin may have stored the Service of before its update
        assert {row.network for row in pods(lab.kubeconfig(cluster))} == {network}
    assert project.outputs()["web"]["address"] == address
    assert kube.get(Service, "web").metadata.uid == uid


def test_a_rollout_is_awaited_although_the_plugin_reports_it_before_the_controllers_see_it(
    lab: Lab, cluster: str, project: PulumiProject
) -> None:
    """pulumi-kubernetes 4.25 reads the status that the StatefulSet had before the update."""
    late: Json = {"exposure": {"kind": "none"}, "kind": "statefulset", "replicas": 1, "rollout": AT_ONCE}
    describe(project, {"late": late})
    project.up()
    describe(project, {"late": {**late, "image": "nginx:2"}})
    controllers = controller_manager(cluster)
    os.kill(controllers, signal.SIGSTOP)
    try:
        running = project.start("up", "--yes", "--skip-preview")
        assert not running.wait(10)
    finally:
        os.kill(controllers, signal.SIGCONT)
    assert running.wait(60)
    result = running.result()
    assert result.exit_code == 0, result.output
    assert "waiting for the rollout" in result.output
    kube: Any = client(lab.kubeconfig(cluster))
    (container,) = kube.get(Pod, "late-0").spec.containers
    assert container.image == "nginx:2"


def controller_manager(cluster: str) -> int:
    """Return the process of the controllers of Kubernetes of this cluster."""
    (found,) = [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"/kube-controller-manager\0" in (arguments := path.read_bytes()) and cluster.encode() in arguments
    ]
    return int(found)


def test_objects_made_by_hand_are_adopted_renamed_and_scaled_by_others(
    lab: Lab, cluster: str, subnets: list[str], project: PulumiProject
) -> None:
    kube: Any = client(lab.kubeconfig(cluster))
    labels = {"k8s-app": "shop"}
    pod = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "shop", "image": "nginx:1", "imagePullPolicy": "Always"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    kube.create(
        Deployment.from_dict({"metadata": {"name": "shop", "namespace": "default"}, "spec": spec}),
        field_manager="kubectl",
    )
    plain = {"selector": labels, "ports": [{"name": "port-0", "port": 80, "targetPort": 8080}]}
    kube.create(
        Service.from_dict({"metadata": {"name": "shop", "namespace": "default"}, "spec": plain}),
        field_manager="kubectl",
    )
    before = [kube.get(kind, "shop").metadata.uid for kind in (Deployment, Service)]

    adopting: Json = {
        "exposure": internal(subnets[0]),
        "selector": labels,
        "image": "nginx:2",
        "rollout": AT_ONCE,
    }
    describe(project, {"shop": {**adopting, "adopt": True}})
    project.up()
    assert [kube.get(kind, "shop").metadata.uid for kind in (Deployment, Service)] == before
    (container,) = kube.get(Deployment, "shop").spec.template.spec.containers
    assert (container.image, container.imagePullPolicy) == ("nginx:2", "Always")
    assert forced(kube) == [True, True]
    # Forced once: the next update takes the mark off, and then there is nothing left to do.
    assert steps(project) == {"shop-deployment": "update", "shop-service": "update"}
    project.up()
    assert forced(kube) == [False, False]
    quiet(project)

    renamed = {"store": {**adopting, "adopt": True, "name": "shop", "formerly": "shop"}}
    describe(project, renamed)
    assert steps(project) == {}

    scaled = {"store": {**renamed["store"], "autoscaled": True}}
    describe(project, scaled)
    project.up()
    kube.patch(Deployment.Scale, "shop", {"spec": {"replicas": 3}}, field_manager="horizontal-pod-autoscaler")
    describe(project, {"store": {**scaled["store"], "image": "nginx:3"}})
    project.up()
    assert kube.get(Deployment, "shop").spec.replicas == 3
    quiet(project)
    assert kube.get(Deployment, "shop").spec.replicas == 3


def forced(kube: Any) -> list[bool]:
    objects = [kube.get(kind, "shop") for kind in (Deployment, Service)]
    return ["pulumi.com/patchForce" in (item.metadata.annotations or {}) for item in objects]


IMAGE = "spec.template.spec.containers[0].image"


@pytest.mark.parametrize("manager", ["kubectl-set", "release-tool"])
def test_an_image_that_a_release_tool_sets_and_the_program_ignores_is_never_set_back(
    lab: Lab, cluster: str, project: PulumiProject, manager: str
) -> None:
    kube: Any = client(lab.kubeconfig(cluster))

    def image() -> str:
        return str(kube.get(Deployment, "shop").spec.template.spec.containers[0].image)

    def release(tag: str) -> None:
        template = {"spec": {"containers": [{"name": "shop", "image": f"nginx:{tag}"}]}}
        kube.patch(Deployment, "shop", {"spec": {"template": template}}, field_manager=manager)

    shop: Json = {
        "exposure": {"kind": "none"},
        "image": "nginx:1",
        "rollout": AT_ONCE,
        "adopt": True,
        "ignored": [IMAGE],
    }
    describe(project, {"shop": shop})
    project.up()
    assert image() == "nginx:1"
    release("2")
    describe(project, {"shop": {**shop, "labels": {"team": "a"}}})
    project.up()
    assert image() == "nginx:2"
    quiet(project)
    release("3")
    project.up()
    assert image() == "nginx:3"
    quiet(project)


def test_an_existing_statefulset_is_compared_before_a_resource_is_made(
    lab: Lab, cluster: str, project: PulumiProject
) -> None:
    kube: Any = client(lab.kubeconfig(cluster))
    labels = {"app.kubernetes.io/name": "db"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "db", "image": "nginx:1"}]}}
    spec = {
        "replicas": 1,
        "serviceName": "db-peers",
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": labels},
        "template": pod,
    }
    kube.create(
        StatefulSet.from_dict({"metadata": {"name": "db", "namespace": "default"}, "spec": spec}),
        field_manager="kubectl",
    )
    peers = {"clusterIP": "None", "selector": labels, "ports": [{"name": "port-0", "port": 80}]}
    kube.create(
        Service.from_dict({"metadata": {"name": "db-peers", "namespace": "default"}, "spec": peers}),
        field_manager="kubectl",
    )
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
    kube.create(
        PodDisruptionBudget.from_dict(
            {"metadata": {"name": "by-hand", "namespace": "default"}, "spec": budget}
        )
    )
    adopting: Json = {
        "exposure": {"kind": "public"},
        "kind": "statefulset",
        "image": "nginx:1",
        "rollout": AT_ONCE,
        "adopt": True,
    }
    describe(project, {"db": adopting})
    before = len(balancers(lab))
    for refused in (project.preview(check=False), project.run("up", "--yes", "--skip-preview", check=False)):
        assert refused.exit_code != 0
        assert "service_name: db instead of db-peers (spec.serviceName of the live object)" in refused.output
        assert (
            "pod_management_policy: OrderedReady instead of Parallel (spec.podManagementPolicy of the live"
            " object)" in refused.output
        )
        assert len(balancers(lab)) == before
    described = {
        **adopting,
        "service_name": "db-peers",
        "headless_service": True,
        "pod_management_policy": "Parallel",
    }
    describe(project, {"db": described})
    refused = project.preview(check=False)
    assert (
        "disruption_budget: would be the second PodDisruptionBudget of these pods, beside by-hand"
        in refused.output
    )
    describe(project, {"db": {**described, "adopt": False}})  # the hook of the budget, without adoption
    refused = project.preview(check=False)
    assert refused.exit_code != 0
    assert (
        "disruption_budget: would be the second PodDisruptionBudget of these pods, beside by-hand"
        in refused.output
    )
    describe(project, {"db": {**described, "disruption_budget": False}})
    project.up()
    project.up()
    quiet(project)
    kube.delete(PodDisruptionBudget, "by-hand")


def test_gateways_from_charts_are_on_eni_behind_direct_load_balancers(
    lab: Lab, cluster: str, subnets: list[str]
) -> None:
    config = {"clusterId": cluster, "subnetId": subnets[0]}
    with stack(
        lab, PROGRAMS / "gateway", "gateway", config, {"LAB_KUBECONFIG": lab.kubeconfig(cluster), **FAST}
    ) as project:
        project.up()
        leaves_earlier_states_alone(project, "gateway")
        kube: Any = client(lab.kubeconfig(cluster))
        for name, cpu in (("ingress-nginx-controller", "100m"), ("traefik", "100m")):
            template = kube.get(Deployment, name).spec.template
            assert template.metadata.annotations == eni_pod_template()["annotations"]
            asked = template.spec.containers[0].resources
            assert (asked.limits, asked.requests["cpu"]) == (eni_pod_template()["resources"]["limits"], cpu)
            assert balancers(lab)[f"service/default/{name}"]["direct"] is True
        assert {row.network for row in pods(lab.kubeconfig(cluster))} == {"eni"}
        quiet(project)
        assert "gateway_transform" not in project.preview().output
        with changed(project, {"moved": "traefic"}):
            assert (
                "gateway_transform: no Deployment or StatefulSet is named traefic" in project.preview().output
            )
        with changed(project, {"release": "true"}):
            refused = project.preview(check=False)
        assert refused.exit_code != 0
        assert "opts.transforms: does nothing in a helm.sh/v3 Release" in refused.output
