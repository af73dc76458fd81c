"""`capacity` counts the ENI pods of every kind of object that has a pod template, or names
each object that cannot be counted."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from tests.unit.capacity.stacks import FOUR, UNKNOWN, Json, cluster, made_cluster, preview, stack, urn

DATA = Path(__file__).parent / "data"
ENI = {
    "metadata": {"annotations": {"tke.cloud.tencent.com/networks": "tke-route-eni"}},
    "spec": {"containers": [{"name": "a"}]},
}
BY_RESOURCE = {
    "spec": {"containers": [{"name": "a", "resources": {"limits": {"tke.cloud.tencent.com/eni-ip": "1"}}}]}
}


def capacity(tmp_path: Path, *objects: Json, option: str = "preview") -> tuple[int, dict[str, Any]]:
    """Exit code and JSON for a cluster of one zone: 253 addresses, two nodes of 27 ENI pods."""
    made = cluster(
        eniSubnets=[{"zone": FOUR, "cidrBlock": "10.0.64.0/24"}],
        nodePools={"four": {"zone": FOUR, "size": 2, "instanceType": "S5.MEDIUM4"}},
    )
    path = tmp_path / "input.json"
    there = [made, made_cluster()]
    path.write_text(
        json.dumps(preview(there, [*there, *objects]) if option == "preview" else stack(*there, *objects))
    )
    result = CliRunner().invoke(app, ["capacity", f"--{option}", str(path), "--json", "-"])
    return result.exit_code, json.loads(result.stdout)


def thing(kind: str, spec: Json, name: str = "game", **metadata: Any) -> Json:
    type_ = f"kubernetes:{kind}"
    return {
        "urn": urn(type_, name),
        "type": type_,
        "inputs": {"metadata": {"name": name, **metadata}, "spec": spec},
    }


def pods(found: dict[str, Any]) -> int:
    return sum(zone["pods"] for zone in found["zones"])


def test_the_pods_of_a_clone_set_do_not_fit() -> None:
    result = CliRunner().invoke(
        app, ["capacity", "--preview", str(DATA / "capacity-clone-set.json"), "--json", "-"]
    )
    assert result.exit_code == 2
    assert pods(json.loads(result.stdout)) == 300


@pytest.mark.parametrize("option", ["preview", "state"])
@pytest.mark.parametrize(
    ("kind", "spec", "number"),
    [
        ("apps.kruise.io/v1alpha1:CloneSet", {"replicas": 40}, 40),
        ("apps.kruise.io/v1alpha1:CloneSet", {"replicas": 40, "updateStrategy": {"maxSurge": 3}}, 43),
        ("apps.kruise.io/v1alpha1:CloneSet", {"replicas": 40, "updateStrategy": {"maxSurge": "10%"}}, 44),
        ("apps.kruise.io/v1beta1:StatefulSet", {"replicas": 40}, 40),
        ("argoproj.io/v1alpha1:Rollout", {"replicas": 40}, 50),
        ("argoproj.io/v1alpha1:Rollout", {"replicas": 20, "strategy": {"canary": {"maxSurge": 1}}}, 21),
        (
            "argoproj.io/v1alpha1:Rollout",
            {"replicas": 20, "strategy": {"blueGreen": {"activeService": "web"}}},
            40,
        ),
        ("apps/v1:ReplicaSet", {"replicas": 40}, 40),
        ("core/v1:ReplicationController", {"replicas": 40}, 40),
        ("apps/v1:StatefulSet", {"replicas": 40}, 40),
        ("apps/v1beta1:Deployment", {"replicas": 40}, 50),
        ("batch/v1:Job", {"parallelism": 40}, 40),
        ("batch/v1:Job", {"parallelism": 40, "completions": 7}, 7),
        ("batch/v1:Job", {}, 1),
        ("apps/v1:DaemonSet", {}, 2),
        ("apps.kruise.io/v1alpha1:DaemonSet", {}, 2),
        ("apps/v1:DaemonSet", {"updateStrategy": {"rollingUpdate": {"maxSurge": 1}}}, 3),
    ],
)
def test_pods_are_counted_as_the_kind_has_them(
    tmp_path: Path, option: str, kind: str, spec: Json, number: int
) -> None:
    code, found = capacity(tmp_path, thing(kind, {**spec, "template": ENI}), option=option)
    assert (code, pods(found), found["unsaid"]) == (0, number, [])


def test_a_resource_request_makes_an_eni_pod_without_annotation(tmp_path: Path) -> None:
    assert (
        pods(capacity(tmp_path, thing("apps/v1:StatefulSet", {"replicas": 9, "template": BY_RESOURCE}))[1])
        == 9
    )


def test_a_pod_of_its_own_and_the_runs_of_a_cron_job_are_pods(tmp_path: Path) -> None:
    kind = "kubernetes:core/v1:Pod"
    alone: Json = {"urn": urn(kind, "one"), "type": kind, "inputs": ENI}
    runs = {"concurrencyPolicy": "Forbid", "jobTemplate": {"spec": {"parallelism": 4, "template": ENI}}}
    assert pods(capacity(tmp_path, alone, thing("batch/v1:CronJob", runs))[1]) == 5


def test_pods_of_the_overlay_take_no_address(tmp_path: Path) -> None:
    template = {"spec": {"containers": [{"name": "a"}]}}
    code, found = capacity(
        tmp_path, thing("apps.kruise.io/v1alpha1:CloneSet", {"replicas": 400, "template": template})
    )
    assert (code, pods(found)) == (0, 0)


@pytest.mark.parametrize(
    ("kind", "spec", "line"),
    [
        (
            "apps.kruise.io/v1alpha1:CloneSet",
            {"replicas": UNKNOWN, "template": ENI},
            "the replicas of game are not known yet",
        ),
        ("example.com/v1:Fleet", {"template": ENI}, "the replicas of game are not known"),
        ("apps/v1:DeploymentPatch", {"template": ENI}, "the replicas of game are not known"),
        (
            "argoproj.io/v1alpha1:Rollout",
            {"replicas": 2, "strategy": {"canary": {"maxSurge": UNKNOWN}}, "template": ENI},
            "the maxSurge of game is not known yet",
        ),
        (
            "batch/v1:CronJob",
            {"jobTemplate": {"spec": {"template": ENI}}},
            (
                "how many runs of game there are at the same time is not known; its concurrencyPolicy allows"
                " several"
            ),
        ),
        (
            "apps/v1:StatefulSet",
            {
                "template": {
                    "metadata": {"annotations": {"tke.cloud.tencent.com/networks": "tke-direct-eni"}},
                    "spec": {"containers": []},
                }
            },
            "game has pods on tke-direct-eni, which are not counted",
        ),
        (
            "helm.sh/v3:Release",
            {},
            "whether game has ENI pods is not known: a Helm release shows no pods in a preview",
        ),
    ],
)
def test_an_object_that_cannot_be_counted_is_named(tmp_path: Path, kind: str, spec: Json, line: str) -> None:
    code, found = capacity(tmp_path, thing(kind, spec))
    assert (code, found["unsaid"]) == (3, [line])


def test_pods_that_the_smallest_kubelet_would_not_take_are_not_certain(tmp_path: Path) -> None:
    pool = {"zone": FOUR, "size": 2, "instanceType": "S5.MEDIUM4"}
    made = cluster(eniSubnets=[{"zone": FOUR, "cidrBlock": "10.0.64.0/24"}], nodePools={"four": pool})
    path = tmp_path / "plan.json"
    path.write_text(
        json.dumps(preview([made], [made, thing("apps/v1:StatefulSet", {"replicas": 40, "template": ENI})]))
    )
    result = CliRunner().invoke(app, ["capacity", "--preview", str(path), "--json", "-"])
    assert result.exit_code == 3
    assert json.loads(result.stdout)["unsaid"] == [
        "cluster_max_pod_num of demo, which bounds the pods of a node, is not known"
    ]


def test_an_object_that_cannot_be_counted_hides_no_lack_of_addresses(tmp_path: Path) -> None:
    release = thing("helm.sh/v3:Release", {}, name="chart")
    assert (
        capacity(tmp_path, release, thing("apps/v1:StatefulSet", {"replicas": 55, "template": ENI}))[0] == 2
    )


def scaler(kind: str, target: Json, **bounds: Any) -> Json:
    return thing(kind, {"scaleTargetRef": target, **bounds}, name="scaler")


@pytest.mark.parametrize(
    ("other", "code", "number"),
    [
        (
            scaler(
                "autoscaling/v2:HorizontalPodAutoscaler",
                {"kind": "StatefulSet", "name": "game"},
                minReplicas=1,
                maxReplicas=55,
            ),
            2,
            55,
        ),
        (
            scaler(
                "autoscaling/v1:HorizontalPodAutoscaler",
                {"kind": "StatefulSet", "name": "game"},
                maxReplicas=54,
            ),
            0,
            54,
        ),
        (
            scaler(
                "autoscaling/v2:HorizontalPodAutoscaler",
                {"kind": "Deployment", "name": "game"},
                maxReplicas=55,
            ),
            0,
            3,
        ),
        (
            scaler(
                "autoscaling/v2:HorizontalPodAutoscaler",
                {"kind": "StatefulSet", "name": "other"},
                maxReplicas=55,
            ),
            0,
            3,
        ),
        (
            scaler(
                "keda.sh/v1alpha1:ScaledObject", {"kind": "StatefulSet", "name": "game"}, maxReplicaCount=55
            ),
            2,
            55,
        ),
        (scaler("keda.sh/v1alpha1:ScaledObject", {"kind": "StatefulSet", "name": "game"}), 3, 0),
        (
            scaler(
                "autoscaling/v2:HorizontalPodAutoscaler",
                {"kind": "StatefulSet", "name": "game"},
                maxReplicas=UNKNOWN,
            ),
            3,
            0,
        ),
        (
            scaler(
                "autoscaling/v2:HorizontalPodAutoscaler",
                {"kind": "StatefulSet", "name": UNKNOWN},
                maxReplicas=55,
            ),
            3,
            3,
        ),
    ],
)
def test_an_autoscaler_decides_how_many_pods_there_may_be(
    tmp_path: Path, other: Json, code: int, number: int
) -> None:
    ended, found = capacity(tmp_path, thing("apps/v1:StatefulSet", {"replicas": 3, "template": ENI}), other)
    assert (ended, pods(found)) == (code, number)


@pytest.mark.parametrize("list_kind", ["apps/v1:DeploymentList", "core/v1:List"])
def test_the_objects_of_a_list_are_counted_one_by_one(tmp_path: Path, list_kind: str) -> None:
    parts = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 16, "template": ENI}}
        for _ in range(2)
    ]
    type_ = f"kubernetes:{list_kind}"
    code, found = capacity(tmp_path, {"urn": urn(type_, "all"), "type": type_, "inputs": {"items": parts}})
    assert (code, pods(found)) == (0, 40)
    code, found = capacity(
        tmp_path, {"urn": urn(type_, "all"), "type": type_, "inputs": {"items": parts * 2}}
    )
    assert (code, pods(found)) == (2, 80)
