"""The options of `tke-hybrid drift`, and the errors of wrong options."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from pulumi_tke_hybrid.cli.commands import Root
from pulumi_tke_hybrid.cli.process import WrongUse
from pulumi_tke_hybrid.drift import command
from pulumi_tke_hybrid.drift.snapshot import Unavailable
from tests.unit.drift.snapshots import HEALTHY, POD4, POD6

FACTS: dict[str, Any] = {
    "clusterId": "cls-a1b2c3d4",
    "vpcId": "vpc-a1b2c3d4",
    "region": "ap-guangzhou",
    "zones": {
        "ap-guangzhou-4": [{"subnetId": POD4, "cidrBlock": "10.0.64.0/22"}],
        "ap-guangzhou-6": [{"subnetId": POD6, "cidrBlock": "10.0.68.0/22"}],
    },
    "staticIp": True,
    "ipReclaim": "300s",
}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    for name in ("TENCENTCLOUD_REGION", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    made = typer.Typer(cls=Root)
    made.callback()(lambda: None)
    made.command("drift", help=command.HELP)(command.drift)
    return made


def run(app: typer.Typer, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["drift", *arguments], env={"NO_COLOR": "1", "COLUMNS": "200"})


@pytest.mark.parametrize("reclaim", ["300s", "never"])
def test_facts_are_read_as_the_component_writes_them(tmp_path: Path, reclaim: str) -> None:
    file = tmp_path / "facts.json"
    file.write_text(json.dumps({**FACTS, "ipReclaim": reclaim}))
    assert HEALTHY.program is not None
    assert command.read_program(str(file)) == replace(HEALTHY.program, ip_reclaim=reclaim)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '"x"', json.dumps({**FACTS, "ipReclaim": "soon"}), json.dumps({**FACTS, "zones": []})],
)
def test_a_file_without_facts_is_wrong_use(tmp_path: Path, text: str) -> None:
    (tmp_path / "facts.json").write_text(text)
    with pytest.raises(WrongUse, match="pulumi stack output"):
        command.read_program(str(tmp_path / "facts.json"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--cluster-id", "cls-a1b2c3d4"], "no region"),
        (["--region", "ap-guangzhou"], "'' is not a cluster id"),
        (["--cluster-id", "cls-1", "--region", "ap-guangzhou"], "'cls-1' is not a cluster id"),
        (["--facts", "nowhere.json"], "nowhere.json cannot be read: No such file or directory"),
        (
            ["--accept", "node-zone-uncoverd:ap-guangzhou-7"],
            "--accept node-zone-uncoverd:ap-guangzhou-7: there is no such finding",
        ),
        (["--accept", "reclaim", "--accept", "subnet-gone:subnet-1"], "is not a cluster id"),
        (["--cloud-only", "--kubeconfig", "x", "--context", "y"], "leave out --kubeconfig, --context"),
        (["--json", "-", "--markdown", "-"], "cannot both go to standard output"),
        (["--no-such-option"], "No such option"),
        (["unexpected"], "unexpected extra argument"),
    ],
)
def test_wrong_use_ends_with_64_and_one_sentence(
    app: typer.Typer, arguments: list[str], sentence: str
) -> None:
    result = run(app, *arguments)
    assert result.exit_code == 64
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_facts_of_another_cluster_are_refused(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(FACTS))
    result = run(app, "--facts", str(tmp_path / "facts.json"), "--cluster-id", "cls-e5f6g7h8")
    assert result.exit_code == 64
    assert "--facts are of cls-a1b2c3d4" in result.output


def test_the_default_kubeconfig_is_never_used(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text("apiVersion: v1\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    kube = command.connect(None, "", cloud_only=False)
    assert isinstance(kube, Unavailable)
    assert "no kubeconfig was given" in kube.reason
    broken = command.connect(tmp_path / ".kube" / "config", "", cloud_only=False)
    assert isinstance(broken, Unavailable)
    assert broken.wanted
