"""Whether a Kubernetes provider takes existing objects over, with SDKs and plugins before 4.29 and later."""

import asyncio
from importlib.metadata import version
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.component import live_objects
from tests.cases.catalogue.described import hybrid
from tests.unit.live import PULUMI, cluster_of, holder, live
from tests.unit.programs import Graph, run
from tests.unit.workloads import SUBNET

BEFORE, LATER = "4.28.0", "4.29.0"


def sdk(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    """Let pulumi-kubernetes have this version."""
    monkeypatch.setattr(
        live_objects, "version", lambda name: number if name == "pulumi-kubernetes" else version(name)
    )


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A provider with the argument; the list has the values of each call."""
    calls: list[dict[str, Any]] = []
    provider: Any = kubernetes.Provider

    def made(name: str, *, upsert_existing_objects: bool | None = None, **more: Any) -> Any:
        calls.append({"name": name, "upsert_existing_objects": upsert_existing_objects})
        return provider(name, **more)

    monkeypatch.setattr(kubernetes, "Provider", made)
    return calls


def test_the_refusal_names_a_version_without_the_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk(monkeypatch, BEFORE)
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: tke.HybridCluster("demo", hybrid(upsert_existing_objects=True)))
    assert [str(problem) for problem in caught.value.problems] == [
        "upsert_existing_objects: True is no argument of pulumi-kubernetes 4.28.0;"
        " this version takes existing objects over without it; leave it out, or install pulumi-kubernetes"
        " 4.29 or later"
    ]


@pytest.mark.parametrize("wanted", [True, False, None])
def test_a_later_version_gets_the_argument_of_the_program(
    monkeypatch: pytest.MonkeyPatch, given: list[dict[str, Any]], wanted: bool | None
) -> None:
    sdk(monkeypatch, LATER)
    run(lambda: tke.HybridCluster("demo", hybrid(upsert_existing_objects=wanted)))
    assert given == [{"name": "demo-kubernetes", "upsert_existing_objects": wanted}]


class Engine(Graph):
    """The inputs of the provider as the engine has them: the plugin's version, and booleans as JSON."""

    def __init__(self, plugin: str, upsert: Any = None, *, preview: bool = False) -> None:
        super().__init__(preview=preview)
        self._inputs = {"version": plugin, **({} if upsert is None else {"upsertExistingObjects": upsert})}

    def new_resource(self, args: Any) -> tuple[str | None, dict[str, Any]]:
        made, outputs = super().new_resource(args)
        return made, {**outputs, **self._inputs} if args.typ == "pulumi:providers:kubernetes" else outputs


def adopt(graph: Graph) -> Graph:
    def program() -> None:
        opts = pulumi.ResourceOptions(provider=kubernetes.Provider("cluster", kubeconfig="none"))
        described = {"image": "nginx", "exposure": tke.internal(SUBNET), "adopt": True}
        tke.ClientIpWorkload("w", described, opts)

    return run(program, preview=graph.preview, into=graph)


ARGUMENT = "set upsert_existing_objects=True on the Kubernetes provider; HybridCluster has the argument too"
NEWER_SDK = (
    "leave out `version` of the provider, or install pulumi-kubernetes 4.29 or later and set"
    " upsert_existing_objects=True on the provider"
)


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(
    ("installed", "plugin", "upsert", "todo"),
    [
        (LATER, LATER, None, ARGUMENT),
        ("5.0.0", "5.0.0", None, ARGUMENT),
        ("unknown", "unknown", None, ARGUMENT),
        (LATER, LATER, "false", ARGUMENT),
        (BEFORE, "4.32.0", None, NEWER_SDK),
    ],
)
def test_adoption_is_refused_before_the_first_object_if_the_plugin_would_fail(
    monkeypatch: pytest.MonkeyPatch, installed: str, plugin: str, upsert: Any, todo: str, preview: bool
) -> None:
    sdk(monkeypatch, installed)
    cluster_of(monkeypatch, holder(), live("Service", spec={}))
    graph = Engine(plugin, upsert, preview=preview)
    with pytest.raises(tke.InvalidInputs) as caught:
        adopt(graph)
    assert [str(problem) for problem in caught.value.problems] == [
        f"opts.provider: does not take existing objects over: the kubernetes plugin {plugin} fails to create"
        f" what exists; {todo}"
    ]
    assert [resource.type for resource in graph.resources if resource.type.startswith("kubernetes:")] == []


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(
    ("installed", "plugin", "upsert"),
    [(BEFORE, BEFORE, None), (LATER, BEFORE, None), (LATER, LATER, "true"), (LATER, LATER, True)],
)
def test_adoption_goes_on_if_the_plugin_takes_the_objects_over(
    monkeypatch: pytest.MonkeyPatch, installed: str, plugin: str, upsert: Any, preview: bool
) -> None:
    sdk(monkeypatch, installed)
    cluster_of(monkeypatch, holder(), live("Service", spec={}))
    assert adopt(Engine(plugin, upsert, preview=preview)).of_type(":Deployment")


@pytest.mark.parametrize("value", ["true", "1", ""])
def test_the_default_provider_has_the_environment(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    sdk(monkeypatch, LATER)
    monkeypatch.setenv("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", value)
    found = asyncio.run(live_objects.upsert_findings(None))
    assert len(found) == (0 if value else 1)


@pytest.mark.parametrize("there", [[], [holder(managers=PULUMI), live("Service", managers=PULUMI, spec={})]])
def test_objects_of_a_stack_and_new_objects_need_no_argument(
    monkeypatch: pytest.MonkeyPatch, there: list[dict[str, Any]]
) -> None:
    sdk(monkeypatch, LATER)
    cluster_of(monkeypatch, *there)
    assert adopt(Engine(LATER)).of_type(":Deployment")
