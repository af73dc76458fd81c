"""Hooks that a program registers."""

from typing import Any

import pulumi
import pytest

AFTER = ("tke-hybrid-rollout", "tke-hybrid-stored")
"""The hooks after an update."""
IN_UPDATES = (*AFTER, "tke-hybrid-creation")
"""The hooks that a preview does not call."""


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The functions of the hooks, by name."""
    found: dict[str, Any] = {}
    real: Any = pulumi.ResourceHook

    def record(name: str, check: Any, opts: Any) -> Any:
        assert name not in found
        assert opts.on_dry_run is not name.startswith(IN_UPDATES)
        found[name] = check
        return real(name, check, opts)

    monkeypatch.setattr(pulumi, "ResourceHook", record)
    return found
