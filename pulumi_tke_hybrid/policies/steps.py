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
        stays=stays(state),
        deleted_with=deleted_with(state),
        sources=sources_of(state),
    )


def hidden(value: Any) -> Any:
    """Return the value without the engine's internal keys and without encrypted values."""
    if isinstance(value, dict):
        given = mapping(cast(object, value))
        if is_secret(given):
            return SECRET
        return {key: hidden(item) for key, item in given.items() if not key.startswith("__")}
    return [hidden(item) for item in items(cast(object, value))] if isinstance(value, list) else value


def of_resource(shown: ResourceValidationArgs, before: PreviousState) -> Step:
    """Return the step of one resource: the previous state against the program."""
    options = shown.opts
    was = before.find(shown.urn, options.aliases)
    new = plain(shown.props)
    type_ = canonical(shown.resource_type, new)
    made = Step(
        shown.urn,
        type_,
        Op.CREATE,
        new=new,
        parent=options.parent or "",
        protected=options.protect,
        token=_token(shown.resource_type, type_),
    )
    if was is None:
        return made
    old = _comparable(was.inputs, new)
    keys = resource_types.changed_keys(type_, old, new, _comparable(was.outputs, new))
    if keys and was.stays and not is_patch(type_):
        return replace(made, left=True, replace_keys=keys, was_protected=made.protected)
    return replace(
        made,
        op=Op.REPLACE if keys else Op.SAME if old == new else Op.UPDATE,
        old=old,
        state=was.outputs,
        replace_keys=keys,
        id=was.id,
        was_protected=was.protected,
    )


def _token(written: str, type_: str) -> str:
    return written if written != type_ else ""


def of_stack(shown: Iterable[PolicyResource], before: PreviousState) -> Plan:
    """Return the plan of all resources of the program."""
    steps: list[Step] = []
    for resource in shown:
        was = before.find(resource.urn, resource.opts.aliases)
        new = plain(resource.props)
        old: Props = _comparable(was.inputs, new) if was else {}
        # A stack policy sees outputs, which are more properties than the program's inputs.
        same = all(new.get(key) == value for key, value in old.items())
        identity = was.id if was else new.get("id")
        type_ = canonical(resource.resource_type, new)
        steps.append(
            Step(
                resource.urn,
                type_,
                Op.CREATE if was is None else Op.SAME if same else Op.UPDATE,
                old=old,
                new=new,
                state=was.outputs if was else {},
                id=identity if isinstance(identity, str) and identity != UNKNOWN else "",
                parent=resource.opts.parent or "",
                sources={
                    key: [item.urn for item in items] for key, items in resource.property_dependencies.items()
                },
                protected=resource.opts.protect,
                token=_token(resource.resource_type, type_),
            )
        )
    return Plan(steps)


def removed(urns: Iterable[str], aliases: Iterable[str], before: PreviousState) -> list[Step]:
    """Return the resources of the previous state that the program no longer has."""
    kept = {*urns, *aliases}
    gone = {was.urn: was for was in before.resources.values() if was.urn not in kept}
    return [_removal(was, _stays(was, gone)) for was in gone.values()]


def _stays(was: PreviousResource, gone: Mapping[str, PreviousResource]) -> bool:
    """Whether the resource stays in the cloud, by itself or with the resource that it is `deleted_with`."""
    seen: set[str] = set()
    holder: PreviousResource | None = was
    while holder is not None and holder.urn not in seen:
        if holder.stays:
            return True
        seen.add(holder.urn)
        holder = gone.get(holder.deleted_with)
    return False


def _removal(was: PreviousResource, stays: bool) -> Step:
    type_ = canonical(was.type, was.inputs)
    gone = Step(
        was.urn, type_, Op.DELETE, old=was.inputs, state=was.outputs, id=was.id, parent=was.parent,
        was_protected=was.protected, sources=was.sources, token=_token(was.type, type_),
    )  # fmt: skip
    return replace(gone, op=Op.LEAVE, new=gone.old, left=True, protected=was.protected) if stays else gone


def plain(value: Any) -> Any:
    """Return the value without the SDK's proxy, which raises an error for unknown values; `UNKNOWN` replaces
    them."""
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
    """Replace encrypted values by the new ones: a change of a secret cannot be seen, so a secret counts as
    unchanged."""
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
