"""The previous state of a stack. A policy sees the new inputs only; most rules compare, so the pack reads the
state by itself."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pulumi_tke_hybrid.plan import operations
from pulumi_tke_hybrid.plan.operations import State, exported_states
from pulumi_tke_hybrid.tke.values import SECRET, Props, is_secret, items, mapping

VARIABLE = "TKE_HYBRID_STATE_BEFORE"
"""File of `pulumi stack export`; `none` for no previous state; empty for a call of `pulumi stack export`."""
TIMEOUT = 60


@dataclass(frozen=True)
class PreviousResource:
    """A resource of the last `up`."""

    urn: str
    type: str
    id: str
    inputs: Props
    outputs: Props
    parent: str
    protected: bool
    stays: bool
    """Whether the engine keeps the resource in the cloud when it leaves the program."""
    deleted_with: str
    """URN of the resource with which the engine counts this resource as deleted."""
    sources: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class PreviousState:
    """All resources by URN, or why they are not known."""

    resources: Mapping[str, PreviousResource] = field(default_factory=dict[str, PreviousResource])
    unknown_because: str = ""

    def find(self, urn: str, aliases: Sequence[str] = ()) -> PreviousResource | None:
        """Return the resource of the URN or of an alias."""
        return next((self.resources[name] for name in (urn, *aliases) if name in self.resources), None)


def read(stack: str, environment: Mapping[str, str] = os.environ) -> PreviousState:
    """Return the last state of the named stack of the project in the working directory. Encrypted values stay
    encrypted."""
    named = environment.get(VARIABLE, "")
    if named == "none":
        return PreviousState(unknown_because=f"{VARIABLE} is 'none'")
    try:
        return of_export(Path(named).read_text(encoding="utf-8") if named else _exported(stack))
    except OSError as error:
        where = named or "pulumi"
        return PreviousState(
            unknown_because=f"{where} cannot be read or started ({error.strerror or type(error).__name__})"
        )
    except subprocess.TimeoutExpired:
        return PreviousState(unknown_because=f"`pulumi stack export` did not end in {TIMEOUT} s")
    except subprocess.CalledProcessError as error:
        return PreviousState(
            unknown_because=f"`pulumi stack export --stack {stack}` ended with {error.returncode}"
        )
    except ValueError:
        return PreviousState(
            unknown_because=(
                f"{named or 'what `pulumi stack export` printed'} is not the JSON of `pulumi stack export`"
            )
        )


def _exported(stack: str) -> str:
    # The policy process has the CLI's environment: same backend, same account. The engine reads its output.
    command = ["pulumi", "stack", "export", "--stack", stack, "--non-interactive"]
    done = subprocess.run(  # noqa: S603
        command,
        check=True,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=TIMEOUT,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout


def of_export(text: str) -> PreviousState:
    """Return the resources of `pulumi stack export`. Raise ValueError for any other text."""
    states = exported_states(mapping(json.loads(text)))
    return PreviousState({urn: _resource(urn, state) for urn, state in states.items()})


def _resource(urn: str, state: State) -> PreviousResource:
    return PreviousResource(
        urn=urn,
        type=str(state.get("type", "")),
        id=str(state.get("id") or ""),
        inputs=mapping(hidden(state.get("inputs"))),
        outputs=mapping(hidden(state.get("outputs"))),
        parent=str(state.get("parent") or ""),
        protected=bool(state.get("protect")),
        stays=operations.stays(state),
        deleted_with=operations.deleted_with(state),
        sources=operations.sources(state),
    )


def hidden(value: Any) -> Any:
    """Return the value without the engine's internal keys and without encrypted values."""
    if isinstance(value, dict):
        given = mapping(cast(object, value))
        if is_secret(given):
            return SECRET
        return {key: hidden(item) for key, item in given.items() if not key.startswith("__")}
    return [hidden(item) for item in items(cast(object, value))] if isinstance(value, list) else value
