"""Writes docs/rules.md from the rules themselves and from the registry: `python -m tests.rules_page`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pulumi_policy import Policy, ResourceValidationPolicy

from pulumi_tke_hybrid import drift, tke, verify
from pulumi_tke_hybrid.plan.rules import every_rule, registry, rules_of
from pulumi_tke_hybrid.policies.pack_of_rules import BY_REMOVAL, policies
from pulumi_tke_hybrid.tke.rule import Rule

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"
_HEAD = """# Rules

`python -m tests.rules_page` writes this page from the code. "Source" is the origin of a rule. Numbers are
documents of cloud.tencent.com/document/product. *The article* is "Getting the most out of TKE's hybrid
network mode" (2021-02-05).

A program cannot set the severity of a *fixed* rule: an input that breaks the rule cannot be applied.
"""
_COMPONENTS = """
## Components

The components check these rules before anything reaches the cloud. An error stops the preview, with one line
for each property: `path: value and fault; reason; remedy`. Types and bounds of all properties come first,
together. (An `…Args` object reports its own errors when the program makes the object.) All other rules of
the component come second, together. Values inside Outputs are checked when they are known. Warnings and
notes appear in the preview's diagnostics under the component.

A program may set the severity of a rule. The preview shows the setting as an input of the component:

```python
tke.HybridCluster("hybrid", {..., "rules": {"eni-headroom": "error", "range-outside-vpc": "warning"}})
```

A check may need a value that is known only during the update. A note (`not-known-yet`) names this check. The
update runs the check before the first resource that depends on the value.

"""
_REVIEW = """
## `tke-hybrid review` and the policy pack

These rules judge the changes of a plan. `tke-hybrid review --rule RULE=warning` sets a severity.

"""
_POLICIES = """
## Policies

[The pack](policies.md) has one policy for each rule. A rule that blocks in the review is mandatory, every
other rule is advisory. `…-by-removal` judges resources that leave the program. `…-advisory` reports findings
below the severity of the rule.

| policy | level | judged on |
|---|---|---|
"""
_COMMANDS = (("`tke-hybrid verify`", verify), ("`tke-hybrid drift`", drift))


def registered_rules() -> dict[str, Rule]:
    """Rules that a registered check reports, by id."""
    on_steps = (rule for each in registry.checks() for rule in each.rules)
    on_plans = (rule for _, rules in registry.plan_checks() for rule in rules)
    return {rule.id: rule for rule in (*on_steps, *on_plans)}


def page() -> str:
    """The whole page."""
    known = every_rule()
    of_components = rules_of(tke)
    registered = registered_rules()
    shared = sorted(registered.keys() & of_components.keys())
    parts = [
        _HEAD,
        _COMPONENTS,
        *_table(rule for rule in known.values() if rule.id in of_components or rule.id not in registered),
        _REVIEW,
        *_table(rule for rule in registered.values() if rule.id not in of_components),
        f"\nThe review reports these rules of the components as well: {', '.join(map(_link, shared))}.\n",
        _POLICIES,
        *map(_policy_row, policies()),
    ]
    for command, package in _COMMANDS:
        found = [rule for rule in rules_of(package).values() if rule.id not in known]
        if found:
            parts += [f"\n## {command}\n\n", *_table(found)]
    return "".join(parts)


def _table(rules: Iterable[Rule]) -> Iterator[str]:
    yield "| rule | severity | summary | requires | source |\n|---|---|---|---|---|\n"
    yield from map(_row, sorted(rules, key=lambda rule: rule.id))


def _row(rule: Rule) -> str:
    severity = f"{rule.severity.value}{', fixed' if rule.fixed_severity else ''}"
    cells = (f"`{rule.id}`", severity, rule.summary, f"{rule.requires}.", rule.source)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} <a id='{rule.id}'></a> |\n"


def _link(rule: str) -> str:
    return f"[`{rule}`](#{rule})"


def _policy_row(policy: Policy) -> str:
    single = "a resource" if isinstance(policy, ResourceValidationPolicy) else "the stack"
    judged = "a removed resource" if policy.name.endswith(BY_REMOVAL) else single
    level = policy.enforcement_level.value if policy.enforcement_level else ""
    return f"| `{policy.name}` | {level} | {judged} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
