"""docs/rules.md, made of the rules themselves. Renew it with `python -m tests.rules_page`."""

from pathlib import Path

from pulumi_tke_hybrid.plan.rules import every_rule
from pulumi_tke_hybrid.tke.rule import Rule

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"
_HEAD = """# Rules

What the components check before anything reaches the cloud, and what `tke-hybrid review` and the policy pack say about a change. Errors
stop the preview, one line a property: `path: value and what is wrong with it; why; what to do`. First come the types and bounds of
everything that a description holds, together (an `…Args` object reports its own where it is made); once these are right, what all other
rules say of the component, together. Values inside Outputs follow when they are known. Warnings and notes appear in the preview's
diagnostics under the component.

A program sets the severity of a rule where it means it, and the setting is shown in the preview as an input of the component:

```python
tke.HybridCluster("hybrid", {..., "rules": {"eni-headroom": "error", "range-outside-vpc": "warning"}})
```

A program cannot set the severity of a rule marked *fixed*: an input that breaks the rule cannot be applied. A check that lacks a value
which is known only during the update is named by a note (`not-known-yet`) and made then, before the first resource that depends on it.

"Source" is where the rule is written. Numbers are documents of cloud.tencent.com/document/product; *the article* is "Getting the most
out of TKE's hybrid network mode" (2021-02-05).

| rule | severity | summary | requires | source |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_row(rule) for _, rule in sorted(every_rule().items()))


def _row(rule: Rule) -> str:
    severity = f"{rule.severity.value}{', fixed' if rule.fixed_severity else ''}"
    cells = (f"`{rule.id}`", severity, rule.summary, rule.requires, rule.source)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} <a id='{rule.id}'></a> |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
