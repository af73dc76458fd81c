"""The programs that the packet network, a stand-in, works with: looked for, and installed where that is this
machine's way."""

import os
import shutil
import subprocess
import sys

PACKAGES = {"ip": "iproute2", "nft": "nftables"}
"""Program and the package that holds it; the names are the same on Debian, Fedora, Alpine and Arch."""
SECONDS = 300


def missing() -> list[str]:
    """Packages whose programs are not there."""
    return [package for program, package in PACKAGES.items() if shutil.which(program) is None]


def provide() -> str:
    """Install the missing tools, if this process may. Return one line with the result or the obstacle;
    empty if no tool was missing."""
    packages = missing()
    if not packages or not sys.platform.startswith("linux"):
        return ""
    names = " ".join(packages)
    if os.geteuid() != 0:
        return f"{names} not installed and this is not root: real packets are left out"
    if shutil.which("apt-get") is None:
        return (
            f"{names} not installed: real packets are left out; install them with this machine's package"
            " manager"
        )
    print(f"installing {names} with apt-get, for the lab's real packets", flush=True)
    complaint = _install(packages)
    return (
        f"{names} could not be installed, so real packets are left out: {complaint}"
        if complaint
        else f"installed {names}"
    )


def _install(packages: list[str]) -> str:
    """Why it could not be done; a machine whose lists are old or absent gets them renewed once."""
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]
    if not _run(install):
        return ""
    return _run(["apt-get", "update", "--quiet"]) or _run(install)


def _run(argv: list[str]) -> str:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"`{' '.join(argv)}` was not done within {SECONDS} s"
    if done.returncode == 0:
        return ""
    printed = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return printed[-1] if printed else f"`{' '.join(argv)}` ended with {done.returncode}"


if __name__ == "__main__":
    line = provide()
    if line:
        print(line)
