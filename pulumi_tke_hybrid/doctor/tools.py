"""Versions and what is asked of them, as far as this package's own requirements go.

The programs: Python, this package's requirements, the Pulumi CLI and its plugins."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pulumi_tke_hybrid.doctor.machine import Machine
from pulumi_tke_hybrid.doctor.report import Check, failure, ok, redacted, skipped, warning

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(?P<bounds>[<>=!~][^;]*)?(?P<marker>;.*)?")
_BOUND = re.compile(r"\s*(>=|<)\s*([0-9.]+)\s*")

Version = tuple[int, ...]


def numbers(version: str) -> Version:
    """`v3.259.0` as numbers; what is no number ends them."""
    found: list[int] = []
    for part in version.removeprefix("v").split("."):
        digits = re.match(r"\d+", part)
        if digits is None:
            break
        found.append(int(digits.group()))
        if digits.group() != part:
            break
    return tuple(found)


def parse(requirement: str) -> tuple[str, str] | None:
    """(name, bounds) of a requirement; None for one that only an extra asks for."""
    match = _REQUIREMENT.fullmatch(requirement.strip())
    if match is None or match["marker"]:
        return None
    return match["name"], (match["bounds"] or "").strip()


def satisfies(version: str, bounds: str) -> bool:
    """Whether a version lies within bounds such as `<4,>=3.259`."""
    have = numbers(version)
    for bound in bounds.split(",") if bounds else ():
        match = _BOUND.fullmatch(bound)
        if match is None:
            continue
        wanted = numbers(match[2])
        size = max(len(have), len(wanted))
        left, right = (value + (0,) * (size - len(value)) for value in (have, wanted))
        if not (left >= right if match[1] == ">=" else left < right):
            return False
    return True


PYTHON = (3, 10)
CLI = "3.259"
"""The first CLI with all that the components use; the Python SDK asks for the same."""
TENCENTCLOUD_SERVER = "github://api.github.com/tencentcloudstack"
_NO_ACQUISITION = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"


def tools(machine: Machine) -> Iterator[Check]:
    """One after the other."""
    yield _python(machine)
    yield from _packages(machine)
    cli = _cli(machine)
    yield cli
    yield _language_host(machine)
    yield from _plugins(machine, cli)


def _python(machine: Machine) -> Check:
    have = ".".join(map(str, machine.python))
    if machine.python >= PYTHON:
        return ok("python", have)
    return failure(
        "python",
        f"{have}; 3.10 or later is needed",
        "install a newer Python and make the virtual environment again",
    )


def _packages(machine: Machine) -> Iterator[Check]:
    """What the package's own metadata asks for."""
    fine: list[str] = []
    for name, bounds in filter(None, map(parse, machine.requirements())):
        have = machine.package(name)
        if have is not None and satisfies(have, bounds):
            fine.append(f"{name} {have}")
        else:
            found = (
                f"{have}; {bounds} is needed"
                if have
                else f"not installed; {bounds or 'any version'} is needed"
            )
            yield failure(f"package {name}", found, f"pip install '{name}{bounds}'")
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
    beside = machine.program("pulumi")
    folder = str(Path(beside).resolve().parent) if beside else ""
    path = machine.program(name) or (machine.program(f"{folder}/{name}") if folder else None)
    if path:
        return ok("python language host", path)
    return failure(
        "python language host",
        f"{name} is neither on PATH nor beside pulumi",
        "install the whole Pulumi archive, not its `pulumi` alone",
    )


def _plugins(machine: Machine, cli: Check) -> Iterator[Check]:
    wanted = {
        "kubernetes": machine.package("pulumi-kubernetes"),
        "tencentcloud": machine.package("tencentcloud-iac-pulumi"),
    }
    path = machine.program("pulumi")
    installed = _installed(machine, path) if path and cli.state.value == "ok" else None
    for name, version in wanted.items():
        if version is None or installed is None:
            yield skipped(
                f"plugin {name}",
                (
                    "its package or the CLI is missing"
                    if version is None or path is None
                    else "the CLI does not work"
                ),
            )
        else:
            yield _plugin(machine, name, version, installed.get(name, []))


def _plugin(machine: Machine, name: str, version: str, have: list[str]) -> Check:
    title = f"plugin {name}"
    if version in have:
        return ok(title, version)
    elsewhere = machine.program(f"pulumi-resource-{name}")
    if elsewhere:
        return ok(title, f"{elsewhere}, from PATH, whatever its version; {version} is wanted")
    server = f" --server {TENCENTCLOUD_SERVER}" if name == "tencentcloud" else ""
    command = f"pulumi plugin install resource {name} {version}{server}"
    others = f"only {', '.join(have)} installed" if have else "not installed"
    if name == "kubernetes" and machine.environment.get(_NO_ACQUISITION, "").lower() not in ("1", "true"):
        return warning(
            title, f"{others}; {version} is fetched at the first run", f"to have it before: {command}"
        )
    return failure(title, f"{others}; {version} is needed", command)


def _installed(machine: Machine, pulumi: str) -> dict[str, list[str]]:
    """Versions of the resource plugins, by name."""
    ran = machine.run(pulumi, "plugin", "ls", "--json")
    try:
        listed: Any = json.loads(ran.stdout)
    except ValueError:
        return {}
    found: dict[str, list[str]] = {}
    for item in cast(list[dict[str, Any]], listed or []):
        if item.get("kind") == "resource":
            found.setdefault(str(item.get("name")), []).append(str(item.get("version")).removeprefix("v"))
    return found
