"""docs/rules.md is up to date, and lists every rule with its source."""

from pulumi_tke_hybrid.plan.rules import every_rule
from tests.rules_page import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "renew it with: python -m tests.rules_page"


def test_every_rule_has_a_summary_requirements_and_a_source() -> None:
    assert len(every_rule()) > 40
    for rule in every_rule().values():
        assert rule.summary.endswith("."), rule.id
        assert rule.requires, rule.id
        assert rule.source, rule.id
