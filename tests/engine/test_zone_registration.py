"""Registration of a zone for ENI pods: by the API, by the ConfigMap, and the state before."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from lightkube.resources.apps_v1 import Deployment, ReplicaSet
from lightkube.resources.core_v1 import ConfigMap, Pod

from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import PROGRAMS, configure, stack, steps
from tests.lab.cluster_view import client, pods
from tests.lab.lab import Lab, wait_until
from tests.lab.pulumi_cli import PulumiProject, Result
from tests.lab.world import IPAMD_VERSION

FOUR, SIX, SEVEN = "ap-guangzhou-4", "ap-guangzhou-6", "ap-guangzhou-7"


@pytest.fixture
def configmap(lab: Lab) -> Iterator[PulumiProject]:
    with stack(
        lab, PROGRAMS / "zones", "configmap", {"registration": "configmap", "zones": [FOUR]}
    ) as project:
        project.up()
        yield project


def cluster(project: PulumiProject) -> str:
    return str(project.outputs()["clusterId"])


def ipamd_generations(lab: Lab, project: PulumiProject) -> int:
    """Number of ipamd's starts: each start with another template makes a ReplicaSet."""
    kube = client(lab.kubeconfig(cluster(project)))
    sets = kube.list(ReplicaSet, namespace="kube-system")
    return sum(
        1 for item in sets if item.metadata and (item.metadata.name or "").startswith("tke-eni-ipamd-")
    )


def test_the_configmap_holds_the_articles_values_and_ipamd_restarts_exactly_once(
    lab: Lab, configmap: PulumiProject
) -> None:
    before = ipamd_generations(lab, configmap)
    enabled = len(lab.calls("EnableVpcCniNetworkType"))
    configure(configmap, {"zones": [FOUR, SIX]})
    planned = steps(configmap)
    assert "replace" not in " ".join(planned.values())
    assert planned["zones-ipamd-configmap"] == "update"
    configmap.up()
    leaves_earlier_states_alone(configmap, "zones-configmap")

    data = configmap.outputs()["ipamd"]
    live = (
        client(lab.kubeconfig(cluster(configmap)))
        .get(ConfigMap, "tke-eni-ipamd", namespace="kube-system")
        .data
    )
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


def test_a_configmap_with_an_entry_that_the_program_lacks_is_refused(
    lab: Lab, configmap: PulumiProject
) -> None:
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


def of_ipamd(change: dict[str, object]) -> dict[str, object]:
    """A patch of ipamd's pod template that replaces its pod; the new one comes after the old one is gone."""
    return {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}, "template": {"spec": change}}}


def with_tag(tag: str) -> dict[str, object]:
    return of_ipamd({"containers": [{"name": "tke-eni-ipamd", "image": f"tke-eni-ipamd:{tag}"}]})


def settled(kube: Any) -> bool:
    live = kube.get(Deployment, "tke-eni-ipamd", namespace="kube-system")
    seen = live.status.observedGeneration == live.metadata.generation
    return bool(seen and live.status.updatedReplicas == live.status.readyReplicas == 1)


def live_list(kube: Any) -> str:
    return str(kube.get(ConfigMap, "tke-eni-ipamd", namespace="kube-system").data["TKE_ENI_IPAMD_SUBNET_ID"])


def registered(lab: Lab) -> int:
    """Number of subnets that the cloud has registered: an ipamd of 3.5.0 or later keeps no list in its
    ConfigMap."""
    return len(lab.call("tke", "DescribeIPAMD", {"ClusterId": lab.cluster_id()})["SubnetIds"])


def words(result: Result, text: str) -> set[str]:
    """The lines with this text. The CLI prints a message while it runs, and once more at the end."""
    return {line[line.index(text) :] for line in result.output.splitlines() if text in line}


REFUSED = (
    "v3.5.0 is the version of ipamd; TKE manages it as add-on eniipamd and may write its ConfigMap and"
    " Deployment back; register the zones by the API: zone_registration=ZoneRegistration.API, the default"
    " (without HybridCluster: list them in VpcCni) [configmap-of-addon]"
)


def test_a_new_cluster_whose_ipamd_is_an_addon_is_finished_by_the_api(lab: Lab) -> None:
    lab.settings(ipamd_version="v3.5.0")
    try:
        with stack(
            lab, PROGRAMS / "zones", "addon", {"registration": "configmap", "zones": [FOUR, SIX]}
        ) as project:
            result = project.up(check=False)
            assert result.exit_code != 0
            assert words(result, "v3.5.0 is") == {REFUSED}
            assert registered(lab) == 1
            assert ipamd_generations(lab, project) == 1

            configure(project, {"registration": "api"})
            project.up()
            leaves_earlier_states_alone(project, "zones-addon")
            assert registered(lab) == 2
            assert ipamd_generations(lab, project) == 1
            rows = pods(lab.kubeconfig(cluster(project)))
            assert {(row.zone, row.network, row.ready) for row in rows} == {
                (FOUR, "eni", "yes"),
                (SIX, "eni", "yes"),
            }
            project.preview("--expect-no-changes")
    finally:
        lab.settings(ipamd_version=IPAMD_VERSION)


def test_zones_of_the_configmap_go_on_by_the_api_once_ipamd_became_an_addon(
    lab: Lab, configmap: PulumiProject
) -> None:
    configure(configmap, {"zones": [FOUR, SIX]})
    configmap.up()
    kube = client(lab.kubeconfig(cluster(configmap)))
    listed = live_list(kube)
    kube.patch(Deployment, "tke-eni-ipamd", with_tag("v3.5.0"), namespace="kube-system")  # as TKE upgrades it
    wait_until("the upgrade", lambda: settled(kube))
    before = ipamd_generations(lab, configmap)
    for run in (configmap.preview, configmap.up):
        result = run(check=False)
        assert result.exit_code != 0
        assert words(result, "v3.5.0 is") == {REFUSED}

    configure(configmap, {"registration": "api"})
    planned = steps(configmap)
    assert planned["zones-vpc-cni-switch"] == "update"
    assert "replace" not in " ".join(planned.values())
    configmap.up()
    assert live_list(kube) == listed
    assert ipamd_generations(lab, configmap) == before
    configmap.preview("--expect-no-changes")


def test_ipamd_may_be_unready_or_of_no_version_but_not_absent(lab: Lab, configmap: PulumiProject) -> None:
    kube = client(lab.kubeconfig(cluster(configmap)))
    kube.patch(
        Deployment, "tke-eni-ipamd", of_ipamd({"nodeSelector": {"no": "where"}}), namespace="kube-system"
    )

    def unready() -> bool:
        status = kube.get(Deployment, "tke-eni-ipamd", namespace="kube-system").status
        return bool(status and status.unavailableReplicas)

    wait_until("an unready ipamd", unready)
    configmap.preview("--expect-no-changes")
    configmap.up()
    assert unready()
    kube.patch(Deployment, "tke-eni-ipamd", of_ipamd({"nodeSelector": None}), namespace="kube-system")
    kube.patch(Deployment, "tke-eni-ipamd", with_tag("latest"), namespace="kube-system")
    wait_until("ipamd", lambda: settled(kube))
    result = configmap.preview("--expect-no-changes")
    assert (
        len(
            words(
                result,
                "the version of ipamd is unknown (its image tke-eni-ipamd:latest names no version)",
            )
        )
        == 1
    )

    configure(configmap, {"zones": [FOUR, SIX]})
    listed = live_list(kube)
    kube.delete(Deployment, "tke-eni-ipamd", namespace="kube-system")
    for run in (configmap.preview, configmap.up):
        result = run(check=False)
        assert result.exit_code != 0
        assert "resource 'kube-system/tke-eni-ipamd' does not exist" in result.output
    assert live_list(kube) == listed
    lab.call("tke", "DisableVpcCniNetworkType", {"ClusterId": cluster(configmap)})
    wait_until(
        "the ConfigMap gone",
        lambda: (
            not list(kube.list(ConfigMap, namespace="kube-system", fields={"metadata.name": "tke-eni-ipamd"}))
        ),
    )
    result = configmap.preview(check=False)
    assert result.exit_code != 0
    assert "ConfigMap (zones-ipamd-live):" in result.output
    assert not list(kube.list(ConfigMap, namespace="kube-system", fields={"metadata.name": "tke-eni-ipamd"}))
    assert not list(kube.list(Deployment, namespace="kube-system", fields={"metadata.name": "tke-eni-ipamd"}))


def test_with_the_check_bypassed_the_cloud_refuses_an_uncovered_zone_in_the_articles_words(lab: Lab) -> None:
    with stack(lab, PROGRAMS / "zones", "bypass", {"zones": [FOUR], "pools": [FOUR, SEVEN]}) as project:
        result = project.up(check=False)
        assert result.exit_code != 0
        assert (
            "Network scale error[IP for pods in Zone ap-guangzhou-7 is not enough to scale out 1 nodes.]"
            in result.stdout + result.stderr
        )


def test_an_eni_pod_is_pending_until_its_zone_is_registered(lab: Lab) -> None:
    with stack(lab, PROGRAMS / "late_zone", "late", {"registered": [FOUR]}) as project:
        project.up()
        # The program has node pools of the vendor's package; the plugin plans an update after each `up`.
        pools = {f"pool-{zone}": "update" for zone in (FOUR, SEVEN)}
        leaves_earlier_states_alone(project, "late-zone", restless=pools)
        kube = client(lab.kubeconfig(cluster(project)))

        def verdict() -> str:
            status = kube.get(Pod, "late", namespace="default").status
            return json.dumps(
                [condition.message for condition in (status.conditions if status else None) or []]
            )

        wait_until(
            "the scheduler's verdict", lambda: "Insufficient tke.cloud.tencent.com/eni-ip" in verdict()
        )
        configure(project, {"registered": [FOUR, SEVEN]})
        planned = steps(project)
        assert planned["cni-switch"] == "update"
        assert "replace" not in " ".join(planned.values())
        project.up()
        wait_until(
            "the pod", lambda: [row.ready for row in pods(lab.kubeconfig(cluster(project)))] == ["yes"]
        )
        (row,) = pods(lab.kubeconfig(cluster(project)))
        assert (row.zone, row.network) == (SEVEN, "eni")
