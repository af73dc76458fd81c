"""Kubernetes objects with missing or strange fields, and the diagnosis of a rollout that does not end."""

from typing import Any

import pytest

from pulumi_tke_hybrid.component.live_objects import pods_and_events
from pulumi_tke_hybrid.kube import KubeError
from pulumi_tke_hybrid.tke import keys, objects
from pulumi_tke_hybrid.tke.objects import diagnosis_lines


@pytest.mark.parametrize(
    ("labels", "region", "zone"),
    [
        ({keys.ZONE_LABEL: "100004"}, "ap-guangzhou", "ap-guangzhou-4"),
        ({keys.ZONE_LABEL: "160001"}, "ap-chengdu", "ap-chengdu-1"),
        ({keys.ZONE_LABEL: "100004"}, "", "100004"),
        ({keys.ZONE_LABEL: "100004", keys.CBS_ZONE_LABEL: "ap-guangzhou-4"}, "", "ap-guangzhou-4"),
        ({keys.ZONE_LABEL: ""}, "", None),
        ({}, "ap-guangzhou", None),
    ],
)
def test_the_zone_of_a_node(labels: dict[str, str], region: str, zone: str | None) -> None:
    assert objects.zone_of_node({"metadata": {"labels": labels}}, region) == zone


def test_a_dual_stack_pod_has_two_addresses() -> None:
    pod = {"status": {"podIP": "10.0.64.5", "podIPs": [{"ip": "10.0.64.5"}, {"ip": "fd00::5"}, "strange"]}}
    assert objects.pod_addresses(pod) == ("10.0.64.5", "fd00::5")
    assert objects.pod_address(pod) == "10.0.64.5"


@pytest.mark.parametrize("item", [{}, {"metadata": None, "spec": [], "status": "?"}])
def test_missing_and_strange_fields_read_as_empty(item: dict[str, object]) -> None:
    assert (objects.name_of(item), objects.namespace_of(item), objects.node_of(item)) == ("", "default", "")
    assert (objects.pod_address(item), objects.internal_address(item), objects.pod_ranges(item)) == (
        "",
        "",
        [],
    )
    assert not objects.being_deleted(item)
    assert not objects.is_virtual(item)
    assert objects.condition(item, "Ready") == ""


@pytest.mark.parametrize(
    ("kind", "super_node", "virtual"),
    [("eklet", True, True), ("external", False, True), ("S5.LARGE8", False, False)],
)
def test_super_and_registered_nodes_have_no_eni(kind: str, super_node: bool, virtual: bool) -> None:
    node = {"metadata": {"labels": {keys.INSTANCE_TYPE_LABEL: kind}}}
    assert (objects.is_super_node(node), objects.is_virtual(node)) == (super_node, virtual)


Json = dict[str, Any]
RUNNING: Json = {"PodScheduled": "True", "ContainersReady": "True", "Ready": "False"}


def pod(
    name: str,
    conditions: dict[str, str],
    *,
    gates: tuple[str, ...] = (),
    address: str = "10.0.64.5",
    **status: Any,
) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {
            "containers": [{"name": "app", "ports": [{"containerPort": 8080}]}],
            "readinessGates": [{"conditionType": gate} for gate in gates],
        },
        "status": {
            "podIP": address,
            "conditions": [
                {"type": kind, "status": value, "reason": f"{kind}Reason"}
                for kind, value in conditions.items()
            ],
            **status,
        },
    }


def event(
    kind: str, name: str, reason: str, message: str, at: str = "2026-01-01T00:00:00Z", level: str = "Warning"
) -> Json:
    about = {"kind": kind, "name": name}
    return {"type": level, "reason": reason, "message": message, "lastTimestamp": at, "involvedObject": about}


def test_a_closed_gate_is_named_with_its_state_and_its_controller() -> None:
    closed = pod("web-1", {**RUNNING, keys.READINESS_GATE: "False"}, gates=(keys.READINESS_GATE,))
    (line,) = diagnosis_lines("web", [closed], [])
    assert line.startswith(
        f"pod web-1: readiness gate {keys.READINESS_GATE} is False ({keys.READINESS_GATE}Reason): the load"
        " balancer does not"
    )
    assert "listen on its port (8080)" in line
    assert "security groups" in line


def test_the_output_of_a_probe_is_shown_without_control_sequences() -> None:
    running = pod("web-1", {"PodScheduled": "True", "ContainersReady": "False"})
    (line,) = diagnosis_lines(
        "web", [running], [event("Pod", "web-1", "Unhealthy", "probe: \x1b[2J\x1b]0;mine\x07 all\nfine")]
    )
    assert line.endswith("last event: Unhealthy: probe: ?[2J?]0;mine? all fine")


def test_a_gate_without_a_condition_and_a_gate_of_another_controller() -> None:
    waiting = pod("web-1", RUNNING, gates=(keys.READINESS_GATE, "example.com/ready"))
    first, second = diagnosis_lines("web", [waiting], [])
    assert f"{keys.READINESS_GATE} has no condition yet" in first
    assert (
        second
        == "pod web-1: readiness gate example.com/ready has no condition yet; the controller of the gate"
        " has to open the gate"
    )


def test_used_up_addresses_differ_from_other_reasons_not_to_be_scheduled() -> None:
    def unscheduled(message: str) -> list[str]:
        waiting = pod("web-1", {"PodScheduled": "False"}, address="")
        waiting["status"]["conditions"][0]["message"] = message
        return diagnosis_lines("web", [waiting], [])

    (line,) = unscheduled(f"0/2 nodes are available: 2 Insufficient {keys.ENI_IP}.")
    assert f"0/2 nodes are available: 2 Insufficient {keys.ENI_IP}." in line
    assert "have no address left" in line
    assert unscheduled("0/2 nodes are available: 2 Insufficient cpu.") == [
        "pod web-1: no node can run the pod: 0/2 nodes are available: 2 Insufficient cpu."
    ]


def test_pods_with_one_reason_share_a_line_and_healthy_or_deleted_pods_have_none() -> None:
    going = pod("web-9", RUNNING)
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    stuck = [pod(f"web-{number}", {"PodScheduled": "True"}, address="") for number in range(5)]
    lines = diagnosis_lines("web", [*stuck, going, pod("web-8", {"Ready": "True"})], [])
    assert lines == ["pods web-0, web-1, web-2 and 2 more: no address yet; no event has a reason"]


def test_the_last_warning_about_a_pod_is_its_reason() -> None:
    events = [
        event(
            "Pod",
            "web-1",
            "FailedAllocateIP",
            "no container subnet for zone ap-guangzhou-7",
            "2026-01-01T00:00:02Z",
        ),
        event("Pod", "web-1", "FailedAllocateIP", "tke-eni-ipamd does not run", "2026-01-01T00:00:01Z"),
        event("Pod", "web-1", "Pulled", "pulled", "2026-01-01T00:00:03Z", level="Normal"),
    ]
    assert diagnosis_lines("web", [pod("web-1", {"PodScheduled": "True"}, address="")], events) == [
        "pod web-1: no address yet; last event: FailedAllocateIP: no container subnet for zone ap-guangzhou-7"
    ]
    unready = pod("web-1", {"PodScheduled": "True", "ContainersReady": "False"})
    assert diagnosis_lines(
        "web", [unready], [event("Pod", "web-1", "Unhealthy", "Readiness probe failed: 404")]
    ) == [
        "pod web-1: the containers run, but are not ready; last event: Unhealthy: Readiness probe failed: 404"
    ]


def test_a_container_that_cannot_start_is_named_with_its_own_reason() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling\n image "nginx:x"'}}
    failing = pod("web-1", {"PodScheduled": "True"}, containerStatuses=[{"name": "app", "state": waiting}])
    assert diagnosis_lines("web", [failing], []) == [
        'pod web-1: container app waits: ImagePullBackOff: Back-off pulling image "nginx:x"'
    ]


def test_without_pods_the_event_of_their_controller_is_the_reason() -> None:
    events = [
        event("ReplicaSet", "other-5d", "FailedCreate", "other"),
        event("ReplicaSet", "web-5d", "FailedCreate", "exceeded quota: pods"),
    ]
    assert diagnosis_lines("web", [], events) == ["no pod was made: FailedCreate: exceeded quota: pods"]


def test_healthy_pods_are_not_called_a_stuck_rollout() -> None:
    """A Deployment that the API server refused, for example: the engine reports that."""
    assert diagnosis_lines("web", [], [event("ReplicaSet", "other-5d", "FailedCreate", "other")]) == []
    assert diagnosis_lines("web", [pod("web-1", {"Ready": "True"})], []) == []


NOWHERE = (
    "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], "
    "clusters: [{name: k, cluster: {server: 'http://['}}], users: [{name: u, user: {token: secret}}]}"
)


@pytest.mark.parametrize("kubeconfig", ["not: a kubeconfig", "/nowhere/kubeconfig", "a: [", NOWHERE])
def test_an_unreachable_cluster_is_no_second_failure_and_shows_no_kubeconfig(
    kubeconfig: str,
) -> None:
    with pytest.raises(KubeError, match=r"^(the provider's kubeconfig|cluster \"k\")") as caught:
        pods_and_events(kubeconfig, "", "default", {"app": "web"})
    assert not any(value in str(caught.value) for value in ("secret", "http://", "nowhere", "not: a", "a: ["))


@pytest.mark.parametrize(
    ("message", "help_"),
    [
        (
            "0/3 nodes are available: 3 Insufficient tke.cloud.tencent.com/eni-ip.",
            "container subnets of the nodes' zones have no address",
        ),
        (
            "0/3 nodes are available: 3 [ip-scheduler] InsufficientIPorENI.",
            "container subnets of the nodes' zones have no address",
        ),
        ("[ip-scheduler] ENILimitExceed on node 10.0.0.20", "no further ENI can be created"),
        (
            "0/3 nodes are available: 2 InsufficientIPorENI, 1 ENILimitExceed.",
            "no further ENI can be created",
        ),
        ("0/3 nodes are available: 3 Insufficient cpu.", ""),
    ],
)
def test_messages_of_the_schedulers_about_addresses_and_enis_are_explained(message: str, help_: str) -> None:
    waiting = pod("web-1", {}, address="")
    waiting["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "message": message}]
    (line,) = diagnosis_lines("web", [waiting], [])
    assert line.startswith(f"pod web-1: no node can run the pod: {message}")
    assert help_ in line
    assert bool(help_) is (len(line) > len(f"pod web-1: no node can run the pod: {message}"))


def test_the_event_of_a_quota_that_is_used_up_is_explained_for_a_pod_without_an_address() -> None:
    waiting, told = (
        pod("web-1", {"PodScheduled": "True"}, address=""),
        [event("Pod", "web-1", "ENILimit", "quota exceeded")],
    )
    (line,) = diagnosis_lines("web", [waiting], told)
    assert "last event: ENILimit: quota exceeded; no further ENI can be created" in line
