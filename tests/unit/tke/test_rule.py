"""A rule, its finding's one line, and a program's own severities."""

import pytest

from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity, fixed_rule, judged, setting_findings

QUOTA = Rule(
    "backend-quota", "A load balancer has a quota.", "replicas", "457/41897", severity=Severity.WARNING
)
SHAPE = fixed_rule("zone-shape", "A zone is a region and a number.", "the zone", "457/0")
KNOWN = {rule.id: rule for rule in (QUOTA, SHAPE)}


def full() -> Finding:
    return QUOTA.finding(
        "replicas",
        "is above the quota of 100",
        value=120,
        why="the rest gets no traffic",
        todo="raise the quota",
    )


def test_the_line_names_path_value_reason_and_cure_and_the_rule_that_can_be_set() -> None:
    assert (
        str(full()) == "replicas: 120 is above the quota of 100; the rest gets no traffic; raise the quota"
        " [backend-quota]"
    )


def test_parts_that_are_not_there_leave_no_trace_and_a_firm_rule_is_not_offered_for_setting() -> None:
    assert str(SHAPE.finding("zone", "is required")) == "zone: is required"


@pytest.mark.parametrize(
    ("path", "seen"), [("zone", "pools[1].zone"), ("[0].zone", "pools[1][0].zone"), ("", "pools[1]")]
)
def test_a_finding_seen_from_the_holder_has_the_longer_path(path: str, seen: str) -> None:
    assert SHAPE.finding(path, "is required").under("pools[1]").path == seen


def test_a_program_raises_and_lowers_a_rule_but_never_a_fixed_rule() -> None:
    fixed = SHAPE.finding("zone", "is required")
    wanted = {"backend-quota": Severity.NOTE, "zone-shape": Severity.NOTE}
    assert [finding.severity for finding in judged([full(), fixed], wanted)] == [
        Severity.NOTE,
        Severity.ERROR,
    ]
    assert [finding.severity for finding in judged([full()], {"backend-quota": Severity.ERROR})] == [
        Severity.ERROR
    ]
    assert judged([full(), fixed], {}) == [full(), fixed]


def test_a_setting_for_an_unknown_or_fixed_rule_is_refused_with_an_action() -> None:
    wanted = {
        "backend-quotas": Severity.NOTE,
        "something": Severity.NOTE,
        "zone-shape": Severity.WARNING,
        "backend-quota": Severity.ERROR,
    }
    assert [str(finding) for finding in setting_findings(wanted, KNOWN)] == [
        "rules: 'backend-quotas' is no rule; did you mean 'backend-quota'?",
        "rules: 'something' is no rule; docs/rules.md lists them",
        (
            "rules: zone-shape cannot be lowered; an input that breaks the rule cannot be applied; remove the"
            " setting and correct the input"
        ),
    ]


def test_a_rule_id_is_kebab_case() -> None:
    with pytest.raises(ValueError, match="kebab-case"):
        Rule("Backend quota", "", "", "", severity=Severity.NOTE)
