"""Rules on Services and Ingresses that are changed in place, and on annotations of a plan: annotations that
TKE reads only when it creates a load balancer, and annotations that TKE cannot use.

The annotations of the components' own arguments are checked by the same functions of
`tke.rules.annotation_checks`.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.plan.kubernetes_objects import (
    Holder,
    annotation,
    annotations_of,
    ingress_class,
    kind_of,
    listeners_of_ingress,
    load_balancer_source,
    load_balancer_sources,
    may_have_balancer,
    service_of,
    template_paths,
)
from pulumi_tke_hybrid.plan.model import Op, Step, is_patch
from pulumi_tke_hybrid.plan.rules.registry import Shape, rule, warned
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import FIXED, KNOWN, Known, On, Value
from pulumi_tke_hybrid.tke.objects import Props, at, below, items, known_later, mapping, unknown, whole
from pulumi_tke_hybrid.tke.rule import Finding, Rule, warning_rule
from pulumi_tke_hybrid.tke.rules.annotation_checks import (
    CONFLICT,
    TLS,
    UNKNOWN_KEY,
    VALUE,
    conflict_findings,
    key_findings,
    value_findings,
)

FIXED_ANNOTATION = Rule(
    "fixed-annotation",
    "An annotation that TKE reads only when the load balancer is created does not change: subnet, own load "
    "balancer, billing, bandwidth, creation parameters, region, VPC, and the class of an Ingress.",
    "annotations before and after",
    "457/90598, 457/51258, 457/56112",
)
SELECTOR_CHANGED = warning_rule(
    "selector-changed",
    "A Service keeps its selector, and so its pods; an Ingress keeps the Service of each host and path.",
    "the selector or the backends before and after",
    "Kubernetes: a Service sends to the pods of its selector",
)
PORT_CLOSED = warning_rule(
    "port-closed",
    "A Service keeps its ports, and an Ingress its hosts and paths.",
    "ports or rules before and after",
    "Kubernetes: a load balancer has a listener for each port of its Service",
)
NONE = "no value"


@rule(FIXED_ANNOTATION, on=Shape.LOAD_BALANCER_SOURCE, operations=(Op.UPDATE, Op.OTHER, Op.DELETE))
def _fixed_annotations(step: Step) -> Iterator[Finding]:
    """Report changed annotations of an object that is not replaced. The deletion of a patch takes its
    annotations away."""
    fronts = load_balancer_sources(step)
    if not step.old or not may_have_balancer(step, step.old) or step.deletes_object:
        return
    yield from _class_changed(step)
    if (
        may_have_balancer(step, step.new)
        or load_balancer_source(step) is not On.SERVICE
        or is_patch(step.type)
    ):
        for known, before, after in changed(fronts, annotations_of(step.old), annotations_of(step.new)):
            yield _finding(step, known, before, after)


def changed(fronts: Sequence[On], before: Any, after: Any) -> Iterator[tuple[Known, str | None, str | None]]:
    """Yield each changed fixed annotation with its value before and after, None where absent."""
    if unknown(before):
        return
    for known in (known for on in fronts for known in FIXED[on]):
        was = _text(mapping(before).get(known.key))
        now = hidden(after) if unknown(after) else _text(mapping(after).get(known.key))
        if not _same(known, was, now) and not (unknown(after) and was is None):
            yield known, was, now


def hidden(value: Any) -> str:
    """The text for a value that the preview does not show."""
    return "a value that is known only during the update" if known_later(value) else "a secret value"


def _text(value: Any) -> str | None:
    """The annotation's value; a value of another type, which Kubernetes refuses, as JSON."""
    if value is None:
        return None
    if unknown(value):
        return hidden(value)
    return value.strip() if isinstance(value, str) else json.dumps(value)


def _same(known: Known, before: str | None, after: str | None) -> bool:
    """Whether TKE reads both values as equal: an empty value is none, and spaces in JSON do not count."""
    if (before or None) == (after or None):
        return True
    return (
        known.value is Value.JSON
        and before is not None
        and after is not None
        and _parsed(before) == _parsed(after)
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _finding(step: Step, known: Known, before: str | None, after: str | None) -> Finding:
    was, now = before or NONE, after or NONE
    return FIXED_ANNOTATION.finding(
        f"{step.name}.{known.key}",
        f"instead of {was} ({known.fixed})",
        value=now,
        why=effect(kind_of(step.type)),
        todo=f"go back to {was}" if before else "take the annotation away",
        intended=f"make a second {kind_of(step.type)} with the new setting, move the clients to its address,"
        " and remove this one afterwards",
    )


def effect(kind: str) -> str:
    """The effect of a changed fixed annotation."""
    return (
        "TKE reads this annotation only when it makes the load balancer: the apply succeeds, the load"
        f" balancer stays as it is, and the {kind} reports an error; an older controller makes a second load"
        " balancer with another address"
    )


def _class_changed(step: Step) -> Iterator[Finding]:
    """Report another class of an Ingress: TKE removes the load balancer of an Ingress that leaves its
    class."""
    if load_balancer_source(step) is not On.INGRESS or is_patch(step.type):
        return
    before, after = ingress_class(step.old), ingress_class(step.new)
    if (before or keys.INGRESS_CLASS) != (after or keys.INGRESS_CLASS):
        now = hidden(after) if unknown(after) else after or NONE
        yield FIXED_ANNOTATION.finding(
            f"{step.name}.{keys.INGRESS_CLASS_KEY}",
            f"instead of {before or NONE} (the class of the Ingress)",
            value=now,
            why="TKE makes the load balancer anew or removes it when the class changes: clients lose its"
            " address (457/56112)",
            todo=f"go back to {before or NONE}",
            intended=(
                "make a second Ingress of the other class, move the clients, and remove this one afterwards"
            ),
        )


@rule(SELECTOR_CHANGED, PORT_CLOSED, on=Shape.LOAD_BALANCER_SOURCE, operations=(Op.UPDATE, Op.OTHER))
def _changed_in_place(step: Step) -> Iterator[Finding]:
    """Compare the Service or Ingress before and after; of a patch, the fields that the patch keeps."""
    if not step.old or step.deletes_object:
        return
    if is_patch(step.type):
        kept = {
            field: value
            for field, value in mapping(step.old.get("spec")).items()
            if at(step.new, "spec", field)
        }
        step = replace(step, old={**step.old, "spec": kept})
    if load_balancer_source(step) is On.SERVICE:
        yield from _selector_changed(step)
        yield from _closed(step, "spec.ports", *(_ports(side) for side in (step.old, step.new)))
    elif load_balancer_source(step) is On.INGRESS and may_have_balancer(step, step.old):
        before, after = (_routes(side) for side in (step.old, step.new))
        yield from _closed(step, "spec.rules", before, after)
        yield from _redirected(step, before or {}, after or {})
        stated = any(annotation(side, keys.INGRESS_LISTEN_PORTS) for side in (step.old, step.new))
        field = keys.INGRESS_LISTEN_PORTS if stated else "spec.tls"
        yield from _closed(step, field, *(_listeners(side) for side in (step.old, step.new)))


def _selector_changed(step: Step) -> Iterator[Finding]:
    before, after = (below(side, "spec", "selector") for side in (step.old, step.new))
    if not before or unknown(before) or unknown(after) or any(map(unknown, mapping(after).values())):
        return
    if before != after:
        yield SELECTOR_CHANGED.finding(
            f"{step.name}.spec.selector",
            f"instead of {_labels(before)}",
            value=_labels(after) or "no selector",
            why="certain, as soon as it is applied: clients reach the pods of the new selector only, and get"
            " no answer if no such pod is ready",
            todo="check that pods with these labels run and are ready",
            intended="remove the earlier pods only when no connection to them is open",
        )


def _labels(selector: Any) -> str:
    return ",".join(f"{label}={value}" for label, value in sorted(mapping(selector).items()))


def _ports(props: Props) -> list[str] | None:
    """The ports of a Service with their protocols; None if a port is not known."""
    given = below(props, "spec", "ports")
    shown = [(at(port, "protocol") or "TCP", at(port, "port")) for port in items(given)]
    if unknown(given) or any(unknown(value) for port in shown for value in port):
        return None
    return [f"{protocol} {whole(port)}" for protocol, port in shown]


def _routes(props: Props) -> dict[str, Any] | None:
    """The backend of each host and path of an Ingress, and of the requests that no path takes; None if a
    host or path is not known."""
    given, rest = (below(props, "spec", field) for field in ("rules", "defaultBackend"))
    found = [
        (at(each, "host") or "*", at(path, "path") or "/", at(path, "backend"))
        for each in items(given)
        for path in items(at(each, "http", "paths")) or [None]
    ]
    if unknown(given) or any(unknown(value) for *route, _ in found for value in route):
        return None
    return {f"{host}{path}": backend for host, path, backend in found} | (
        {"other requests": rest} if rest else {}
    )


def _listeners(props: Props) -> list[str] | None:
    """The listeners of an Ingress, as `HTTPS 443`; None where not known."""
    if unknown(annotation(props, keys.INGRESS_LISTEN_PORTS)) or unknown(below(props, "spec", "tls")):
        return None
    return [f"{protocol} {port}" for protocol, port in sorted(listeners_of_ingress(props))]


def _redirected(step: Step, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Finding]:
    for route in (route for route in before if route in after):
        was, now = (service_of(backends[route]) for backends in (before, after))
        if was and now and was != now:
            yield SELECTOR_CHANGED.finding(
                f"{step.name}.spec.rules[{route}]",
                f"instead of {was}",
                value=now,
                why="certain, as soon as it is applied: clients reach the pods of this Service, and get no"
                " answer if no such pod is ready",
                todo="check that the pods of this Service run and are ready",
                intended="remove the earlier pods only when no connection to them is open",
            )


def _closed(
    step: Step, field: str, before: Collection[str] | None, after: Collection[str] | None
) -> Iterator[Finding]:
    gone = [] if before is None or after is None else [item for item in before if item not in after]
    if gone:
        yield PORT_CLOSED.finding(
            f"{step.name}.{field}",
            "is no longer served",
            value=", ".join(gone),
            why="certain, as soon as it is applied: its clients get no answer",
            todo="keep it until no client uses it",
            intended="check that no client uses it",
        )


_MAKING = (Op.CREATE, Op.UPDATE, Op.REPLACE, Op.OTHER)


@rule(
    CONFLICT,
    UNKNOWN_KEY,
    VALUE,
    on=(Shape.LOAD_BALANCER_SOURCE, Shape.POD_TEMPLATE),
    operations=_MAKING,
    milder=[CONFLICT, UNKNOWN_KEY],
)
def _wrong_annotations(step: Step) -> Iterator[Finding]:
    """Report annotations that are wrong after the change and were not wrong before."""
    before = set(_of_side(step, step.old))
    for finding in _of_side(step, step.new):
        if finding not in before:
            yield finding.under(step.name)


def _of_side(step: Step, props: Props) -> Iterator[Finding]:
    on = load_balancer_source(step)
    if on is not None:
        yield from _of_front(step, on, props)
    for path in template_paths(step.type, props):
        given = Holder(step.type, props, path).annotations
        yield from (*conflict_findings(On.POD, given), *key_findings(On.POD, given), *value_findings(given))
        if path:
            yield from _misplaced(step, props)


def _of_front(step: Step, on: On, props: Props) -> Iterator[Finding]:
    if on is On.INGRESS and not may_have_balancer(step, props):
        return  # another controller owns the Ingress
    given = annotations_of(props)
    if unknown(given):
        return
    yield from (*key_findings(on, given), *value_findings(given))
    if may_have_balancer(step, props):
        written = {TLS: "given"} if items(at(props, "spec", "tls")) else {}
        # The load balancer works on as it is, so on an object of a plan this is a warning.
        yield from map(warned, conflict_findings(on, given, written))


def _misplaced(step: Step, props: Props) -> Iterator[Finding]:
    """Report annotations of pods on the object that creates the pods: TKE reads these annotations on pods
    only."""
    for key in mapping(annotations_of(props)):
        known = KNOWN.get(key)
        if known is not None and known.on is On.POD:
            yield UNKNOWN_KEY.finding(
                key,
                f"is on the {kind_of(step.type)} itself",
                why="TKE reads it on the pods, so it has no effect here",
                todo="put it on the pod template: spec.template.metadata.annotations",
            )
