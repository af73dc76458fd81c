"""The modules that a fresh interpreter imports: imports are lazy."""

import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from tests.unit.review.recordings import RECORDED

NOTHING = RECORDED / "raw-nothing.json"
WIDE = {"NO_COLOR": "1", "COLUMNS": "200"}


def loaded_after(*statements: str) -> list[set[str]]:
    """The top-level modules that are loaded after each statement of one fresh interpreter."""
    shown = "print(*sorted(name for name in sys.modules if '.' not in name))"
    script = "\n".join(["import sys", *(line for statement in statements for line in (statement, shown))])
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    return [set(line.split()) for line in output.splitlines()]


def test_a_program_imports_only_its_used_packages() -> None:
    package, workload, cluster = loaded_after(
        "import pulumi_tke_hybrid",
        "from pulumi_tke_hybrid import ClientIpWorkload",
        "from pulumi_tke_hybrid import HybridCluster",
    )
    assert not {"pulumi", "pydantic", "tencentcloud", "pulumi_kubernetes"} & package
    assert "pulumi_kubernetes" in workload
    assert not {"tencentcloud", "tencentcloud_iac_pulumi"} & workload
    assert "tencentcloud_iac_pulumi" in cluster
    assert "tencentcloud" not in cluster  # the first call of the cloud imports its SDK


def test_a_cluster_without_workloads_imports_no_types_of_kubernetes_objects() -> None:
    """The types of `pulumi_kubernetes.core.v1` take a third of the import of `HybridCluster`."""
    script = "import sys; from pulumi_tke_hybrid import HybridCluster; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "pulumi_kubernetes" in loaded.split()
    assert "pulumi_kubernetes.core.v1" not in loaded.split()


def test_review_loads_neither_pulumi_nor_the_cloud() -> None:
    lines = [
        f"import sys; sys.argv = ['x', 'review', {str(NOTHING)!r}]",
        "from pulumi_tke_hybrid.cli import main",
        "try: main()",
        "except SystemExit: print(*sys.modules)",
    ]
    script = "\n".join(lines)
    loaded: Any = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert not {
        "pulumi",
        "pulumi_kubernetes",
        "tencentcloud",
        "httpx2",
        "kubernetes",
        "urllib3",
        "yaml",
        "github",
        "gitlab",
    } & set(loaded.split())


OF_EVERY_COMMAND = {"", ".cli", ".cli.commands", ".cli.process", ".tke"}
OF_A_HELP_TEXT = {
    "": set[str](),
    "verify": {".cli.files", ".verify", ".verify.command"},
    "drift": {".cli.files", ".drift", ".drift.command"},
    "capacity": {".cli.files", ".capacity", ".capacity.command"},
    "capacity propose": {".cli.files", ".capacity", ".capacity.command"},
    "review": {".cli.files", ".review", ".review.command"},
    "doctor": {".cli.files", ".doctor", ".doctor.command"},
    "policy": {".cli.files", ".doctor", ".doctor.command"},
}
"""The modules of this package that the help of a command may import, by the command."""


@pytest.mark.parametrize("command", OF_A_HELP_TEXT)
def test_a_help_text_imports_the_options_of_its_command_alone(command: str) -> None:
    script = f"""
import sys
from pulumi_tke_hybrid.cli.commands import app
try:
    app([*{command!r}.split(), "--help"])
except SystemExit:
    print(*sys.modules)
"""
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    text, _, names = output.rstrip().rpartition("\n")
    loaded = set(names.split())
    own = {name.removeprefix("pulumi_tke_hybrid") for name in loaded if name.startswith("pulumi_tke_hybrid")}
    assert "Options" in text
    assert own == OF_EVERY_COMMAND | OF_A_HELP_TEXT[command]
    assert (
        not {
            "pulumi",
            "httpx",
            "httpx2",
            "kubernetes",
            "lightkube",
            "ssl",
            "tencentcloud",
            "urllib3",
            "yaml",
        }
        & loaded
    )


@pytest.mark.parametrize("command", [command for command in OF_A_HELP_TEXT if " " not in command and command])
def test_the_list_of_commands_has_the_first_sentences_of_each_help(command: str) -> None:
    listed = CliRunner().invoke(app, ["--help"], env=WIDE).stdout
    shown = CliRunner().invoke(app, [command, "--help"], env=WIDE).stdout
    summary = next(line for line in shown.splitlines() if line.strip() and "Usage" not in line).strip()
    assert summary.endswith(".")
    assert f" {summary} " in listed


def test_the_list_of_commands_loads_no_client_of_a_cluster() -> None:
    (loaded,) = loaded_after("from pulumi_tke_hybrid.cli.commands import app")
    assert "typer" in loaded
    assert not {"hashlib", "json", "ssl", "tempfile", "kubernetes", "urllib3", "yaml"} & loaded


def test_drift_loads_neither_the_cloud_nor_kubernetes() -> None:
    heavy = "('kubernetes', 'urllib3', 'pulumi')"
    code = (
        "import sys, pulumi_tke_hybrid.drift.command; print([m for m in sys.modules if m.split('.')[0] in"
        f" {heavy}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == "[]"


SIDE_BY_SIDE = """
import sys, threading
from pulumi_tke_hybrid.kube.client import connect_to

text = (
    "{current-context: c, clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}],"
    " contexts: [{name: c, context: {cluster: c}}]}"
)
wrong, start = [], threading.Barrier(40)

def one():
    start.wait()
    try:
        connect_to(text)
    except BaseException as error:
        wrong.append(repr(error))

threads = [threading.Thread(target=one) for _ in range(40)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(f"{len(wrong)} of 40: {wrong[0]}" if wrong else 0)
"""


def test_hooks_at_the_same_time_may_all_make_the_first_client() -> None:
    for _ in range(3):  # without the lock three of four processes end in a deadlock
        done = subprocess.run(
            [sys.executable, "-c", SIDE_BY_SIDE], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


STANDARD_LIBRARY_ALONE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top != "pulumi_tke_hybrid" and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import {module}
"""


@pytest.mark.parametrize("module", ["verify.inside", "cli.process"])
def test_modules_for_machines_without_packages_import_the_standard_library_alone(module: str) -> None:
    script = STANDARD_LIBRARY_ALONE.format(module=f"pulumi_tke_hybrid.{module}")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
