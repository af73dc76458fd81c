"""A check, the machine that the checks look at, and the checks of its programs: Python, the packages, the
Pulumi CLI and its plugins. Tests give another machine."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

from pulumi_tke_hybrid.cli.process import MAX_LENGTH, shown
from pulumi_tke_hybrid.plan import CLI, PARTS, PYTHON, UPSERT_SINCE, Part, numbers, satisfies
from pulumi_tke_hybrid.tke.objects import items

_SECRET_LIKE = re.compile(r"\b(AKID[A-Za-z0-9]{8,}|[A-Za-z0-9_-]{32,})\b")


def redacted(text: str, most: int = MAX_LENGTH) -> str:
    """Return one printable line, without texts that look like a key: some programs print their arguments."""
    line = "".join(character if character.isprintable() else " " for character in text).strip()
    return shown(_SECRET_LIKE.sub("(not shown)", line), most)


class State(str, Enum):
    """The outcome of a check."""

    OK = "ok"
    WARNING = "warning"
    """The program may fail; the check has the reason."""
    FAILURE = "failure"
    """The program cannot run."""
    SKIPPED = "skipped"
    """A value that the check needs is missing."""


@dataclass(frozen=True)
class Check:
    """One check: a line for people, and the action after a warning or a failure."""

    id: str
    state: State
    detail: str
    todo: str = ""


def ok(check: str, detail: str) -> Check:
    """Return a check that succeeded."""
    return Check(check, State.OK, detail)


def warning(check: str, detail: str, todo: str) -> Check:
    """Return a check that needs a look."""
    return Check(check, State.WARNING, detail, todo)


def failure(check: str, detail: str, todo: str) -> Check:
    """Return a check that failed."""
    return Check(check, State.FAILURE, detail, todo)


def skipped(check: str, detail: str) -> Check:
    """Return a check that was not made."""
    return Check(check, State.SKIPPED, detail)


PACKAGE = "pulumi-tke-hybrid"
_TIMEOUT = 30


@dataclass(frozen=True)
class Ran:
    """The output of a program; `code` is None where the program did not start or did not end."""

    code: int | None
    stdout: str = field(default="", repr=False)  # may hold a secret
    stderr: str = ""


class Machine:
    """The machine of this process; tests give another one."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self.python: tuple[int, int, int] = sys.version_info[:3]
        self.environment: Mapping[str, str] = os.environ

    def home(self) -> Path:
        """Return the user's home folder."""
        return Path.home()

    def requirements(self) -> list[str]:
        """Return the requirements in this package's metadata."""
        try:
            return metadata.requires(PACKAGE) or []
        except metadata.PackageNotFoundError:
            return []

    def package(self, name: str) -> str | None:
        """Return the version of an installed package."""
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    def program(self, name: str) -> str | None:
        """Return the path of a program on PATH."""
        return shutil.which(name)

    def run(self, *command: str) -> Ran:
        """Run a program in the project's folder, with an empty standard input."""
        variables = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", "NO_COLOR": "1"}
        try:
            done = subprocess.run(  # noqa: S603 - the checks name the programs, found on PATH
                command, cwd=self._project, env=variables, stdin=subprocess.DEVNULL, capture_output=True,
                encoding="utf-8", errors="replace", timeout=_TIMEOUT, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return Ran(None, stderr=type(error).__name__)
        return Ran(done.returncode, done.stdout, done.stderr)

    def read(self, path: Path) -> str | None:
        """Return the text of a file; None for a file that cannot be read."""
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None


_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(?P<bounds>[<>=!~][^;]*)?(?P<marker>;.*)?")


def parse(requirement: str) -> tuple[str, str] | None:
    """Return name and bounds of a requirement; None for a requirement of an extra."""
    match = _REQUIREMENT.fullmatch(requirement.strip())
    if match is None or match["marker"]:
        return None
    return match["name"], (match["bounds"] or "").strip()


TENCENTCLOUD_SERVER = "github://api.github.com/tencentcloudstack"
_NO_ACQUISITION = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"
_TRUE = ("1", "t", "true")
_VARIABLES = {
    "PULUMI_K8S_UPSERT_EXISTING_OBJECTS": (UPSERT_SINCE, "a create takes over any object of that name"),
    "PULUMI_K8S_ENABLE_PATCH_FORCE": (
        UPSERT_SINCE,
        "fields of other tools are overwritten without a conflict",
    ),
    "PULUMI_K8S_DELETE_UNREACHABLE": (
        "4",
        "a cluster that is not reached loses its objects in the state only",
    ),
    "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE": ("4", "a cluster that is not reached is skipped without an error"),
}
"""Variables that pulumi-kubernetes reads into every provider: first version, and the effect of `true`."""


def program_checks(machine: Machine) -> Iterator[Check]:
    """Check Python, the packages, the CLI and its plugins."""
    yield _python(machine)
    yield from _packages(machine)
    cli = _cli(machine)
    yield cli
    yield _language_host(machine)
    yield from _plugins(machine, cli)
    yield _tested(machine, cli)
    yield from _provider_variables(machine)


def _python(machine: Machine) -> Check:
    have = ".".join(map(str, machine.python))
    if machine.python >= PYTHON:
        return ok("python", have)
    todo = "install a newer Python and make the virtual environment again"
    return failure("python", f"{have}; 3.10 or later is needed", todo)


def _packages(machine: Machine) -> Iterator[Check]:
    """Compare the installed packages with the requirements of this package."""
    fine: list[str] = []
    for name, bounds in filter(None, map(parse, machine.requirements())):
        have = machine.package(name)
        if have is not None and satisfies(have, bounds):
            fine.append(f"{name} {have}")
        else:
            found = f"{have}; {bounds}" if have else f"not installed; {bounds or 'any version'}"
            yield failure(f"package {name}", f"{found} is needed", f"pip install '{name}{bounds}'")
    if fine:
        yield ok("packages", ", ".join(fine))


def _cli(machine: Machine) -> Check:
    path = machine.program("pulumi")
    install = f"install Pulumi {CLI} or later (pulumi.com/docs/install) and put it on PATH"
    if path is None:
        return failure("pulumi", "not on PATH", install)
    ran = machine.run(path, "version")
    have = ran.stdout.strip()
    if ran.code != 0 or not numbers(have):
        return failure("pulumi", f"{path} does not work: {redacted(ran.stderr, 200)}", install)
    if not satisfies(have, f">={CLI}"):
        return failure("pulumi", f"{redacted(have, 40)} at {path}; {CLI} or later is needed", install)
    return ok("pulumi", f"{redacted(have, 40)} at {path}")


def _language_host(machine: Machine) -> Check:
    name = "pulumi-language-python"
    pulumi = machine.program("pulumi")
    folder = str(Path(pulumi).resolve().parent) if pulumi else ""
    path = machine.program(name) or (machine.program(f"{folder}/{name}") if folder else None)
    if path:
        return ok("python language host", path)
    todo = "install the whole Pulumi archive, not its `pulumi` alone"
    return failure("python language host", f"{name} is neither on PATH nor beside pulumi", todo)


def _plugins(machine: Machine, cli: Check) -> Iterator[Check]:
    wanted = {
        "kubernetes": machine.package("pulumi-kubernetes"),
        "tencentcloud": machine.package("tencentcloud-iac-pulumi"),
    }
    path = machine.program("pulumi")
    installed = _installed(machine, path) if path and cli.state is State.OK else None
    for name, version in wanted.items():
        if version is None or path is None:
            yield skipped(f"plugin {name}", "its package or the CLI is missing")
        elif installed is None:
            yield skipped(f"plugin {name}", "the CLI does not work")
        else:
            yield _plugin(machine, name, version, installed.get(name, []))


def _plugin(machine: Machine, name: str, version: str, have: list[str]) -> Check:
    title = f"plugin {name}"
    if version in have:
        return ok(title, version)
    on_path = machine.program(f"pulumi-resource-{name}")
    if on_path:
        return ok(title, f"{on_path}, from PATH, in any version; {version} is wanted")
    server = f" --server {TENCENTCLOUD_SERVER}" if name == "tencentcloud" else ""
    command = f"pulumi plugin install resource {name} {version}{server}"
    others = f"only {', '.join(have)} installed" if have else "not installed"
    if name == "kubernetes" and machine.environment.get(_NO_ACQUISITION, "").lower() not in ("1", "true"):
        return warning(
            title, f"{others}; {version} is fetched at the first run", f"to have it before: {command}"
        )
    return failure(title, f"{others}; {version} is needed", command)


def _tested(machine: Machine, cli: Check) -> Check:
    """Name the tests that were run with the versions of this machine."""
    title, names, new = "tested versions", list[str](), list[str]()
    for part in PARTS:
        have = _version(machine, part, cli)
        if have is None:
            continue
        run = part.run(have)
        names.append(f"{part.name} {redacted(have, 40)}: {run or 'no run'}")
        if run is None and part.package and numbers(have) > numbers(part.newest):
            new.append(f"'{part.package}=={part.newest}'")
    if new:
        todo = f"if something fails, try the newest version of a run: pip install {' '.join(new)}"
        return warning(title, "; ".join(names), todo)
    return ok(title, "; ".join(names))


def _version(machine: Machine, part: Part, cli: Check) -> str | None:
    if part.package:
        return machine.package(part.package)
    if part.name == "Python":
        return ".".join(map(str, machine.python))
    return cli.detail.split()[0] if part.name == "Pulumi CLI" and cli.state is State.OK else None


def _provider_variables(machine: Machine) -> Iterator[Check]:
    version = machine.package("pulumi-kubernetes")
    for name, (since, effect) in _VARIABLES.items():
        set_to_true = machine.environment.get(name, "").lower() in _TRUE
        if version and set_to_true and satisfies(version, f">={since}"):
            yield warning(
                name, f"for every Kubernetes provider: {effect}", f"unset {name} unless you want this"
            )


def _installed(machine: Machine, pulumi: str) -> dict[str, list[str]]:
    """Return the versions of the installed resource plugins by name."""
    try:
        listed: Any = json.loads(machine.run(pulumi, "plugin", "ls", "--json").stdout)
    except ValueError:
        return {}
    found: dict[str, list[str]] = {}
    for item in items(listed):
        if item.get("kind") == "resource":
            found.setdefault(str(item.get("name")), []).append(str(item.get("version")).removeprefix("v"))
    return found
