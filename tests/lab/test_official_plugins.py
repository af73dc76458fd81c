"""Plugins in the Pulumi home of the user: the lab takes the right versions, and names each piece."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.tencentcloud_plugin import VERSION, install
from tests.lab.toolchain import ToolchainError, official
from tests.lab.toolchain.__main__ import show

ROOT = Path(__file__).parents[2]
SDK = importlib.metadata.version("pulumi-kubernetes")


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "plugins"


def installed(plugins: Path, name: str, version: str) -> Path:
    folder = plugins / official.plugin_folder(name, version)
    folder.mkdir(parents=True)
    (folder / f"pulumi-resource-{name}").write_bytes(b"\x7fELF")
    return folder


def test_vendors_plugin_is_taken_at_the_version_of_the_stand_in_only(plugins: Path) -> None:
    assert official.tencentcloud_plugin() is None
    installed(plugins, "tencentcloud", "0.2.2")
    assert official.tencentcloud_plugin() is None
    folder = installed(plugins, "tencentcloud", VERSION)
    assert official.tencentcloud_plugin() == folder


def test_stand_in_in_a_pulumi_home_is_never_the_vendors(plugins: Path) -> None:
    install(plugins)
    assert (plugins / official.plugin_folder("tencentcloud", VERSION)).is_dir()
    assert official.tencentcloud_plugin() is None


def test_chosen_kubernetes_plugin_needs_an_installed_plugin_and_the_same_sdk(
    plugins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(official, "KUBERNETES_VERSION", "4.99.0")
    with pytest.raises(ToolchainError, match=r"`pulumi plugin install resource kubernetes 4\.99\.0`"):
        official.kubernetes_plugin()
    folder = installed(plugins, "kubernetes", "4.99.0")
    with pytest.raises(
        ToolchainError, match=rf"has pulumi-kubernetes {SDK}, .* `make engine KUBERNETES=4\.99\.0`"
    ):
        official.kubernetes_plugin()
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "4.99.0")
    assert official.kubernetes_plugin() == folder


def test_the_variable_chooses_the_version_before_a_build(plugins: Path) -> None:
    command = [sys.executable, "-m", "tests.lab.toolchain", "--list"]
    environment = {**os.environ, "TKE_HYBRID_LAB_KUBERNETES": "4.99.0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        "error: TKE_HYBRID_LAB_KUBERNETES: the kubernetes plugin 4.99.0 is not in the Pulumi home."
        in done.stderr
    )


def test_list_names_official_pieces_and_stand_ins_with_versions(
    plugins: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(official, "on_path", lambda _: None)  # no official CLI
    show()
    before = capsys.readouterr().out.splitlines()
    assert any(
        line.startswith("tencentcloud_plugin") and f"v{VERSION} " in line and "stand-in: " in line
        for line in before
    )
    assert any(line.startswith("language host") and "stand-in: " in line for line in before)
    vendors = installed(plugins, "tencentcloud", VERSION)
    kubernetes = installed(plugins, "kubernetes", official.KUBERNETES_VERSION)
    show()
    after = capsys.readouterr().out.splitlines()
    assert any(
        line.startswith("tencentcloud_plugin") and line.endswith(f"official: {vendors}") for line in after
    )
    assert any(
        line.startswith("kubernetes_plugin") and line.endswith(f"official: {kubernetes}") for line in after
    )
