"""The previous state of a stack. A policy sees the new inputs only; most rules compare, so the pack reads the
state by itself.

Converts the resources that Pulumi shows to a policy into steps of the plan's model."""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from pulumi_policy import PolicyResource, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, State, Step, deleted_with, is_patch, sources_of, stays
from pulumi_tke_hybrid.plan.preview_json import exported_states
from pulumi_tke_hybrid.plan.resource_types import canonical
from pulumi_tke_hybrid.tke.objects import SECRET, UNKNOWN, Props, is_secret, items, mapping

VARIABLE = "TKE_HYBRID_STATE_BEFORE"
"""File of `pulumi stack export`; `none` for no previous state; empty for a call of `pulumi stack export`."""
TIMEOUT = 60
Shown = ResourceValidationArgs | PolicyResource
"""A resource of the program, as a resource policy or a stack policy sees it."""


@dataclass(frozen=True)
class PreviousResource:
    """A resource of the last `up`."""

    removal: Step
    """The step that deletes the resource: its properties before."""
    stays: bool
    """Whether the engine keeps the resource in the cloud when it leaves the program."""
    deleted_with: str
    """URN of the resource with which the engine counts this resource as deleted."""


@dataclass(frozen=True)
class PreviousState:
    """All resources by URN, or why they are not known."""

    resources: Mapping[str, PreviousResource] = field(default_factory=dict[str, PreviousResource])
    unknown_because: str = ""

    def find(self, shown: Shown) -> PreviousResource | None:
        """Return the resource of the URN or of an alias."""
        names = (shown.urn, *shown.opts.aliases)
        return next((self.resources[name] for name in names if name in self.resources), None)


def read(stack: str, environment: Mapping[str, str] = os.environ) -> PreviousState:
    """Return the last state of a stack of the project in the working folder; its secrets stay encrypted."""
    named = environment.get(VARIABLE, "")
    if named == "none":
        return PreviousState(unknown_because=f"{VARIABLE} is 'none'")
    try:
        return of_export(Path(named).read_text(encoding="utf-8") if named else _exported(stack))
    except OSError as error:
        where = named or "pulumi"
        reason = f"{where} cannot be read or started ({error.strerror or type(error).__name__})"
    except subprocess.TimeoutExpired:
        reason = f"`pulumi stack export` did not end in {TIMEOUT} s"
    except subprocess.CalledProcessError as error:
        reason = f"`pulumi stack export --stack {stack}` ended with {error.returncode}"
    except ValueError:
        text = named or "what `pulumi stack export` printed"
        reason = f"{text} is not the JSON of `pulumi stack export`"
    return PreviousState(unknown_because=reason)


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
    token, inputs = str(state.get("type", "")), mapping(hidden(state.get("inputs")))
    removal = Step(
        urn,
        canonical(token, inputs),
        Op.DELETE,
        old=inputs,
        state=mapping(hidden(state.get("outputs"))),
        id=str(state.get("id") or ""),
        parent=str(state.get("parent") or ""),
        sources=sources_of(state),
        was_protected=bool(state.get("protect")),
    )
    return PreviousResource(_with_token(removal, token), stays(state), deleted_with(state))


def _with_token(step: Step, token: str) -> Step:
    return replace(step, token=token) if token != step.type else step


def hidden(value: Any) -> Any:
    """Return the value without the engine's internal keys and without encrypted values."""
    if isinstance(value, dict):
        given = mapping(cast(object, value))
        if is_secret(given):
            return SECRET
        return {key: hidden(item) for key, item in given.items() if not key.startswith("__")}
    return [hidden(item) for item in items(cast(object, value))] if isinstance(value, list) else value


def _created(shown: Shown) -> Step:
    """Return the step of a resource that the previous state does not have."""
    new, options = plain(shown.props), shown.opts
    type_ = canonical(shown.resource_type, new)
    made = Step(shown.urn, type_, Op.CREATE, new=new, parent=options.parent or "", protected=options.protect)
    return _with_token(made, shown.resource_type)


def of_resource(shown: ResourceValidationArgs, before: PreviousState) -> Step:
    """Return the step of one resource: the previous state against the program."""
    made, was = _created(shown), before.find(shown)
    if was is None:
        return made
    old = _comparable(was.removal.old, made.new)
    keys = resource_types.changed_keys(made.type, old, made.new, _comparable(was.removal.state, made.new))
    if keys and was.stays and not is_patch(made.type):
        return replace(made, left=True, replace_keys=keys, was_protected=made.protected)
    return replace(
        made,
        op=Op.REPLACE if keys else Op.SAME if old == made.new else Op.UPDATE,
        old=old,
        state=was.removal.state,
        replace_keys=keys,
        id=was.removal.id,
        was_protected=was.removal.was_protected,
    )


def of_stack(shown: Iterable[PolicyResource], before: PreviousState) -> Plan:
    """Return the plan of all resources of the program."""
    return Plan([_of_stack(resource, before.find(resource)) for resource in shown])


def _of_stack(shown: PolicyResource, was: PreviousResource | None) -> Step:
    made = _created(shown)
    sources = {key: [item.urn for item in urns] for key, urns in shown.property_dependencies.items()}
    if was is None:
        identity = made.new.get("id")
        made = replace(made, sources=sources)
        return replace(made, id=identity) if isinstance(identity, str) and identity != UNKNOWN else made
    old = _comparable(was.removal.old, made.new)
    # A stack policy sees outputs, which are more properties than the program's inputs.
    same = all(made.new.get(key) == value for key, value in old.items())
    op = Op.SAME if same else Op.UPDATE
    return replace(made, op=op, old=old, state=was.removal.state, id=was.removal.id, sources=sources)


def removed(urns: Iterable[str], aliases: Iterable[str], before: PreviousState) -> list[Step]:
    """Return the resources of the previous state that the program no longer has."""
    kept = {*urns, *aliases}
    gone = {urn: was for urn, was in before.resources.items() if urn not in kept}
    return [was.removal.leaving() if _stays(was, gone) else was.removal for was in gone.values()]


def _stays(was: PreviousResource, gone: Mapping[str, PreviousResource]) -> bool:
    """Whether the resource stays in the cloud, by itself or with the resource that it is `deleted_with`."""
    seen: set[str] = set()
    holder: PreviousResource | None = was
    while holder is not None and not holder.stays and holder.removal.urn not in seen:
        seen.add(holder.removal.urn)
        holder = gone.get(holder.deleted_with)
    return holder is not None and holder.stays


def plain(value: Any) -> Any:
    """Return the value without the SDK's proxy, which raises an error for values that are `UNKNOWN` here."""
    if isinstance(value, Mapping):
        return {str(key): plain(_item(value, key)) for key in cast(Props, value)}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(_item(value, index)) for index in range(len(cast(Sized, value)))]
    return value


def _item(holder: Any, key: Any) -> Any:
    try:
        return holder[key]
    except UnknownValueError:
        return UNKNOWN


def _comparable(old: Any, new: Any) -> Any:
    """Replace encrypted values by the new ones: a change of a secret cannot be seen, so none is reported."""
    if old == SECRET:
        return SECRET if new is None else new
    before, after = mapping(old), mapping(new)
    if before and after:
        return {key: _comparable(item, after.get(key)) for key, item in before.items()}
    listed, wanted = items(old), items(new)
    return (
        [_comparable(*both) for both in zip(listed, wanted, strict=True)]
        if listed and len(listed) == len(wanted)
        else old
    )
