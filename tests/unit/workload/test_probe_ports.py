"""Names of container ports, and probes that use them."""

from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from tests.unit.workloads import made, template

PROBE: dict[str, Any] = {"http_get": {"path": "/", "port": "http"}}


def test_a_given_port_name_reaches_the_container_and_a_default_name_does_not() -> None:
    ports = [
        {"port": 80, "target_port": 8080, "name": "http"},
        {"port": 81},
        {"port": 82, "name": "over-15-characters"},
    ]
    container = template(ports=ports, readiness_probe=PROBE)["spec"]["containers"][0]
    assert container["ports"] == [
        {"containerPort": 8080, "protocol": "TCP", "name": "http"},
        {"containerPort": 81, "protocol": "TCP"},
        {"containerPort": 82, "protocol": "TCP"},
    ]
    assert container["readinessProbe"]["httpGet"]["port"] == "http"


def test_two_service_ports_of_one_container_port_become_one_container_port() -> None:
    """Kubernetes refuses to apply a list that has one port twice."""
    ports = [
        {"port": 80, "target_port": 8080},
        {"port": 81, "target_port": 8080, "name": "http"},
        {"port": 8080, "protocol": "UDP"},
    ]
    container = template(ports=ports, liveness_probe=PROBE)["spec"]["containers"][0]
    assert container["ports"] == [
        {"containerPort": 8080, "protocol": "TCP", "name": "http"},
        {"containerPort": 8080, "protocol": "UDP"},
    ]


@pytest.mark.parametrize("probe", ["readiness_probe", "liveness_probe", "startup_probe"])
@pytest.mark.parametrize(
    ("ports", "action", "port", "there"),
    [
        (None, "http_get", "http", "none of its ports has a name"),
        (
            [{"port": 80, "name": "web"}, {"port": 81, "name": "admin"}],
            "tcp_socket",
            "http",
            "its ports are named admin, web",
        ),
        (
            [{"port": 80, "name": "over-15-characters"}],
            "http_get",
            "over-15-characters",
            "none of its ports has a name",
        ),
    ],
)
def test_a_probe_of_an_unknown_port_name_is_refused(
    probe: str, ports: Any, action: str, port: str, there: str
) -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        made(ports=ports, **{probe: {action: {"port": port}}})
    assert [str(problem) for problem in caught.value.problems] == [
        f"{probe}.{action}.port: {port!r} is no port of this container; {there}; the check would always fail,"
        " and no pod would get ready; name the port, at most 15 characters, or give its number"
    ]


def test_a_hook_of_an_unknown_port_name_is_refused_and_a_number_is_not() -> None:
    container: dict[str, Any] = {"name": "a", "image": "b", "ports": [{"containerPort": 80, "name": "web"}]}
    made(
        image=None,
        containers=[
            {
                **container,
                "readinessProbe": {"httpGet": {"port": 8080}},
                "livenessProbe": {"tcpSocket": {"port": "web"}},
            }
        ],
    )
    with pytest.raises(
        tke.InvalidInputs,
        match=r"containers\[0\]\.lifecycle\.pre_stop\.http_get\.port: 'drain' is no port of this",
    ):
        made(image=None, containers=[{**container, "lifecycle": {"preStop": {"httpGet": {"port": "drain"}}}}])
