"""The least access policy (CAM) that a program with these components needs, made of the actions that are called."""

import json
from typing import Any

from pulumi_tke_hybrid.doctor.actions import NOTES, Need, needs


def actions(*, read_only: bool = False, own_vpc: bool = False) -> list[str]:
    """The actions, sorted. `read_only`: for previews that do not refresh, `drift` and `doctor`."""
    return sorted({need.name for need in needs(own_vpc=own_vpc) if need.reads or not read_only})


def document(*, read_only: bool = False, own_vpc: bool = False) -> dict[str, Any]:
    """The policy as CAM takes it. Most of these actions know no single resource, so it names actions only."""
    return {
        "version": "2.0",
        "statement": [{"effect": "allow", "action": actions(read_only=read_only, own_vpc=own_vpc), "resource": ["*"]}],
    }


def as_json(*, read_only: bool = False, own_vpc: bool = False) -> str:
    """To be pasted into the console, or given to `cam CreatePolicy`."""
    return json.dumps(document(read_only=read_only, own_vpc=own_vpc), indent=2) + "\n"


def as_markdown(*, read_only: bool = False, own_vpc: bool = False) -> str:
    """The policy with its reasons, for a security review."""
    found: dict[str, list[Need]] = {}
    for need in needs(own_vpc=own_vpc):
        if need.reads or not read_only:
            found.setdefault(need.name, []).append(need)
    lines = ["| action | who calls it, and why | source |", "|---|---|---|"]
    for name, reasons in sorted(found.items()):
        why = "<br>".join(dict.fromkeys(f"{need.who}: {need.why}" for need in reasons))
        source = "<br>".join(f"`{source}`" for source in dict.fromkeys(need.source for need in reasons))
        lines.append(f"| `{name}` | {why} | {source} |")
    lines += ["", *(f"- {note}" for note in NOTES), "", "```json", as_json(read_only=read_only, own_vpc=own_vpc).rstrip(), "```", ""]
    return "\n".join(lines)
