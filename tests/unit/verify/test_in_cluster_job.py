"""The Job in the VPC: where it runs, what it may do, and that it never stays."""

import pytest

from pulumi_tke_hybrid.tke.values import Json
from pulumi_tke_hybrid.verify import cluster, in_cluster_job
from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.backends import Roster, Tally
from pulumi_tke_hybrid.verify.cluster import Front, Snapshot
from pulumi_tke_hybrid.verify.in_cluster_job import JobSettings
from pulumi_tke_hybrid.verify.inside import Order, lines_of
from pulumi_tke_hybrid.verify.kube import CannotVerify
from pulumi_tke_hybrid.verify.probe import Plan, Traffic
from pulumi_tke_hybrid.verify.probe_client import Target
from tests.unit.verify.objects import FakeKube, node, pod, two_zones

SETTINGS = JobSettings("registry.example.com/tke-hybrid:1", "default", "registry-key")
ORDER = Order(Target("http", "10.0.8.10", 80), Plan(deadline=5), Roster())
SPARE = node("10.0.2.4", "100004", "192.168.0.192/26")


def snapshot(kube: FakeKube) -> Snapshot:
    return cluster.look(kube, Front("Service", "default", "web"))


def finished(lines: list[str], phase: str = "Succeeded") -> FakeKube:
    job_pod: Json = {"metadata": {"name": "job-x"}, "status": {"phase": phase}}
    return FakeKube(nodes=[*two_zones(), SPARE], job_pods=[job_pod], logs={"job-x": lines})


def run(kube: FakeKube, said: list[str] | None = None) -> Traffic:
    ticks = iter(range(0, 100_000, 10))
    say = said.append if said is not None else lambda _: None
    return in_cluster_job.run(
        kube, SETTINGS, ORDER, snapshot(kube), say, lambda _: None, lambda: float(next(ticks))
    )


def result() -> list[str]:
    tally = Tally(Roster())
    tally.add(Answer(peer="10.0.2.4", local="10.0.2.4", pod="web-0"), 100)
    return list(lines_of(Traffic(tally, requests=100, replies=100)))


def test_its_result_is_read_from_its_log_and_it_is_removed() -> None:
    kube, said = finished(["progress 50 requests", *result()]), list[str]()
    traffic = run(kube, said)
    assert traffic.tally.counts == {Answer(peer="10.0.2.4", local="10.0.2.4", pod="web-0"): 100}
    assert kube.deleted == list(kube.jobs)
    assert "nodes without target pods" in said[0]


def test_it_runs_on_the_nodes_network_beside_no_target_pod_without_token_and_bounded() -> None:
    kube = finished(result())
    run(kube)
    (job,) = kube.jobs.values()
    spec = job["spec"]["template"]["spec"]
    terms = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert [term["matchFields"][0]["values"] for term in terms] == [["10.0.2.4"]]
    assert (spec["hostNetwork"], spec["automountServiceAccountToken"], spec["restartPolicy"]) == (
        True,
        False,
        "Never",
    )
    assert spec["imagePullSecrets"] == [{"name": "registry-key"}]
    assert spec["containers"][0]["securityContext"]["runAsNonRoot"] is True
    assert (
        job["spec"]["backoffLimit"],
        job["spec"]["activeDeadlineSeconds"],
        job["spec"]["ttlSecondsAfterFinished"],
    ) == (0, 155, 60)
    assert Order.of_text(spec["containers"][0]["command"][-1]) == ORDER


@pytest.mark.parametrize(
    ("kube", "words"),
    [
        (FakeKube(), "each node holds a target pod"),
        (
            FakeKube(nodes=[*two_zones(), {**SPARE, "spec": {"taints": [{"effect": "NoSchedule"}]}}]),
            "each node holds a target pod",
        ),
        (
            finished(["Traceback", "ModuleNotFoundError: pulumi_tke_hybrid"], "Failed"),
            "ends with: ModuleNotFoundError",
        ),
        (finished(['{"answer": {"colour": 1}}']), "another version"),
        (finished([], "Pending"), "within 1[23]0 s"),
    ],
)
def test_what_goes_wrong_is_said_and_nothing_stays(kube: FakeKube, words: str) -> None:
    with pytest.raises(CannotVerify, match=words):
        run(kube)
    assert kube.deleted == list(kube.jobs)


def test_an_image_that_cannot_be_pulled_ends_it_at_once() -> None:
    kube = finished([], "Pending")
    waiting = {"reason": "ImagePullBackOff", "message": "not found"}
    kube.job_pods[0]["status"]["containerStatuses"] = [{"state": {"waiting": waiting}}]
    with pytest.raises(CannotVerify, match="ImagePullBackOff"):
        run(kube)
    assert kube.deleted == list(kube.jobs)


def test_an_interrupted_command_removes_it() -> None:
    kube = finished([], "Pending")

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_cluster_job.run(kube, SETTINGS, ORDER, snapshot(kube), lambda _: None, interrupt)
    assert len(kube.jobs) == 1
    assert kube.deleted == list(kube.jobs)


def test_a_node_with_a_target_pod_is_never_chosen() -> None:
    kube = FakeKube(nodes=[*two_zones(), SPARE], pods=[pod("web-0", "10.0.2.4", "10.0.64.2")])
    assert in_cluster_job.free_nodes(snapshot(kube)) == ["10.0.0.4", "10.0.1.4"]
