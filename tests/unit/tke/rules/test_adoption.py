"""Workloads of one program that share objects or pods."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.tke.rules.adoption import DeclaredWorkload, NamedObject, WorkloadsOfNamespace
from tests.unit.programs import run, unknown

Json = dict[str, Any]


def refused(*workloads: Json, clusters: int = 1, preview: bool = True) -> list[str]:
    """Return the findings on workloads of one program; `clusters`: with a provider for each of so many."""

    def program() -> None:
        providers = [kubernetes.Provider(f"cluster-{index}", kubeconfig="none") for index in range(clusters)]
        for index, given in enumerate(workloads):
            args = {"image": "nginx", "exposure": tke.not_exposed(), **given}
            opts = pulumi.ResourceOptions(provider=providers[index % clusters])
            tke.ClientIpWorkload(f"w{index}", args, opts)

    try:
        run(program, preview=preview)
    except tke.InvalidInputs as error:
        return [str(problem) for problem in error.problems]
    return []


STATEFUL: Json = {"kind": "statefulset"}


@pytest.mark.parametrize(
    ("workloads", "sentence"),
    [
        ([{"name": "web"}, {"name": "web"}], "name: web names the Service of ClientIpWorkload 'w0' in "),
        ([{"name": "web"}, {"front_service_name": "web"}], "front_service_name: web names the Service of "),
        (
            [{**STATEFUL, "headless_service": True, "service_name": "w0"}],
            "service_name: w0 names the Service of `name` in namespace default; ",
        ),
        ([{"name": "web"}, {"name": pulumi.Output.from_input("web")}], "name: web names the Service of "),
        (
            [{**STATEFUL, "headless_service": True, "front_service_name": "w0-headless"}],
            "headless_service: w0-headless names the Service of `front_service_name` in namespace default; ",
        ),
        ([{"selector": {"app": "web"}}] * 2, "selector: app=web shares pods with ClientIpWorkload 'w0' in "),
        (
            [{"selector": {"app": "web", "track": "canary"}}, {"selector": {"app": "web"}}],
            "selector: app=web shares pods with ClientIpWorkload 'w0' in namespace default; ",
        ),
        (
            [{"selector": {"app": "web"}}, {"selector": {"app": "web", "track": "canary"}}],
            "selector: app=web,track=canary shares pods with ClientIpWorkload 'w0' in namespace default; ",
        ),
        (
            [{"selector": {"app": "web"}}, {"selector": {"job": "x"}, "labels": {"app": "web"}}],
            "selector: job=x shares pods with ClientIpWorkload 'w0' in namespace default; ",
        ),
    ],
)  # fmt: skip
def test_workloads_that_share_an_object_or_pods_are_refused(workloads: list[Json], sentence: str) -> None:
    assert refused(*workloads)[0].startswith(sentence)


def test_an_update_without_a_preview_refuses_too() -> None:
    (line, *_) = refused({"name": "web"}, {"name": "web"}, preview=False)
    assert line.startswith("name: web names the Service of ClientIpWorkload 'w0' in namespace default; ")


@pytest.mark.parametrize(
    "workloads",
    [
        [{"name": "web"}, {"name": "web", "namespace": "other"}],
        [{"name": "web"}, {**STATEFUL, "name": "web-1"}],
        [{"selector": {"app": "web", "track": "stable"}}, {"selector": {"app": "web", "track": "canary"}}],
        [{"selector": {"app": "web"}}, {"selector": {"app": "web"}, "namespace": "other"}],
        [{**STATEFUL, "headless_service": True, "service_name": "peers"}],
        [{**STATEFUL}],
    ],
)
def test_other_workloads_are_accepted(workloads: list[Json]) -> None:
    assert refused(*workloads) == []


def test_workloads_of_two_clusters_may_have_one_name() -> None:
    assert refused({"name": "web"}, {"name": "web"}, clusters=2) == []


def test_a_program_may_share_pods_on_purpose() -> None:
    given = {"selector": {"app": "web"}, "rules": {"selector-overlap": "warning"}}
    assert refused({"selector": {"app": "web"}}, given) == []


def test_a_name_that_a_preview_does_not_know_is_not_compared() -> None:
    def program() -> None:
        provider = kubernetes.Provider("cluster", kubeconfig="none")
        for name in ("a", "b"):
            args = {"image": "nginx", "exposure": tke.not_exposed(), "name": unknown()}
            tke.ClientIpWorkload(name, args, pulumi.ResourceOptions(provider=provider))

    run(program, preview=True)


def test_workloads_are_found_by_their_rarest_label() -> None:
    """A program of many workloads does not compare each of them with each other."""
    namespace = WorkloadsOfNamespace("default")
    compared = 0

    class Selector(dict[str, str]):
        def items(self) -> Any:
            nonlocal compared
            compared += 1
            return super().items()

    for index in range(200):
        labels = Selector({"team": "shop", "app": f"web-{index}"})
        objects = [NamedObject("Service", f"web-{index}", "name")]
        assert not namespace.add(DeclaredWorkload(f"w{index}", objects, labels, labels))
    assert compared < 200 * 12
    (finding,) = namespace.add(DeclaredWorkload("last", [], {"app": "web-7"}, {"app": "web-7", "x": "y"}))
    assert finding.what == "shares pods with w7 in namespace default"
