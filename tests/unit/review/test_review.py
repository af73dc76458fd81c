"""Verdict and exit code of a review, and the acceptance of a danger by its code."""

import re
from dataclasses import replace

import pytest

from pulumi_tke_hybrid.cli.process import ExitCode
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.review.markdown_report import comment
from pulumi_tke_hybrid.review.redaction import Redactor
from pulumi_tke_hybrid.review.review import LABEL, Acceptance, ReviewVerdict, code_of, from_labels, review
from pulumi_tke_hybrid.tke.rule import Severity
from tests.unit.review.previews import preview, resource, vpc
from tests.unit.review.recordings import NAMES, commented, judged, plan_of, recorded

FAILED = preview(vpc("a"), diagnostics=[{"severity": "error", "message": "it broke"}])


@pytest.mark.parametrize(
    ("contents", "code"),
    [
        ([recorded("raw-nothing.json")], ExitCode.FINE),
        ([recorded("raw-image.json")], ExitCode.FINE),
        ([recorded("raw-masquerade.json")], ExitCode.FINE),
        ([recorded("raw-list-empty.json")], ExitCode.NOT_FINE),
        ([FAILED], ExitCode.PREVIEW_FAILED),
        ([b"{"], ExitCode.COULD_NOT_TELL),
        ([recorded("raw-nothing.json"), recorded("raw-image.json")], ExitCode.FINE),
        ([recorded("raw-nothing.json"), b"{"], ExitCode.COULD_NOT_TELL),
        ([FAILED, b"{"], ExitCode.PREVIEW_FAILED),
        ([recorded("raw-list-empty.json"), FAILED, b"{"], ExitCode.NOT_FINE),
    ],
)  # fmt: skip
def test_each_outcome_has_an_exit_code_of_its_own_and_the_worst_stack_decides(
    contents: list[bytes], code: ExitCode
) -> None:
    assert judged(*contents).exit_code is code


def codes(*contents: bytes) -> list[str]:
    return [item.code for item in judged(*contents).causes]


def test_a_danger_is_accepted_by_its_code_alone() -> None:
    (code,) = codes(recorded("raw-list-empty.json"))
    assert re.fullmatch("[A-Z2-7]{8}", code)
    assert judged(recorded("raw-list-empty.json"), accept=(code,)).verdict is ReviewVerdict.CHANGES
    for other in ("", "pod-network-off", code[:7], codes(recorded("raw-list-shrinks.json"))[0]):
        assert judged(recorded("raw-list-empty.json"), accept=(other,)).verdict is ReviewVerdict.DANGEROUS


def test_each_danger_has_a_code_of_its_own() -> None:
    found = codes(recorded("raw-mixture.json"))
    assert len(set(found)) == len(found) == 6
    assert judged(recorded("raw-mixture.json"), accept=tuple(found[:2])).verdict is ReviewVerdict.DANGEROUS
    assert judged(recorded("raw-mixture.json"), accept=tuple(found[:3])).verdict is ReviewVerdict.CHANGES


def test_a_code_is_void_when_another_line_of_the_change_set_changes() -> None:
    first = recorded("raw-mixture.json")
    second = first.replace(b"nginx:1.29", b"nginx:1.30")
    assert second != first
    assert set(codes(first)).isdisjoint(codes(second))
    assert codes(first) == codes(first.replace(b'"op"', b'"op" '))


def test_the_code_of_a_stack_accepts_nothing_in_another() -> None:
    one = recorded("raw-list-empty.json")
    other = one.replace(b"urn:pulumi:dev::", b"urn:pulumi:prod::")
    assert set(codes(one)).isdisjoint(codes(other))


def test_accepting_a_cause_accepts_its_consequences_and_no_other_set() -> None:
    done = judged(recorded("raw-cluster-replaced.json"))
    (cause,) = done.causes
    assert len(cause.cause.consequences) == 5
    assert all(item.cause.code == cause.code for item in done.findings)
    assert all(
        item.cause.accepted
        for item in judged(recorded("raw-cluster-replaced.json"), accept=(cause.code,)).findings
    )
    fewer = replace(cause.cause, consequences=cause.cause.consequences[1:])
    assert code_of(done.stacks[0].plan, fewer) != cause.code


def test_an_accepted_danger_stays_in_the_comment_with_its_acceptance() -> None:
    (code,) = codes(recorded("raw-list-empty.json"))
    body = comment(judged(recorded("raw-list-empty.json"), accept=(code,))).body
    assert "1 accepted danger" in body
    assert f"**accepted by --accept {code}:**" in body
    assert "[pod-network-off]" in body
    assert "**Needs a decision**" not in body


def test_an_acceptance_hides_no_failure() -> None:
    broken = recorded("raw-list-empty.json").replace(
        b'"changeSummary"', b'"diagnostics":[{"severity":"error"}],"changeSummary"'
    )
    assert judged(broken, accept=tuple(codes(broken))).verdict is ReviewVerdict.INVALID


def test_ranges_that_share_addresses_are_a_danger() -> None:
    network = vpc("net", "same", new={"cidrBlock": "10.0.0.0/16"})
    network["newState"]["id"] = "vpc-1"
    held = resource(resource_types.SUBNET, "a", "same", new={"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/20"})
    found = judged(
        preview(
            network,
            held,
            resource(
                resource_types.SUBNET, "b", "create", new={"vpcId": "vpc-1", "cidrBlock": "10.0.4.0/22"}
            ),
        )
    )
    assert found.exit_code is ExitCode.NOT_FINE
    assert [str(item.finding).split(";")[0] for item in found.findings] == [
        "b.cidrBlock: 10.0.4.0/22 overlaps 10.0.0.0/20 (a.cidrBlock)"
    ]


def test_labels_name_codes_and_a_blanket_label_accepts_nothing() -> None:
    assert from_labels(["bug", "tke-hybrid/acceptance:ABCDEFG2", "tke-hybrid"]) == []
    assert from_labels([f"{LABEL}:abcdefg2 ", LABEL, f"{LABEL}:balancer-replaced", f"{LABEL}:ABCDEFG1"]) == [
        Acceptance("ABCDEFG2", f"label {LABEL}:abcdefg2"),
        Acceptance("", f"label {LABEL}"),
        Acceptance("", f"label {LABEL}:balancer-replaced"),
        Acceptance("", f"label {LABEL}:ABCDEFG1"),
    ]


def test_the_account_that_set_a_label_is_recorded_where_known() -> None:
    (code,) = codes(recorded("raw-list-empty.json"))
    given = from_labels([f"{LABEL}:{code}"], {f"{LABEL}:{code}": "somebody"})
    done = review([plan_of(recorded("raw-list-empty.json"))], Redactor([]), acceptances=given)
    assert f"**accepted by label {LABEL}:{code}, set by somebody:**" in comment(done).body


def test_a_label_with_a_code_fits_github() -> None:
    for name in NAMES:
        assert all(len(f"{LABEL}:{code}") <= 50 for code in codes(recorded(name)))


@pytest.mark.parametrize("label", [LABEL, f"{LABEL}:pod-network-off", f"{LABEL}:AAAAAAAA"])
def test_an_acceptance_that_accepts_nothing_is_named(label: str) -> None:
    plan = plan_of(recorded("raw-list-empty.json"))
    done = review([plan], Redactor([]), acceptances=from_labels([label]))
    assert done.verdict is ReviewVerdict.DANGEROUS
    assert f"label {label} accepts nothing here" in comment(done).body


def test_a_rule_can_be_made_stricter_and_milder() -> None:
    plan = plan_of(recorded("raw-masquerade.json"))
    strict = review([plan], Redactor([]), severities={"gr-source-address": Severity.ERROR})
    assert strict.verdict is ReviewVerdict.DANGEROUS
    mild = review(
        [plan_of(recorded("raw-list-empty.json"))],
        Redactor([]),
        severities={"pod-network-off": Severity.WARNING},
    )
    assert mild.verdict is ReviewVerdict.CHANGES


def test_nothing_changes_is_one_line_after_the_marker_and_is_not_worth_a_new_comment() -> None:
    made = commented(recorded("raw-nothing.json"))
    assert made.body.splitlines() == [made.marker, "✅ `raw-network/dev`: nothing changes"]
    assert not made.worth_making
    assert commented(recorded("raw-image.json")).worth_making


def test_the_fingerprint_of_a_change_set_is_the_same_in_any_order_of_steps() -> None:
    steps = [vpc("a"), vpc("b"), vpc("c", new={"name": "other"})]
    first, second = (commented(preview(*order)).digest["fingerprint"] for order in (steps, steps[::-1]))
    assert first == second
    assert commented(preview(*steps[:2])).digest["fingerprint"] != first
    assert commented(preview(*steps[:2], vpc("c"))).digest["fingerprint"] != first
