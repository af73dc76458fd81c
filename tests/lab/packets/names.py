"""Names and addresses of the packet network, a stand-in: namespaces of one lab process, interfaces, hardware
addresses."""

import hashlib
import ipaddress
import os
import re
from collections.abc import Iterable
from pathlib import Path

NAMESPACES = Path("/run/netns")
LB_NEXT_HOP = "169.254.0.11"
"""Where nodes and pods send what has to go back through the load balancer."""
NAT_NEXT_HOP = "169.254.1.1"
LB_MAC = "02:00:00:00:00:0b"
_OURS = re.compile(r"^tkl(\d+)-([0-9a-f]+)-")


def _started(pid: int) -> str | None:
    """When a process was started, in the kernel's ticks; None when it has ended. With the pid this names it
    for good."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name, which may have spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else format(int(fields[19]), "x")


def prefix() -> str:
    """The prefix of the names of all namespaces of this process."""
    return f"tkl{os.getpid()}-{_started(os.getpid())}"


def existing(start: str = "") -> list[str]:
    """The namespaces of any lab, or those whose names start so."""
    if not NAMESPACES.is_dir():
        return []
    return sorted(
        entry.name
        for entry in NAMESPACES.iterdir()
        if _OURS.match(entry.name) and entry.name.startswith(start)
    )


def orphans(names: Iterable[str]) -> list[str]:
    """Those whose lab has ended."""
    found: list[str] = []
    for name in names:
        owner = _OURS.match(name)
        if owner is not None and _started(int(owner[1])) != owner[2]:
            found.append(name)
    return found


def interface(key: str) -> str:
    """A name for the host's end of a veth pair; the kernel takes up to 15 characters."""
    return f"v{hashlib.blake2s(key.encode(), digest_size=6).hexdigest()}"


def mac(address: str) -> str:
    """A hardware address derived from the address, so that other machines know a returning address."""
    return ":".join(("02", "00", *(format(byte, "02x") for byte in ipaddress.IPv4Address(address).packed)))
