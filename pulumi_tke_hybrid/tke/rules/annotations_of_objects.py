"""Annotations that a change brings to a Service, an Ingress or a pod template, and that TKE cannot use as they are."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.tke.holders import template_paths
from pulumi_tke_hybrid.tke.known_annotations import KNOWN, On
from pulumi_tke_hybrid.tke.rule import Finding, Severity
from pulumi_tke_hybrid.tke.rules.annotation_checks import (
    CONFLICT,
    TLS,
    UNKNOWN_KEY,
    VALUE,
    conflict_findings,
    key_findings,
    value_findings,
)
from pulumi_tke_hybrid.tke.rules.fronts import annotations_of, front_of, kind_of, may_have_balancer
from pulumi_tke_hybrid.tke.step import Op, Step
from pulumi_tke_hybrid.tke.values import Props, at, items, mapping, unknown

_MAKING = (Op.CREATE, Op.UPDATE, Op.REPLACE, Op.OTHER)
RULES = (CONFLICT, UNKNOWN_KEY, VALUE)


def annotation_findings(step: Step) -> Iterator[Finding]:
    """What is wrong with the annotations afterwards and was not before."""
    if step.op not in _MAKING:
        return
    before = set(_of_side(step, step.old))
    for finding in _of_side(step, step.new):
        if finding not in before:
            yield finding.under(step.name)


def _of_side(step: Step, props: Props) -> Iterator[Finding]:
    if (front_of(step) is On.SERVICE) or (front_of(step) is On.INGRESS):
        yield from _of_front(step, props)
    for path in template_paths(step.type, props):
        template = props
        for part in path:
            template = at(template, part) if isinstance(part, str) else _item(template, part)
        given = mapping(annotations_of(mapping(template)))
        yield from (*conflict_findings(On.POD, given), *key_findings(On.POD, given), *value_findings(given))
        if path:
            yield from _misplaced(step, props)


def _item(listed: Any, index: int) -> Any:
    found = items(listed)
    return found[index] if index < len(found) else None


def _of_front(step: Step, props: Props) -> Iterator[Finding]:
    if (front_of(step) is On.INGRESS) and not may_have_balancer(step, props):
        return  # another controller's
    given = annotations_of(props)
    if unknown(given):
        return
    on = On.INGRESS if (front_of(step) is On.INGRESS) else On.SERVICE
    yield from (*key_findings(on, given), *value_findings(given))
    if may_have_balancer(step, props):
        written = {TLS: "given"} if items(at(props, "spec", "tls")) else {}
        # The load balancer works on as it is, so on an object of a plan this is a warning.
        yield from (replace(finding, severity=Severity.WARNING) for finding in conflict_findings(on, given, written))


def _misplaced(step: Step, props: Props) -> Iterator[Finding]:
    """Annotations of pods on the object that makes the pods: TKE reads them on the pods alone."""
    own: Mapping[str, Any] = mapping(annotations_of(props))
    for key in own:
        known = KNOWN.get(key)
        if known is not None and known.on is On.POD:
            yield UNKNOWN_KEY.finding(
                key,
                f"is on the {kind_of(step)} itself",
                why="TKE reads it on the pods, so it has no effect here",
                todo="put it on the pod template: spec.template.metadata.annotations",
            )
