"""The gate: what stops, who let it pass, and that this is on record."""

import pytest

from pulumi_tke_hybrid.console.exit_code import ExitCode
from pulumi_tke_hybrid.review.gate import Acceptance, from_labels
from pulumi_tke_hybrid.review.markdown_report import comment
from pulumi_tke_hybrid.review.review import review
from pulumi_tke_hybrid.review.verdict import Verdict
from pulumi_tke_hybrid.review.words import Words
from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.rule import Severity
from tests.unit.review.previews import preview, resource, vpc
from tests.unit.review.recordings import commented, judged, plan_of, recorded

FAILED = preview(vpc("a"), diagnostics=[{"severity": "error", "message": "it broke"}])
LABEL = "tke-hybrid/accept"


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
def test_each_outcome_has_an_exit_code_of_its_own_and_the_worst_stack_decides(contents: list[bytes], code: ExitCode) -> None:
    assert judged(*contents).exit_code is code


@pytest.mark.parametrize(
    ("accept", "code"),
    [
        ("pod-network-off", ExitCode.FINE),
        ("pod-network-off:cluster", ExitCode.FINE),
        ("pod-network-off:cluster.eniSubnetIds", ExitCode.FINE),
        ("pod-network-off:other", ExitCode.NOT_FINE),
        ("pod-network-off:clu", ExitCode.NOT_FINE),
        ("pod-subnet-leaves", ExitCode.NOT_FINE),
    ],
)
def test_who_accepts_a_danger_names_it(accept: str, code: ExitCode) -> None:
    assert judged(recorded("raw-list-empty.json"), accept=(accept,)).exit_code is code


def test_an_accepted_danger_stays_in_the_comment_with_who_accepted_it() -> None:
    body = comment(judged(recorded("raw-list-empty.json"), accept=("pod-network-off:cluster",))).body
    assert "1 accepted" in body
    assert "**accepted by --accept pod-network-off:cluster**" in body
    assert "[pod-network-off]" in body
    assert "**Needs a decision**" not in body


def test_an_acceptance_hides_no_failure() -> None:
    broken = recorded("raw-list-empty.json").replace(b'"changeSummary"', b'"diagnostics":[{"severity":"error"}],"changeSummary"')
    assert judged(broken, accept=("pod-network-off",)).verdict is Verdict.INVALID


def test_ranges_that_share_addresses_are_a_danger() -> None:
    network = vpc("net", "same", new={"cidrBlock": "10.0.0.0/16"})
    network["newState"]["id"] = "vpc-1"
    held = resource(tokens.SUBNET, "a", "same", new={"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/20"})
    found = judged(preview(network, held, resource(tokens.SUBNET, "b", "create", new={"vpcId": "vpc-1", "cidrBlock": "10.0.4.0/22"})))
    assert found.exit_code is ExitCode.NOT_FINE
    assert [str(item.finding).split(";")[0] for item in found.findings] == ["b.cidrBlock: 10.0.4.0/22 overlaps 10.0.0.0/20 (a.cidrBlock)"]


def test_labels_accept_what_they_name_and_others_nothing() -> None:
    assert from_labels(["bug", "tke-hybrid/acceptance", "tke-hybrid"]) == []
    assert from_labels([LABEL, f"{LABEL}:balancer-replaced:front"]) == [
        Acceptance("", "", f"label {LABEL}"),
        Acceptance("balancer-replaced", "front", f"label {LABEL}:balancer-replaced:front"),
    ]


def test_a_rule_can_be_made_stricter_and_milder() -> None:
    plan = plan_of(recorded("raw-masquerade.json"))
    strict = review([plan], Words([]), severities={"gr-source-address": Severity.ERROR})
    assert strict.verdict is Verdict.DANGEROUS
    mild = review([plan_of(recorded("raw-list-empty.json"))], Words([]), severities={"pod-network-off": Severity.WARNING})
    assert mild.verdict is Verdict.CHANGES


def test_nothing_changes_is_one_line_after_the_marker_and_is_not_worth_a_new_comment() -> None:
    made = commented(recorded("raw-nothing.json"))
    assert made.body.splitlines() == [made.marker, "✅ `raw-network/dev`: nothing changes"]
    assert not made.worth_making
    assert commented(recorded("raw-image.json")).worth_making


def test_a_change_set_is_known_again_whatever_the_order_of_its_steps() -> None:
    steps = [vpc("a"), vpc("b"), vpc("c", new={"name": "other"})]
    first, second = (commented(preview(*order)).digest.fingerprint for order in (steps, steps[::-1]))
    assert first == second
    assert commented(preview(*steps[:2])).digest.fingerprint != first
    assert commented(preview(*steps[:2], vpc("c"))).digest.fingerprint != first
