"""Imports are lazy, and the public names are there."""

import subprocess
import sys

import pulumi_tke_hybrid as tke


def loaded_after(statement: str) -> set[str]:
    script = f"import sys; {statement}; print(*sorted(name for name in sys.modules if '.' not in name))"
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    return set(output.split())


def test_importing_the_package_loads_nothing_of_pulumi() -> None:
    assert not {"pulumi", "pydantic", "tencentcloud", "pulumi_kubernetes"} & loaded_after("import pulumi_tke_hybrid")


def test_a_workload_does_not_pay_for_the_tencent_modules() -> None:
    loaded = loaded_after("from pulumi_tke_hybrid import ClientIpWorkload")
    assert "pulumi_kubernetes" in loaded
    assert not {"tencentcloud", "tencentcloud_iac_pulumi"} & loaded


def test_the_cloud_sdk_is_loaded_only_when_the_cloud_is_asked() -> None:
    assert "tencentcloud" not in loaded_after("from pulumi_tke_hybrid import HybridCluster")


def test_every_public_name_is_there() -> None:
    for name in tke.__all__:
        assert getattr(tke, name).__doc__ or name == "Input", name
