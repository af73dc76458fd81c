"""The first screen: its sentences, links and terms, and what it claims where not everything was judged."""

import pytest

from pulumi_tke_hybrid.review import links
from pulumi_tke_hybrid.review.markdown_report import comment
from pulumi_tke_hybrid.review.review import Origin, review
from pulumi_tke_hybrid.review.terms import TERMS
from pulumi_tke_hybrid.review.words import Words
from pulumi_tke_hybrid.tke import tokens
from tests.terms_page import PAGE, page
from tests.unit.review.previews import preview, resource, vpc
from tests.unit.review.recordings import NAMES, commented, plan_of, recorded

NO_EFFECT = "No effect on the network found"
DOCS, JOB = "https://example.org/lib/docs", "https://example.org/team/network/actions/runs/7"


def opening(content: bytes) -> str:
    return "\n".join(line for line in commented(content).body.splitlines()[2:5] if line.startswith("- **"))


def test_no_effect_is_claimed_only_where_everything_was_judged() -> None:
    release = resource("kubernetes:helm.sh/v3:Release", "chart", "update", {"version": "1"}, {"version": "2"})
    assert opening(preview(vpc("a"))) == f"- **{NO_EFFECT}.**"
    assert "no effect on the network found in what was judged; not judged: 1 (chart)" in opening(preview(vpc("a"), release))
    assert NO_EFFECT not in opening(preview(vpc("a"), release))
    odd = opening(preview(resource(tokens.VPC, "a", "transmogrify", {"name": "a"}, {"name": "b"})))
    assert NO_EFFECT not in odd
    assert "transmogrify" in odd


@pytest.mark.parametrize("content", [b"{", b"", preview(vpc("a"))[:-20]])
def test_what_could_not_be_read_has_no_known_effect(content: bytes) -> None:
    assert "**If merged:** not known: no whole preview could be read" in opening(content)
    assert "**Check:** do not merge on this comment" in opening(content)


def test_a_failed_preview_applies_nothing() -> None:
    assert "**If merged:** nothing is applied" in opening(preview(vpc("a"), diagnostics=[{"severity": "error", "message": "it broke"}]))


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_value_is_never_two_ellipses(name: str) -> None:
    assert "… → …" not in commented(recorded(name)).body


def test_rules_terms_and_the_job_are_linked_where_their_addresses_are_known() -> None:
    origin = Origin(docs=DOCS, job=JOB)
    body = comment(review([plan_of(recorded("raw-list-empty.json"))], Words([]), origin=origin)).body
    assert f"[pod-network-off]({DOCS}/rules.md#pod-network-off)" in body
    assert f"[job]({JOB})" in body
    assert f"[terms]({DOCS}/network-terms.md)" in body
    plain = commented(recorded("raw-list-empty.json")).body
    assert "rules: docs/rules.md" in plain
    assert "](http" not in plain


def test_the_job_is_that_of_github_or_gitlab() -> None:
    github = {"GITHUB_SERVER_URL": "https://git.example.org", "GITHUB_REPOSITORY": "team/network", "GITHUB_RUN_ID": "7"}
    assert links.job(github) == "https://git.example.org/team/network/actions/runs/7"
    assert links.job({"CI_JOB_URL": "https://gitlab.example.org/a/-/jobs/1"}) == "https://gitlab.example.org/a/-/jobs/1"
    assert links.job({}) == ""
    assert links.job({"CI_JOB_URL": "https://a.test/x) [y](https://evil.test"}) == ""
    assert links.documentation("javascript:alert(1)") == ""
    assert links.documentation(f"{DOCS}/") == DOCS


def test_the_terms_of_the_first_screen_are_explained_below_and_no_others() -> None:
    body = commented(recorded("raw-list-empty.json")).body
    assert "<details><summary>Network terms</summary>" in body
    assert "- **VPC-CNI:** " in body
    assert "- **ipamd:** " not in body


def test_the_page_of_terms_is_made_of_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "renew it with: python -m tests.terms_page"
    assert all(len(term.text) <= 260 for term in TERMS)
