"""The Job in the VPC: its node, its rights, and its removal."""

from collections.abc import Callable

import pytest

from pulumi_tke_hybrid.cli.process import CouldNotTell
from pulumi_tke_hybrid.tke.objects import Json
from pulumi_tke_hybrid.verify import inside
from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.backends import Backends, Tally
from pulumi_tke_hybrid.verify.inside import JobRequest, JobRun, JobSettings, lines_of
from pulumi_tke_hybrid.verify.probe import ProbePlan, Progress, Traffic
from pulumi_tke_hybrid.verify.target import Target
from tests.unit.verify.objects import FakeKube, node, pod, two_zones

SETTINGS = JobSettings("registry.example.com/tke-hybrid:1", "default", "registry-key")
REQUEST = JobRequest(Target("http", "10.0.8.10", 80), ProbePlan(deadline=5), Backends())
SPARE = node("10.0.2.4", "100004", "192.168.0.192/26")


def finished(lines: list[str], phase: str = "Succeeded") -> FakeKube:
    job_pod: Json = {"metadata": {"name": "job-x"}, "status": {"phase": phase}}
    return FakeKube(nodes=[*two_zones(), SPARE], job_pods=[job_pod], logs={"job-x": lines})


class Steps(Progress):
    """Progress that is kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, line: str) -> None:
        self.lines.append(line)


def run(
    kube: FakeKube, progress: Progress | None = None, sleep: Callable[[float], None] = lambda _: None
) -> Traffic:
    ticks = iter(range(0, 100_000, 10))
    job = JobRun(kube, SETTINGS, REQUEST, progress or Progress(), sleep, lambda: float(next(ticks)))
    return job.run(inside.free_nodes(kube.nodes, kube.pods))


def result() -> list[str]:
    tally = Tally(Backends())
    tally.add(Answer(peer="10.0.2.4", local="10.0.2.4", pod="web-0"), 100)
    return list(lines_of(Traffic(tally, requests=100, replies=100)))


def test_the_result_comes_from_the_log_and_the_job_is_removed() -> None:
    kube, steps = finished(["progress 50 requests", *result()]), Steps()
    traffic = run(kube, steps)
    assert traffic.tally.counts == {Answer(peer="10.0.2.4", local="10.0.2.4", pod="web-0"): 100}
    assert kube.deleted == list(kube.jobs)
    assert "nodes without target pods" in steps.lines[0]


def test_the_job_has_the_nodes_network_no_token_and_bounds() -> None:
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
    assert JobRequest.of_text(spec["containers"][0]["command"][-1]) == REQUEST


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
        (finished(['{"answer": {"pod": "web-0"}, "times": 1}']), "another version"),
        (finished([], "Pending"), "within 1[23]0 s"),
    ],
)
def test_a_failed_job_has_a_reason_and_is_removed(kube: FakeKube, words: str) -> None:
    with pytest.raises(CouldNotTell, match=words):
        run(kube)
    assert kube.deleted == list(kube.jobs)


def test_an_image_that_cannot_be_pulled_ends_the_wait() -> None:
    kube = finished([], "Pending")
    waiting = {"reason": "ImagePullBackOff", "message": "not found"}
    kube.job_pods[0]["status"]["containerStatuses"] = [{"state": {"waiting": waiting}}]
    with pytest.raises(CouldNotTell, match="ImagePullBackOff"):
        run(kube)
    assert kube.deleted == list(kube.jobs)


def test_an_interrupted_command_removes_the_job() -> None:
    kube = finished([], "Pending")

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(kube, sleep=interrupt)
    assert len(kube.jobs) == 1
    assert kube.deleted == list(kube.jobs)


def test_a_node_with_a_target_pod_is_never_chosen() -> None:
    kube = FakeKube(nodes=[*two_zones(), SPARE], pods=[pod("web-0", "10.0.2.4", "10.0.64.2")])
    assert inside.free_nodes(kube.nodes, kube.pods) == ["10.0.0.4", "10.0.1.4"]
