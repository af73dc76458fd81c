"""How a zone becomes one in which ENI pods run: by the API, by the ConfigMap, and what happens before."""

import json
from collections.abc import Iterator

import pytest
from lightkube.resources.apps_v1 import ReplicaSet
from lightkube.resources.core_v1 import ConfigMap, Pod

from tests.engine.stacks import PROGRAMS, configure, stack, steps
from tests.lab.cluster_view import client, pods
from tests.lab.lab import Lab, wait_until
from tests.lab.pulumi_cli import PulumiProject

FOUR, SIX, SEVEN = "ap-guangzhou-4", "ap-guangzhou-6", "ap-guangzhou-7"


@pytest.fixture
def configmap(lab: Lab) -> Iterator[PulumiProject]:
    with stack(lab, PROGRAMS / "zones", "configmap", {"registration": "configmap", "zones": [FOUR]}) as project:
        project.up()
        yield project


def cluster(project: PulumiProject) -> str:
    return str(project.outputs()["clusterId"])


def ipamd_generations(lab: Lab, project: PulumiProject) -> int:
    """How often ipamd was started: each start with another template makes a ReplicaSet."""
    kube = client(lab.kubeconfig(cluster(project)))
    sets = kube.list(ReplicaSet, namespace="kube-system")
    return sum(1 for item in sets if item.metadata and (item.metadata.name or "").startswith("tke-eni-ipamd-"))


def test_the_configmap_holds_the_articles_values_and_ipamd_restarts_exactly_once(lab: Lab, configmap: PulumiProject) -> None:
    before = ipamd_generations(lab, configmap)
    enabled = len(lab.calls("EnableVpcCniNetworkType"))
    configure(configmap, {"zones": [FOUR, SIX]})
    planned = steps(configmap)
    assert "replace" not in " ".join(planned.values())
    assert planned["zones-ipamd-configmap"] == "update"
    configmap.up()

    data = configmap.outputs()["ipamd"]
    live = client(lab.kubeconfig(cluster(configmap))).get(ConfigMap, "tke-eni-ipamd", namespace="kube-system").data
    assert live == data
    subnets = lab.state()["subnets"]
    ids = data["TKE_ENI_IPAMD_SUBNET_ID"].split(":")
    assert [subnets[item]["zone"] for item in ids] == [FOUR, SIX] == data["TKE_ENI_IPAMD_ZONE"].split(":")
    assert ipamd_generations(lab, configmap) == before + 1
    assert lab.calls("AddVpcCniSubnets") == []
    assert len(lab.calls("EnableVpcCniNetworkType")) == enabled
    rows = pods(lab.kubeconfig(cluster(configmap)))
    assert {(row.zone, row.network, row.ready) for row in rows} == {(FOUR, "eni", "yes"), (SIX, "eni", "yes")}

    configure(configmap, {"note": "an unrelated change"})
    configmap.up()
    assert ipamd_generations(lab, configmap) == before + 1
    configmap.preview("--expect-no-changes")
    configmap.refresh()
    configmap.preview("--expect-no-changes")


def test_a_configmap_with_an_entry_that_the_program_lacks_is_refused(lab: Lab, configmap: PulumiProject) -> None:
    kube = client(lab.kubeconfig(cluster(configmap)))
    live = kube.get(ConfigMap, "tke-eni-ipamd", namespace="kube-system")
    listed = (live.data or {})["TKE_ENI_IPAMD_SUBNET_ID"]
    live.data = {**(live.data or {}), "TKE_ENI_IPAMD_SUBNET_ID": f"{listed}:subnet-elsewhere"}
    kube.replace(live)
    result = configmap.preview(check=False)
    assert result.exit_code != 0
    assert "subnet-elsewhere is in ipamd's list but not in the program" in result.stdout + result.stderr
    live = kube.get(ConfigMap, "tke-eni-ipamd", namespace="kube-system")
    live.data = {**(live.data or {}), "TKE_ENI_IPAMD_SUBNET_ID": listed}
    kube.replace(live)


def test_with_the_check_bypassed_the_cloud_refuses_an_uncovered_zone_in_the_articles_words(lab: Lab) -> None:
    with stack(lab, PROGRAMS / "zones", "bypass", {"zones": [FOUR], "pools": [FOUR, SEVEN]}) as project:
        result = project.up(check=False)
        assert result.exit_code != 0
        assert (
            "Network scale error[IP for pods in Zone ap-guangzhou-7 is not enough to scale out 1 nodes.]" in result.stdout + result.stderr
        )


def test_an_eni_pod_is_pending_until_its_zone_is_registered(lab: Lab) -> None:
    with stack(lab, PROGRAMS / "late_zone", "late", {"registered": [FOUR]}) as project:
        project.up()
        kube = client(lab.kubeconfig(cluster(project)))

        def verdict() -> str:
            status = kube.get(Pod, "late", namespace="default").status
            return json.dumps([condition.message for condition in (status.conditions if status else None) or []])

        wait_until("the scheduler's verdict", lambda: "Insufficient tke.cloud.tencent.com/eni-ip" in verdict())
        configure(project, {"registered": [FOUR, SEVEN]})
        planned = steps(project)
        assert planned["cni-switch"] == "update"
        assert "replace" not in " ".join(planned.values())
        project.up()
        wait_until("the pod", lambda: [row.ready for row in pods(lab.kubeconfig(cluster(project)))] == ["yes"])
        (row,) = pods(lab.kubeconfig(cluster(project)))
        assert (row.zone, row.network) == (SEVEN, "eni")
