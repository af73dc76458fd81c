"""Puts everything the lab runs into one folder: `bin/`, and a Pulumi home with the kubernetes plugin."""

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.toolchain import official
from tests.lab.toolchain.build import build, built_folder, estimate, is_built
from tests.lab.toolchain.cache import build_lock, cache_root, digest, staged
from tests.lab.toolchain.go import Go
from tests.lab.toolchain.pins import GROUPS, Group
from tests.lab.toolchain.progress import Progress, clock

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

    folders: dict[str, Path]
    """Group name -> folder in the cache, for what is built here."""
    pulumi: Path | None
    language_host: Path | None
    kubernetes_plugin: Path | None

    @classmethod
    def find(cls, go: Go | None) -> "Sources":
        pulumi = official.pulumi()
        plugin = official.kubernetes_plugin()
        installed = {"pulumi": pulumi, "kubernetes_plugin": plugin}
        series = Go.series_of(go)
        return cls(
            folders={
                group.name: built_folder(group, series) for group in GROUPS if not installed.get(group.name)
            },
            pulumi=pulumi,
            language_host=(
                official.language_host(pulumi) if pulumi else official.on_path("pulumi-language-python")
            ),
            kubernetes_plugin=plugin,
        )

    def missing(self) -> list[Group]:
        return [
            group
            for group in GROUPS
            if group.name in self.folders and not is_built(group, self.folders[group.name])
        ]

    def lab_folder(self) -> Path:
        named = [f"{name}={folder}" for name, folder in sorted(self.folders.items())]
        installed = [str(self.pulumi), str(self.language_host), str(self.kubernetes_plugin)]
        return cache_root() / f"lab-{digest([*named, *installed, HOST_WRAPPER, STAND_IN_HOST.read_bytes()])}"


def ensure(*, only: Iterable[str] | None = None, progress: Progress | None = None) -> Binaries:
    """Everything the lab runs, built if it has to be. `only` limits what is built to those groups, for trying
    one."""
    go = Go.find()
    sources = Sources.find(go)
    lab = sources.lab_folder()
    binaries = Binaries(bin=lab / "bin", pulumi_home=lab / "pulumi-home")
    wanted = frozenset(only) if only is not None else frozenset(group.name for group in GROUPS)

    def todo() -> list[Group]:
        return [group for group in sources.missing() if group.name in wanted]

    if todo() or not lab.is_dir():
        shown = progress or Progress()
        with build_lock(
            cache_root(),
            lambda: shown.line("  another process builds the lab's programs; waiting for it"),
            time.sleep,
        ):
            remove_leftovers()
            build_missing(todo(), go, shown)
            if not sources.missing() and not lab.is_dir():
                assemble(sources, lab)
    return binaries


def remove_leftovers() -> None:
    """Of builders that were killed: nobody else builds while the lock is held."""
    for name in ("lab", *(group.name for group in GROUPS)):
        for path in cache_root().glob(f".{name}-*"):
            shutil.rmtree(path, ignore_errors=True)


def build_missing(groups: Sequence[Group], go: Go | None, progress: Progress) -> None:
    if not groups:
        return
    names = ", ".join(group.name for group in groups)
    go = Go.require(go, names)
    expected = clock(sum(estimate(group) for group in groups))
    progress.line(
        f"The lab's programs are built once: {names}. Cold about {expected} minutes, later none at all."
    )
    for group in groups:
        build(group, go, progress)


def assemble(sources: Sources, lab: Path) -> None:
    with staged(lab) as staging:
        binaries = staging / "bin"
        plugin = staging / "pulumi-home" / "plugins" / official.PLUGIN_FOLDER
        binaries.mkdir()
        plugin.mkdir(parents=True)
        for group in GROUPS:
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
            host = binaries / "pulumi-language-python"
            host.write_text(HOST_WRAPPER)
            host.chmod(0o755)
        elif not sources.pulumi:
            (binaries / "pulumi-language-python").symlink_to(sources.language_host)


def place(folder: Path, name: str, into: Path) -> None:
    """A hard link where the file system has them: the programs are large, and `pulumi` must not be a symbolic
    link."""
    try:
        os.link(folder / name, into / name)
    except OSError:
        shutil.copy2(folder / name, into / name)
