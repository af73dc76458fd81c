"""Security groups that admit more than before, or less."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.admission import MOST_RULES, Admitted, Entry, Names, entries, entry, gained
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.exposure import EXPOSURE_WIDENED, NEW_EXPOSURE, warned
from pulumi_tke_hybrid.tke.step import Check, Op, Step
from pulumi_tke_hybrid.tke.values import Props, items, unknown

SECURITY_GROUP_NARROWED = Rule(
    "security-group-narrowed",
    Severity.WARNING,
    "A security group that admits clients keeps admitting them.",
    "the rules before and after",
    "aws-load-balancer-controller#3521, 457/41897",
)
_INTERNET = 2**24
"""From so many addresses of the internet on, a group admits everybody rather than somebody: a 256th of them."""


def _list_changed(step: Step) -> Iterator[Finding]:
    """A resource that holds all rules of a group."""
    if step.op.state_only:
        return
    path = f"{step.name}.ingresses"
    before, after = _listed(step.old), _listed(step.new)
    if before is None or after is None:
        yield _not_compared(path, "are known only during the update")
    elif max(len(before), len(after)) > MOST_RULES:
        yield _not_compared(path, f"are more than {MOST_RULES}")
    elif before != after:
        names = Names()
        yield from _differences(step, path, entries(before, names), entries(after, names), names)


def _listed(props: Props) -> list[Any] | None:
    """The rules for what comes in; None where they are not known."""
    found = props.get("ingresses", props.get("ingress"))
    return None if unknown(found) else items(found)


def _not_compared(path: str, why: str) -> Finding:
    return warned(
        EXPOSURE_WIDENED.finding(
            path,
            f"{why}, so they are not compared with those before",
            value="the rules of the security group",
            why="the group may admit more clients than before, or refuse some",
            todo="look at the rules before you merge",
        )
    )


def _differences(step: Step, path: str, before: Sequence[Entry], after: Sequence[Entry], names: Names) -> Iterator[Finding]:
    yield from _widened(step, path, gained(before, after, names))
    yield from _narrowed(path, gained(after, before, names))


def _rule_changed(step: Step) -> Iterator[Finding]:
    """A resource that holds one rule. Its place among the others is not known, so an ACCEPT counts as reached and a DROP as needed."""
    if step.op.state_only:
        return
    names = Names()
    before, after = _single(step.old, names), _single(step.new, names)
    for accepts, more, less in ((True, before, after), (False, after, before)):
        narrow, wide = (_of_action(side, accepts=accepts) for side in (more, less))
        yield from _widened(step, step.name, gained(narrow, wide, names), accepts=accepts)
        yield from _narrowed(step.name, gained(wide, narrow, names), accepts=accepts)


def _single(props: Props, names: Names) -> list[Entry]:
    return [entry(props, names)] if props and props.get("type") != "egress" else []


def _of_action(rules: Sequence[Entry], *, accepts: bool) -> list[Entry]:
    """Those of the action, as rules that admit: what a DROP refuses is then a set too."""
    return [replace(rule, accepts=True) for rule in rules if rule.accepts is accepts]


def _widened(step: Step, path: str, more: Sequence[Admitted], *, accepts: bool = True) -> Iterator[Finding]:
    if not more:
        return
    everybody = sum(admitted.public for admitted in more) >= _INTERNET
    group = step.new.get("securityGroupId")
    new = step.op is Op.CREATE and (group is None or unknown(group))
    if new and not everybody:
        return  # the first rules of a group that is made with them
    finding = (NEW_EXPOSURE if new else EXPOSURE_WIDENED).finding(
        path,
        "admitted by the security group from now on" if accepts else "no longer refused by the security group",
        value="; ".join(map(str, more)),
        why=f"{'anybody on the internet' if everybody else 'clients with these addresses'} may connect to what the group protects: "
        "pods on their own interfaces, nodes, load balancers",
        todo="look up what the group protects, and name the clients' own ranges",
        intended="check that these clients may connect",
    )
    yield finding if everybody else warned(finding)


def _narrowed(path: str, less: Sequence[Admitted], *, accepts: bool = True) -> Iterator[Finding]:
    if less:
        yield SECURITY_GROUP_NARROWED.finding(
            path,
            "no longer admitted by the security group" if accepts else "refused by the security group from now on",
            value="; ".join(map(str, less)),
            why="certain, as soon as it is applied: new connections from there are refused wherever no other rule admits them; pods behind "
            "a load balancer with direct access meet their clients' own addresses here",
            todo="keep the rules for every client that is still there",
            intended="check that no client of these ranges is left",
        )


CHECKS: dict[str, Sequence[Check]] = {
    tokens.RULE_SET: (_list_changed,),
    tokens.LITE_RULES: (_list_changed,),
    tokens.GROUP_RULE: (_rule_changed,),
}
