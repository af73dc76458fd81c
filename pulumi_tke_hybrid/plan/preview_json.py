"""Reader of previews: `pulumi preview --json` or the engine's event log becomes the plan of one stack.

The fingerprint of a plan covers operation, inputs before and after, protection and replacement reasons of
each changing resource. Left out are values that differ between two runs of one program: placeholders of
unknown values, points of time, and the provider code that Pulumi stores in each dynamic resource.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.engine_steps import Secrets, Steps
from pulumi_tke_hybrid.plan.json_stream import Document, Unreadable
from pulumi_tke_hybrid.plan.model import CLEANING, Op, Plan, State, Step, all_sources_of, operation, together
from pulumi_tke_hybrid.tke.objects import at, holds_unknown, items, known_later, mapping, unknown

STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Failure:
    """An error of the engine or a provider."""

    urn: str
    text: str


@dataclass(frozen=True)
class StackPlan:
    """A preview of one stack, and the parts that could not be read."""

    stack: str
    """`<project>/<stack>`; empty where no step has it."""
    source: str
    """Name of the file, for messages."""
    steps: Sequence[Step]
    """One step for each resource, in the order of the engine."""
    fingerprint: str
    """Identifies the change set, in any order of the steps."""
    failures: Sequence[Failure] = ()
    unreadable: str = ""
    """Why the preview is not whole; empty for a whole preview."""
    gaps: Sequence[str] = ()
    """Missing parts of the input, as text."""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Providers and their versions."""
    unknown_operations: Sequence[str] = ()
    """Operations of the engine that `model` does not know."""
    unknowns: int = 0
    """Number of changing resources with a property that is known only after `up`."""
    refreshed: bool | None = None
    """Whether the cloud was read before; None where the input does not show it."""

    @property
    def failed(self) -> bool:
        """Whether the preview itself failed."""
        return bool(self.failures)

    @property
    def whole(self) -> bool:
        """Whether the preview came to its end."""
        return not self.failures and not self.unreadable


_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_STORED_CODE = "__provider"


def fingerprint(steps: Iterable[Step]) -> str:
    """Return 16 hexadecimal digits, the same for any order of the steps."""
    prints = sorted(_print(step) for step in steps if step.op.changes or step.was_protected != step.protected)
    return hashlib.sha256("\n".join(prints).encode(errors="replace")).hexdigest()[:16]


def _print(step: Step) -> str:
    flags = [step.was_protected, step.protected, step.adopted, step.left]
    parts = [step.urn, step.op.value, _stable(step.old), _stable(step.new), sorted(step.replace_keys), flags]
    return json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)


def _stable(value: Any) -> Any:
    """The value without the parts that differ between two runs."""
    if isinstance(value, str):
        return "(unknown)" if known_later(value) else "(time)" if _TIME.fullmatch(value) else value
    if isinstance(value, dict):
        given = cast(dict[str, Any], value)
        return {key: _stable(item) for key, item in given.items() if key != _STORED_CODE}
    return [_stable(item) for item in items(cast(object, value))] if isinstance(value, list) else value


NO_SAMES = (
    "resources that stay as they are: they are not in the preview; make it with --show-sames, for zones and"
    " what stands behind a change"
)
_EVENTS = (
    "preludeEvent",
    "resourcePreEvent",
    "resOutputsEvent",
    "diagnosticEvent",
    "summaryEvent",
    "cancelEvent",
    "stdoutEvent",
)

_OBJECT = re.compile(r"\s*\{\s*(\"|$)")


def read(source: BinaryIO, name: str, secrets: Secrets) -> StackPlan:
    """Return the plan in one input; `unreadable` and `gaps` name every fault of the input."""
    reader = _Reader(name, secrets)
    try:
        document = Document(source)
        if _is_event(document.first_line()):
            reader.events(document)
        else:
            reader.preview(document)
    except Unreadable as error:
        reader.unreadable = str(error)
    return reader.plan()


def _is_event(line: str) -> bool:
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and ("sequence" in first or any(name in first for name in _EVENTS))


class _Reader:
    """Collects the steps, failures and summary of one input."""

    def __init__(self, name: str, secrets: Secrets) -> None:
        self._name = name
        self._steps = Steps(secrets)
        self._failures: list[Failure] = []
        self._summary: Mapping[str, Any] | None = None
        self._gaps: list[str] = []
        self.unreadable = ""

    def preview(self, document: Document) -> None:
        """The JSON of `pulumi preview --json`."""
        for name, value in document.members():
            if name == "steps":
                self._steps.add(value)
            elif name == "diagnostics":
                self._diagnostic(value)
            elif name == "changeSummary":
                self._summary = mapping(value)
            elif name == "maybeCorrupt" and value:
                self._gaps.append("the engine says that the state may be corrupt")
        if any(map(_OBJECT.match, document.lines())):
            raise Unreadable(
                "another JSON object follows the preview: give each preview in a file of its own"
            )

    def events(self, document: Document) -> None:
        """The engine's event log: one JSON object in each line."""
        broken = 0
        for line in document.lines():
            try:
                event = mapping(json.loads(line))
            except (ValueError, RecursionError):
                broken += 1
                continue
            for name, value in event.items():
                self._event(name, mapping(value))
        if broken:
            self._gaps.append(f"{broken} lines of the log, which are not JSON")
        if self._summary is None:
            raise Unreadable("the log ends before its summary")

    def _event(self, name: str, value: Mapping[str, Any]) -> None:
        if name in ("resourcePreEvent", "resOutputsEvent"):
            given = mapping(value.get("metadata"))
            if name == "resOutputsEvent" and given.get("op") not in ("update", "delete"):
                return  # only what a refresh found comes with the outputs
            self._steps.add(
                {
                    **given,
                    "oldState": given.get("old"),
                    "newState": given.get("new"),
                    "replaceReasons": given.get("keys"),
                    "diffReasons": given.get("diffs"),
                }
            )
        elif name == "diagnosticEvent":
            self._diagnostic(value)
        elif name == "policyEvent" and value.get("enforcementLevel") == "mandatory":
            self._failures.append(
                Failure(str(value.get("resourceUrn") or ""), str(value.get("message") or ""))
            )
        elif name == "errorEvent":
            self._failures.append(Failure("", str(value.get("error") or "")))
        elif name == "summaryEvent":
            self._summary = mapping(value.get("resourceChanges"))
            if value.get("isPreview") is False:
                self._gaps.append("what is still to come: this is the log of an update, not of a preview")
            if value.get("result") == "failed" and not self._failures:
                self._failures.append(Failure("", ""))

    def _diagnostic(self, raw: object) -> None:
        given = mapping(raw)
        if given.get("severity") == "error":
            text = f"{given.get('prefix') or ''}{given.get('message') or ''}"
            self._failures.append(Failure(str(given.get("urn") or ""), text))

    def plan(self) -> StackPlan:
        steps = self._steps.done()
        unreadable = self.unreadable or self._incomplete(steps)
        return StackPlan(
            stack=_stack(steps),
            source=self._name,
            steps=steps,
            fingerprint=fingerprint(steps),
            failures=self._failures,
            unreadable=unreadable,
            gaps=[*self._gaps, *self._not_shown(steps)],
            versions={**self._steps.versions, **_versions(steps)},
            unknown_operations=list(self._steps.unknown_operations),
            unknowns=sum(step.op.changes and holds_unknown(step.new) for step in steps),
            refreshed=True if self._steps.refreshed else None,
        )

    def _incomplete(self, steps: list[Step]) -> str:
        """Return why the preview is not whole, or an empty text."""
        if self._steps.malformed:
            return f"{self._steps.malformed} of its steps name no resource, or have states that are none"
        if self._failures:
            return ""
        if self._summary is None:
            return (
                "it has no summary, so it may not be whole" if steps else "it has neither steps nor a summary"
            )
        counted = sum(
            count
            for op, count in self._summary.items()
            if operation(op, {}, {}).changes and isinstance(count, int)
        )
        shown = self._steps.changing
        if counted > shown:
            return f"its summary counts {counted} changes, and its steps show {shown or 'none'}"
        return ""

    def _not_shown(self, steps: list[Step]) -> list[str]:
        same = self._summary.get("same") if self._summary else None
        there = sum(step.op is Op.SAME and step.type != STACK for step in steps)
        return [NO_SAMES] if isinstance(same, int) and same > 1 and not there else []


def _stack(steps: list[Step]) -> str:
    for step in steps:
        parts = step.urn.removeprefix("urn:pulumi:").split("::")
        if len(parts) > 3:
            return f"{parts[1]}/{parts[0]}"
    return ""


def _versions(steps: list[Step]) -> dict[str, str]:
    found: dict[str, str] = {}
    for step in steps:
        if step.type.startswith(resource_types.PROVIDERS):
            version = (step.new or step.old).get("version")
            if isinstance(version, str) and not unknown(version):
                found[step.type.removeprefix(resource_types.PROVIDERS)] = version
    return found


def last_states(steps: Iterable[object]) -> tuple[dict[str, State], dict[str, State]]:
    """Return (before, after): the state of each resource by URN on both sides of `pulumi preview --json`.

    A resource has one state on each side, however many steps it has: the last step counts, and a refresh
    alone changes nothing. An imported resource exists before; a resource that leaves the stack exists after;
    a removed resource does not.
    """
    before: dict[str, State] = {}
    after: dict[str, State] = {}
    ops: dict[str, Op] = {}
    for step in map(mapping, steps):
        old, new, engine_op = mapping(step.get("oldState")), mapping(step.get("newState")), step.get("op")
        urn = step.get("urn") or new.get("urn") or old.get("urn")
        if not isinstance(urn, str) or (old.get("delete") is True and engine_op in CLEANING):
            continue
        op = operation(engine_op, old, new)
        if engine_op == "refresh":
            old = new
        elif op is Op.IMPORT:
            old = old or new
        first = ops.get(urn)
        ops[urn] = whole = op if first is None or first is Op.READ else together(first, op)
        if old and (urn not in before or first is Op.READ):
            before[urn] = old
        if whole is Op.DELETE or (
            engine_op in ("discard", "read-discard", "discard-replaced", "remove-pending-replace") and not new
        ):
            after.pop(urn, None)
        elif whole is Op.LEAVE:
            after[urn] = new or old
        elif new:
            after[urn] = new
    return before, after


def exported_states(export: State) -> dict[str, State]:
    """The state of each resource by URN in the JSON of `pulumi stack export`, without resources that wait for
    their deletion. Raise ValueError for any other JSON."""
    if "deployment" not in export:
        raise ValueError("no deployment")
    states = [mapping(item) for item in items(at(export, "deployment", "resources"))]
    return {str(state.get("urn", "")): state for state in states if state.get("delete") is not True}


def pending_operations(export: State) -> list[tuple[str, State]]:
    """(operation, state of its resource) of each operation whose end no run saw: `creating`, `deleting`, …"""
    found = [mapping(item) for item in items(at(export, "deployment", "pending_operations"))]
    return [(str(item.get("type") or "unknown"), mapping(item.get("resource"))) for item in found]


def of_states(states: Mapping[str, State]) -> Plan:
    """The resources of a state as steps that change nothing."""
    return Plan([_step_of_state(urn, state) for urn, state in states.items()])


def _step_of_state(urn: str, state: State) -> Step:
    token = str(state.get("type") or "")
    inputs = mapping(state.get("inputs"))
    type_ = resource_types.canonical(token, inputs)
    outputs = mapping(state.get("outputs"))
    return Step(
        urn,
        type_,
        Op.SAME,
        old=inputs,
        new=inputs,
        state=outputs,
        id=str(state.get("id") or outputs.get("id") or ""),
        parent=str(state.get("parent") or ""),
        sources=all_sources_of(state),
        token=token if token != type_ else "",
    )
