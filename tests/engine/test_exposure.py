"""A change of the exposure makes the previewed objects: another load balancer, and pods with their gates."""

import json
from collections.abc import Iterator

import pytest
from lightkube.resources.core_v1 import Service
from lightkube.types import PatchType

from pulumi_tke_hybrid.tke import keys
from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import PROGRAMS, changed, configure, stack, steps
from tests.lab.cluster_view import client, pods
from tests.lab.lab import Lab
from tests.lab.pulumi_cli import PulumiProject

UNSEEN = ("up", "--yes", "--skip-preview")
ZONES = ["ap-guangzhou-4", "ap-guangzhou-6"]


@pytest.fixture(scope="module")
def cluster(lab: Lab) -> Iterator[str]:
    with stack(lab, PROGRAMS / "zones", "ways", {"zones": ZONES, "workload": "false"}) as made:
        made.up()
        yield str(made.outputs()["clusterId"])


@pytest.fixture(scope="module")
def project(lab: Lab, cluster: str) -> Iterator[PulumiProject]:
    subnet = min(name for name, item in lab.state()["subnets"].items() if item["name"].startswith("nodes-"))
    config = {"clusterId": cluster, "subnetId": subnet, "way": "none"}
    with stack(
        lab, PROGRAMS / "exposure", "ways", config, {"LAB_KUBECONFIG": lab.kubeconfig(cluster)}
    ) as made:
        made.up()
        leaves_earlier_states_alone(made, "exposure")
        yield made


@pytest.mark.parametrize(
    ("way", "replaced", "gate"),
    [("public", False, "true"), ("internal", True, "true"), ("none", True, "none")],
)
def test_the_load_balancer_is_that_of_the_program(
    lab: Lab, cluster: str, project: PulumiProject, way: str, replaced: bool, gate: str
) -> None:
    configure(project, {"way": way, "allow": "true"})
    assert (steps(project)["web-service"] != "update") is replaced
    project.up()
    balancers = list(lab.state()["load_balancers"].values())
    if way == "none":
        assert balancers == []
    else:
        (balancer,) = balancers
        assert balancer["internal"] is (way != "public")
        wanted = {"internal": project.run("config", "get", "subnetId").stdout.strip(), "public": ""}
        assert balancer["subnet_id"] == wanted[way]
        assert project.outputs()["address"] == balancer["vip"]
    rows = pods(lab.kubeconfig(cluster))
    assert {(row.ready, row.gate) for row in rows} == {("yes", gate)}
    project.preview("--expect-no-changes")


def test_no_load_balancer_is_replaced_without_the_programs_word(
    cluster: str, lab: Lab, project: PulumiProject
) -> None:
    """Neither after an edit of an annotation that TKE read only once, nor in an `up` of the Service alone."""
    configure(project, {"way": "internal", "allow": "false"})
    project.up()
    with changed(project, {"way": "public"}):
        assert (
            "exposure.kind: public instead of internal; a load balancer cannot change"
            in project.preview(check=False).output
        )
        alone = project.run("preview", "--target", "**web-service", check=False)
        assert "-internal-subnetid']: no value instead of subnet-" in alone.output
    patch = {"metadata": {"annotations": {keys.SERVICE_INTERNAL_SUBNET: None}}}
    client(lab.kubeconfig(cluster)).patch(
        Service, "web", patch, namespace="default", patch_type=PatchType.MERGE
    )
    project.refresh()
    planned = steps(project)
    project.up()
    assert planned == {"web-service": "update"}
    # the plugin sees the address at once, and may write down the Service of a moment before its own update
    project.refresh()
    project.preview("--expect-no-changes")


def test_after_a_run_that_ended_half_way_the_program_is_compared_with_the_live_objects(
    project: PulumiProject,
) -> None:
    """The state holds what the failed run demanded. The pods have not changed."""
    by_node_port = {"way": "internal", "allow": "false", "direct": "false"}
    configure(project, by_node_port)
    project.up()
    with changed(project, {**by_node_port, "network": "global_route", "halfWay": "true"}):
        assert "the run ends half-way" in project.up(check=False).output
    with changed(project, {"way": "internal", "network": "global_route", "direct": "true"}):
        for refused in (project.preview(check=False), project.run(*UNSEEN, check=False)):
            assert "direct: True while pods are not on network 'global_route': web-" in refused.output
    with changed(project, {**by_node_port, "way": "public", "network": "global_route"}):
        for refused in (project.preview(check=False), project.run(*UNSEEN, check=False)):
            assert "exposure.kind: public instead of internal; a load balancer" in refused.output
    configure(project, {"direct": "true"})
    project.up()
    project.preview("--expect-no-changes")


def test_a_refresh_takes_no_refusal_away(project: PulumiProject) -> None:
    project.refresh()
    with changed(project, {"way": "public"}):
        for refused in (project.preview(check=False), project.run(*UNSEEN, check=False)):
            assert "exposure.kind: public instead of internal; a load balancer" in refused.output


def test_the_first_run_after_an_upgrade_is_compared_with_the_live_objects(project: PulumiProject) -> None:
    """A component of an earlier version stored neither selector nor load balancer."""
    before = json.loads(project.run("stack", "export").stdout)
    earlier = json.loads(json.dumps(before))
    (component,) = [
        item for item in earlier["deployment"]["resources"] if item["urn"].endswith("Workload::web")
    ]
    pods = {"kind": "deployment", "image": "nginx", "replicas": 2, "fixedIp": False}
    component["inputs"] = {**pods, "network": "eni", "direct": True, "exposure": "internal"}
    del component["outputs"]["settled"]
    path = project.backend / "earlier.json"
    path.write_text(json.dumps(earlier))
    project.run("stack", "import", "--file", str(path))
    with changed(project, {"selector": {"app": "shop"}}):
        for refused in (project.preview(check=False), project.run(*UNSEEN, check=False)):
            assert "selector: app=shop instead of app.kubernetes.io/name=web (spec." in refused.output
    with changed(project, {"network": "global_route"}):
        for refused in (project.preview(check=False), project.run(*UNSEEN, check=False)):
            assert "network: 'global_route' instead of 'eni' while the load" in refused.output
    assert steps(project) == {"web": "update"}
    project.up()
    project.preview("--expect-no-changes")


def test_other_volumes_than_those_of_the_live_statefulset_are_refused(project: PulumiProject) -> None:
    configure(project, {"disk": "10Gi"})
    project.up()
    with changed(project, {"disk": "20Gi"}):
        refused = project.preview(check=False)
    assert refused.exit_code != 0
    assert "volume_claims: are others than the StatefulSet was made with" in refused.output


def test_a_refusal_of_the_cloud_is_shown_in_its_words_and_without_a_stack_trace(lab: Lab) -> None:
    with stack(lab, PROGRAMS / "zones", "refusal", {"zones": ZONES, "workload": "false"}) as project:
        lab.fault(
            action="EnableVpcCniNetworkType",
            kind="error",
            code="FailedOperation.RoleMissing",
            message="no IPAMDofTKE_QCSRole",
            times=1,
        )
        result = project.up(check=False)
        assert result.exit_code != 0
        assert (
            "EnableVpcCniNetworkType failed: FailedOperation.RoleMissing: no IPAMDofTKE_QCSRole"
            in result.output
        )
        assert "Traceback" not in result.output
        assert 'File "' not in result.output
        project.up()
        assert len([call for call in lab.calls("EnableVpcCniNetworkType") if call["error"] is None]) >= 1
