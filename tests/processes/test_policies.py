"""The policy pack and other programs: the Pulumi CLI, which exports the last state, and Python, which runs
the pack."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pulumi_tke_hybrid.policies import FOLDER, steps
from tests.unit.policies.test_pack import CLUSTER, export, was


def test_the_cli_exports_the_state_of_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "pulumi"
    fake.write_text(
        f'#!/bin/sh\necho "$@" > "{tmp_path}/arguments"\ncat "{tmp_path}/export.json"\nexit $(cat'
        f' "{tmp_path}/code")\n'
    )
    fake.chmod(0o755)
    (tmp_path / "export.json").write_text(export(was({})))
    (tmp_path / "code").write_text("0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert list(steps.read("dev", {}).resources) == [CLUSTER]
    assert (tmp_path / "arguments").read_text() == "stack export --stack dev --non-interactive\n"
    (tmp_path / "code").write_text("6")
    assert steps.read("dev", {}).unknown_because == "`pulumi stack export --stack dev` ended with 6"
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert (
        steps.read("dev", {}).unknown_because
        == "pulumi cannot be read or started (No such file or directory)"
    )


def test_the_folder_is_a_pack_and_the_module_prints_the_folder() -> None:
    assert yaml.safe_load((FOLDER / "PulumiPolicy.yaml").read_text())["runtime"] == "python"
    assert (FOLDER / "__main__.py").is_file()
    printed = subprocess.run(
        [sys.executable, "-m", "pulumi_tke_hybrid.policies"], check=True, capture_output=True, text=True
    ).stdout
    assert Path(printed.strip()) == FOLDER
