"""Stacks of the engine tests: made, used, and always destroyed."""

import contextlib
import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.lab.lab import Lab
from tests.lab.pulumi_cli import PulumiProject

PROGRAMS = Path(__file__).with_name("programs")


@contextlib.contextmanager
def stack(
    lab: Lab,
    root: Path,
    name: str,
    config: Mapping[str, object],
    environment: Mapping[str, str] | None = None,
) -> Generator[PulumiProject]:
    """A fresh stack of the project at `root`, and a fresh call log. The stack is always destroyed at the
    end."""
    lab.reset_calls()
    project = lab.project(root, environment)
    (root / f"Pulumi.{name}.yaml").unlink(missing_ok=True)  # of a run that was killed
    project.stack_init(name)
    try:
        configure(project, config)
        yield project
    finally:
        # Also after a failed test: the next test needs an empty cloud.
        if _has_resources(project):
            project.destroy()
        (root / f"Pulumi.{name}.yaml").unlink(missing_ok=True)


def _has_resources(project: PulumiProject) -> bool:
    latest = json.loads(project.state_file().read_text())["checkpoint"].get("latest") or {}
    return bool(latest.get("resources") or latest.get("pending_operations"))


def configure(project: PulumiProject, config: Mapping[str, object]) -> None:
    """Set configuration, written into the stack's file at once; the CLI would need a run for each key. A list
    or mapping stays an object, and any other value becomes a text."""
    path = project.root / f"Pulumi.{project.stack}.yaml"
    found: dict[str, Any] = (yaml.safe_load(path.read_text()) if path.exists() else None) or {}
    name = yaml.safe_load((project.root / "Pulumi.yaml").read_text())["name"]
    given = {
        key if ":" in key else f"{name}:{key}": value if isinstance(value, (list, dict)) else str(value)
        for key, value in config.items()
    }
    found["config"] = {**(found.get("config") or {}), **given}
    path.write_text(yaml.safe_dump(found))


@contextlib.contextmanager
def changed(project: PulumiProject, config: Mapping[str, object]) -> Generator[None]:
    """Other configuration for a while."""
    path = project.root / f"Pulumi.{project.stack}.yaml"
    before = path.read_text() if path.exists() else ""
    configure(project, config)
    try:
        yield
    finally:
        path.write_text(before)


def written(lab: Lab) -> list[str]:
    """The writing calls to the cloud, in order."""
    return [call["action"] for call in lab.calls() if call["write"]]


def steps(project: PulumiProject, *arguments: str) -> dict[str, str]:
    """The operation of a preview for each changed resource, by name."""
    result = project.run("preview", "--json", *arguments)
    preview: dict[str, Any] = json.loads(result.stdout[result.stdout.index("{") :])
    return {
        step["urn"].rsplit("::", 1)[1]: step["op"]
        for step in preview["steps"]
        if step["op"] not in ("same", "read")
    }
