"""Gateways that are Helm charts, by values or by a transform."""

import gc
import runpy
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pulumi
import pytest

import pulumi_tke_hybrid as tke
from tests.unit.programs import run
from tests.unit.workloads import SUBNET, made

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENT, SERVICE = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"
ENVOY = "kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxy"


NAMES = ("ingress-nginx-controller", "traefik")


def transformed(
    kind: str,
    name: str,
    spec: dict[str, Any],
    annotations: dict[str, str] | None = None,
    workloads: Collection[str] | None = NAMES,
) -> Any:
    props = {"metadata": {"name": name, "annotations": annotations or {}}, "spec": spec}
    transform = tke.gateway_transform(tke.internal(SUBNET), workloads=workloads)
    args = pulumi.ResourceTransformArgs(
        custom=True, type_=kind, name=name, props=props, opts=pulumi.ResourceOptions()
    )
    result = transform(args)
    return None if result is None else result.props


def rendered(resources: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A Deployment's spec as a chart renders it."""
    first = {"name": "controller", "image": "controller", **({"resources": resources} if resources else {})}
    return {
        "replicas": 2,
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [first, {"name": "other"}], **more},
        },
    }


def ours() -> tuple[dict[str, Any], dict[str, Any]]:
    """Pod annotations with the first container's resources, and Service annotations, of a
    `ClientIpWorkload`."""
    graph = made()
    template = graph.named("w-deployment").inputs["spec"]["template"]
    pod = {
        "annotations": template["metadata"]["annotations"],
        "resources": template["spec"]["containers"][0]["resources"],
    }
    return pod, graph.named("w-service").inputs["metadata"]["annotations"]


def test_values_for_a_chart_equal_those_of_a_workload() -> None:
    pod, service = ours()
    assert tke.eni_pod_template() == pod
    assert tke.direct_service_annotations(tke.internal(SUBNET)) == service


@pytest.mark.parametrize("name", ["ingress-nginx-controller", "traefik"])
def test_the_transform_gives_pods_of_a_chart_the_settings_of_a_workload(name: str) -> None:
    pod, _ = ours()
    spec = transformed(DEPLOYMENT, name, rendered({"requests": {"cpu": "100m"}}))["spec"]
    assert spec["replicas"] == 2
    assert spec["template"]["metadata"] == {"labels": {"a": "b"}, "annotations": pod["annotations"]}
    first, other = spec["template"]["spec"]["containers"]
    assert first["resources"] == {
        "requests": {"cpu": "100m", **pod["resources"]["requests"]},
        "limits": pod["resources"]["limits"],
    }
    assert other == {"name": "other"}


def test_the_transform_makes_a_charts_load_balancer_direct_and_leaves_other_services() -> None:
    _, service = ours()
    props = transformed(SERVICE, "any", {"type": "LoadBalancer"}, {"chart": "own"})
    assert props["metadata"]["annotations"] == {"chart": "own", **service}
    assert transformed(SERVICE, "any", {"type": "ClusterIP"}) is None
    assert transformed(DEPLOYMENT, "envoy-gateway", rendered()) is None


def test_the_transform_changes_the_envoy_proxy() -> None:
    pod, service = ours()
    inside = transformed(ENVOY, "proxy", {"logging": {"level": "warn"}})["spec"]
    assert inside["logging"] == {"level": "warn"}
    assert inside["provider"] == {
        "type": "Kubernetes",
        "kubernetes": {
            "envoyDeployment": {
                "pod": {"annotations": pod["annotations"]},
                "container": {"resources": pod["resources"]},
            },
            "envoyService": {"type": "LoadBalancer", "annotations": service},
        },
    }


def test_a_gateway_on_the_nodes_network_is_refused() -> None:
    with pytest.raises(tke.InvalidInputs, match="hostNetwork: shares the node's address"):
        transformed(DEPLOYMENT, "traefik", rendered(hostNetwork=True))


def test_a_gateway_needs_a_load_balancer() -> None:
    with pytest.raises(tke.InvalidInputs, match=r"exposure\.kind: 'none' is no load balancer"):
        tke.direct_service_annotations(tke.not_exposed())


def test_the_exposure_may_be_a_dictionary() -> None:
    described = {"kind": "internal", "subnet_id": SUBNET}
    assert tke.direct_service_annotations(described) == tke.direct_service_annotations(tke.internal(SUBNET))
    with pytest.raises(
        tke.InvalidInputs,
        match=r"^gateway_transform: 1 invalid input\n  exposure\.subnet_id: is required for kind 'internal'",
    ):
        tke.gateway_transform({"kind": "internal"}, workloads=["traefik"])


@pytest.mark.parametrize(
    ("workloads", "line"),
    [
        ("traefik", "workloads: must be a list: ['traefik']"),
        ([], "workloads: is empty, so no pod would go to ENI; name the Deployments and StatefulSets, "
             "or give None if Envoy Gateway makes the pods"),
        ([7], "workloads[0]: must be a string; got 7"),
    ],
)  # fmt: skip
def test_wrong_values_of_workloads_are_refused(workloads: Any, line: str) -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        tke.gateway_transform(tke.public(), workloads=workloads)
    assert [str(problem) for problem in caught.value.problems] == [line]


@pytest.mark.parametrize("workloads", [("traefik",), {"traefik"}, {"traefik": 1}.keys()])
def test_names_of_workloads_come_in_any_collection(workloads: Collection[str]) -> None:
    assert transformed(DEPLOYMENT, "traefik", rendered(), workloads=workloads) is not None
    assert transformed(DEPLOYMENT, "rae", rendered(), workloads=workloads) is None


def test_without_workloads_only_pods_of_envoy_gateway_move() -> None:
    assert transformed(DEPLOYMENT, "envoy-gateway", rendered(), workloads=None) is None
    assert transformed(ENVOY, "proxy", {}, workloads=None) is not None


def test_the_example_makes_the_direct_service_before_the_pods() -> None:
    pod, _ = ours()
    config = {"unit:cluster": "organization/cluster/prod", "unit:loadBalancerId": "lb-12345678"}
    graph = run(lambda: runpy.run_path(str(ROOT / "examples/gateway/__main__.py")), config=config)
    names = [resource.name for resource in graph.resources]
    assert names.index("gateway") < names.index("ingress-nginx")
    annotations = graph.named("gateway").inputs["metadata"]["annotations"]
    assert annotations["service.kubernetes.io/tke-existed-lbid"] == "lb-12345678"
    controller = graph.named("ingress-nginx").inputs["values"]["controller"]
    assert {"annotations": controller["podAnnotations"], "resources": controller["resources"]} == pod


def seen(*objects: tuple[str, str, dict[str, Any]], workloads: Collection[str] | None = NAMES) -> object:
    """A transform that was given these objects."""
    transform = tke.gateway_transform(tke.internal(SUBNET), workloads=workloads)
    for kind, name, spec in objects:
        props = {"metadata": {"name": name}, "spec": spec}
        transform(
            pulumi.ResourceTransformArgs(
                custom=True, type_=kind, name=name, props=props, opts=pulumi.ResourceOptions()
            )
        )
    return transform


POD_HOLDERS = [(DEPLOYMENT, name, rendered()) for name in NAMES]
FRONT = (SERVICE, "front", {"type": "LoadBalancer"})
UNMOVED = (
    "warning: gateway_transform: no Deployment or StatefulSet is named traefik, so those pods get no ENI"
    " address; "
)
INDIRECT = (
    "warning: gateway_transform: received no Service of type LoadBalancer and no EnvoyProxy, so no load"
    " balancer became direct; "
)
UNGIVEN = "warning: gateway_transform: received no Kubernetes object, so it changed nothing; "


@pytest.mark.parametrize(
    ("objects", "workloads", "starts"),
    [
        ([*POD_HOLDERS, FRONT], NAMES, []),
        ([POD_HOLDERS[0], FRONT], NAMES, [UNMOVED]),
        ([*POD_HOLDERS, (SERVICE, "front", {"type": "ClusterIP"})], NAMES, [INDIRECT]),
        ([(DEPLOYMENT, "other", rendered())], ["traefik"], [UNMOVED, INDIRECT]),
        ([("kubernetes:helm.sh/v4:Chart", "traefik", {})], ["traefik"], [UNMOVED, INDIRECT]),
        ([(ENVOY, "proxy", {})], None, []),
        ([(DEPLOYMENT, "envoy-gateway", rendered())], None, [INDIRECT]),
        ([], NAMES, [UNGIVEN]),
        ([("tencentcloud:Vpc/instance:Instance", "vpc", {})], None, [UNGIVEN]),
    ],
)
def test_a_transform_without_effect_is_a_warning_at_the_end(
    objects: list[tuple[str, str, dict[str, Any]]],
    workloads: Any,
    starts: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    transform = seen(*objects, workloads=workloads)
    assert capsys.readouterr().err == ""
    del transform
    assert [
        line[: len(start)] for line, start in zip(capsys.readouterr().err.splitlines(), starts, strict=True)
    ] == starts


def test_a_helm_release_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    gc.collect()  # the transforms of other tests
    capsys.readouterr()
    with pytest.raises(tke.InvalidInputs) as caught:
        seen(("kubernetes:helm.sh/v3:Release", "traefik", {}))
    assert str(caught.value).startswith(
        "gateway_transform 'traefik': 1 invalid input\n  opts.transforms: does nothing in a helm.sh/v3"
        " Release; Helm renders its"
    )
    del caught
    gc.collect()
    assert capsys.readouterr().err == ""
