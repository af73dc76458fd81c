"""Runs `tke-hybrid review` on a preview as a pipeline does, and returns the findings."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app

DATA = Path(__file__).parent / "data"
Preview = dict[str, Any]


def load(name: str) -> Preview:
    """A preview of the folder `data`."""
    found: Preview = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def states(preview: Preview, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(`oldState` or `newState`, the state) of each step of the resource of that name."""
    for step in preview["steps"]:
        if step["urn"].endswith(f"::{name}"):
            yield from ((side, step[side]) for side in ("oldState", "newState") if side in step)


def retyped(preview: Preview, before: str, after: str) -> Preview:
    """The same preview with another type token."""
    changed: Preview = json.loads(json.dumps(preview).replace(before, after))
    return changed


def reviewed(preview: Preview) -> tuple[int, list[Mapping[str, Any]]]:
    """The exit code and the findings of the JSON report."""
    with TemporaryDirectory() as folder:
        given, report = Path(folder) / "preview.json", Path(folder) / "report.json"
        given.write_text(json.dumps(preview), encoding="utf-8")
        result = CliRunner().invoke(app, ["review", str(given), "--json", str(report)])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, json.loads(report.read_text(encoding="utf-8"))["findings"]


def messages(preview: Preview, rule: str, *, severity: str = "error") -> list[str]:
    """`path: message` of the findings of one rule and severity."""
    return [
        f"{item['path']}: {item['message']}"
        for item in reviewed(preview)[1]
        if (item["rule"], item["severity"]) == (rule, severity)
    ]
