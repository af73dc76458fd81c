"""The comment keeps every limit, and becomes shorter step by step."""

import json

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.review.markdown_report import FIRST_SCREEN
from tests.unit.review.previews import preview, resource
from tests.unit.review.recordings import commented, judged, recorded

MARK = "\n- ⛔ "


@pytest.mark.parametrize("limit", [65_536, 30_000, 8_000, 3_000, 1_200, 400, 60])
@pytest.mark.parametrize("name", ["raw-everything.json", "raw-nothing.json", "zones-first.json"])
def test_every_limit_is_kept_and_the_verdict_is_the_last_thing_to_go(name: str, limit: int) -> None:
    body = commented(recorded(name), limit=limit).body
    assert len(body) + sum(ord(sign) > 0xFFFF for sign in body) <= limit
    assert body.startswith("<!-- tke-hybrid:"[:limit])
    if limit >= 400:
        assert ": dangerous. " in body or ": changes. " in body or "nothing changes" in body


def test_less_room_means_first_no_values_then_no_properties_then_fewer_rows() -> None:
    steps = [
        resource(
            "tencentcloud:Tag/instance:Instance",
            f"vpc-{number:03}",
            "update",
            {"name": "a", "x": {"y": 1}},
            {"name": "b", "zone": "z" * 60, "x": {"y": 2}},
        )
        for number in range(150)
    ]
    sizes = [commented(preview(*steps), limit=limit).body for limit in (65_536, 14_000, 6_000, 900)]
    assert ["`none → " + "z" * 60 + "`" in body for body in sizes] == [True, False, False, False]
    assert ["`x.y`" in body for body in sizes] == [True, True, False, False]
    assert ["`vpc-020`" in body for body in sizes] == [True, True, True, False]
    assert all("150 changes (0 add, 150 update, 0 replace, 0 delete)" in body for body in sizes)


def test_more_kinds_of_dangers_than_lines_still_are_all_on_the_first_screen() -> None:
    settings = {"claimExpiredSeconds": 300, "deletionProtection": True}
    steps = [
        resource(
            resource_types.CLUSTER,
            f"cluster-{number}",
            "update",
            {"eniSubnetIds": [f"subnet-{number:08}"], **settings},
            {"claimExpiredSeconds": 1},
        )
        for number in range(25)
    ]
    content = preview(*steps)
    first = "\n".join(commented(content).body.splitlines()[:FIRST_SCREEN])
    for item in judged(content).findings:
        assert f"`{item.finding.path}`" in first, item.finding.path
    assert first.count("[pod-network-off]") == 1


def test_a_digest_has_the_version_of_its_schema() -> None:
    data = json.loads(json.dumps(commented(recorded("zones-zone-added.json")).digest))
    assert data["format"] == 1
    assert set(data) == {
        "format", "verdict", "exitCode", "fingerprint", "headline", "commit", "counts", "findings",
        "findingsInAll", "voidAcceptances", "stacks", "notKnown",
    }  # fmt: skip
    assert [zone["zone"] for zone in data["stacks"][0]["zones"]] == [
        "ap-guangzhou-4",
        "ap-guangzhou-6",
        "ap-guangzhou-7",
    ]
