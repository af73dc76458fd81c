"""The snapshot in JSON, Markdown and on a terminal, where text of the cluster is escaped."""

import io
import json
from dataclasses import replace

from rich.console import Console

from pulumi_tke_hybrid.cli.result import Result, as_json, as_markdown, show
from pulumi_tke_hybrid.drift.compare import compare
from pulumi_tke_hybrid.drift.report import MARKER, result
from pulumi_tke_hybrid.drift.snapshot import Snapshot, Unavailable
from tests.unit.drift.snapshots import HEALTHY, POD4, POD6, SEVEN, TWO_NODES, TWO_PODS, config_map, node, pod


def outcome(snapshot: Snapshot) -> Result:
    return result(snapshot, compare(snapshot))


def spoilt() -> Snapshot:
    evil = pod("192.168.0.9", workload="w|`<b>\x1b[31m", name="w\n")
    return replace(
        HEALTHY, config_map=config_map(POD4), pods=(*TWO_PODS, evil), nodes=(*TWO_NODES, node(2, "100007"))
    )


def test_json_holds_every_source_and_every_finding() -> None:
    data = json.loads(as_json(outcome(spoilt())))
    assert (data["format"], data["exitCode"], data["result"]) == (2, 2, "NOT_FINE")
    rows = {row["subnet"]: row for row in data["subnets"]}
    assert rows[POD6] == {
        "subnet": POD6, "zone": "ap-guangzhou-6", "range": "10.0.68.0/22", "free": 1000,
        "cloud": True, "ipamd": True, "configmap": False, "program": True,
    }  # fmt: skip
    assert {"zone": SEVEN, "nodes": 1, "subnets": []} in data["zones"]
    assert {row["pod"]: row["place"] for row in data["pods"]}["default/web-1"] == "registered"
    assert [finding["id"] for finding in data["findings"]] == [
        "eni-pod-on-overlay",
        "node-zone-uncovered",
        "subnet-not-everywhere",
    ]
    assert {"setting": "reclaim", "cloud": "", "ipamd": "300 s", "configmap": "", "program": "300 s"} in data[
        "settings"
    ]


def test_an_unavailable_source_is_null_and_not_false() -> None:
    nothing = Unavailable("no kubeconfig")
    data = json.loads(
        as_json(outcome(replace(HEALTHY, config_map=nothing, nodes=nothing, pods=nothing, instances=nothing)))
    )
    assert {row["configmap"] for row in data["subnets"]} == {None}
    assert data["notRead"][0] == {"side": "the ConfigMap", "reason": "no kubeconfig", "wanted": True}
    assert data["zones"] == [
        {"zone": f"ap-guangzhou-{n}", "nodes": 0, "subnets": [s]} for n, s in ((4, POD4), (6, POD6))
    ]


def test_markdown_escapes_text_of_the_cluster() -> None:
    text = as_markdown(outcome(spoilt()))
    assert text.startswith(MARKER)
    assert "⛔" in text
    assert "w\\|\\`&lt;b&gt;?" in text
    assert "\x1b" not in text
    assert as_markdown(outcome(HEALTHY)).splitlines()[1].startswith("### ✅ cls-a1b2c3d4: no drift")


def test_the_terminal_shows_the_faults_and_the_headline_last() -> None:
    screen = io.StringIO()
    show(outcome(spoilt()), Console(file=screen, width=200, color_system=None))
    text = screen.getvalue()
    assert "\x1b" not in text
    assert "default/w?" in text
    assert "default/web-2" not in text
    assert text.rstrip().splitlines()[-1] == "cls-a1b2c3d4: 2 dangerous differences, 1 difference"
