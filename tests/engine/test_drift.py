"""`tke-hybrid drift` against a real API server and the stand-in cloud: one cluster, spoilt in one way after
the other."""

import json
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lightkube.models.core_v1 import Container, NodeSpec, PodSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Namespace, Node, Pod
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from pulumi_tke_hybrid.cloud.api_client import ASKED_FOR
from pulumi_tke_hybrid.doctor import permissions
from tests.engine.stacks import PROGRAMS, stack
from tests.lab.cluster_view import client
from tests.lab.lab import Lab, wait_until

FOUR, SIX, SEVEN = "ap-guangzhou-4", "ap-guangzhou-6", "ap-guangzhou-7"


@dataclass
class Case:
    """The cluster, and the arguments of the command."""

    lab: Lab
    directory: Path
    facts: dict[str, Any]
    made: list[str] = field(default_factory=list[str])

    @property
    def cluster_id(self) -> str:
        return str(self.facts["clusterId"])

    @property
    def vpc_id(self) -> str:
        return str(self.facts["vpcId"])

    @property
    def kube(self) -> Any:
        return client(self.lab.kubeconfig(self.cluster_id))

    def subnet(self, name: str, zone: str, block: str) -> str:
        request: dict[str, object] = {
            "VpcId": self.vpc_id,
            "SubnetName": name,
            "CidrBlock": block,
            "Zone": zone,
        }
        self.made.append(str(self.lab.call("vpc", "CreateSubnet", request)["Subnet"]["SubnetId"]))
        return self.made[-1]

    def switch_off(self) -> None:
        """Change VPC-CNI outside the program, as in the console."""
        ipamd: dict[str, object] = {"ClusterId": self.cluster_id}
        if self.lab.call("tke", "DescribeIPAMD", ipamd)["EnableIPAMD"]:
            self.lab.call("tke", "DisableVpcCniNetworkType", ipamd)
        wait_until("off", lambda: not self.lab.call("tke", "DescribeIPAMD", ipamd)["EnableIPAMD"])

    def drift(self, *arguments: str, **environment: str) -> tuple[int, dict[str, Any]]:
        """Exit code and JSON of one run that wrote nothing."""
        (self.directory / "facts.json").write_text(json.dumps(self.facts))
        (self.directory / "kubeconfig").write_text(self.lab.kubeconfig(self.cluster_id))
        given = arguments or (
            "--facts",
            f"{self.directory}/facts.json",
            "--kubeconfig",
            f"{self.directory}/kubeconfig",
        )
        before = [call for call in self.lab.calls() if call["write"]]
        result = CliRunner().invoke(
            app, ["drift", *given, "--json", "-"], env={**self.lab.environment, **environment}
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        assert [call for call in self.lab.calls() if call["write"]] == before
        assert self.lab.secret_key not in result.output
        return result.exit_code, json.loads(result.stdout)

    def findings(self, *arguments: str, **environment: str) -> tuple[int, list[tuple[str, str]]]:
        code, data = self.drift(*arguments, **environment)
        return code, [(finding["id"], finding["subject"]) for finding in data["findings"]]


@pytest.fixture(scope="module")
def case(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Generator[Case]:
    with stack(lab, PROGRAMS / "zones", "drift", {"zones": [FOUR, SIX]}) as project:
        project.up()
        project.refresh()
        resources = project.export()["deployment"]["resources"]
        facts = next(
            item["outputs"]["clusterFacts"]
            for item in resources
            if item["type"] == "tke-hybrid:index:HybridCluster"
        )
        made = Case(lab, tmp_path_factory.mktemp("drift"), facts)
        try:
            yield made
        finally:
            made.switch_off()
            for subnet in made.made:
                lab.call("vpc", "DeleteSubnet", {"SubnetId": subnet})
    called = {f"{call['service']}:{call['action']}" for call in lab.calls()}
    assert called - set(permissions.actions(permissions.needs(own_vpc=True))) == set(
        ASKED_FOR
    )  # which was this test's own doing


def test_a_cluster_is_spoilt_step_by_step_and_each_step_has_its_name(case: Case) -> None:
    # without the setting each report has a note on the unknown mode
    case.lab.settings(property_has_static=True)
    code, data = case.drift()
    assert (code, data["findings"]) == (0, []), data
    listed = [subnet["subnetId"] for subnets in case.facts["zones"].values() for subnet in subnets]
    assert [row["subnet"] for row in data["subnets"]] == listed
    assert all(
        row["cloud"] and row["ipamd"] and row["configmap"] and row["program"] for row in data["subnets"]
    )
    assert [(zone["zone"], zone["nodes"], len(zone["subnets"])) for zone in data["zones"]] == [
        (FOUR, 1, 1),
        (SIX, 1, 1),
    ]
    assert [(pod["workload"], pod["place"]) for pod in data["pods"]] == [("default/web", "registered")] * 2

    # A node made by hand, in a zone without a container subnet.
    node = Node(
        metadata=ObjectMeta(name="by-hand", labels={"topology.kubernetes.io/zone": "100007"}), spec=NodeSpec()
    )
    case.kube.create(node)
    assert case.findings() == (2, [("node-zone-uncovered", SEVEN)])

    # The console's way to cure it. The program does not know.
    added = case.subnet("elsewhere", SEVEN, "10.0.200.0/24")
    case.lab.call(
        "tke", "AddVpcCniSubnets", {"ClusterId": case.cluster_id, "VpcId": case.vpc_id, "SubnetIds": [added]}
    )
    wait_until("ipamd", lambda: all(row["configmap"] and row["ipamd"] for row in case.drift()[1]["subnets"]))
    assert case.findings() == (0, [("subnet-not-in-program", added)])

    # The article's ConfigMap edit, without the restart.
    forgotten = case.subnet("forgotten", SEVEN, "10.0.201.0/24")
    config_map = case.kube.get(ConfigMap, "tke-eni-ipamd", namespace="kube-system")
    before = dict(config_map.data)
    config_map.data = {
        **before,
        "TKE_ENI_IPAMD_SUBNET_ID": f"{before['TKE_ENI_IPAMD_SUBNET_ID']}:{forgotten}",
        "TKE_ENI_IPAMD_ZONE": f"{before['TKE_ENI_IPAMD_ZONE']}:{SEVEN}",
    }
    case.kube.replace(config_map)
    both = [("subnet-not-in-program", subnet) for subnet in sorted([added, forgotten])]
    assert case.findings() == (2, [("subnet-one-side", forgotten), *both])
    config_map = case.kube.get(ConfigMap, "tke-eni-ipamd", namespace="kube-system")
    config_map.data = before
    case.kube.replace(config_map)

    # Looks right and is not: the annotation without the resource, where TKE's webhook does not add it.
    case.kube.create(Namespace(metadata=ObjectMeta(name="half", labels={"not-add-pod-eni-ip-limit": "true"})))
    metadata = ObjectMeta(
        name="looks-right", namespace="half", annotations={"tke.cloud.tencent.com/networks": "tke-route-eni"}
    )
    real_node = {"topology.kubernetes.io/zone": "100004"}
    spec = PodSpec(containers=[Container(name="app", image="nginx")], nodeSelector=real_node)
    case.kube.create(Pod(metadata=metadata, spec=spec))
    wait_until("its address", lambda: case.kube.get(Pod, "looks-right", namespace="half").status.podIP)
    assert case.findings() == (
        2,
        [("eni-pod-on-overlay", "half/looks-right"), ("subnet-not-in-program", added)],
    )
    case.kube.delete(Pod, "looks-right", namespace="half", grace_period=0)

    # Unreadable sources make the result uncertain; sources that the user leaves out do not.
    in_cluster = ("side-not-read", "the ConfigMap, the nodes, the pods")
    assert case.findings("--cluster-id", case.cluster_id, KUBECONFIG="") == (3, [in_cluster])
    assert case.findings("--cluster-id", case.cluster_id, "--cloud-only") == (0, [])
    refused = case.findings("--cluster-id", case.cluster_id, "--cloud-only", TENCENTCLOUD_SECRET_KEY="wrong")
    assert refused == (3, [("side-not-read", "the cloud's cluster list, IPAMD, the VPC's subnets")])
    assert case.findings("--cluster-id", "cls-00000000", "--cloud-only")[0] == 3

    case.switch_off()
    assert case.findings() == (2, [("vpc-cni-off", case.cluster_id)])
