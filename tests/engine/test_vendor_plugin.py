"""The lab with a plugin installed in the Pulumi home of the user, where the vendor's own plugin would be.

The installed plugin of this test is a stand-in too: a launcher that leaves a mark.
"""

import os
from pathlib import Path

import pytest

from tests.engine.stacks import PROGRAMS, changed, stack
from tests.lab.cloud.tls_door import authority_path, make_identity
from tests.lab.lab import Lab
from tests.lab.tencentcloud_plugin.install import BINARY, VERSION

ROOT = Path(__file__).parents[2]
TKE = "tke.tencentcloudapi.com"


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the installed plugin writes when the engine starts the plugin."""
    mark = tmp_path / "started"
    plugins = tmp_path / "home" / "plugins"
    folder = plugins / f"resource-tencentcloud-v{VERSION}"
    folder.mkdir(parents=True)
    (folder / BINARY).write_text(
        f"#!/bin/sh\ntouch '{mark}'\nexport PYTHONPATH='{ROOT}' PYTHONSAFEPATH=1\n"
        'exec "$PULUMI_PYTHON_CMD" -m tests.lab.tencentcloud_plugin "$@"\n'
    )
    (folder / BINARY).chmod(0o755)
    for other in Path(os.environ.get("PULUMI_HOME") or "/nowhere").glob("plugins/resource-kubernetes-*"):
        (plugins / other.name).symlink_to(other)
    monkeypatch.setenv("PULUMI_HOME", str(plugins.parent))
    return mark


def test_the_lab_takes_the_installed_plugin_and_answers_the_fixed_host_by_tls(
    mark: Path, tmp_path: Path
) -> None:
    config = {"stage": 1, "unprotected": True, "nodePassword": "Pass-word-1"}
    with Lab.started() as lab, stack(lab, PROGRAMS / "raw_network", "vendor", config) as project:
        linked = lab.binaries.pulumi_home / "plugins" / f"resource-tencentcloud-v{VERSION}" / BINARY
        assert linked.resolve() == tmp_path / "home" / "plugins" / linked.parent.name / BINARY
        project.up()
        assert mark.exists()
        made = lab.calls("ModifyClusterNodePool")
        assert [(call["host"], call["error"]) for call in made] == [(TKE, None)] * 2
        assert {call["host"] for call in lab.calls() if call not in made} == {
            f"{service}.lab.test" for service in ("as", "tag", "tat", "tke", "vpc")
        }

        with changed(project, {**config, "change": "tag"}):
            # A client that does not trust the lab's authority sends nothing.
            project.change_environment({"SSL_CERT_FILE": str(make_identity(tmp_path).authority)})
            refused = project.up(check=False)
            assert refused.exit_code != 0
            assert "CERTIFICATE_VERIFY_FAILED" in refused.output
            assert lab.calls("ModifyClusterTags") == []

            project.change_environment({"SSL_CERT_FILE": str(authority_path(lab.directory))})
            project.up()
            assert [call["host"] for call in lab.calls("ModifyClusterTags")] == [TKE]
