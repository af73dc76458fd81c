"""The first lines of a comment: sentences, links and terms, also where not everything was judged."""

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.review import run_command
from pulumi_tke_hybrid.review.markdown_report import comment
from pulumi_tke_hybrid.review.redaction import Redactor
from pulumi_tke_hybrid.review.report import TERMS
from pulumi_tke_hybrid.review.review import Origin, review
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
    assert "no effect on the network found in what was judged; not judged: 1 (chart)" in opening(
        preview(vpc("a"), release)
    )
    assert NO_EFFECT not in opening(preview(vpc("a"), release))
    odd = opening(preview(resource(resource_types.VPC, "a", "transmogrify", {"name": "a"}, {"name": "b"})))
    assert NO_EFFECT not in odd
    assert "transmogrify" in odd


@pytest.mark.parametrize("content", [b"{", b"", preview(vpc("a"))[:-20]])
def test_a_preview_that_could_not_be_read_has_no_known_effect(content: bytes) -> None:
    assert "**If merged:** not known: no whole preview could be read" in opening(content)
    assert "**Check:** do not merge on this comment" in opening(content)


def test_a_failed_preview_applies_nothing() -> None:
    assert "**If merged:** nothing is applied" in opening(
        preview(vpc("a"), diagnostics=[{"severity": "error", "message": "it broke"}])
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_value_is_never_two_ellipses(name: str) -> None:
    assert "… → …" not in commented(recorded(name)).body


def test_rules_terms_and_the_job_are_linked_where_their_addresses_are_known() -> None:
    origin = Origin(docs=DOCS, job=JOB)
    body = comment(review([plan_of(recorded("raw-list-empty.json"))], Redactor([]), origin=origin)).body
    assert f"[pod-network-off]({DOCS}/rules.md#pod-network-off)" in body
    assert f"[job]({JOB})" in body
    assert f"[terms]({DOCS}/network-terms.md)" in body
    plain = commented(recorded("raw-list-empty.json")).body
    assert "rules: docs/rules.md" in plain
    assert "](http" not in plain


def test_the_job_is_that_of_github_or_gitlab() -> None:
    github = {
        "GITHUB_SERVER_URL": "https://git.example.org",
        "GITHUB_REPOSITORY": "team/network",
        "GITHUB_RUN_ID": "7",
    }
    assert run_command.job(github) == "https://git.example.org/team/network/actions/runs/7"
    assert (
        run_command.job({"CI_JOB_URL": "https://gitlab.example.org/a/-/jobs/1"})
        == "https://gitlab.example.org/a/-/jobs/1"
    )
    assert run_command.job({}) == ""
    assert run_command.job({"CI_JOB_URL": "https://a.test/x) [y](https://evil.test"}) == ""
    assert run_command.documentation("javascript:alert(1)") == ""
    assert run_command.documentation(f"{DOCS}/") == DOCS


def test_the_terms_of_the_first_screen_are_explained_below_and_no_others() -> None:
    body = commented(recorded("raw-list-empty.json")).body
    assert "<details><summary>Network terms</summary>" in body
    assert "- **VPC-CNI:** " in body
    assert "- **ipamd:** " not in body


def test_the_page_of_terms_is_generated_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "renew it with: python -m tests.terms_page"
    assert all(len(term.text) <= 260 for term in TERMS)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "raw-group-narrowed",
            [
                "203.0.113.0/24 TCP 80 no longer admitted",
                "are not in this preview: look up sg-hijdjg00 in the console",
            ],
        ),
        ("raw-kept-address-off", ["Never → not set", "Possible, at the rollout that follows"]),
        (
            "raw-masquerade",
            [
                "+172.16.0.0/12: these destinations see the pods' own",
                "-10.0.0.0/16: these destinations see the node's",
            ],
        ),
        (
            "raw-new-zone",
            [
                "new subnet 10.0.72.0/22 in ap-guangzhou-7",
                "1 new node of pool-ap-guangzhou-7",
                "Nothing that exists loses its network or its address.",
            ],
        ),
        (
            "raw-switched-on",
            [
                "VPC-CNI (pods with addresses of container subnets) is switched on",
                "Certain, as soon as it is applied",
            ],
        ),
        (
            "raw-first",
            ["10.0.64.0/28 in ap-guangzhou-4 (no resource of the preview uses this subnet)", "1 new node of"],
        ),
        (
            "raw-destroy",
            [
                "Everything that this preview shows is deleted: Cluster cluster, Vpc vpc, 2 node pools, 4"
                " subnets"
            ],
        ),
        (
            "raw-replicas",
            [
                "29 of 51 pods with addresses of container subnets (new pods of a rollout included) would"
                " stay without an address",
                "web from 2 to 40 pods",
            ],
        ),
        ("zones-no-workload", ["Service web-service: 10.0.0.8"]),
    ],
)
def test_the_first_sentences_name_the_change_and_its_effect(name: str, parts: list[str]) -> None:
    found = opening(recorded(f"{name}.json"))
    assert [part for part in parts if part not in found] == []


def test_a_deletion_beside_other_resources_is_not_everything() -> None:
    assert "Everything" not in opening(preview(vpc("a", op="delete"), vpc("b", op="same")))
    assert "Everything that this preview shows is deleted: Vpc a" in opening(preview(vpc("a", op="delete")))


def test_an_apply_that_fails_is_not_helped_by_its_code() -> None:
    useless = "(accepting does not help: the apply fails)"
    assert useless in commented(recorded("raw-reclaim.json")).body
    assert useless in commented(recorded("raw-list-shrinks.json")).body
    assert useless not in commented(recorded("raw-list-empty.json")).body


def test_the_table_names_zones_whose_nodes_are_rebuilt_or_gone_and_subnets_that_are_not_registered() -> None:
    assert "1 | ⚠ its nodes are rebuilt |" in commented(recorded("raw-pool-replaced.json")).body
    assert "1 → 0 | ⚠ no nodes left |" in commented(recorded("raw-pool-gone.json")).body
    assert "none; 10.0.64.0/28 (new) is not registered for pods" in commented(recorded("raw-first.json")).body


def test_an_error_without_text_of_this_library_is_in_the_log() -> None:
    assert (
        "the preview failed with 2 errors; their text is in the job's log"
        in commented(recorded("raw-statefulset-replaced.json")).body
    )
    assert "is in the job's log" not in commented(recorded("zones-cluster-range.json")).body


def test_a_new_load_balancer_beside_a_deleted_load_balancer_is_named() -> None:
    found = opening(recorded("raw-service-renamed-in-the-program.json"))
    assert "Service front: the Service would be deleted with its load balancer" in found
    assert "In this change: new internal load balancer for front-2." in found


def test_the_only_pod_of_a_stateful_set_is_away_during_its_restart() -> None:
    assert "2 pods of web, 1 pod of db (none until it is back)" in opening(recorded("raw-image.json"))
