"""Imports are lazy, and the public names are there."""

import subprocess
import sys

import pulumi_tke_hybrid as tke


def loaded_after(*statements: str) -> list[set[str]]:
    """The top-level modules that are loaded after each statement of one fresh interpreter."""
    shown = "print(*sorted(name for name in sys.modules if '.' not in name))"
    script = "\n".join(["import sys", *(line for statement in statements for line in (statement, shown))])
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    return [set(line.split()) for line in output.splitlines()]


def test_a_program_pays_only_for_what_it_uses() -> None:
    package, workload, cluster = loaded_after(
        "import pulumi_tke_hybrid", "from pulumi_tke_hybrid import ClientIpWorkload", "from pulumi_tke_hybrid import HybridCluster"
    )
    assert not {"pulumi", "pydantic", "tencentcloud", "pulumi_kubernetes"} & package
    assert "pulumi_kubernetes" in workload
    assert not {"tencentcloud", "tencentcloud_iac_pulumi"} & workload
    assert "tencentcloud_iac_pulumi" in cluster
    assert "tencentcloud" not in cluster  # the cloud SDK is loaded when the cloud is asked


def test_every_public_name_is_there() -> None:
    for name in tke.__all__:
        assert getattr(tke, name).__doc__ or name == "Input", name
