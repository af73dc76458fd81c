"""The package that `pulumi package add terraform-provider tencentcloudstack/tencentcloud` makes: the same
resources, other tokens."""

import json
import re

import pytest

from pulumi_tke_hybrid.review.review import Review
from pulumi_tke_hybrid.review.view import ZoneRow
from tests.bridged_tokens import bridged
from tests.cases.reported.reviewed import load, messages, reviewed
from tests.unit.review.recordings import NAMES, judged, recorded

_TOKEN = re.compile(r"tencentcloud:[A-Z]\w*/\w+:\w+")


def _bridged(content: bytes) -> bytes:
    """The preview, or log, with the other package's tokens, also in URNs and in lists of dependencies."""
    return _TOKEN.sub(lambda found: bridged(found[0]), content.decode()).encode()


def _found(done: Review) -> list[tuple[str, ...]]:
    found = [item.finding for item in done.findings]
    return sorted(
        (finding.rule.id, finding.severity.value, finding.path, finding.message) for finding in found
    )


def _zones(done: Review) -> list[tuple[str, ...]]:
    rows = [ZoneRow(zone, whole=True) for stack in done.stacks for zone in stack.zones]
    return [(row.zone.name, row.subnets, row.free, row.nodes, row.verdict) for row in rows]


def test_a_rebuilt_cluster() -> None:
    preview = load("bridged-cluster-replaced")
    assert reviewed(preview)[0] == 2
    assert messages(preview, "cluster-rebuilt")[0].startswith(
        "cluster: clusterMaxPodNum 64 → 128 would rebuild the whole cluster"
    )


def test_an_emptied_list() -> None:
    preview = load("bridged-list-empty")
    assert reviewed(preview)[0] == 2
    assert len(messages(preview, "pod-network-off")) == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_preview_has_the_same_dangers(name: str) -> None:
    content = recorded(name)
    other = _bridged(content)
    assert (b"tencentcloud:index/" in other) == (b"tencentcloud:" in content)
    before, after = judged(content), judged(other)
    assert _found(after) == [
        tuple(_bridged(part.encode()).decode() for part in row) for row in _found(before)
    ]
    assert (after.verdict, _zones(after)) == (before.verdict, _zones(before))


def test_the_type_is_shown_as_the_program_writes_the_type() -> None:
    preview = load("bridged-cluster-replaced")
    (stack,) = judged(json.dumps(preview).encode()).stacks
    assert {step.token for step in stack.plan.steps if step.name == "cluster"} == {
        "tencentcloud:index/kubernetesCluster:KubernetesCluster"
    }
