"""The kernel interface of the packet network, a stand-in: `ip` and `nft`, the missing tools, and the
cleanup after a killed lab."""

import asyncio
import contextlib
import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.lab.packets import names
from tests.lab.packets.errors import KernelError

SECONDS = 20.0
_PROBE = """table ip probe {
chain one {
type filter hook prerouting priority mangle
meta l4proto tcp socket transparent 1 meta mark set 1
}
chain two {
type nat hook prerouting priority dstnat
tcp dport 1 ct mark set ct mark or 0x10 dnat ip addr . port to numgen inc mod 1 map { 0 : 10.0.0.1 . 80 }
}
chain three {
type nat hook postrouting priority srcnat
ct mark and 0x10 == 0x10 masquerade
}
}
"""


async def run(argv: Sequence[str], text: str = "") -> None:
    """Run a program to its end. Raises KernelError with the program's output if the program fails."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(text.encode()), SECONDS)
    except asyncio.TimeoutError as error:
        raise KernelError(f"{' '.join(argv)}: no answer in {SECONDS:.0f} s") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise KernelError(f"{' '.join(argv)}: {output.decode(errors='replace').strip()}")


async def ip(lines: Iterable[str], namespace: str = "") -> None:
    """Several `ip` commands with one process; the first that fails ends it."""
    text = "".join(f"{line}\n" for line in lines)
    if text:
        await run(["ip", *(["-n", namespace] if namespace else []), "-batch", "-"], text)


async def nft(namespace: str, rules: str) -> None:
    """A rule set, at once or not at all."""
    await run(["ip", "netns", "exec", namespace, "nft", "-f", "-"], rules)


async def settings(namespace: str, values: Iterable[tuple[str, str]]) -> None:
    """Values below /proc/sys/net."""
    script = "".join(f"echo {value} > /proc/sys/net/{key}\n" for key, value in values)
    await run(["ip", "netns", "exec", namespace, "sh", "-e"], script)


@functools.cache
def unavailable() -> str | None:
    """Why this machine cannot have a packet network, in one sentence; None when it can. Tried, not
    guessed."""
    if not Path("/proc/self/ns/net").exists():
        return "real packets need Linux and its network namespaces"
    if os.geteuid() != 0:
        return "real packets need root: network namespaces cannot be made otherwise"
    for program, package in (("ip", "iproute2"), ("nft", "nftables")):
        if shutil.which(program) is None:
            return (
                f"real packets need the program `{program}` of the package {package}, which is not installed"
            )
    name = f"{names.prefix()}-probe"
    try:
        for argv, text in (
            (["ip", "netns", "add", name], ""),
            (["ip", "-n", name, "link", "add", "v0", "type", "veth", "peer", "name", "v1"], ""),
            (["ip", "-n", name, "link", "add", "b0", "type", "bridge"], ""),
            (["ip", "netns", "exec", name, "nft", "-f", "-"], _PROBE),
        ):
            tried = subprocess.run(
                argv, input=text, capture_output=True, text=True, timeout=SECONDS, check=False
            )
            if tried.returncode != 0:
                complaint = (tried.stderr.strip().splitlines() or ["no reason given"])[0]
                return (
                    f"real packets are not possible on this kernel: `{' '.join(argv[:4])} …` printed:"
                    f" {complaint}"
                )
    finally:
        if (names.NAMESPACES / name).exists():
            remove([name])
    return None


def sweep() -> list[str]:
    """Remove what labs left that have ended without doing so themselves; the names of the namespaces."""
    left = names.orphans(names.existing())
    remove(left)
    return left


def remove(namespaces: Sequence[str]) -> None:
    """End what still runs inside and delete; the interfaces, addresses and rules go with the namespace."""
    if not namespaces:
        return
    _end_inside(namespaces)
    lines = "".join(f"netns delete {name}\n" for name in namespaces)
    argv = ["ip", "-force", "-batch", "-"]
    done = subprocess.run(argv, input=lines, capture_output=True, text=True, timeout=SECONDS * 3, check=False)
    left = [name for name in namespaces if (names.NAMESPACES / name).exists()]
    if left:
        raise KernelError(f"not removed: {', '.join(left)}: {done.stderr.strip()}")


def _end_inside(namespaces: Sequence[str]) -> None:
    own = Path("/proc/self/ns/net").stat().st_ino
    ours: set[int] = set()
    for name in namespaces:
        with contextlib.suppress(FileNotFoundError):
            ours.add((names.NAMESPACES / name).stat().st_ino)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # Processes come and go while we look.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                inode = (entry / "ns" / "net").stat().st_ino
                if inode in ours and inode != own:
                    os.kill(int(entry.name), signal.SIGKILL)
