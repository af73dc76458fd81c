"""Official release archives of the lab's programs: addresses, wanted files, and pinned SHA-256 sums.

An archive without a pinned sum is never downloaded. `TKE_HYBRID_LAB_MIRROR` is the base address of a mirror;
host and path of the official address follow the base. `TKE_HYBRID_LAB_SUMS` is the path of another file of
sums.
"""

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.pins import GROUPS, KUBERNETES, KUBERNETES_PLUGIN, KWOK, PULUMI

MIRROR = "TKE_HYBRID_LAB_MIRROR"
SUMS = Path(__file__).with_name("release_sums.txt")
ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""Name of the machine -> the name in the addresses. Kubernetes and KWOK publish servers for Linux only."""
LANGUAGE_HOST = "pulumi-language-python"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](\S+)")
_ETCD = next(group.version for group in GROUPS if group.name == "etcd")


@dataclass(frozen=True)
class Archive:
    """One file of a release."""

    path: str
    """Host and path of the official address."""
    members: Mapping[str, str]
    """Path in the archive -> file name. An empty path is the downloaded file itself."""

    @property
    def location(self) -> str:
        """The address of the download: the official one by https, or the mirror's."""
        return f"{base_address()}{self.path}"


def base_address() -> str:
    """Return the text before host and path of an official address. Raises `ToolchainError`."""
    mirror = os.environ.get(MIRROR, "").rstrip("/")
    if not mirror:
        return "https://"
    try:
        url = httpx.URL(mirror)
    except httpx.InvalidURL as error:
        raise ToolchainError(f"{MIRROR} is no address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ToolchainError(f"{MIRROR} is no address that starts with http:// or https://")
    return f"{mirror}/"


def architecture() -> str | None:
    """Return the architecture in the addresses; None for a machine without official servers."""
    return ARCHITECTURES.get(platform.machine().lower()) if platform.system() == "Linux" else None


def archives(group: str, arch: str) -> list[Archive]:
    """Return the archives of a group."""
    if group == "etcd":
        folder = f"etcd-{_ETCD}-linux-{arch}"
        path = f"github.com/etcd-io/etcd/releases/download/{_ETCD}/{folder}.tar.gz"
        return [Archive(path, {f"{folder}/etcd": "etcd"})]
    if group == "kwok":
        path = f"github.com/kubernetes-sigs/kwok/releases/download/{KWOK}/kwok-linux-{arch}"
        return [Archive(path, {"": "kwok"})]
    if group == "kube":
        folder = f"dl.k8s.io/{KUBERNETES}/bin/linux/{arch}"
        servers = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        return [Archive(f"{folder}/{name}", {"": name}) for name in servers]
    if group == "pulumi":
        path = (
            f"get.pulumi.com/releases/sdk/pulumi-{PULUMI}-linux-{'x64' if arch == 'amd64' else arch}.tar.gz"
        )
        names = ("pulumi", LANGUAGE_HOST, f"{LANGUAGE_HOST}-exec", "pulumi-resource-pulumi-python")
        return [Archive(path, {f"pulumi/{name}": name for name in names})]
    name = "pulumi-resource-kubernetes"
    path = f"get.pulumi.com/releases/plugins/{name}-v{KUBERNETES_PLUGIN}-linux-{arch}.tar.gz"
    return [Archive(path, {name: name})]


def pinned_sums() -> dict[str, str]:
    """Return host and path of each pinned archive with its SHA-256 sum. Raises `ToolchainError`."""
    path = Path(os.environ.get("TKE_HYBRID_LAB_SUMS") or SUMS)
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise ToolchainError(f"the sums of the releases could not be read: {error}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise ToolchainError(f"{path}, line {number}: not a SHA-256 sum with host and path of an archive")
        found[match[2]] = match[1]
    return found
