"""Official programs that are already installed: they win over anything built here."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.lab.toolchain.cache import cache_root, staged
from tests.lab.toolchain.pins import KUBERNETES_PLUGIN, PULUMI_MINIMUM

PLUGIN_FOLDER = f"resource-kubernetes-v{KUBERNETES_PLUGIN}"


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
    found = re.match(r"v?(\d+)\.(\d+)", _pulumi_version(path))
    return path if found and (int(found[1]), int(found[2])) >= PULUMI_MINIMUM else None


def language_host(pulumi_path: Path) -> Path | None:
    beside = pulumi_path.with_name("pulumi-language-python")
    return beside if beside.is_file() else on_path("pulumi-language-python")


def kubernetes_plugin() -> Path | None:
    """The folder of the plugin, at exactly the pinned version."""
    homes = [os.environ.get("PULUMI_HOME"), Path.home() / ".pulumi"]
    for home in homes:
        folder = Path(home) / "plugins" / PLUGIN_FOLDER if home else None
        if folder and (folder / "pulumi-resource-kubernetes").is_file():
            resolved = folder.resolve()
            if not resolved.is_relative_to(cache_root().resolve()):
                return resolved
    return None


def _pulumi_version(path: Path) -> str:
    """Asked once for each file: the CLI takes a good part of a second to say it."""
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
