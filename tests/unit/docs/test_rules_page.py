"""Every rule is listed with its source, and the list is the rules' own."""

from pulumi_tke_hybrid.plan.rules import every_rule
from tests.rules_page import PAGE, page


def test_the_page_is_what_the_rules_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "renew it with: python -m tests.rules_page"


def test_every_rule_says_what_it_is_what_it_needs_and_where_it_is_written() -> None:
    assert len(every_rule()) > 40
    for rule in every_rule().values():
        assert rule.summary.endswith("."), rule.id
        assert rule.requires, rule.id
        assert rule.source, rule.id
