"""Warnings and notes of a component in the preview, and the checks of values from Outputs.

Errors are raised as `InvalidInputs`; the rules are in `tke.rules`.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import pulumi

from pulumi_tke_hybrid.component.args import Args, parts_of
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.tke.rule import Finding, Severity, judged
from pulumi_tke_hybrid.tke.rules.input_rules import NOT_YET, gathered


def check_deferred(component: pulumi.Resource, owner: str, args: Args) -> pulumi.Output[bool]:
    """Report warnings and notes once; check again, and raise errors, when the Outputs in `args` resolve.

    A resource that must not be made before the second check uses the returned Output. The Output is known
    also if a preview does not know the values; the preview then reports the checks that are left out.
    """
    plain = args.without_components()
    said = [finding for finding in plain.judged() if finding.rule is not NOT_YET]
    _log(component, said)
    if not _awaits(plain):
        return pulumi.Output.from_input(True)

    async def later() -> bool:
        found = list(gathered((await _now(plain)).judged()))
        _stop(owner, found)
        _log(component, (finding for finding in found if finding not in said))
        return True

    return pulumi.Output.from_input(later())


def note_while_pending(
    component: pulumi.Resource, value: "pulumi.Output[Any]", text: str
) -> "pulumi.Output[bool]":
    """Write a note under the component if a preview does not know the value. Return whether the value is
    known."""

    async def note() -> bool:
        is_known = await value.is_known()
        if not is_known:
            pulumi.log.info(text, component)
        return is_known

    return pulumi.Output.from_input(note())


def report(
    component: pulumi.Resource, owner: str, settings: Mapping[str, Severity], findings: Iterable[Finding]
) -> None:
    """Raise the errors among findings of live values, and log the others under the component."""
    found = judged(findings, settings)
    _stop(owner, found)
    _log(component, found)


def _stop(owner: str, findings: Iterable[Finding]) -> None:
    InvalidInputs.raise_if_any(owner, (finding for finding in findings if finding.severity is Severity.ERROR))


def _log(component: pulumi.Resource, findings: Iterable[Finding]) -> None:
    for finding in findings:
        if finding.severity is not Severity.ERROR:
            (pulumi.log.warn if finding.severity is Severity.WARNING else pulumi.log.info)(
                str(finding), component
            )


def _awaits(value: object) -> bool:
    return isinstance(value, pulumi.Output) or any(_awaits(part) for _, part in parts_of(value))


async def _value(output: "pulumi.Output[Any]") -> Any:
    is_known = await output.is_known()  # waits for the value, so an error of the value is raised here
    return await output.future() if is_known and not await output.is_secret() else output


async def _now(value: Any) -> Any:
    """Return the value in which every Output is replaced by its value, if that is known and not a secret."""
    if isinstance(value, pulumi.Output):
        return await _value(cast(Any, value))
    if not _awaits(value):
        return value
    if isinstance(value, Args):
        same = copy.copy(value)
        for name, part in vars(value).items():
            setattr(same, name, await _now(part))
        return same
    if isinstance(value, Mapping):
        return {key: await _now(part) for key, part in cast(Mapping[str, Any], value).items()}
    return [await _now(part) for part in cast(Sequence[Any], value)]
