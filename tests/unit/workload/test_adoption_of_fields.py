"""Fields of adopted objects: forced once, and kept where the program ignores them."""

from typing import Any

import pulumi
import pytest

import pulumi_tke_hybrid as tke
from tests.unit.live import KUBECTL, PULUMI, cluster_of, holder, live, no_cluster
from tests.unit.programs import Graph, run
from tests.unit.workloads import SUBNET, adopting_provider

FORCE = "pulumi.com/patchForce"
IMAGE = "spec.template.spec.containers[0].image"
CHILDREN = {"w-service": "Service", "w-deployment": "Deployment", "w-pdb": "PodDisruptionBudget"}


def made(ignored: list[str] | None = None, *, preview: bool = False, **more: Any) -> Graph:
    described = {"image": "nginx:1", "exposure": tke.internal(SUBNET), "adopt": True, **more}

    def program() -> None:
        opts = pulumi.ResourceOptions(provider=adopting_provider(), ignore_changes=ignored)
        tke.ClientIpWorkload("w", described, opts)

    return run(program, preview=preview)


def forced(graph: Graph) -> list[str]:
    return [name for name in CHILDREN if FORCE in graph.named(name).inputs["metadata"].get("annotations", {})]


def everything(managers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        live("Service", managers=managers, spec={}),
        holder(managers=managers),
        live("PodDisruptionBudget", managers=managers),
    ]


def image(graph: Graph) -> Any:
    return graph.named("w-deployment").inputs["spec"]["template"]["spec"]["containers"][0].get("image")


@pytest.mark.parametrize("preview", [True, False])
def test_only_an_object_that_no_stack_applies_is_forced(
    monkeypatch: pytest.MonkeyPatch, preview: bool
) -> None:
    cluster_of(monkeypatch, *everything(KUBECTL))
    assert forced(made(preview=preview)) == list(CHILDREN)
    cluster_of(monkeypatch, *everything(PULUMI))
    assert forced(made(preview=preview)) == []
    cluster_of(monkeypatch, live("Service", spec={}))
    assert forced(made(preview=preview)) == ["w-service"]
    cluster_of(monkeypatch)
    assert forced(made(preview=preview)) == []
    cluster_of(monkeypatch, *everything(KUBECTL))
    assert forced(made(preview=preview, adopt=False)) == []


@pytest.mark.parametrize(
    "path", [IMAGE, "spec.template.spec.containers[*].image", 'spec["template"].spec.containers[0]["image"]']
)
@pytest.mark.parametrize("managers", [KUBECTL, PULUMI])
@pytest.mark.parametrize("adopt", [True, False])
def test_an_ignored_image_keeps_the_live_value(
    monkeypatch: pytest.MonkeyPatch, path: str, managers: list[dict[str, Any]], adopt: bool
) -> None:
    cluster_of(monkeypatch, holder(image="nginx:2", managers=managers))
    graph = made([path], adopt=adopt, env={"A": "b"})
    assert image(graph) == "nginx:2"
    container = graph.named("w-deployment").inputs["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [{"name": "A", "value": "b"}]
    assert container["resources"]["limits"] == {"tke.cloud.tencent.com/eni-ip": "1"}


@pytest.mark.parametrize("managers", [KUBECTL, PULUMI])
@pytest.mark.parametrize("adopt", [True, False])
def test_an_image_that_is_not_ignored_is_the_programs(
    monkeypatch: pytest.MonkeyPatch, managers: list[dict[str, Any]], adopt: bool
) -> None:
    cluster_of(monkeypatch, holder(image="nginx:2", managers=managers))
    assert image(made(adopt=adopt)) == "nginx:1"


def test_without_a_live_object_the_image_is_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    read = cluster_of(monkeypatch)
    assert image(made([IMAGE], adopt=False)) == "nginx:1"
    assert read != []


@pytest.mark.parametrize(("managers", "replicas"), [(KUBECTL, 7), (PULUMI, 2)])
def test_the_replicas_of_an_autoscaler_survive_the_adoption(
    monkeypatch: pytest.MonkeyPatch, managers: list[dict[str, Any]], replicas: int
) -> None:
    cluster_of(monkeypatch, holder(managers=managers))
    assert made(autoscaled=True).named("w-deployment").inputs["spec"]["replicas"] == replicas
    assert made(["spec.replicas"]).named("w-deployment").inputs["spec"]["replicas"] == replicas


def test_containers_are_matched_by_name_and_a_missing_field_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    containers = [{"name": "proxy", "image": "envoy:9"}, {"name": "web", "image": "shop:2"}]
    spec = {"template": {"spec": {"containers": containers}}}
    cluster_of(monkeypatch, holder(spec=spec, managers=PULUMI))
    mine = [
        {"name": "web", "image": "shop:1", "env": [{"name": "A", "value": "b"}]},
        {"name": "proxy", "image": "envoy:1"},
    ]
    ignored = ["spec.template.spec.containers[*].image", "spec.template.spec.containers[0].env"]
    found = (
        made(ignored, image=None, containers=mine)
        .named("w-deployment")
        .inputs["spec"]["template"]["spec"]["containers"]
    )
    assert [(container["name"], container["image"], container.get("env")) for container in found] == [
        ("web", "shop:2", None), ("proxy", "envoy:9", None),
    ]  # fmt: skip


def test_an_unreadable_ignored_field_stops_an_update_and_is_a_warning_at_preview(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_cluster(monkeypatch)
    (line,) = [text for _, text in made([IMAGE], adopt=False, preview=True).said]
    assert (
        "the cluster could not be read (ConnectTimeout); fields that the program ignores are read during `up`"
        in line
    )
    with pytest.raises(
        tke.InvalidInputs,
        match=r"opts\.provider: could not be read; fields that the program ignores are read",
    ):
        made([IMAGE], adopt=False)


def test_a_program_without_ignored_list_items_reads_no_object(monkeypatch: pytest.MonkeyPatch) -> None:
    no_cluster(monkeypatch)
    assert (
        made(["spec.replicas", 'metadata.annotations["team"]', "spec.template.metadata"], adopt=False).said
        == []
    )


RESTARTED = "kubectl.kubernetes.io/restartedAt"


@pytest.mark.parametrize("adopt", [True, False])
def test_an_ignored_annotation_of_a_tool_stays(monkeypatch: pytest.MonkeyPatch, adopt: bool) -> None:
    """The provider splits a path at its dots, and so does not find a key with a dot in it."""
    there = holder(managers=PULUMI, annotations={"tool.example.com/revision": "7"})
    there["spec"]["template"]["metadata"] = {"annotations": {RESTARTED: "2026-11-30"}}
    cluster_of(monkeypatch, there)
    ignored = [
        'metadata.annotations["tool.example.com/revision"]',
        f'spec.template.metadata.annotations["{RESTARTED}"]',
    ]
    inputs = made(ignored, adopt=adopt).named("w-deployment").inputs
    assert inputs["metadata"]["annotations"] == {"tool.example.com/revision": "7"}
    annotations = inputs["spec"]["template"]["metadata"]["annotations"]
    assert annotations[RESTARTED] == "2026-11-30"
    assert annotations["tke.cloud.tencent.com/networks"] == "tke-route-eni"
    overlay = made(ignored, adopt=adopt, network="global_route").named("w-deployment").inputs
    assert overlay["spec"]["template"]["metadata"]["annotations"] == {RESTARTED: "2026-11-30"}


def test_a_missing_ignored_annotation_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster_of(monkeypatch, holder(managers=PULUMI))
    inputs = (
        made([f'spec.template.metadata.annotations["{RESTARTED}"]'], network="global_route")
        .named("w-deployment")
        .inputs
    )
    assert "annotations" not in inputs["spec"]["template"]["metadata"]
