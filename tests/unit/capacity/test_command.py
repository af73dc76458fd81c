"""`tke-hybrid capacity`: its sources, the numbers of each zone, the exit codes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from tests.unit.capacity.stacks import (
    FOUR,
    SIX,
    UNKNOWN,
    Json,
    cluster,
    preview,
    provider,
    stack,
    subnet,
    workload,
)


def run(tmp_path: Path, *arguments: str, expect: int = 0, **files: Json) -> dict[str, Any]:
    """The JSON of one run; each file is given as the option of its name."""
    options: list[str] = []
    for name, content in files.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(content))
        options += [f"--{name}", str(path)]
    result = CliRunner().invoke(app, ["capacity", *options, "--json", "-", *arguments])
    assert result.exit_code == expect, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def flat(text: str) -> str:
    """Without the terminal's line breaks."""
    return " ".join(text.split())


def zones(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {zone["zone"]: zone for zone in found["zones"]}


def test_a_stack_has_size_nodes_and_pods_of_each_zone(tmp_path: Path) -> None:
    found = zones(run(tmp_path, state=stack(cluster(), subnet(FOUR, "10.0.64.0/28", 9), workload("web", 3))))
    four, six = found[FOUR], found[SIX]
    assert (four["size"], four["used"], four["counted"], four["free"]) == (13, 4, True, 9)
    # Four pods, one of them for a rollout, evenly: two in each zone. Zone 6 was not looked at: two pods and
    # one ENI.
    assert (six["size"], six["used"], six["counted"], six["free"]) == (253, 3, False, 250)
    assert (four["pods"], six["pods"]) == (2, 2)
    # Two nodes take two addresses for their ENIs; the node in zone 6 is a small one, of which there may be
    # three.
    assert (four["podsFit"], six["podsFit"], six["podsFitOnMostNodes"]) == (11, 5, 15)
    assert (four["nodes"], four["nodesFit"], six["mostNodes"], six["nodesFit"]) == (2, 1, 3, 42)
    assert found[FOUR]["subnets"] == ["10.0.64.0/28 (subnet-44444444)"]
    assert found[SIX]["subnets"] == ["10.0.65.0/24 (new)"]


def test_pods_on_the_overlay_and_on_another_cluster_take_no_address(tmp_path: Path) -> None:
    resources = [cluster(), cluster("other"), provider("demo"), provider("other")]
    pods = [
        workload("gr", 40, eni=False),
        workload("far", 40, provider="other-kubernetes"),
        workload("web", 1),
    ]
    found = zones(run(tmp_path, "--cluster", "demo", state=stack(*resources, *pods)))
    assert sum(zone["pods"] for zone in found.values()) == 2


@pytest.mark.parametrize(
    ("strategy", "pods"),
    [
        ({"rollingUpdate": {"maxSurge": "30%"}}, 10),
        ({"rollingUpdate": {"maxSurge": "0%"}}, 7),
        ({"rollingUpdate": {"maxUnavailable": 0}}, 9),
        ({"type": "RollingUpdate"}, 9),
        ({}, 9),
        ({"type": "Recreate"}, 7),
    ],
)
def test_surge_pods_of_a_rollout_are_counted_as_kubernetes_counts(
    tmp_path: Path, strategy: Json, pods: int
) -> None:
    web = workload("web", 7)
    web["inputs"]["spec"]["strategy"] = strategy
    assert sum(zone["pods"] for zone in zones(run(tmp_path, state=stack(cluster(), web))).values()) == pods


def test_a_stateful_set_adds_no_pod_and_a_missing_replica_count_is_1(tmp_path: Path) -> None:
    kept, bare = workload("kept", 4), workload("bare", 1)
    kept["type"] = "kubernetes:apps/v1:StatefulSet"
    del kept["inputs"]["spec"]["strategy"], bare["inputs"]["spec"]["replicas"]
    assert (
        sum(zone["pods"] for zone in zones(run(tmp_path, state=stack(cluster(), kept, bare))).values()) == 6
    )


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ({"replicas": UNKNOWN}, "the replicas of web are not known yet"),
        ({"strategy": {"rollingUpdate": {"maxSurge": UNKNOWN}}}, "the maxSurge of web is not known yet"),
        ({"strategy": {"type": UNKNOWN}}, "the maxSurge of web is not known yet"),
        ({"strategy": UNKNOWN}, "the maxSurge of web is not known yet"),
        ({"template": UNKNOWN}, "whether web has ENI pods is not known yet"),
    ],
)
def test_pods_that_are_known_only_later_are_not_counted_as_none(
    tmp_path: Path, spec: Json, line: str
) -> None:
    web = workload("web", 3)
    web["inputs"]["spec"].update(spec)
    assert run(tmp_path, preview=preview([], [cluster(), web]), expect=3)["unsaid"] == [line]


def test_a_preview_has_the_free_addresses_after_the_change(tmp_path: Path) -> None:
    there = [cluster(), subnet(FOUR, "10.0.64.0/28", 9), workload("web", 3)]
    grown = [cluster(), subnet(FOUR, "10.0.64.0/28", 9), workload("web", 9)]
    four = zones(run(tmp_path, preview=preview(there, grown)))[FOUR]
    assert (four["used"], four["free"], four["change"]) == (7, 6, 3)
    # Eleven pods fit in zone 4, and fifteen in zone 6 on the three nodes that its pool may have; ten have no
    # place.
    four = zones(run(tmp_path, preview=preview(there, [*grown, workload("more", 25)]), expect=2))[FOUR]
    assert four["result"] == "FULL"
    assert four["words"] == "5 addresses are missing"


def test_a_first_preview_knows_no_state(tmp_path: Path) -> None:
    four = zones(
        run(
            tmp_path, preview=preview([], [cluster(), subnet(FOUR, "10.0.64.0/28", None), workload("web", 3)])
        )
    )[FOUR]
    assert (four["used"], four["counted"], four["change"]) == (4, False, -9)


def test_a_preview_without_unchanged_resources_is_not_taken_for_the_whole_stack(tmp_path: Path) -> None:
    whole = [cluster(), subnet(FOUR, "10.0.64.0/28", 9), workload("web", 3)]
    short = preview(whole, [*whole, workload("more", 1)])
    short["changeSummary"] = {"create": 1, "same": 3}
    assert run(tmp_path, preview=short)["unsaid"] == []
    short["steps"] = [
        step for step in short["steps"] if "HybridCluster" in step["urn"] or step["op"] == "create"
    ]
    assert run(tmp_path, preview=short, expect=3)["unsaid"] == [
        "2 resources that do not change are not in the preview; make it with: pulumi preview --json"
        " --show-sames"
    ]
    short["steps"] = [step for step in short["steps"] if step["op"] == "create"]
    path = tmp_path / "short.json"
    path.write_text(json.dumps(short))
    result = CliRunner().invoke(app, ["capacity", "--preview", str(path)])
    assert result.exit_code == 64
    assert "the clusters are: none; 3 resources that do not change are not in the preview" in flat(
        result.output
    )


def test_a_zone_without_subnet_is_full_and_a_range_that_is_not_known_is_not_guessed(tmp_path: Path) -> None:
    bare = cluster(eniSubnets=[{"zone": FOUR, "cidrBlock": "10.0.64.0/28"}])
    assert (
        zones(run(tmp_path, state=stack(bare), expect=2))[SIX]["words"]
        == "no container subnet: no ENI pod can run here"
    )
    late = cluster(
        eniSubnets=[{"zone": FOUR, "cidrBlock": UNKNOWN}, {"zone": UNKNOWN, "cidrBlock": "10.0.65.0/24"}],
        nodePools={},
    )
    found = run(tmp_path, state=stack(late), expect=3)
    assert found["unsaid"] == [
        "a container subnet in ap-guangzhou-4 has no known range",
        "a container subnet in a zone that is not known yet has no known range",
    ]


def test_an_instance_type_outside_the_table_is_named(tmp_path: Path) -> None:
    strange = cluster(nodePools={"a": {"zone": FOUR, "size": 1, "instanceType": "BIG"}})
    assert run(tmp_path, state=stack(strange), expect=3)["unsaid"] == [
        "BIG in ap-guangzhou-4 is not in the table of ENI limits"
    ]


def test_an_instance_type_that_is_not_known_yet_is_named_without_the_engines_marker(tmp_path: Path) -> None:
    late = cluster(nodePools={"a": {"zone": FOUR, "size": 1, "instanceType": UNKNOWN}})
    found = run(tmp_path, preview=preview([], [late, workload("web", 3)]), expect=3)
    assert found["unsaid"] == ["a node in ap-guangzhou-4 has a type that is not known yet"]
    assert zones(found)[FOUR]["result"] == "COULD_NOT_TELL"


@pytest.mark.parametrize("field", ["zone", "size", "maxSize", "globalRouteOnly"])
def test_a_pool_with_a_value_that_is_not_known_yet_is_named(tmp_path: Path, field: str) -> None:
    late = cluster(nodePools={"a": {"zone": FOUR, "size": 1, "instanceType": "S5.MEDIUM4", field: UNKNOWN}})
    found = run(tmp_path, preview=preview([], [late, workload("web", 3)]), expect=3)
    assert found["unsaid"] == [f"{field} of node pool a is not known yet"]


def test_growth_gives_the_period_in_which_a_zone_is_full(tmp_path: Path) -> None:
    found = run(tmp_path, "--growth", "4/month", state=stack(cluster(), workload("web", 3)))
    # Two more pods a month in each zone: room for nine in zone 4, for three on the small node in zone 6.
    assert {name: zone["periodsUntilFull"] for name, zone in zones(found).items()} == {FOUR: 4, SIX: 1}
    assert zones(found)[FOUR]["words"] == "full in 4 months"


def test_a_reserve_makes_a_tight_zone_count(tmp_path: Path) -> None:
    resources = stack(cluster(), subnet(FOUR, "10.0.64.0/28", 2), workload("web", 3))
    assert run(tmp_path, "--reserve", "10", state=resources)["result"] == "FINE"
    assert (
        zones(run(tmp_path, "--reserve", "20", state=resources, expect=2))[FOUR]["words"]
        == "less than 20 % free"
    )


def test_facts_of_a_stack_are_enough(tmp_path: Path) -> None:
    told = {
        "clusterId": "cls-12345678",
        "staticIp": True,
        "zones": {
            FOUR: [{"subnetId": "subnet-44444444", "cidrBlock": "10.0.64.0/28"}],
            SIX: [{"subnetId": "subnet-6", "cidrBlock": None}],
        },
        "nodePools": [{"zone": FOUR, "size": 2, "instanceType": "S5.MEDIUM4"}],
    }
    found = run(tmp_path, facts=told, expect=3)
    assert zones(found)[FOUR]["podsFit"] == 11
    assert found["unsaid"] == ["subnet-6 in ap-guangzhou-6 has no cidr_block"]


def test_a_pool_of_facts_in_a_zone_without_subnet_has_no_address(tmp_path: Path) -> None:
    pools = [
        {"zone": FOUR, "size": 1, "instanceType": "S5.MEDIUM4"},
        {"zone": SIX, "size": 1, "globalRouteOnly": True},
    ]
    told = {"clusterId": "cls-12345678", "staticIp": True, "zones": {}, "nodePools": pools}
    found = zones(run(tmp_path, facts=told, expect=2))
    assert {name: zone["words"] for name, zone in found.items()} == {
        FOUR: "no container subnet: no ENI pod can run here"
    }


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("garbage", "'garbage' is not an IPv4 range"),
        ("10.0.64.1/28", "10.0.64.1/28 has host bits set"),
        ("", "'' is not an IPv4 range"),
        (5, "'5' is not an IPv4 range"),
    ],
)
def test_a_wrong_range_in_the_facts_is_named(tmp_path: Path, block: object, problem: str) -> None:
    path = tmp_path / "facts.json"
    entry = {"subnetId": "subnet-44444444", "cidrBlock": block}
    path.write_text(json.dumps({"clusterId": "cls-12345678", "staticIp": True, "zones": {FOUR: [entry]}}))
    result = CliRunner().invoke(app, ["capacity", "--facts", str(path)])
    assert result.exit_code == 64
    assert f"--facts: cluster_facts.zones['{FOUR}'][0].cidrBlock: {problem}" in flat(result.output)


def test_without_static_ips_nodes_keep_warm_addresses(tmp_path: Path) -> None:
    assert zones(run(tmp_path, state=stack(cluster(staticIp=False))))[FOUR]["podsFit"] == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "one of --preview, --state, --facts, --cluster-id is needed"),
        (["--preview", "a", "--state", "b"], "given are --preview and --state"),
        (["--preview", "/nowhere.json"], "--preview /nowhere.json cannot be read: No such file"),
        (["--cluster-id", "prod"], "--cluster-id: 'prod' is not a cluster id"),
        (
            ["--cluster-id", "cls-12345678", "--region", "ap-guangzhou", "--cloud-only", "--kubeconfig", "k"],
            "leave out --kubeconfig",
        ),
        (
            ["--cluster-id", "cls-12345678", "--region", "ap-guangzhou", "--cloud-only", "--context", "c"],
            "leave out --context",
        ),
        (
            ["--cluster-id", "cls-12345678", "--cluster", "demo"],
            "--cluster-id is about one cluster; leave out --cluster",
        ),
        (["--facts", "-", "--cluster", "demo"], "--facts is about one cluster; leave out --cluster"),
        (
            ["--facts", "-", "--region", "mars", "--kubeconfig", "k", "--context", "c"],
            "leave out --region, --kubeconfig, --context",
        ),
        (
            ["--state", "-", "--cloud-only"],
            "--state is read without a live cluster; leave out --cloud-only",
        ),
        (
            ["propose", "--vpc", "10.0.0.0/16", "--zone", f"{FOUR}:1xS5.SMALL2:1"],
            "after its name; leave out --reserve",
        ),
        (["--state", "-", "--growth", "much"], "--growth 'much' is no growth"),
        (["--state", "-", "--growth", "3/year"], "--growth '3/year' is no growth"),
        (["--state", "-", "--growth", "\uff15/week"], "--growth '\uff15/week' is no growth"),
        (["nosuch"], "No such command 'nosuch'"),
        (["--state", "-", "extra"], "No such command 'extra'"),
        (["--state", "-"], "--state is no stack"),
        (["--preview", "-"], "--preview is no preview"),
        (["--facts", "-"], "--facts: not the facts of a cluster"),
    ],
)
def test_wrong_use_is_one_line_and_64(arguments: list[str], line: str) -> None:
    result = CliRunner().invoke(app, ["capacity", "--reserve", "0", *arguments], input="{}")
    assert result.exit_code == 64
    assert line in flat(result.output)
    assert "Traceback" not in result.output


def test_several_clusters_must_be_chosen_from(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    path.write_text(json.dumps(stack(cluster(), cluster("other"))))
    for arguments, line in (
        (["--cluster", "none"], "there is no cluster 'none'"),
        ([], "--cluster is needed; the clusters are: demo, other"),
    ):
        result = CliRunner().invoke(app, ["capacity", "--state", str(path), *arguments])
        assert result.exit_code == 64
        assert line in flat(result.output)


def test_the_table_has_a_bar_for_each_zone(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    path.write_text(json.dumps(stack(cluster(), subnet(FOUR, "10.0.64.0/28", 4), workload("web", 3))))
    output = CliRunner().invoke(app, ["capacity", "--state", str(path)], env={"COLUMNS": "200"}).output
    assert "#############......." in output
    assert "9/13" in output
    assert "~3/253" in output


def test_the_table_shows_no_control_sequence_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    subnets = [
        {"subnetId": f"subnet-{sign}", "cidrBlock": block}
        for sign, block in (("\x1b[31m", "10.0.64.0/28"), ("\n", "10.0.65.0/28"))
    ]
    path.write_text(
        json.dumps({"clusterId": "[red]cls-1", "staticIp": True, "zones": {f"{FOUR}\x1b[31m": subnets}})
    )
    output = CliRunner().invoke(app, ["capacity", "--facts", str(path)], env={"COLUMNS": "200"}).output
    assert "\x1b" not in output
    for text in (
        "[red]cls-1: container subnets",
        f"{FOUR}?[31m",
        "10.0.64.0/28 (subnet-?[31m)",
        "10.0.65.0/28 (subnet-?)",
    ):
        assert text in output


def test_a_proposal_has_its_reasons_and_is_written_as_json() -> None:
    asked = [
        "capacity",
        "propose",
        "--vpc",
        "10.0.0.0/16",
        "--taken",
        "10.0.0.0/20",
        "--zone",
        f"{FOUR}:3xS5.LARGE8:60",
    ]
    told = CliRunner().invoke(app, asked, env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert "60 pods and 9 ENIs of 3 nodes need 69 addresses" in told.output
    (made,) = json.loads(CliRunner().invoke(app, [*asked, "--growth", "0", "--json", "-"]).stdout)["subnets"]
    assert (made["cidrBlock"], made["needed"], made["addresses"]) == ("10.0.16.0/25", 69, 125)


def test_two_subnets_of_one_zone_have_two_names() -> None:
    asked = [
        "--zone",
        f"{FOUR}:1xS5.SMALL2:1",
        "--zone",
        f"{SIX}:1xS5.SMALL2:1",
        "--zone",
        f"{FOUR}:1xS5.SMALL2:1",
    ]
    output = CliRunner().invoke(app, ["capacity", "propose", "--vpc", "10.0.0.0/16", *asked]).output
    assert re.findall(r'EniZoneSubnet\("(.*?)"', output) == [f"pods-{FOUR}", f"pods-{SIX}", f"pods-{FOUR}-2"]


def test_all_faults_of_a_request_are_named_at_once() -> None:
    asked = [
        "--vpc",
        "10.0.0.0/33",
        "--taken",
        "x",
        "--zone",
        "four",
        "--zone",
        f"{FOUR}:1xBIG:1",
        "--zone",
        f"{FOUR}:1xS5.SMALL2:6",
    ]
    asked += ["--zone", f"{FOUR}:\uff11xS5.SMALL2:1"]
    result = CliRunner().invoke(
        app,
        [
            "capacity",
            "propose",
            *asked,
            "--zone",
            "ap-shanghai-2:1xS5.SMALL2:1",
            "--zone",
            f"{FOUR}:1xS5.SMALL2:1",
        ],
    )
    assert result.exit_code == 64
    text = flat(result.output)
    for part in (
        "--vpc: '10.0.0.0/33'",
        "--taken x:",
        "write it as ZONE:NODESxTYPE:PODS",
        "BIG is not in the table",
        "use 2 nodes",
        ":\uff11xS5.SMALL2:1: write it as",
    ):
        assert part in text


def test_a_vpc_without_room_is_refused_with_its_largest_free_piece() -> None:
    result = CliRunner().invoke(
        app, ["capacity", "propose", "--vpc", "10.0.0.0/26", "--zone", f"{FOUR}:3xS5.LARGE8:60"]
    )
    assert result.exit_code == 64
    assert "has no free /24 for ap-guangzhou-4 (the largest free piece is a /26)" in flat(result.output)
