"""Previews written by hand, for cases without a recording."""

import json
from collections.abc import Mapping
from typing import Any

from pulumi_tke_hybrid.plan import resource_types

PREFIX = "urn:pulumi:dev::demo::"


def resource(
    type_: str, name: str, op: str, old: Mapping[str, Any] | None = None, new: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A step of `pulumi preview --json`."""
    urn = f"{PREFIX}{type_}::{name}"
    step: dict[str, Any] = {"op": op, "urn": urn, "detailedDiff": None}
    for key, inputs in (("oldState", old), ("newState", new)):
        if inputs is not None:
            step[key] = {"urn": urn, "custom": True, "type": type_, "inputs": inputs}
    return step


def preview(*steps: dict[str, Any], **more: Any) -> bytes:
    """The whole document."""
    summary: dict[str, int] = {}
    for step in steps:
        summary[step["op"]] = summary.get(step["op"], 0) + 1
    return json.dumps({"steps": steps, "changeSummary": summary, **more}).encode()


def vpc(
    name: str, op: str = "update", old: Mapping[str, Any] | None = None, new: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A VPC with another name."""
    return resource(
        resource_types.VPC,
        name,
        op,
        {"name": "a"} if old is None else old,
        {"name": "b"} if new is None else new,
    )
