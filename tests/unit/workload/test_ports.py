"""The ports of a workload's container and of its Service."""

from typing import Any

import pulumi
import pytest

from tests.unit.programs import run
from tests.unit.workloads import workload

Json = dict[str, Any]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("targets", "container"),
    [
        ((8080, 8080), [{"containerPort": 8080, "protocol": "TCP"}]),
        (
            (8080, 8081),
            [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 8081, "protocol": "TCP"}],
        ),
    ],
)
def test_two_ports_with_one_target_are_one_port_of_the_container(
    targets: tuple[int, int], container: list[Json], *, late: bool
) -> None:
    """The API server refuses a container that has a port twice."""

    def program() -> None:
        first, second = [pulumi.Output.from_input(port) if late else port for port in targets]
        workload(ports=[{"port": 80, "target_port": first}, {"port": 81, "target_port": second}])

    graph = run(program)
    spec = graph.named("w-deployment").inputs["spec"]["template"]["spec"]
    assert spec["containers"][0]["ports"] == container
    ports = graph.named("w-service").inputs["spec"]["ports"]
    assert [port["targetPort"] for port in ports] == list(targets)
