"""`python -m tests.lab.toolchain`: download or build the missing programs, and print their folder.

TKE_HYBRID_LAB_SOURCE=build downloads nothing, TKE_HYBRID_LAB_SOURCE=download builds nothing.
TKE_HYBRID_LAB_MIRROR is the base address of a mirror of the official releases.
`pin` downloads the official archives and adds their SHA-256 sums to release_sums.txt.
"""

import argparse
import sys
from pathlib import Path

from tests.lab import tencentcloud_plugin as stand_in
from tests.lab.toolchain.build import estimate, is_built
from tests.lab.toolchain.ensure import STAND_IN_HOST, Sources, ensure
from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.go import Go
from tests.lab.toolchain.official import KUBERNETES_VERSION, pulumi_version, tencentcloud_plugin
from tests.lab.toolchain.pin import pin
from tests.lab.toolchain.pins import GROUPS, Group
from tests.lab.toolchain.progress import clock
from tests.lab.toolchain.releases import SUMS


def show() -> None:
    sources = Sources.find(Go.find())
    installed = {"pulumi": sources.pulumi, "kubernetes_plugin": sources.kubernetes_plugin}
    for group in GROUPS:
        folder = sources.folders.get(group.name)
        if folder is None:
            state = f"official: {installed[group.name]}"
        elif is_built(group, folder):
            state = f"{'official: ' if '-official-' in folder.name else 'built:    '}{folder}"
        else:
            state = f"missing:  cold build about {clock(estimate(group))} minutes"
        print(f"{group.name:<20} {_version(group, sources):<9} {state}")
    host = f"official: {sources.language_host}" if sources.language_host else f"stand-in: {STAND_IN_HOST}"
    print(f"{'language host':<30} {host}")
    plugin = tencentcloud_plugin()
    state = f"official: {plugin}" if plugin else f"stand-in: {Path(stand_in.__file__).parent}"
    print(f"{'tencentcloud_plugin':<20} v{stand_in.VERSION:<8} {state}")


def _version(group: Group, sources: Sources) -> str:
    """Return the version that the lab runs: an official CLI may be newer than the pinned one."""
    if group.name == "pulumi" and sources.pulumi:
        return pulumi_version(sources.pulumi)
    return f"v{KUBERNETES_VERSION}" if group.name == "kubernetes_plugin" else group.version


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab.toolchain",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", choices=["pin"])
    parser.add_argument("--list", action="store_true", help="print the programs, make none")
    parser.add_argument(
        "--only", metavar="NAME", choices=[group.name for group in GROUPS], help="make one group"
    )
    arguments = parser.parse_args()
    try:
        if arguments.list:
            show()
            return 0
        if arguments.command == "pin":
            print(f"{pin()} new lines in {SUMS.name}: review them before the commit")
            return 0
        binaries = ensure(only=[arguments.only] if arguments.only else None)
        show()
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the finished programs are kept", file=sys.stderr)
        return 130
    print(binaries.bin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
