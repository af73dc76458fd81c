"""Each difference between the sources: the id, the severity and the subject of its finding."""

from dataclasses import replace
from typing import Any

import pytest

from pulumi_tke_hybrid.cli.process import ExitCode
from pulumi_tke_hybrid.cli.result import Result
from pulumi_tke_hybrid.drift.compare import compare
from pulumi_tke_hybrid.drift.report import result
from pulumi_tke_hybrid.drift.snapshot import Snapshot, Unavailable
from tests.unit.drift.snapshots import (
    FOUR,
    HEALTHY,
    NETWORK,
    NODES,
    POD4,
    POD6,
    POD7,
    SEVEN,
    SIX,
    TWO_NODES,
    cloud,
    config_map,
    ipamd,
    node,
    pod,
    program,
)

NOTE, WARNING, DANGER, UNKNOWN = "note", "warning", "danger", "unknown"


def found(snapshot: Snapshot) -> list[tuple[str, str, str]]:
    return [(finding.rule.id, Result().level(finding), finding.path) for finding in compare(snapshot)]


def changed(**changes: Any) -> Snapshot:
    return replace(HEALTHY, **changes)


def test_equal_sources_in_any_order_have_no_finding() -> None:
    assert found(HEALTHY) == []
    assert found(changed(program=None)) == []
    assert result(HEALTHY, compare(HEALTHY)).exit_code == ExitCode.FINE


CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "added elsewhere on every side": (
        {
            "cloud": cloud(POD4, POD6, POD7),
            "ipamd": ipamd(POD4, POD6, POD7),
            "config_map": config_map(POD4, POD6, POD7),
        },
        [("subnet-not-in-program", WARNING, POD7)],
    ),
    "in the program only": (
        {"program": program(POD4, POD6, POD7)},
        [("subnet-only-in-program", WARNING, POD7)],
    ),
    "ConfigMap edited by hand, no restart": (
        {"config_map": config_map(POD4, POD6, POD7)},
        [("subnet-one-side", DANGER, POD7), ("subnet-not-in-program", WARNING, POD7)],
    ),
    "taken out of the ConfigMap by hand": (
        {"config_map": config_map(POD4)},
        [("subnet-not-everywhere", WARNING, POD6)],
    ),
    "registered by the ConfigMap, as in the program": (
        {"cloud": cloud(POD4)},
        [("subnet-by-configmap", NOTE, POD6)],
    ),
    "registered by the ConfigMap, without a program": (
        {"cloud": cloud(POD4), "program": None},
        [("subnet-by-configmap", WARNING, POD6)],
    ),
    "ipamd lags behind": (
        {"ipamd": ipamd(POD4), "nodes": (node(0, "100004"),)},
        [("subnet-not-everywhere", WARNING, POD6)],
    ),
    "ipamd alone works with it": (
        {"ipamd": ipamd(POD4, POD6, POD7), "program": None},
        [("subnet-one-side", DANGER, POD7)],
    ),
    "the cloud alone lists it": (
        {"cloud": cloud(POD4, POD6, POD7), "program": None},
        [("subnet-one-side", DANGER, POD7)],
    ),
    "ipamd has no list yet": (
        {"ipamd": ipamd(phase="initializing"), "config_map": config_map(POD4)},
        [("ipamd-busy", WARNING, HEALTHY.cluster_id), ("subnet-not-everywhere", WARNING, POD6)],
    ),
    "a registered subnet was deleted": (
        {
            "network": tuple(subnet for subnet in NETWORK if subnet.subnet_id != POD6),
            "nodes": (node(0, "100004"),),
            "pods": (),
        },
        [("subnet-gone", DANGER, POD6)],
    ),
    "VPC-CNI is off: one finding": (
        {
            "ipamd": ipamd(enabled=False, phase=""),
            "cloud": cloud(),
            "config_map": config_map(present=False, has_deployment=False),
        },
        [("vpc-cni-off", DANGER, HEALTHY.cluster_id)],
    ),
    "the phantom hybrid": (
        {"ipamd": ipamd(enabled=False, phase="")},
        [("vpc-cni-off", DANGER, HEALTHY.cluster_id)],
    ),
    "ipamd failed": (
        {"ipamd": ipamd(POD4, POD6, phase="Failed", reason="no role")},
        [("ipamd-failed", DANGER, HEALTHY.cluster_id)],
    ),
    "another VPC in the ConfigMap": (
        {"config_map": config_map(POD4, POD6, vpc_id="vpc-elsewhe")},
        [("configmap-vpc", DANGER, "kube-system/tke-eni-ipamd")],
    ),
    "zones not aligned": (
        {"config_map": config_map(POD4, POD6, zones=(SIX, FOUR))},
        [("configmap-zones", WARNING, "kube-system/tke-eni-ipamd")],
    ),
    "zones left out, as newer ipamd may": ({"config_map": config_map(POD4, POD6, zones=())}, []),
    "ConfigMap deleted": (
        {"config_map": config_map(present=False)},
        [("configmap-missing", DANGER, "kube-system/tke-eni-ipamd")],
    ),
    "ipamd hosted elsewhere": (
        {"config_map": config_map(present=False, has_deployment=False)},
        [("configmap-missing", NOTE, "kube-system/tke-eni-ipamd")],
    ),
    "a zone with nodes and no subnet": (
        {"nodes": (node(0, "100004"), node(1, "100006"), node(2, "100007"), node(2, "100007", name="other"))},
        [("node-zone-uncovered", DANGER, SEVEN)],
    ),
    "a super node needs no subnet": (
        {"nodes": (node(0, "100004"), node(1, "100006"), node(2, "100007", virtual=True))},
        [],
    ),
    "a node of no known zone": (
        {"nodes": (node(0, "100004"), node(1, "100006"), node(9, ""))},
        [("node-zone-unknown", UNKNOWN, "nodes")],
    ),
    "an ENI pod on the overlay": (
        {"pods": (pod("192.168.0.9"),)},
        [("eni-pod-on-overlay", DANGER, "default/web")],
    ),
    "an ENI pod with host network": (
        {"pods": (pod("10.0.0.20", on_host=True),)},
        [("eni-pod-on-host", DANGER, "default/web")],
    ),
    "an ENI pod in a subnet that is not registered": (
        {"pods": (pod("10.0.72.7"),)},
        [("eni-pod-outside", WARNING, "default/web")],
    ),
    "an ENI pod that waits": ({"pods": (pod(""),)}, [("eni-pod-waiting", NOTE, "default/web")]),
    "reclaim changed elsewhere": (
        {"ipamd": ipamd(POD4, POD6, reclaim_seconds=None)},
        [("reclaim", WARNING, HEALTHY.cluster_id)],
    ),
    "not static": (
        {"ipamd": ipamd(POD4, POD6, static_ip=False)},
        [("static-ip", WARNING, HEALTHY.cluster_id)],
    ),
    "static mode missing in the response": (
        {"ipamd": ipamd(POD4, POD6, static_ip=None)},
        [("static-ip-unknown", NOTE, HEALTHY.cluster_id)],
    ),
    "another CNI type": (
        {"ipamd": ipamd(POD4, POD6, cni_type="tke-direct-eni")},
        [("cni-type", WARNING, HEALTHY.cluster_id)],
    ),
    "another VPC in the program": (
        {"program": replace(program(POD4, POD6), vpc_id="vpc-elsewhe")},
        [("program-vpc", WARNING, HEALTHY.cluster_id)],
    ),
    "a range that the program has wrongly": (
        {
            "network": tuple(
                replace(subnet, block="10.0.80.0/22") if subnet.subnet_id == POD6 else subnet
                for subnet in NETWORK
            ),
            "pods": (),
        },
        [("subnet-described-wrongly", WARNING, POD6)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_difference_has_its_finding(name: str) -> None:
    changes, expected = CASES[name]
    assert found(changed(**changes)) == expected


@pytest.mark.parametrize("name", CASES)
def test_each_sentence_has_its_four_parts(name: str) -> None:
    for finding in compare(changed(**CASES[name][0])):
        parts = (finding.value, finding.what, finding.why, finding.todo)
        assert all(parts)
        assert finding.message == "{} {}; {}; {}".format(*parts)


def test_the_message_names_pods_addresses_and_the_missing_resource() -> None:
    (finding,) = compare(
        changed(
            pods=tuple(
                pod(f"192.168.0.{last}", name=f"web-{last}", requests_address=False) for last in range(2, 8)
            )
        )
    )
    pods = "6 pods (web-2 192.168.0.2, web-3 192.168.0.3, web-4 192.168.0.4 and 3 more)"
    assert finding.what == f"have addresses of the overlay: {pods}"
    assert "does not request tke.cloud.tencent.com/eni-ip" in finding.why


def test_the_nodes_subnet_decides_its_zone_before_the_labels_number() -> None:
    assert found(changed(nodes=(node(0, "999907"), node(1, "100006")))) == []
    elsewhere = node(9, "100007", address="172.31.0.1")
    assert ("node-zone-uncovered", DANGER, SEVEN) in found(changed(nodes=(*TWO_NODES, elsewhere)))
    assert found(changed(nodes=(node(9, "100007", zone_name=SIX), node(0, "100004")))) == []


def test_an_unavailable_source_is_a_finding() -> None:
    nothing = Unavailable("no kubeconfig was given")
    snapshot = changed(config_map=nothing, nodes=nothing, pods=nothing, instances=nothing)
    assert found(snapshot) == [("side-not-read", UNKNOWN, "the ConfigMap, the nodes, the pods")]
    assert result(snapshot, compare(snapshot)).exit_code == ExitCode.COULD_NOT_TELL


def test_a_source_that_was_left_out_is_in_the_headline_only() -> None:
    skipped = Unavailable("--cloud-only", wanted=False)
    outcome = result(
        snapshot := changed(config_map=skipped, nodes=skipped, pods=skipped, instances=skipped),
        compare(snapshot),
    )
    assert outcome.exit_code == ExitCode.FINE
    assert outcome.headline == "cls-a1b2c3d4: no drift (left out: the ConfigMap, the nodes, the pods)"


def test_a_danger_outweighs_an_unknown_and_an_unknown_a_difference() -> None:
    snapshot = changed(config_map=Unavailable("refused"), program=program(POD4))
    assert [item[0] for item in found(snapshot)] == ["side-not-read", "subnet-not-in-program"]
    assert result(snapshot, compare(snapshot)).exit_code == ExitCode.COULD_NOT_TELL
    worse = replace(snapshot, pods=(pod("192.168.0.9"),))
    assert result(worse, compare(worse)).exit_code == ExitCode.NOT_FINE


def test_the_kubeconfig_of_another_cluster_is_not_compared() -> None:
    snapshot = changed(
        instances=frozenset({"10.0.5.5"}), config_map=config_map(POD7), pods=(pod("192.168.0.9"),)
    )
    findings = compare(snapshot)
    assert {finding.rule.id for finding in findings} == {"side-not-read"}
    assert (
        "the kubeconfig is that of another cluster: none of its 2 nodes is a CVM instance of cls-a1b2c3d4"
        in findings[0].why
    )


def test_an_accepted_finding_does_not_count() -> None:
    snapshot = changed(nodes=(*TWO_NODES, node(2, "100007")), pods=(pod("192.168.0.9"),))
    findings = compare(snapshot)
    accepted = result(snapshot, findings, [f"node-zone-uncovered:{SEVEN}", "eni-pod-on-overlay"])
    assert accepted.exit_code == ExitCode.FINE
    assert accepted.headline == "cls-a1b2c3d4: no drift (2 accepted)"
    other = result(snapshot, findings, [f"node-zone-uncovered:{FOUR}", "eni-pod-on-overlay"])
    assert other.exit_code == ExitCode.NOT_FINE


def test_the_nodes_subnet_is_no_container_subnet() -> None:
    assert found(changed(pods=(pod("10.0.0.77"),))) == [("eni-pod-outside", WARNING, "default/web")]
    assert NODES in compare(changed(pods=(pod("10.0.0.77"),)))[0].what
