"""Official programs that are already installed: they win over anything built here."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.lab.tencentcloud_plugin.install import VERSION as TENCENTCLOUD_PLUGIN
from tests.lab.tencentcloud_plugin.install import is_stand_in
from tests.lab.toolchain.cache import cache_root, staged
from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.pins import KUBERNETES_PLUGIN, PULUMI_MINIMUM

KUBERNETES_VARIABLE = "TKE_HYBRID_LAB_KUBERNETES"
KUBERNETES_VERSION = os.environ.get(KUBERNETES_VARIABLE) or KUBERNETES_PLUGIN
"""The kubernetes plugin of the lab: the pinned version, or an installed one that the variable names."""


def plugin_folder(name: str, version: str) -> str:
    """Return the name of a plugin's folder in a Pulumi home."""
    return f"resource-{name}-v{version}"


PLUGIN_FOLDER = plugin_folder("kubernetes", KUBERNETES_VERSION)


def on_path(name: str) -> Path | None:
    """Resolved, and never one of the lab's own: its folder is on PATH while it runs."""
    found = shutil.which(name)
    if found is None:
        return None
    path = Path(found).resolve()
    return None if path.is_relative_to(cache_root().resolve()) else path


def pulumi() -> Path | None:
    path = on_path("pulumi")
    if path is None:
        return None
    found = re.match(r"v?(\d+)\.(\d+)", pulumi_version(path))
    return path if found and (int(found[1]), int(found[2])) >= PULUMI_MINIMUM else None


def language_host(pulumi_path: Path) -> Path | None:
    beside = pulumi_path.with_name("pulumi-language-python")
    return beside if beside.is_file() else on_path("pulumi-language-python")


def kubernetes_plugin() -> Path | None:
    """Return the folder of the installed plugin at the lab's version.

    Raises ToolchainError where TKE_HYBRID_LAB_KUBERNETES names a version without an installed plugin or
    without the Python SDK of this version. Only the pinned version can be built.
    """
    found = _installed_plugin("kubernetes", KUBERNETES_VERSION)
    if KUBERNETES_VERSION == KUBERNETES_PLUGIN:
        return found
    if found is None:
        raise ToolchainError(
            f"{KUBERNETES_VARIABLE}: the kubernetes plugin {KUBERNETES_VERSION} is not in the Pulumi home."
            f" Run `pulumi plugin install resource kubernetes {KUBERNETES_VERSION}`."
        )
    sdk = importlib.metadata.version("pulumi-kubernetes")
    if sdk != KUBERNETES_VERSION:
        raise ToolchainError(
            f"{KUBERNETES_VARIABLE}: {sys.executable} has pulumi-kubernetes {sdk}, so the engine would look"
            f" for the plugin {sdk}. Run `make engine KUBERNETES={KUBERNETES_VERSION}`."
        )
    return found


def tencentcloud_plugin() -> Path | None:
    """Return the folder of the vendor's plugin at the version of the stand-in. Never a stand-in's folder."""
    found = _installed_plugin("tencentcloud", TENCENTCLOUD_PLUGIN)
    return None if found and is_stand_in(found) else found


def _installed_plugin(name: str, version: str) -> Path | None:
    """Look in PULUMI_HOME and in ~/.pulumi. The lab's own plugins do not count."""
    for home in (os.environ.get("PULUMI_HOME"), Path.home() / ".pulumi"):
        folder = Path(home, "plugins", plugin_folder(name, version)) if home else None
        if folder and (folder / f"pulumi-resource-{name}").is_file():
            resolved = folder.resolve()
            if not resolved.is_relative_to(cache_root().resolve()):
                return resolved
    return None


def pulumi_version(path: Path) -> str:
    """Called once for each file, because the CLI takes a good part of a second."""
    status = path.stat()
    key = f"{path}:{status.st_size}:{status.st_mtime_ns}"
    memory = cache_root() / "official-pulumi" / "version.json"
    if memory.is_file():
        known = json.loads(memory.read_text())
        if known.get("key") == key:
            return str(known["version"])
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run(
        [str(path), "version"], env=environment, capture_output=True, text=True, check=False
    )
    version = done.stdout.strip()
    shutil.rmtree(memory.parent, ignore_errors=True)
    with staged(memory.parent) as staging:
        (staging / memory.name).write_text(json.dumps({"key": key, "version": version}))
    return version
