"""A review of ten thousand steps. No engine makes it, but it takes longer than a unit test should."""

from typing import Any

from pulumi_tke_hybrid.review.markdown_report import FIRST_SCREEN, comment
from pulumi_tke_hybrid.review.report import GITHUB_LIMIT
from tests.unit.review.previews import preview
from tests.unit.review.recordings import judged, parsed


def ten_thousand() -> bytes:
    """The steps of a recorded run, over and over under other names."""
    recording: dict[str, Any] = parsed("raw-mixture.json")
    given = [step for step in recording["steps"] if "pulumi:pulumi:Stack" not in step["urn"]]
    steps = [
        {**given[number % len(given)], "urn": f"{given[number % len(given)]['urn']}-{number}"}
        for number in range(10_000)
    ]
    return preview(*steps)


def test_ten_thousand_steps_make_one_comment_that_fits_and_starts_with_every_danger() -> None:
    found = judged(ten_thousand())
    made = comment(found, GITHUB_LIMIT)
    assert len(made.body) <= GITHUB_LIMIT
    first = "\n".join(made.body.splitlines()[:FIRST_SCREEN])
    for rule in {item.finding.rule.id for item in found.findings}:
        assert f"[{rule}]" in first
    assert "dangerous" in first
    assert made.digest["findingsInAll"] > 1000
    assert len(made.digest["findings"]) == 500
