"""Every refused change of a workload, in each way to run Pulumi. The objects are files, no cluster runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.stacks import PROGRAMS, stack, steps
from tests.lab.lab import Lab
from tests.lab.pulumi_cli import PulumiProject

Json = dict[str, Any]
INTERNAL: Json = {"exposure": {"kind": "internal", "subnet_id": "subnet-11111111"}}
PUBLIC: Json = {"exposure": {"kind": "public", "bandwidth": 10}}
OWN: Json = {"exposure": {"kind": "existing", "load_balancer_id": "lb-11111111"}}
INGRESS: Json = {"exposure": {"kind": "none"}, "ingress": {"exposure": {"kind": "public"}}}
PARAMETERS = "service.kubernetes.io/service.extensiveParameters"


def claims(size: str) -> list[Json]:
    """The volume claims of a StatefulSet."""
    return [
        {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
        }
    ]


STORE: Json = {"exposure": {"kind": "none"}, "kind": "statefulset", "volume_claims": claims("10Gi")}
CHANGES: dict[str, tuple[Json, Json, str]] = {
    "kind": (INTERNAL, PUBLIC, "exposure.kind: public instead of internal; "),
    "none": (INTERNAL, {"exposure": {"kind": "none"}}, "exposure.kind: none instead of internal; "),
    "subnet": (
        INTERNAL,
        {"exposure": {"kind": "internal", "subnet_id": "subnet-22222222"}},
        "exposure.subnet_id: subnet-22222222 instead of subnet-11111111; ",
    ),
    "own": (
        OWN,
        {"exposure": {"kind": "existing", "load_balancer_id": "lb-22222222"}},
        "exposure.load_balancer_id: lb-22222222 instead of lb-11111111; ",
    ),
    "bandwidth": (
        PUBLIC,
        {"exposure": {"kind": "public", "bandwidth": 20}},
        "exposure.bandwidth: 20 instead of 10; ",
    ),
    "ingress": (
        INGRESS,
        {
            "exposure": {"kind": "none"},
            "ingress": {"exposure": {"kind": "internal", "subnet_id": "subnet-11111111"}},
        },
        "ingress.exposure.kind: internal instead of public; ",
    ),
    "annotation": (
        {**PUBLIC, "service_annotations": {PARAMETERS: '{"a":1}'}},
        {**PUBLIC, "service_annotations": {PARAMETERS: '{"a":2}'}},
        f"""service_annotations['{PARAMETERS}']: {{"a":2}} instead of {{"a":1}} """,
    ),
    "network": (
        INTERNAL,
        {**INTERNAL, "network": "global_route"},
        "network: 'global_route' instead of 'eni' ",
    ),
    "selector": (INTERNAL, {**INTERNAL, "selector": {"app": "shop"}}, "selector: app=shop instead of "),
    "name": (INTERNAL, {**INTERNAL, "name": "shop"}, "name: shop instead of name; "),
    "namespace": (INTERNAL, {**INTERNAL, "namespace": "shop"}, "namespace: shop instead of default; "),
    "front": (
        INTERNAL,
        {**INTERNAL, "front_service_name": "clients"},
        "front_service_name: clients instead of front; ",
    ),
    "claims": (STORE, {**STORE, "volume_claims": claims("20Gi")}, "volume_claims: are others than the "),
    "governing": (STORE, {**STORE, "service_name": "peers"}, "service_name: peers instead of governing; "),
    "order": (
        STORE,
        {**STORE, "pod_management_policy": "Parallel"},
        "pod_management_policy: Parallel instead of OrderedReady; ",
    ),
}
"""The arguments before and after, and the sentence, by the name of the workload."""
OF_ONE_OBJECT = {
    "kind": (
        "kind-service",
        "loadbalancer-internal-subnetid']: no value instead of subnet-11111111 ",
    ),
    "none": ("none-service", "exposure.kind: none instead of a load balancer; "),
    "subnet": ("subnet-service", "-subnetid']: subnet-22222222 instead of subnet-11111111 "),
    "own": ("own-service", "tke-existed-lbid']: lb-22222222 instead of lb-11111111 "),
    "bandwidth": ("bandwidth-service", "-bandwidth-out']: 20 instead of 10 "),
    "ingress": ("ingress-ingress", ".subnetId']: subnet-11111111 instead of no value "),
    "annotation": ("annotation-service", f"""service_annotations['{PARAMETERS}']: {{"a":2}} instead of """),
    "network": ("network-deployment", "network: 'global_route' instead of 'eni'"),
}
"""The object that alone is updated, and the sentence, by the name of the workload."""


LEFT_OUT = "is another than in the last run, and this run leaves the component out; "
REPLACED_ALONE = {
    "selector": ("selector-deployment", f"selector: the selector {LEFT_OUT}"),
    "name": ("name-deployment", f"name: the name, the namespace or front_service_name {LEFT_OUT}"),
    "namespace": ("namespace-service", f"name: the name, the namespace or front_service_name {LEFT_OUT}"),
    "front": ("front-service", f"name: the name, the namespace or front_service_name {LEFT_OUT}"),
    "claims": ("claims-statefulset", f"service_name or pod_management_policy {LEFT_OUT}"),
    "governing": ("governing-statefulset", f"service_name or pod_management_policy {LEFT_OUT}"),
    "order": ("order-statefulset", f"service_name or pod_management_policy {LEFT_OUT}"),
}
"""The object that alone would be replaced, and the sentence, by the name of the workload."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def project(lab: Lab, files: Path) -> Iterator[PulumiProject]:
    environment = {"LAB_FILES": str(files), "LAB_WORKLOADS": described()}
    with stack(lab, PROGRAMS / "rendered", "refused", {}, environment) as made:
        made.up()
        yield made
        made.change_environment({"LAB_WORKLOADS": described()})


def described(*changed: str) -> str:
    """All workloads, these with their change."""
    return json.dumps({name: case[name in changed] for name, case in CHANGES.items()})


def written(files: Path) -> dict[str, tuple[int, str]]:
    return {str(path): (path.stat().st_mtime_ns, path.read_text()) for path in files.rglob("*.yaml")}


def refusals(project: PulumiProject, files: Path, arguments: list[str], *changed: str) -> str:
    """The output of a run that fails and writes no object."""
    before = written(files)
    project.change_environment({"LAB_WORKLOADS": described(*changed)})
    result = project.run(*arguments, check=False)
    assert result.exit_code != 0, result.output
    assert written(files) == before
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("name", CHANGES)
def test_a_preview_refuses_the_change(project: PulumiProject, files: Path, name: str) -> None:
    shown = refusals(project, files, ["preview"], name)
    assert f"ClientIpWorkload '{name}': 1 invalid input\n" in shown
    assert CHANGES[name][2] in shown


@pytest.mark.parametrize("targets", [[], ["--target", "**"]], ids=["all", "targets"])
def test_an_update_without_preview_refuses_every_change(
    project: PulumiProject, files: Path, targets: list[str]
) -> None:
    update = ["up", "--yes", "--skip-preview", "--continue-on-error", *targets]
    shown = refusals(project, files, update, *CHANGES)
    for _, _, sentence in CHANGES.values():
        assert sentence in shown


def test_an_update_of_single_objects_refuses_every_change(project: PulumiProject, files: Path) -> None:
    """The engine leaves the components out, so the hooks of the objects refuse.

    With a single step at a time the engine takes no other step while a hook runs.
    """
    targets = [item for target, _ in OF_ONE_OBJECT.values() for item in ("--target", f"**{target}")]
    update = ["up", "--yes", "--skip-preview", "--continue-on-error", "--parallel", "1", *targets]
    shown = refusals(project, files, update, *OF_ONE_OBJECT)
    for _, sentence in OF_ONE_OBJECT.values():
        assert sentence in shown


@pytest.mark.parametrize("name", ["kind", "ingress", "network"])
def test_a_preview_of_a_single_object_refuses_the_change(
    project: PulumiProject, files: Path, name: str
) -> None:
    target, sentence = OF_ONE_OBJECT[name]
    assert sentence in refusals(project, files, ["preview", "--target", f"**{target}"], name)


UPDATE, PREVIEW = ["up", "--yes", "--skip-preview"], ["preview"]


@pytest.mark.parametrize(
    ("name", "run"),
    [*((name, UPDATE) for name in REPLACED_ALONE), ("name", ["preview"]), ("claims", ["preview"])],
)
def test_a_single_object_is_not_replaced(
    project: PulumiProject, files: Path, name: str, run: list[str]
) -> None:
    """No hook runs before the engine deletes the old object, so the program refuses."""
    target, sentence = REPLACED_ALONE[name]
    shown = refusals(project, files, [*run, "--target", f"**{target}"], name)
    assert f"ClientIpWorkload '{name}': 1 invalid input\n" in shown
    assert sentence in shown


def test_a_change_that_was_made_by_hand_is_taken_back(project: PulumiProject) -> None:
    """After a refresh the state holds the change. The component stays the same, so the update is allowed."""
    project.change_environment({"LAB_WORKLOADS": described()})
    project.up()
    before = json.loads(project.run("stack", "export").stdout)
    edited = json.loads(json.dumps(before))
    for resource in edited["deployment"]["resources"]:
        if resource["urn"].endswith("::own-service"):
            for side in ("inputs", "outputs"):
                resource[side]["metadata"]["annotations"]["service.kubernetes.io/tke-existed-lbid"] = "lb-3"
    try:
        imported(project, edited)
        assert steps(project) == {"own-service": "update"}
    finally:
        imported(project, before)
    project.preview("--expect-no-changes")


def imported(project: PulumiProject, state: Json) -> None:
    path = project.backend / "edited.json"
    path.write_text(json.dumps(state))
    project.run("stack", "import", "--file", str(path))
