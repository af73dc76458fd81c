"""Everything that the rules find in a plan."""

from collections.abc import Iterator
from itertools import chain

from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules import changes, coverage, listeners, not_judged, ranges_of_steps, references
from pulumi_tke_hybrid.tke.step import Plan, Step


def findings(plan: Plan) -> Iterator[Finding]:
    """What the rules of single resources and of the whole plan find, and then what none of them can judge."""
    found = list(chain(changes.findings(plan), of_several(plan)))
    yield from found
    yield from unjudged(plan, found)


def of_several(plan: Plan) -> Iterator[Finding]:
    """What is found by several resources together."""
    yield from coverage.findings(plan)
    yield from ranges_of_steps.findings(plan)
    yield from references.findings(plan)
    yield from listeners.findings(plan)


def unjudged(plan: Plan, found: list[Finding]) -> Iterator[Finding]:
    """What changes and is judged by no rule; `found` is what the others have found."""
    yield from not_judged.findings(plan, changes.JUDGED, {finding.urn for finding in found if finding.urn})


def of_resource(step: Step) -> Iterator[Finding]:
    """What is found, and what is not judged, where one resource is all that is known."""
    found = list(changes.of_step(step))
    yield from found
    if not found:
        yield from not_judged.of_step(step, changes.JUDGED, has_children=True)
