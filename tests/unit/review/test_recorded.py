"""Previews of real runs, and the comment that a reviewer approved for each."""

import json

import pytest

from pulumi_tke_hybrid.review.markdown_report import FIRST_SCREEN
from pulumi_tke_hybrid.review.review import LABEL, ReviewVerdict
from tests.unit.review.recordings import NAMES, commented, golden, judged, recorded

FOUND = {
    "raw-cluster-replaced": {
        "cluster-rebuilt",
        "phantom-hybrid",
        "node-pool-rebuilt",
        "statefulset-replaced",
        "balancer-replaced",
    },
    "raw-list-shrinks": {"pod-subnet-leaves", "zone-uncovered"},
    "raw-list-empty": {"pod-network-off"},
    "raw-vpc-range": {"range-changed", "cluster-rebuilt"},
    "raw-node-subnet-range": {"range-changed", "node-pool-rebuilt"},
    "raw-phantom": {"phantom-hybrid"},
    "raw-reclaim": {"refused-update"},
    "raw-uncovered-zone": {"zone-uncovered"},
    "raw-pool-replaced": {"node-pool-rebuilt"},
    "raw-pool-gone": {"node-pool-rebuilt"},
    "raw-direct-access-off": {"direct-access-off"},
    "raw-service-type": {"direct-access-off"},
    "raw-service-renamed": {"balancer-replaced"},
    "raw-service-renamed-in-the-program": {"balancer-replaced"},
    "raw-statefulset-replaced": {"statefulset-replaced"},
    "raw-deployment-replaced": {"deployment-replaced"},
    "raw-pods-leave-eni": {"pods-leave-eni"},
    "raw-kept-address-off": {"kept-address-off"},
    "raw-replicas": {"addresses-short"},
    "raw-ipamd-restart": {"ipamd-restart"},
    "raw-masquerade": {"gr-source-address"},
    "raw-new-zone": {"gr-source-address"},
    "raw-group-narrowed": {"security-group-narrowed"},
    "raw-protection-off": {"protection-off"},
    "raw-nothing": set[str](),
    "raw-image": set[str](),
    "raw-tag": set[str](),
    "raw-more-nodes": set[str](),
    "exposure-another-subnet": {"balancer-replaced"},
    "exposure-to-none": {"direct-access-off"},
    "configmap-zone-added": {"ipamd-restart"},
    "zones-subnet-leaves": {"pod-subnet-leaves"},
    "zones-no-workload": {"balancer-replaced"},
}
"""The rules that must find something in a recording; other rules may find more."""


def test_there_are_enough_recordings_and_each_has_its_comment() -> None:
    assert len(NAMES) >= 30
    assert all(golden(name).exists() for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_comment_is_the_reviewed_golden_comment(name: str) -> None:
    assert commented(recorded(name)).body == golden(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_first_screen_has_the_verdict_the_sentences_and_every_danger_with_its_code(name: str) -> None:
    done = judged(recorded(name))
    if done.verdict is ReviewVerdict.CLEAN:
        return
    first = commented(recorded(name)).body.splitlines()[:FIRST_SCREEN]
    assert f": {done.verdict.value}. " in first[1]
    assert first[2].startswith(("- **If merged:** ", "- **No effect on the network found"))
    lines = [line for line in first if line.startswith("- ⛔")]
    dangers = [item for item in done.causes if item.blocks]
    assert len(lines) == len(dangers)
    for item, line in zip(dangers, lines, strict=True):
        assert f"`{item.code}`" in line
        assert f"label `{LABEL}:{item.code}` or `--accept {item.code}`" in "\n".join(first)
    for found in done.findings:
        assert f"[{found.finding.rule.id}]" in "\n".join(first)
        assert f"`{found.finding.path}`" in "\n".join(first)


@pytest.mark.parametrize("name", FOUND)
def test_the_changes_made_in_the_lab_are_found(name: str) -> None:
    rules = {item.finding.rule.id for item in judged(recorded(f"{name}.json")).findings}
    assert rules >= FOUND[name]
    if not FOUND[name]:
        assert rules == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_digest_is_plain_json_and_free_of_the_planted_secret(name: str) -> None:
    text = json.dumps(commented(recorded(name)).digest)
    assert "planted-Secret" not in text


def test_the_change_set_of_an_event_log_is_that_of_its_preview() -> None:
    """A log has each change twice, before and after the operation."""
    lines = recorded("raw-events.log").splitlines(keepends=True)
    after = [
        line.replace(b"resourcePreEvent", b"resOutputsEvent") for line in lines if b'"op":"update"' in line
    ]
    assert after
    assert (
        commented(b"".join([*lines[:-1], *after, lines[-1]])).digest["fingerprint"]
        == commented(b"".join(lines)).digest["fingerprint"]
    )


def test_the_event_log_has_the_findings_of_the_preview() -> None:
    from_log = {item.finding.path for item in judged(recorded("raw-events.log")).findings}
    assert from_log == {
        "cluster.eniSubnetIds",
        "front.service.cloud.tencent.com/direct-access",
        "pool-ap-guangzhou-6",
    }
