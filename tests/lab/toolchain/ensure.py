"""Puts everything the lab runs into one folder: `bin/`, and a Pulumi home with the kubernetes plugin."""

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.toolchain import official
from tests.lab.toolchain.build import build_groups, built_folder, estimate, is_built
from tests.lab.toolchain.cache import build_lock, cache_root, digest, staged
from tests.lab.toolchain.download import VARIABLE, Source, download_groups, downloaded_folder
from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.go import Go
from tests.lab.toolchain.pins import GROUPS, Group
from tests.lab.toolchain.progress import Progress, clock
from tests.lab.toolchain.releases import LANGUAGE_HOST, architecture, pinned_sums

STAND_IN_HOST = Path(__file__).parent.parent / "language_host" / "pulumi-language-python"
HOST_SCRIPT = "pulumi-language-python.py"
# A wrapper, because the interpreter that has Pulumi's SDK is only known when the host is started.
HOST_WRAPPER = f'#!/bin/sh\nexec "${{PULUMI_PYTHON_CMD:-python3}}" -u "$(dirname "$0")/{HOST_SCRIPT}" "$@"\n'


@dataclass(frozen=True)
class Binaries:
    bin: Path
    """etcd, kube-*, kwok, pulumi and its helpers."""
    pulumi_home: Path
    """For PULUMI_HOME: holds the kubernetes plugin."""

    @property
    def pulumi(self) -> Path:
        return self.bin / "pulumi"


@dataclass(frozen=True)
class Sources:
    """Where each program comes from on this machine."""

    groups: Sequence[Group]
    """The groups that the caller needs."""
    folders: dict[str, Path]
    """Group name -> folder in the cache, for groups that are not installed."""
    pulumi: Path | None
    language_host: Path | None
    kubernetes_plugin: Path | None

    @classmethod
    def find(cls, go: Go | None, groups: Sequence[Group] = GROUPS) -> "Sources":
        names = {group.name for group in groups}
        pulumi = official.pulumi() if "pulumi" in names else None
        plugin = official.kubernetes_plugin() if "kubernetes_plugin" in names else None
        installed = {"pulumi": pulumi, "kubernetes_plugin": plugin}
        series = Go.series_of(go)
        folders = {
            group.name: cached_folder(group, series) for group in groups if not installed.get(group.name)
        }
        return cls(groups, folders, pulumi, _language_host(pulumi, folders.get("pulumi")), plugin)

    def missing(self) -> list[Group]:
        return [
            group
            for group in self.groups
            if group.name in self.folders and not is_built(group, self.folders[group.name])
        ]

    def lab_folder(self) -> Path:
        named = [f"{name}={folder}" for name, folder in sorted(self.folders.items())]
        installed = [str(self.pulumi), str(self.language_host), str(self.kubernetes_plugin)]
        return cache_root() / f"lab-{digest([*named, *installed, HOST_WRAPPER, STAND_IN_HOST.read_bytes()])}"


def cached_folder(group: Group, series: str) -> Path:
    """Return the folder of a group's downloaded programs if they are there, else the folder of a build."""
    built = built_folder(group, series)
    official_folder = downloaded_folder(group, pinned_sums(), architecture())
    source = Source.chosen()
    if source is Source.DOWNLOAD:
        return official_folder or cache_root() / f"{group.name}-official-not-pinned"
    downloaded = official_folder and source is not Source.BUILD and is_built(group, official_folder)
    return official_folder if official_folder and downloaded else built


def _language_host(pulumi: Path | None, folder: Path | None) -> Path | None:
    if pulumi:
        return official.language_host(pulumi)
    downloaded = folder / LANGUAGE_HOST if folder else None
    return downloaded if downloaded and downloaded.is_file() else official.on_path(LANGUAGE_HOST)


def ensure(*, only: Iterable[str] | None = None, progress: Progress | None = None) -> Binaries:
    """Return the lab's programs; download or build the missing programs. `only` names the groups that the
    caller needs. The others are neither downloaded nor built."""
    go = Go.find()
    names = frozenset(only) if only is not None else frozenset(group.name for group in GROUPS)
    groups = [group for group in GROUPS if group.name in names]
    sources = Sources.find(go, groups)
    if sources.missing() or not sources.lab_folder().is_dir():
        shown = progress or Progress()
        with build_lock(
            cache_root(),
            lambda: shown.line("  another process makes the lab's programs; waiting for it"),
            time.sleep,
        ):
            remove_leftovers()
            obtain(Sources.find(go, groups).missing(), go, shown)
            sources = Sources.find(go, groups)
            if not sources.lab_folder().is_dir():
                assemble(sources, sources.lab_folder())
    lab = sources.lab_folder()
    return Binaries(bin=lab / "bin", pulumi_home=lab / "pulumi-home")


def remove_leftovers() -> None:
    """Folders of killed builders: no other process builds while this process has the lock."""
    for name in ("lab", *(group.name for group in GROUPS)):
        for path in cache_root().glob(f".{name}-*"):
            shutil.rmtree(path, ignore_errors=True)


def obtain(groups: Sequence[Group], go: Go | None, progress: Progress) -> None:
    """Download the groups, and build the others."""
    source = Source.chosen()
    if not groups:
        return
    if source is not Source.BUILD:
        reasons = download_groups(groups, progress)
        if reasons and source is Source.DOWNLOAD:
            lines = "\n".join(f"    {name}: {reason}" for name, reason in reasons.items())
            raise ToolchainError(f"{VARIABLE}=download, and these cannot be downloaded:\n{lines}")
        for name, reason in reasons.items():
            progress.line(f"  {name} is built, not downloaded: {reason}")
        groups = [group for group in groups if group.name in reasons]
    if not groups:
        return
    names = ", ".join(group.name for group in groups)
    go = Go.require(go, names)
    expected = clock(sum(estimate(group) for group in groups))
    progress.line(
        f"Building {names} with {go.version}. Cold about {expected} minutes; later runs build nothing."
    )
    build_groups(groups, go, progress)


def assemble(sources: Sources, lab: Path) -> None:
    with staged(lab) as staging:
        binaries = staging / "bin"
        plugin = staging / "pulumi-home" / "plugins" / official.PLUGIN_FOLDER
        binaries.mkdir()
        plugin.mkdir(parents=True)
        for group in sources.groups:
            folder = sources.folders.get(group.name)
            for name in group.files if folder else ():
                place(Path(folder or ""), name, plugin if group.name == "kubernetes_plugin" else binaries)
        if sources.pulumi:
            # A link, not a copy: the CLI looks for its official helpers beside the real file.
            (binaries / "pulumi").symlink_to(sources.pulumi)
        if sources.kubernetes_plugin:
            for path in sources.kubernetes_plugin.iterdir():
                (plugin / path.name).symlink_to(path)
        if not sources.language_host:
            (binaries / HOST_SCRIPT).write_bytes(STAND_IN_HOST.read_bytes())
            host = binaries / LANGUAGE_HOST
            host.write_text(HOST_WRAPPER)
            host.chmod(0o755)
        elif not sources.pulumi:
            (binaries / LANGUAGE_HOST).symlink_to(sources.language_host)


def place(folder: Path, name: str, into: Path) -> None:
    """A hard link where the file system has them: the programs are large, and `pulumi` must not be a symbolic
    link."""
    try:
        os.link(folder / name, into / name)
    except OSError:
        shutil.copy2(folder / name, into / name)
