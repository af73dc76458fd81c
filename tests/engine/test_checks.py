"""Checks on the real engine: an application's stack against the facts of a cluster's stack, the preview,
and the state."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import PROGRAMS, configure, stack
from tests.lab.lab import ROOT, Lab
from tests.lab.pulumi_cli import PulumiProject

EXAMPLE = {
    "zones": ["ap-guangzhou-4", "ap-guangzhou-6"],
    "vpcCidr": "10.0.0.0/16",
    "clusterCidr": "192.168.0.0/20",
    "protect": "false",
}


def application(project: PulumiProject, **config: object) -> tuple[int, str]:
    configure(project, config)
    result = project.preview(check=False)
    return result.exit_code, result.stdout + result.stderr


def test_an_application_is_checked_against_the_facts_of_the_clusters_stack(lab: Lab) -> None:
    root = PROGRAMS / "two_stacks"
    with stack(lab, root, "cluster", {"of": "cluster"}) as project:
        project.up()
        leaves_earlier_states_alone(project, "two-stacks")
        project.stack_init("application")
        try:
            fits = {"of": "application", "cluster": "cluster", "replicas": 11}
            code, text = application(project, **fits)
            assert code == 0, text
            assert "warning" in text
            assert "replicas: 11 pods take all 11 addresses of the container subnets" in text
            assert "[no-address-to-roll]" in text
            code, text = application(project, roll="error")
            assert code != 0
            assert "replicas: 11 pods take all 11" in text
            code, text = application(project, replicas=12)
            assert code != 0
            assert "ClientIpWorkload 'web': 1 invalid input" in text
            assert "replicas: 12 pods need as many ENI addresses" in text
            assert "Traceback" not in text
        finally:
            project.run("stack", "rm", "--yes", "--stack", "application")
            project.stack = "cluster"
            (root / "Pulumi.application.yaml").unlink(missing_ok=True)


def test_a_preview_names_unknown_values_and_capacity_reads_the_preview(lab: Lab, tmp_path: Path) -> None:
    key = {"keyId": "skey-12345678"}
    with stack(lab, ROOT, "capacity", {**EXAMPLE, **key}) as project:
        said = project.preview()
        assert "not known yet; checked during the update" in said.stdout + said.stderr
        assert lab.calls("DescribeVpcCniPodLimits")
        preview = project.run("preview", "--json", "--show-sames")
        path = tmp_path / "plan.json"
        path.write_text(preview.stdout)
        result = CliRunner().invoke(app, ["capacity", "--preview", str(path), "--json", "-"])
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
    zones = {zone["zone"]: zone for zone in found["zones"]}
    assert list(zones) == EXAMPLE["zones"]
    for zone in zones.values():
        assert (zone["size"], zone["nodes"], zone["podsFit"], zone["boundBy"]) == (1021, 1, 27, "nodes")
    # nginx-deploy and nginx-sts have a pod for each zone, and a rollout of the Deployment adds one.
    assert sum(zone["pods"] for zone in zones.values()) == 5
