"""One real control plane: the effects of the stand-in for kubelets on nodes and pods, and the fields that
the stand-in leaves alone."""

import asyncio
import signal
import ssl
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

import httpx
import pytest
import yaml

from pulumi_tke_hybrid.kube import KubeError, NotAllowed, NotFound
from pulumi_tke_hybrid.kube.client import NODE, Kind, connect_to
from tests.lab.control_plane import ControlPlane, ProcessFailed
from tests.lab.control_plane.processes import Process
from tests.lab.toolchain import CONTROL_PLANE, ensure

ENI_IP = "tke.cloud.tencent.com/eni-ip"
GATE = "cloud.tencent.com/load-balancer-backendgroup-ready"
POD_IP = "lab.tke/pod-ip"
HOLD = "lab.tke/deletion-hold"
PODS = "/api/v1/namespaces/default/pods"
NODES = "/api/v1/nodes"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
Json: TypeAlias = dict[str, Any]
T = TypeVar("T")


class Run(Protocol):
    def __call__(self, scenario: Coroutine[Any, Any, T], /) -> T: ...


class Cluster:
    """A client with the few things the tests do over and over. Plain JSON: no client library between test and
    server."""

    def __init__(self, kubeconfig: str, directory: Path) -> None:
        config: Json = yaml.safe_load(kubeconfig)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cadata=b64decode(cluster["certificate-authority-data"]).decode())
        pem = directory / "admin.pem"
        pem.write_bytes(b64decode(user["client-certificate-data"]) + b64decode(user["client-key-data"]))
        context.load_cert_chain(pem)
        self.http = httpx.AsyncClient(base_url=cluster["server"], verify=context, trust_env=False)
        self.kubeconfig = kubeconfig

    async def call(self, method: str, path: str, body: Json | None = None, patch: str = "") -> Json:
        headers = {"Content-Type": f"application/{patch}-patch+json" if patch else "application/json"}
        response = await self.http.request(method, path, json=body, headers=headers)
        assert response.is_success, response.text
        answer: Json = response.json()
        return answer

    async def until(self, what: str, fact: Callable[[], Awaitable[T | None]], seconds: float = 20) -> T:
        deadline = time.monotonic() + seconds
        while (found := await fact()) is None:
            assert time.monotonic() < deadline, f"not seen in {seconds} s: {what}"
            await asyncio.sleep(0.05)
        return found

    async def pod(self, name: str) -> Json:
        return await self.call("GET", f"{PODS}/{name}")

    async def pod_until(self, name: str, what: str, fact: Callable[[Json], bool]) -> Json:
        async def look() -> Json | None:
            pod = await self.pod(name)
            return pod if fact(pod) else None

        return await self.until(f"pod {name}: {what}", look)

    async def add_pod(
        self,
        name: str,
        annotations: dict[str, str] | None = None,
        *,
        node: str | None = "node-a",
        resources: Json | None = None,
        pre_stop: Json | None = None,
        **spec: object,
    ) -> None:
        container: Json = {"name": "app", "image": "nginx", "resources": resources}
        if pre_stop is not None:
            container["lifecycle"] = {"preStop": pre_stop}
        metadata = {"name": name, "annotations": annotations}
        await self.call(
            "POST",
            PODS,
            {"metadata": metadata, "spec": {"containers": [container], "nodeName": node, **spec}},
        )

    async def annotate(self, name: str, key: str, value: str | None) -> None:
        await self.call("PATCH", f"{PODS}/{name}", {"metadata": {"annotations": {key: value}}}, "merge")

    async def set_condition(self, name: str, kind: str, status: str) -> None:
        body: Json = {"status": {"conditions": [{"type": kind, "status": status}]}}
        await self.call("PATCH", f"{PODS}/{name}/status", body, "strategic-merge")

    async def add_node(self, name: str, address: str, **extended: str) -> None:
        resources = {"cpu": "8", "memory": "16Gi", "pods": "61", **extended}
        status = {
            "addresses": [{"type": "InternalIP", "address": address}],
            "capacity": resources,
            "allocatable": resources,
        }
        await self.call("POST", NODES, {"metadata": {"name": name}, "status": status})


def condition(thing: Json, kind: str) -> str:
    listed = thing.get("status", {}).get("conditions") or []
    return next((item["status"] for item in listed if item["type"] == kind), "")


def has_condition(kind: str, status: str) -> Callable[[Json], bool]:
    return lambda thing: condition(thing, kind) == status


def running(pod: Json) -> bool:
    return bool(pod["status"].get("phase") == "Running")


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    loop = asyncio.new_event_loop()
    yield loop.run_until_complete
    loop.close()


@pytest.fixture(scope="module")
def cluster(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("plane")
    plane = run(
        ControlPlane.start(
            ensure(only=CONTROL_PLANE).bin,
            directory,
            service_cidr="10.7.0.0/20",
            version_label="v1.30.0-tke.9",
        )
    )

    async def prepare() -> Cluster:
        made = Cluster(plane.kubeconfig, directory)
        await made.add_node("node-a", "10.0.0.11")
        return made

    made = run(prepare())
    yield made
    run(made.http.aclose())
    run(plane.stop())


def test_the_client_of_the_package_reads_an_api_server_and_names_each_refusal(cluster: Cluster) -> None:
    found = connect_to(cluster.kubeconfig)
    assert [node["metadata"]["name"] for node in found.list(NODE)] == ["node-a"]
    assert (found.preferred_version("apps"), found.preferred_version("networking.tke.cloud.tencent.com")) == (
        "v1",
        None,
    )
    with pytest.raises(NotFound, match="get nodes node-z: not found"):
        found.get(NODE, "", "node-z")
    with pytest.raises(
        KubeError, match="list vpcipclaims: the API server does not serve this resource in this version"
    ) as caught:
        list(found.list(Kind("vpcipclaims", "networking.tke.cloud.tencent.com", "v1")))
    assert not isinstance(caught.value, NotFound)
    with pytest.raises(NotFound, match="list nosuch: not found"):
        list(found.list(Kind("nosuch", "apps", "v1")))
    config: Json = yaml.safe_load(cluster.kubeconfig)
    config["users"][0]["user"] |= {"as": "sub-account", "as-groups": ["dev", "ops"]}
    with pytest.raises(NotAllowed, match=r"list nodes: not allowed with this kubeconfig \(403\)"):
        list(connect_to(yaml.safe_dump(config)).list(NODE))
    config["users"][0]["user"] = {"token": "s3cr3t"}
    with pytest.raises(NotAllowed, match=r"does not accept the credentials \(401\)"):
        list(connect_to(yaml.safe_dump(config)).list(NODE))


def test_a_node_becomes_ready_and_keeps_patched_status_and_labels(run: Run, cluster: Cluster) -> None:
    async def scenario() -> None:
        await cluster.add_node("node-kept", "10.0.0.12")

        async def ready() -> Json | None:
            node = await cluster.call("GET", f"{NODES}/node-kept")
            return node if condition(node, "Ready") == "True" and not node["spec"].get("taints") else None

        node = await cluster.until("node ready and without taints", ready)
        assert node["status"]["addresses"] == [{"address": "10.0.0.12", "type": "InternalIP"}]
        assert node["status"]["allocatable"]["cpu"] == "8"
        assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.30.0-tke.9"
        assert "podCIDR" not in node["spec"]
        await cluster.call(
            "PATCH", f"{NODES}/node-kept/status", {"status": {"allocatable": {ENI_IP: "7"}}}, "merge"
        )
        await cluster.call(
            "PATCH", f"{NODES}/node-kept", {"metadata": {"labels": {"touched": "yes"}}}, "merge"
        )
        await asyncio.sleep(1)
        node = await cluster.call("GET", f"{NODES}/node-kept")
        assert node["status"]["allocatable"][ENI_IP] == "7"
        await cluster.call("DELETE", f"{NODES}/node-kept")

    run(scenario())


def test_the_scheduler_counts_eni_addresses(run: Run, cluster: Cluster) -> None:
    async def scenario() -> None:
        for number in (1, 2):
            await cluster.add_node(f"eni-{number}", f"10.0.1.{number}", **{ENI_IP: "1"})
        wanted = {"requests": {ENI_IP: "1"}, "limits": {ENI_IP: "1"}}
        names = ["eni-pod-1", "eni-pod-2", "eni-pod-3"]

        async def placed() -> list[str] | None:
            pods = [await cluster.pod(name) for name in names]
            waiting = [pod["metadata"]["name"] for pod in pods if not pod["spec"].get("nodeName")]
            return waiting if len(waiting) == 1 else None

        for name in names:
            await cluster.add_pod(name, annotations={POD_IP: "10.0.64.9"}, resources=wanted, node=None)
        (left_over,) = await cluster.until("two of three pods placed", placed)

        async def complaint() -> str | None:
            selector = f"fieldSelector=involvedObject.name%3D{left_over}"
            events = await cluster.call("GET", f"/api/v1/namespaces/default/events?{selector}")
            texts = [str(event.get("message")) for event in events["items"]]
            return next((text for text in texts if "eni-ip" in text), None)

        # node-a has no such resource at all, the two others have given theirs away.
        assert f"Insufficient {ENI_IP}" in await cluster.until("the scheduler's complaint", complaint)
        assert (await cluster.pod(left_over))["status"]["phase"] == "Pending"

    run(scenario())


def test_a_pod_waits_for_the_address_that_others_give(run: Run, cluster: Cluster) -> None:
    async def scenario() -> None:
        await cluster.add_pod("waits", initContainers=[{"name": "first", "image": "busybox"}])
        pod = await cluster.pod_until("waits", "is being created", lambda pod: "startTime" in pod["status"])
        assert pod["status"]["phase"] == "Pending"
        assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"
        await asyncio.sleep(0.5)
        await cluster.annotate("waits", POD_IP, "172.16.0.5")
        pod = await cluster.pod_until("waits", "runs", running)
        status = pod["status"]
        assert status["podIP"] == "172.16.0.5"
        assert status["podIPs"] == [{"ip": "172.16.0.5"}]
        assert status["hostIP"] == "10.0.0.11"
        assert status["initContainerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"
        kinds = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
        assert [condition(pod, kind) for kind in kinds] == ["True"] * 4

    run(scenario())


def test_a_pod_on_the_host_network_needs_no_address(run: Run, cluster: Cluster) -> None:
    async def scenario() -> None:
        await cluster.add_pod("on-host", hostNetwork=True)
        pod = await cluster.pod_until("on-host", "runs", running)
        assert pod["status"]["podIP"] == "10.0.0.11"

    run(scenario())


def test_ready_follows_the_readiness_gate_both_ways(run: Run, cluster: Cluster) -> None:
    async def scenario() -> None:
        await cluster.add_pod(
            "gated", annotations={POD_IP: "172.16.0.6"}, readinessGates=[{"conditionType": GATE}]
        )
        pod = await cluster.pod_until("gated", "runs", running)
        assert condition(pod, "ContainersReady") == "True"
        assert condition(pod, "Ready") == "False"
        assert condition(pod, GATE) == ""
        for status in ("True", "False", "True"):
            await cluster.set_condition("gated", GATE, status)
            pod = await cluster.pod_until("gated", f"Ready {status}", has_condition("Ready", status))
            assert condition(pod, GATE) == status
        assert pod["status"]["podIP"] == "172.16.0.6"

    run(scenario())


def test_a_gate_that_was_open_before_makes_the_pod_ready_at_once(run: Run, cluster: Cluster) -> None:
    async def scenario() -> None:
        await cluster.add_pod("early", readinessGates=[{"conditionType": GATE}])
        await cluster.set_condition("early", GATE, "True")
        await cluster.annotate("early", POD_IP, "172.16.0.7")
        pod = await cluster.pod_until("early", "runs", running)
        assert condition(pod, "Ready") == "True"

    run(scenario())


def test_a_held_pod_runs_but_is_not_ready(run: Run, cluster: Cluster) -> None:
    async def scenario() -> None:
        await cluster.add_pod("held", annotations={POD_IP: "172.16.0.8", "lab.tke/hold-ready": "true"})
        pod = await cluster.pod_until("held", "runs", running)
        assert (condition(pod, "ContainersReady"), condition(pod, "Ready")) == ("False", "False")
        assert pod["status"]["containerStatuses"][0]["ready"] is False
        await cluster.annotate("held", "lab.tke/hold-ready", None)
        await cluster.pod_until("held", "is ready", has_condition("Ready", "True"))

    run(scenario())


def test_deleted_pods_go_at_once_or_after_the_delay_they_ask_for(run: Run, cluster: Cluster) -> None:
    async def gone(name: str) -> float:
        started = time.monotonic()
        await cluster.call("DELETE", f"{PODS}/{name}")

        async def absent() -> bool | None:
            names = [pod["metadata"]["name"] for pod in (await cluster.call("GET", PODS))["items"]]
            return True if name not in names else None

        await cluster.until(f"{name} gone", absent)
        return time.monotonic() - started

    async def scenario() -> None:
        await cluster.add_pod("quick", annotations={POD_IP: "172.16.0.9"})
        await cluster.add_pod(
            "slow", annotations={POD_IP: "172.16.0.10", "lab.tke/delete-delay-seconds": "3"}
        )
        for name in ("quick", "slow"):
            await cluster.pod_until(name, "runs", running)
        quick, slow = await asyncio.gather(gone("quick"), gone("slow"))
        assert quick < 2
        assert 2 <= slow < 6  # times in the API are whole seconds

    run(scenario())


def test_a_pod_that_goes_runs_its_hooks_within_its_grace_and_after_its_protection(
    run: Run, cluster: Cluster
) -> None:
    async def gone(name: str) -> float:
        started = time.monotonic()

        async def absent() -> bool | None:
            names = [pod["metadata"]["name"] for pod in (await cluster.call("GET", PODS))["items"]]
            return True if name not in names else None

        await cluster.until(f"{name} gone", absent)
        return time.monotonic() - started

    async def scenario() -> None:
        address = {POD_IP: "172.16.0.11"}
        hooks: dict[str, Json] = {
            "sleeps": {"pre_stop": {"sleep": {"seconds": 3}}},
            "executes": {"pre_stop": {"exec": {"command": ["sh", "-c", "sleep 3"]}}},
            "too-long": {
                "pre_stop": {"exec": {"command": ["sleep", "60"]}},
                "terminationGracePeriodSeconds": 3,
            },
        }
        for name, how in hooks.items():
            await cluster.add_pod(name, annotations=address, **how)
        await cluster.add_pod("plain", annotations=address)
        await cluster.add_pod(
            "protected", annotations={**address, HOLD: "true"}, pre_stop={"sleep": {"seconds": 3}}
        )
        for name in (*hooks, "plain", "protected"):
            await cluster.pod_until(name, "runs", running)
            await cluster.call("DELETE", f"{PODS}/{name}")
        plain, *others = await asyncio.gather(*(gone(name) for name in ("plain", *hooks)))
        assert plain < min(others)
        assert all(2 <= seconds < 20 for seconds in others), others  # times in the API are whole seconds
        # Longer than the others took, and it still runs. Its hook begins when it is let go.
        held = await cluster.pod("protected")
        assert held["status"]["phase"] == "Running"
        await cluster.annotate("protected", HOLD, datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
        assert 2 <= await gone("protected") < 20

    run(scenario())


def test_the_status_of_a_pod_names_its_closed_gates_as_a_kubelet_does(run: Run, cluster: Cluster) -> None:
    async def scenario() -> None:
        await cluster.add_pod(
            "closed-gates", annotations={POD_IP: "172.16.0.12"}, readinessGates=[{"conditionType": GATE}]
        )

        def has_message(text: str) -> Callable[[Json], bool]:
            return lambda pod: any(
                item.get("message") == text for item in pod["status"].get("conditions") or []
            )

        await cluster.pod_until(
            "closed-gates",
            "the message",
            has_message(f'corresponding condition of pod readiness gate "{GATE}" does not exist.'),
        )
        await cluster.set_condition("closed-gates", GATE, "False")
        await cluster.pod_until(
            "closed-gates",
            "the message",
            has_message(f'the status of pod readiness gate "{GATE}" is not "True", but False'),
        )

    run(scenario())


def test_a_rollout_and_a_job_complete(run: Run, cluster: Cluster) -> None:
    template: Json = {
        "metadata": {"labels": {"app": "web"}, "annotations": {POD_IP: "172.16.1.1"}},
        "spec": {"nodeName": "node-a", "containers": [{"name": "app", "image": "nginx"}]},
    }

    async def scenario() -> None:
        spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        await cluster.call("POST", DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec})
        job = {"template": {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}}
        await cluster.call("POST", JOBS, {"metadata": {"name": "once"}, "spec": job})

        async def rolled_out() -> bool | None:
            status = (await cluster.call("GET", f"{DEPLOYMENTS}/web"))["status"]
            new_reasons = [item["reason"] for item in status.get("conditions") or []]
            return (
                True
                if status.get("availableReplicas") == 3 and "NewReplicaSetAvailable" in new_reasons
                else None
            )

        async def completed() -> bool | None:
            return (
                True if condition(await cluster.call("GET", f"{JOBS}/once"), "Complete") == "True" else None
            )

        await cluster.until("deployment rolled out", rolled_out)
        await cluster.until("job complete", completed)

    run(scenario())


def test_a_program_that_ends_early_shows_the_end_of_its_log(run: Run, tmp_path: Path) -> None:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for name, body in {"etcd": "exec sleep 60", "kube-apiserver": "echo no such flag >&2; exit 3"}.items():
        (binaries / name).write_text(f"#!/bin/sh\n{body}\n")
        (binaries / name).chmod(0o755)
    with pytest.raises(ProcessFailed, match=r"(?s)kube-apiserver ended with 3.*no such flag"):
        run(ControlPlane.start(binaries, tmp_path / "plane", service_cidr="10.0.0.0/20"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children of a killed process")
def test_its_programs_die_with_the_lab(tmp_path: Path) -> None:
    script = """
import asyncio, os, sys
from datetime import datetime, timezone
from pathlib import Path
from tests.lab.control_plane.processes import Process
async def main():
    await Process.start(Path("/bin/sh"), ["-c", "echo $$; exec sleep 60"], Path(sys.argv[1]), {})
    print("started", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    log = tmp_path / "child.log"
    lab = subprocess.Popen([sys.executable, "-c", script, str(log)], stdout=subprocess.PIPE, text=True)
    assert lab.stdout is not None
    lab.stdout.readline()
    deadline = time.monotonic() + 5
    while not log.read_text():
        assert time.monotonic() < deadline
    child = Path("/proc", log.read_text().strip())
    assert child.exists()
    lab.send_signal(signal.SIGKILL)
    lab.wait()
    while child.exists() and "zombie" not in (child / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_stopping_is_not_polite(run: Run, tmp_path: Path) -> None:
    async def scenario() -> float:
        process = await Process.start(Path("/bin/sh"), ["-c", "trap '' TERM; sleep 60"], tmp_path / "log", {})
        started = time.monotonic()
        await process.stop()
        return time.monotonic() - started

    assert run(scenario()) < 1
