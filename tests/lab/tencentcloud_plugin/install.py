"""Puts a launcher of the stand-in plugin where the Pulumi engine looks for the vendor's plugin."""

import shlex
from pathlib import Path

VERSION = "0.2.3"
BINARY = "pulumi-resource-tencentcloud"

_MARK = "# Stand-in for the vendor's plugin; written by tests.lab.tencentcloud_plugin.install."
_LAUNCHER = """#!/bin/sh
{mark}
PYTHONPATH={root}"${{PYTHONPATH:+:$PYTHONPATH}}"
# A `tests` folder of the program must not be taken for ours.
PYTHONSAFEPATH=1
export PYTHONPATH PYTHONSAFEPATH
exec "${{PULUMI_PYTHON_CMD:-python3}}" -m tests.lab.tencentcloud_plugin "$@"
"""


def install(plugins_dir: Path) -> None:
    """Write the launcher below `plugins_dir` (`<PULUMI_HOME>/plugins`), with the root of this checkout in
    it."""
    root = Path(__file__).resolve().parents[3]
    folder = plugins_dir / f"resource-tencentcloud-v{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    launcher = folder / BINARY
    launcher.write_text(_LAUNCHER.format(mark=_MARK, root=shlex.quote(str(root))), encoding="utf-8")
    launcher.chmod(0o755)


def is_stand_in(folder: Path) -> bool:
    """Return whether the plugin in this folder is a launcher that `install` wrote."""
    with (folder / BINARY).open("rb") as file:
        return _MARK.encode() in file.read(200)  # the vendor's plugin has 339 MB
