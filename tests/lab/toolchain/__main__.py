"""`python -m tests.lab.toolchain`: build what is missing, and say where it is."""

import argparse
import sys
from pathlib import Path

from tests.lab import tencentcloud_plugin as stand_in
from tests.lab.toolchain.build import estimate, is_built
from tests.lab.toolchain.ensure import STAND_IN_HOST, Sources, ensure
from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.go import Go
from tests.lab.toolchain.official import KUBERNETES_VERSION, pulumi_version, tencentcloud_plugin
from tests.lab.toolchain.pins import GROUPS, Group
from tests.lab.toolchain.progress import clock


def show() -> None:
    sources = Sources.find(Go.find())
    installed = {"pulumi": sources.pulumi, "kubernetes_plugin": sources.kubernetes_plugin}
    for group in GROUPS:
        folder = sources.folders.get(group.name)
        if folder is None:
            state = f"official: {installed[group.name]}"
        elif is_built(group, folder):
            state = f"built:    {folder}"
        else:
            state = f"missing:  cold build about {clock(estimate(group))} minutes"
        print(f"{group.name:<20} {_version(group, sources):<9} {state}")
    host = f"official: {sources.language_host}" if sources.language_host else f"stand-in: {STAND_IN_HOST}"
    print(f"{'language host':<30} {host}")
    plugin = tencentcloud_plugin()
    state = f"official: {plugin}" if plugin else f"stand-in: {Path(stand_in.__file__).parent}"
    print(f"{'tencentcloud_plugin':<20} v{stand_in.VERSION:<7} {state}")


def _version(group: Group, sources: Sources) -> str:
    """Return the version that the lab runs: an official CLI may be newer than the pinned one."""
    if group.name == "pulumi" and sources.pulumi:
        return pulumi_version(sources.pulumi)
    return f"v{KUBERNETES_VERSION}" if group.name == "kubernetes_plugin" else group.version


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.toolchain", description=__doc__)
    parser.add_argument("--list", action="store_true", help="say what there is, build nothing")
    parser.add_argument(
        "--only", metavar="NAME", choices=[group.name for group in GROUPS], help="build one group"
    )
    arguments = parser.parse_args()
    try:
        if arguments.list:
            show()
            return 0
        binaries = ensure(only=[arguments.only] if arguments.only else None)
        show()
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept", file=sys.stderr)
        return 130
    if not arguments.only:
        print(binaries.bin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
