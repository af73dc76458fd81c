"""The article's program on the real engine, from the first preview to the last deletion. The tests build on
each other."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from lightkube import Client
from lightkube.resources.apps_v1 import Deployment, StatefulSet
from lightkube.resources.core_v1 import Pod, Service
from lightkube.resources.networking_v1 import Ingress

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import configure, stack, steps
from tests.lab.cluster_view import PodRow, client, pods
from tests.lab.lab import ROOT, Lab, wait_until
from tests.lab.pulumi_cli import PulumiProject

ZONES = ["ap-guangzhou-4", "ap-guangzhou-6"]
THIRD = "ap-guangzhou-7"


@pytest.fixture(scope="module")
def project(lab: Lab) -> Iterator[PulumiProject]:
    lab.reset_calls()
    with stack(lab, ROOT, "story", {"keyId": "skey-12345678", "zones": ZONES}) as made:
        made.preview()
        assert lab.calls()
        assert not [call for call in lab.calls() if call["write"]]
        made.up()
        leaves_earlier_states_alone(made, "two-zone-hybrid")
        yield made
    left = lab.state()
    assert (left["clusters"], left["subnets"], left["vpcs"], left["load_balancers"]) == ({}, {}, {}, {})
    assert lab.calls("DisableVpcCniNetworkType") == []


@pytest.fixture
def kube(lab: Lab, project: PulumiProject) -> Client:
    return client(lab.kubeconfig(lab.cluster_id()))


def as_mapping(value: Any) -> Any:
    return json.loads(json.dumps(value.to_dict()))


def test_one_cluster_then_one_enable_with_both_subnets_then_the_pools(
    lab: Lab, project: PulumiProject
) -> None:
    (created,) = lab.calls("CreateCluster")
    assert not created["request"]["ClusterCIDRSettings"].get("EniSubnetIds")
    (enabled,) = lab.calls("EnableVpcCniNetworkType")
    assert len(enabled["request"]["Subnets"]) == 2
    assert enabled["request"]["EnableStaticIp"] is True
    assert enabled["request"]["ExpiredSeconds"] == 300
    pools = lab.calls("CreateClusterNodePool")
    assert len(pools) == 2
    assert created["n"] < enabled["n"] < min(pool["n"] for pool in pools)
    assert lab.calls("DisableVpcCniNetworkType") == []


def test_eni_pods_run_in_both_zones_and_gr_pods_on_the_overlay(lab: Lab, project: PulumiProject) -> None:
    rows = pods(lab.kubeconfig(lab.cluster_id()))
    assert {
        (row.zone, row.network) for row in rows if row.name.startswith(("nginx-deploy", "nginx-sts"))
    } == {(zone, "eni") for zone in ZONES}
    assert {row.network for row in rows if row.name.startswith("nginx-gr")} == {"overlay"}
    assert {row.ready for row in rows} == {"yes"}


def test_nothing_changes_on_a_second_preview_nor_after_a_refresh_nor_after_the_controllers_wrote(
    kube: Client, project: PulumiProject
) -> None:
    service = as_mapping(kube.get(Service, "nginx-deploy", namespace="default"))
    assert "service.kubernetes.io/loadbalance-id" in service["metadata"]["annotations"]
    project.preview("--expect-no-changes")
    project.refresh()
    project.preview("--expect-no-changes")
    project.up("--expect-no-changes")


def test_the_objects_match_the_article(kube: Client, project: PulumiProject) -> None:
    deployment, gr = (
        as_mapping(kube.get(Deployment, name, namespace="default")) for name in ("nginx-deploy", "nginx-gr")
    )
    stateful = as_mapping(kube.get(StatefulSet, "nginx-sts", namespace="default"))
    for template in (deployment["spec"]["template"], stateful["spec"]["template"]):
        assert template["metadata"]["annotations"][keys.NETWORKS] == "tke-route-eni"
        (container,) = template["spec"]["containers"]
        assert (
            container["resources"]["requests"][keys.ENI_IP]
            == container["resources"]["limits"][keys.ENI_IP]
            == "1"
        )
    assert stateful["spec"]["template"]["metadata"]["annotations"][keys.CLAIM_DELETE_POLICY] == "Never"
    assert keys.CLAIM_DELETE_POLICY not in json.dumps([deployment, gr])
    assert keys.ENI_IP not in json.dumps(gr)
    services = {
        name: as_mapping(kube.get(Service, name, namespace="default"))
        for name in ("nginx-deploy", "nginx-gr", "nginx-sts")
    }
    direct = {
        name: service["metadata"]["annotations"][keys.SERVICE_DIRECT_ACCESS]
        for name, service in services.items()
    }
    assert direct == {"nginx-deploy": "true", "nginx-gr": "false", "nginx-sts": "true"}
    ingress = as_mapping(kube.get(Ingress, "nginx-deploy", namespace="default"))
    assert ingress["metadata"]["annotations"][keys.INGRESS_DIRECT_ACCESS] == "true"


def test_no_credential_is_in_the_state_or_in_any_output(lab: Lab, project: PulumiProject) -> None:
    cluster_id = lab.cluster_id()
    user = yaml.safe_load(lab.kubeconfig(cluster_id))["users"][0]["user"]
    secrets = [str(value) for value in user.values()]
    secrets += [base64.b64decode(value).decode() for name, value in user.items() if name.endswith("-data")]
    secrets += [lab.admin_password(cluster_id), lab.secret_key]
    outputs = json.loads(project.run("stack", "output", "--json").stdout)
    assert (outputs["clusterId"], outputs["kubeconfig"]) == (cluster_id, "[secret]")
    assert [subnet.zone for subnet in ClusterFacts.checked(outputs["clusterFacts"]).subnets] == ZONES
    everything = "\n".join(
        [
            json.dumps(project.export()),
            *(path.read_text() for path in project.backend.rglob("*.json")),
            *project.printed,
        ]
    )
    assert len(everything) > 10_000
    for secret in secrets:
        assert len(secret) > 8
        assert secret not in everything
        assert json.dumps(secret)[1:-1] not in everything


def test_the_state_holds_a_reference_to_the_dynamic_provider_and_no_code(project: PulumiProject) -> None:
    found = re.findall(r'"__provider": "([^"]*)"', json.dumps(project.export()))
    assert found
    assert all(len(item) < 200 for item in found)


def test_a_pod_with_a_kept_address_returns_with_the_same_address(
    kube: Client, lab: Lab, project: PulumiProject
) -> None:
    def found() -> PodRow | None:
        rows = [
            row
            for row in pods(lab.kubeconfig(lab.cluster_id()))
            if row.name == "nginx-sts-0" and row.ready == "yes"
        ]
        return rows[0] if rows else None

    before = found()
    assert before is not None
    first = kube.get(Pod, "nginx-sts-0", namespace="default").metadata
    kube.delete(Pod, "nginx-sts-0", namespace="default")

    def again() -> PodRow | None:
        row = found()
        if row is None:
            return None
        # A list, because between the two there is no pod of that name.
        others = [
            pod.metadata
            for pod in kube.list(Pod, namespace="default")
            if pod.metadata and pod.metadata.name == "nginx-sts-0"
        ]
        return row if first and any(other.uid != first.uid for other in others) else None

    assert wait_until("the pod", again).address == before.address


def test_the_same_preview_with_other_hash_seeds_is_the_same(lab: Lab) -> None:
    seen: set[str] = set()
    for seed in ("1", "2"):
        fresh = lab.project(ROOT, {"PYTHONHASHSEED": seed})
        fresh.stack_init("seeds")
        configure(fresh, {"keyId": "skey-12345678"})
        text = fresh.run("preview", "--json").stdout
        preview = json.loads(text[text.index("{") :])
        seen.add(
            json.dumps(
                sorted((step["urn"], step["newState"].get("inputs")) for step in preview["steps"]),
                sort_keys=True,
            )
        )
        (ROOT / "Pulumi.seeds.yaml").unlink()
    assert len(seen) == 1


def test_a_third_zone_updates_the_switch_and_adds_the_rest(lab: Lab, project: PulumiProject) -> None:
    configure(project, {"zones": [*ZONES, THIRD]})
    planned = steps(project)
    assert set(planned.values()) == {"create", "update"}
    assert planned["hybrid-vpc-cni-switch"] == "update"
    assert {name for name, operation in planned.items() if operation == "create"} == {
        f"nodes-{THIRD}",
        f"pods-{THIRD}",
        f"pods-{THIRD}-subnet",
        f"hybrid-pool-{THIRD}",
    }
    project.up()
    rows = pods(lab.kubeconfig(lab.cluster_id()))
    assert any(row.zone == THIRD and row.network == "eni" and row.ready == "yes" for row in rows)
    assert len(lab.calls("AddVpcCniSubnets")) == 1
    assert len(lab.calls("EnableVpcCniNetworkType")) == 1
    project.preview("--expect-no-changes")


def test_a_zone_that_leaves_is_refused_at_preview_and_nothing_is_written(
    lab: Lab, project: PulumiProject
) -> None:
    written = [call for call in lab.calls() if call["write"]]
    project.run("config", "set", "--path", "zones[0]", THIRD)
    project.run("config", "rm", "--path", "zones[2]")
    result = project.preview(check=False)
    assert result.exit_code != 0
    assert "TKE cannot unregister" in result.stdout + result.stderr
    assert [call for call in lab.calls() if call["write"]] == written
    configure(project, {"zones": [*ZONES, THIRD]})
