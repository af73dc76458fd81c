"""Pods, containers, probes and volumes as plain dictionaries."""

from typing import Any

import pulumi_kubernetes as kubernetes
import pytest

import pulumi_tke_hybrid as tke
from tests.unit.workloads import made, template

core = kubernetes.core.v1
ENI = {"limits": {"tke.cloud.tencent.com/eni-ip": "1"}}
TYPED = core.ContainerArgs(
    name="web",
    image="nginx",
    image_pull_policy="Always",
    env=[core.EnvVarArgs(name="A", value="b")],
    ports=[core.ContainerPortArgs(name="http", container_port=8080)],
    resources=core.ResourceRequirementsArgs(requests={"my_own/resource": "1"}),
    readiness_probe=core.ProbeArgs(http_get=core.HTTPGetActionArgs(path="/", port="http"), period_seconds=5),
    liveness_probe=core.ProbeArgs(exec_=core.ExecActionArgs(command=["true"])),
)
SNAKE: dict[str, Any] = {
    "name": "web", "image": "nginx", "image_pull_policy": "Always", "env": [{"name": "A", "value": "b"}],
    "ports": [{"name": "http", "container_port": 8080}], "resources": {"requests": {"my_own/resource": "1"}},
    "readiness_probe": {"http_get": {"path": "/", "port": "http"}, "period_seconds": 5},
    "liveness_probe": {"exec_": {"command": ["true"]}},
}  # fmt: skip
CAMEL: dict[str, Any] = {
    "name": "web", "image": "nginx", "imagePullPolicy": "Always", "env": [{"name": "A", "value": "b"}],
    "ports": [{"name": "http", "containerPort": 8080}], "resources": {"requests": {"my_own/resource": "1"}},
    "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
    "livenessProbe": {"exec": {"command": ["true"]}},
}  # fmt: skip
MIXED: dict[str, Any] = {
    **CAMEL,
    "readinessProbe": {"http_get": {"path": "/", "port": "http"}, "periodSeconds": 5},
}
HALF = core.ContainerArgs(**{**SNAKE, "readiness_probe": CAMEL["readinessProbe"]})


@pytest.mark.parametrize(
    "container", [SNAKE, CAMEL, MIXED, HALF], ids=["snake", "camel", "mixed", "typed with dictionaries in it"]
)
def test_a_container_as_dictionary_equals_the_typed_container(container: Any) -> None:
    typed = template(image=None, containers=[TYPED])["spec"]["containers"]
    assert typed[0]["resources"]["limits"] == ENI["limits"]
    assert template(image=None, containers=[container])["spec"]["containers"] == typed


@pytest.mark.parametrize(
    "pod",
    [
        {
            "containers": [CAMEL],
            "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}],
            "priorityClassName": "high",
        },
        {
            "containers": [SNAKE],
            "host_aliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}],
            "priority_class_name": "high",
        },
        core.PodSpecArgs(
            containers=[CAMEL],  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
            host_aliases=[core.HostAliasArgs(ip="10.0.0.1", hostnames=["a"])],
            priority_class_name="high",
        ),
    ],
    ids=["camel", "snake", "typed with dictionaries in it"],
)
def test_a_pod_as_dictionary_equals_the_typed_pod(pod: Any) -> None:
    spec = template(image=None, pod_spec=pod)["spec"]
    assert spec["containers"] == template(image=None, containers=[TYPED])["spec"]["containers"]
    assert spec["hostAliases"] == [{"ip": "10.0.0.1", "hostnames": ["a"]}]
    assert spec["priorityClassName"] == "high"
    assert spec["terminationGracePeriodSeconds"] == 45


def test_probes_volumes_claims_and_tolerations_may_be_dictionaries_too() -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
    }
    graph = made(
        kind="statefulset",
        readiness_probe={"httpGet": {"path": "/", "port": 80}},
        volumes=[{"name": "shared", "emptyDir": {}}, {"name": "config", "config_map": {"name": "web"}}],
        volume_claims=[claim],
        tolerations=[{"key": "team", "operator": "Exists"}],
    )
    stateful = graph.named("w-statefulset").inputs["spec"]
    pod = stateful["template"]["spec"]
    assert pod["containers"][0]["readinessProbe"] == {"httpGet": {"path": "/", "port": 80}}
    assert pod["volumes"] == [
        {"name": "shared", "emptyDir": {}},
        {"name": "config", "configMap": {"name": "web"}},
    ]
    assert pod["tolerations"] == [{"key": "team", "operator": "Exists"}]
    assert stateful["volumeClaimTemplates"] == [claim]
    assert graph.named("w").inputs["volumeClaims"] == [claim]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"containers": [{"name": "a", "imag": "b"}]},
            "containers[0].imag: is not a property; did you mean 'image'?"),
        ({"containers": [{"image": "b"}]}, "containers[0].name: is required"),
        (
            {"containers": [{"name": "a", "readinessProbe": {"httpGet": {"pathh": "/"}}}]},
            "containers[0].readinessProbe.httpGet.pathh: is not a property; did you mean 'path'?",
        ),
        ({"containers": ["nginx"]},
            "containers[0]: must be a dictionary or an instance of ContainerArgs; got 'nginx'"),
        ({"pod_spec": {"containers": []}},
            "pod_spec.containers: must be a plain list of ContainerArgs or dictionaries, one at least; "),
        ({"pod_spec": {"containers": [SNAKE], "hostNetwork": True}},
            "pod_spec.host_network: True shares the node's address; "),
        ({"containers": [SNAKE, {"name": "b", "resources": ENI}]},
            "containers[1].resources: requests an ENI address; "),
        ({"containers": [{**SNAKE, "resources": {"limits": {"tke.cloud.tencent.com/eni-ip": 2}}}]},
         "containers[0].resources.limits['tke.cloud.tencent.com/eni-ip']: 2 is another number than 1; "),
        ({"pod_spec": {"containers": [{"name": "a", "startupProbe": {"tcpSocket": {"port": "web"}}}]}},
         "pod_spec.containers[0].startup_probe.tcp_socket.port: 'web' is no port of this container; "),
    ],
)  # fmt: skip
def test_a_wrong_dictionary_is_refused(more: dict[str, Any], line: str) -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        made(image=None, **more)
    assert [str(problem)[: len(line)] for problem in caught.value.problems] == [line]
