"""The quota of listeners: one workload, several workloads, and the objects of a plan."""

from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import registry
from tests.unit.programs import Graph, run
from tests.unit.workloads import made, workload

BALANCER = "lb-11111111"


def ports(first: int, count: int) -> list[tke.PortArgs]:
    return [tke.PortArgs(port=port) for port in range(first, first + count)]


def warned(graph: Graph) -> list[str]:
    return [text for level, text in graph.said if level == "warning" and "[listener-quota]" in text]


def test_fifty_one_ports_are_a_warning() -> None:
    (warning,) = warned(made(ports=ports(8000, 51)))
    assert "ports: 51 listeners on the load balancer of the Service, and a load balancer takes 50" in warning


@pytest.mark.parametrize(
    "described", [{"ports": ports(8000, 50)}, {"ports": ports(8000, 51), "exposure": tke.not_exposed()}]
)
def test_fifty_ports_or_no_load_balancer_have_no_finding(described: dict[str, Any]) -> None:
    assert warned(made(**described)) == []


def test_workloads_that_share_a_load_balancer_are_counted_together() -> None:
    def program(second: int) -> None:
        for name, first in (("a", 8000), ("b", second)):
            workload(name, exposure=tke.existing_clb(BALANCER, shared=True), ports=ports(first, 30))

    (warning,) = warned(run(lambda: program(9000)))
    assert f"60 listeners on load balancer {BALANCER}, for 2 workloads together" in warning


def service(name: str, count: int, *, balancer: str = BALANCER, protocol: str = "TCP") -> dict[str, Any]:
    listed = [{"port": float(8000 + index), "protocol": protocol} for index in range(count)]
    annotations = {"service.kubernetes.io/tke-existed-lbid": balancer}
    return {
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"type": "LoadBalancer", "ports": listed},
    }


def step(kind: str, name: str, old: dict[str, Any], new: dict[str, Any]) -> Step:
    op = Op.CREATE if not old else Op.DELETE if not new else Op.SAME if old == new else Op.UPDATE
    return Step(f"urn:pulumi:dev::demo::{kind}::{name}", kind, op, old, new)


def found(*steps: Step) -> list[str]:
    return [item.head for item in registry.plan_findings(Plan(steps)) if item.rule.id == "listener-quota"]


OTHER = step(resource_types.SERVICE, "b", service("b", 30, protocol="UDP"), service("b", 30, protocol="UDP"))
TLS = {
    "metadata": {"annotations": {"kubernetes.io/ingress.existLbId": BALANCER}},
    "spec": {"tls": [{"secretName": "s"}]},
}


@pytest.mark.parametrize(
    ("changed", "count"),
    [
        (step(resource_types.SERVICE, "a", {}, service("a", 21)), 51),
        (step(resource_types.SERVICE, "a", service("a", 20), service("a", 25)), 55),
        (step(resource_types.LISTENER, "own", {}, {"clbId": BALANCER, "protocol": "TCP", "port": 443.0}), 0),
        (step(resource_types.SERVICE, "a", {}, service("a", 50, balancer="lb-22222222")), 0),
        (step(resource_types.SERVICE, "a", service("a", 25), service("a", 21)), 0),
        (step(resource_types.SERVICE, "a", service("a", 21), {}), 0),
    ],
    ids=["a new Service", "more ports", "one listener", "another load balancer", "fewer ports", "gone"],
)
def test_the_listeners_of_all_objects_of_a_load_balancer_are_counted_together(
    changed: Step, count: int
) -> None:
    heads = found(OTHER, changed)
    assert [head.split()[0] for head in heads] == ([str(count)] if count else [])
    assert all(BALANCER in head and "Service default/b" in head for head in heads)


def test_listeners_of_ingresses_and_of_the_program_count_too() -> None:
    own = [
        step(
            resource_types.LISTENER,
            f"l{port}",
            {},
            {"clbId": BALANCER, "protocol": "TCP", "port": float(port)},
        )
        for port in range(19)
    ]
    assert found(OTHER, step(resource_types.INGRESS, "shop", TLS, TLS), *own)[0].startswith("51 ")
    assert found(OTHER, step(resource_types.INGRESS, "shop", TLS, TLS), *own[:18]) == []
