"""The clients that a security group admits: lists of rules are compared as sets, in any order and shape."""

from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.tke.admission import Names, entries
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.unit.plan.rules.builders import update

GROUP = "sg-aaaaaaaa"


def found(kind: str, old: dict[str, Any], new: dict[str, Any], op: Op = Op.UPDATE) -> list[str]:
    step = Step(f"urn:pulumi:dev::demo::{kind}::rules", kind, op, old, new)
    return [
        f"{item.rule.id} {item.severity.value}: {item.head}"
        for item in registry.change_findings(Plan([step]))
    ]


def compared(before: list[str], after: list[str]) -> list[str]:
    """Both lists as `GroupLiteRule` has them."""
    return found(resource_types.LITE_RULES, {"ingresses": before}, {"ingresses": after})


WIDER: dict[str, tuple[list[str], list[str], str]] = {
    "everybody": (
        ["ACCEPT#10.0.0.0/8#80#TCP"],
        ["ACCEPT#10.0.0.0/8#80#TCP", "ACCEPT#0.0.0.0/0#22#TCP"],
        "error: 0.0.0.0/0 TCP 22 admitted",
    ),
    "everybody in two halves": (
        [],
        ["ACCEPT#0.0.0.0/1#80#TCP", "ACCEPT#128.0.0.0/1#80#TCP"],
        "error: 0.0.0.0/0 TCP 80 admitted",
    ),
    "everybody by IPv6": (
        ["ACCEPT#10.0.0.0/8#ALL#ALL"],
        ["ACCEPT#10.0.0.0/8#ALL#ALL", "ACCEPT#::/0#ALL#ALL"],
        "error: ::/0 ALL admitted",
    ),
    "a larger range": (
        ["ACCEPT#10.1.0.0/16#80#TCP"],
        ["ACCEPT#10.0.0.0/15#80#TCP"],
        "warning: 10.0.0.0/16 TCP 80 admitted",
    ),
    "more ports": (
        ["ACCEPT#10.0.0.0/8#80#TCP"],
        ["ACCEPT#10.0.0.0/8#80-443#TCP"],
        "warning: 10.0.0.0/8 TCP 81-443 admitted",
    ),
    "another protocol": (["ACCEPT#10.0.0.0/8#80#TCP"], ["ACCEPT#10.0.0.0/8#ALL#ALL"], "warning: 10.0.0.0/8"),
    "a DROP goes": (
        ["DROP#203.0.113.0/24#ALL#ALL", "ACCEPT#0.0.0.0/0#443#TCP"],
        ["ACCEPT#0.0.0.0/0#443#TCP"],
        "warning: 203.0.113.0/24 TCP 443 admitted",
    ),
    "a DROP comes too late": (
        ["DROP#10.1.0.0/16#ALL#ALL", "ACCEPT#10.0.0.0/8#ALL#ALL"],
        ["ACCEPT#10.0.0.0/8#ALL#ALL", "DROP#10.1.0.0/16#ALL#ALL"],
        "warning: 10.1.0.0/16 ALL admitted",
    ),
    "another group": (
        ["ACCEPT#10.0.0.0/8#ALL#ALL"],
        ["ACCEPT#10.0.0.0/8#ALL#ALL", "ACCEPT#sg-bbbbbbbb#ALL#ALL"],
        "warning: sg-bbbbbbbb ALL",
    ),
    "a rule that is not known": (
        ["ACCEPT#10.0.0.0/8#ALL#ALL"],
        ["ACCEPT#10.0.0.0/8#ALL#ALL", UNKNOWN],
        "known only during the update",
    ),
    "a rule that cannot be read": ([], ["10.0.0.0/8"], "a rule that cannot be read (10.0.0.0/8)"),
}


@pytest.mark.parametrize("name", WIDER)
def test_a_list_that_admits_more(name: str) -> None:
    before, after, said = WIDER[name]
    (finding,) = compared(before, after)
    assert finding.startswith("exposure-widened ")
    assert said in finding


@pytest.mark.parametrize(
    "name", [name for name, (before, _, _) in WIDER.items() if before and "not known" not in name]
)
def test_the_way_back_admits_less(name: str) -> None:
    before, after, _ = WIDER[name]
    (finding,) = compared(after, before)
    assert finding.startswith("security-group-narrowed ")


SAME: dict[str, tuple[list[str], list[str]]] = {
    "the order of rules that do not overlap": (
        ["ACCEPT#10.0.0.0/8#80#TCP", "DROP#0.0.0.0/0#22#TCP"],
        ["DROP#0.0.0.0/0#22#TCP", "ACCEPT#10.0.0.0/8#80#TCP"],
    ),
    "a part of what is admitted already": (
        ["ACCEPT#10.0.0.0/8#ALL#ALL"],
        ["ACCEPT#10.0.0.0/8#ALL#ALL", "ACCEPT#10.1.0.0/16#80#TCP"],
    ),
    "two halves instead of the whole": (
        ["ACCEPT#10.0.0.0/8#80#TCP"],
        ["ACCEPT#10.0.0.0/9#80#TCP", "ACCEPT#10.128.0.0/9#80#TCP"],
    ),
    "ports one by one": (["ACCEPT#10.0.0.0/8#80-82#TCP"], ["ACCEPT#10.0.0.0/8#80,81,82#TCP"]),
    "a DROP of what is never admitted": (
        ["ACCEPT#10.0.0.0/8#80#TCP"],
        ["ACCEPT#10.0.0.0/8#80#TCP", "DROP#192.168.0.0/16#ALL#ALL"],
    ),
    "a group that everybody contains": (
        ["ACCEPT#0.0.0.0/0#ALL#ALL"],
        ["ACCEPT#0.0.0.0/0#ALL#ALL", "ACCEPT#sg-bbbbbbbb#80#TCP"],
    ),
    "spelling": (["ACCEPT#10.0.0.1/8#80#TCP"], ["accept#10.0.0.0/8#80#tcp"]),
}


@pytest.mark.parametrize("name", SAME)
def test_a_list_that_admits_the_same(name: str) -> None:
    before, after = SAME[name]
    assert compared(before, after) == []
    assert compared(after, before) == []


def test_added_and_removed_clients_are_two_findings() -> None:
    assert compared(["ACCEPT#10.0.0.0/16#80#TCP"], ["ACCEPT#10.1.0.0/16#80#TCP"]) == [
        "exposure-widened warning: 10.1.0.0/16 TCP 80 admitted by the security group from now on",
        "security-group-narrowed warning: 10.0.0.0/16 TCP 80 no longer admitted by the security group",
    ]


def test_rules_that_are_not_known_as_a_whole_are_named() -> None:
    (finding,) = found(resource_types.RULE_SET, {"ingresses": []}, {"ingresses": UNKNOWN})
    assert "not compared" in finding


def test_more_than_500_rules_are_not_compared_but_named() -> None:
    (finding,) = compared([], [f"ACCEPT#10.0.{index // 256}.{index % 256}#80#TCP" for index in range(501)])
    assert "are more than 500" in finding


def test_outgoing_traffic_is_no_exposure() -> None:
    rule = {"action": "ACCEPT", "cidrBlock": "0.0.0.0/0"}
    assert found(resource_types.RULE_SET, {"egresses": []}, {"egresses": [rule]}) == []


def rule(**more: Any) -> dict[str, Any]:
    return {
        "securityGroupId": GROUP,
        "type": "ingress",
        "policy": "ACCEPT",
        "cidrIp": "10.0.0.0/8",
        "ipProtocol": "TCP",
        "portRange": "80",
        **more,
    }


SINGLE: list[tuple[str, Op, dict[str, Any], dict[str, Any], str]] = [
    (
        "to everybody",
        Op.REPLACE,
        rule(),
        rule(cidrIp="0.0.0.0/0"),
        "exposure-widened error: 0.0.0.0/0 TCP 80 admitted",
    ),
    (
        "new, on a group that is there",
        Op.CREATE,
        {},
        rule(cidrIp="0.0.0.0/0"),
        "exposure-widened error: 0.0.0.0/0 TCP 80 admitted",
    ),
    (
        "new, with its group, for everybody",
        Op.CREATE,
        {},
        rule(cidrIp="0.0.0.0/0", securityGroupId=UNKNOWN),
        "new-exposure note: ",
    ),
    (
        "goes",
        Op.DELETE,
        rule(),
        {},
        "security-group-narrowed warning: 10.0.0.0/8 TCP 80 no longer admitted by the security group",
    ),
    (
        "a refusal goes",
        Op.DELETE,
        rule(policy="drop"),
        {},
        "exposure-widened warning: 10.0.0.0/8 TCP 80 no longer refused",
    ),
    (
        "a refusal comes",
        Op.CREATE,
        {},
        rule(policy="DROP"),
        "security-group-narrowed warning: 10.0.0.0/8 TCP 80 refused by",
    ),
    (
        "every port",
        Op.REPLACE,
        rule(),
        rule(portRange="ALL"),
        "exposure-widened warning: 10.0.0.0/8 TCP 0-79,81-65535",
    ),
]


@pytest.mark.parametrize(("name", "op", "old", "new", "said"), SINGLE, ids=[name for name, *_ in SINGLE])
def test_a_resource_that_holds_one_rule(
    name: str, op: Op, old: dict[str, Any], new: dict[str, Any], said: str
) -> None:
    (finding,) = found(resource_types.GROUP_RULE, old, new, op)
    assert finding.startswith(said), name


@pytest.mark.parametrize(
    ("op", "old", "new"),
    [
        (Op.CREATE, {}, rule(securityGroupId=UNKNOWN)),
        (Op.CREATE, {}, rule(type="egress", cidrIp="0.0.0.0/0")),
        (Op.REPLACE, rule(), rule(description="other")),
        (Op.IMPORT, {}, rule(cidrIp="0.0.0.0/0")),
        (Op.LEAVE, rule(), {}),
    ],
    ids=["with its group", "what goes out", "a description", "an import", "leaves the stack only"],
)
def test_one_rule_that_changes_nothing_for_clients(op: Op, old: dict[str, Any], new: dict[str, Any]) -> None:
    assert found(resource_types.GROUP_RULE, old, new, op) == []


def test_objects_are_read_like_texts() -> None:
    listed = [
        {"action": "DROP", "cidrBlock": "10.1.0.0/16"},
        {"action": "ACCEPT", "cidrBlock": "10.0.0.0/8", "protocol": "TCP", "port": "80,443"},
        {"action": "ACCEPT", "ipv6Block": "2001:db8::/32", "protocol": "ICMPV6"},
        {"action": "ACCEPT", "sourceSecurityId": "sg-bbbbbbbb", "protocol": "UDP", "port": "ALL"},
    ]
    texts = [
        "DROP#10.1.0.0/16#ALL#ALL",
        "ACCEPT#10.0.0.0/8#80,443#TCP",
        "ACCEPT#2001:db8::/32#ALL#ICMPV6",
        "ACCEPT#sg-bbbbbbbb#ALL#UDP",
    ]
    names = Names()
    assert entries(listed, names) == entries(texts, names)


@pytest.mark.parametrize(
    ("type_", "before", "after", "severity"),
    [
        (resource_types.NODE_POOL, {"desiredCapacity": 3}, {"desiredCapacity": 1}, "warning"),
        (resource_types.NODE_POOL, {"desiredCapacity": 3.0}, {"desiredCapacity": 0}, "error"),
        (
            resource_types.NATIVE_NODE_POOL,
            {"native": {"replicas": 2}},
            {"native": {"replicas": 1}},
            "warning",
        ),
        (
            resource_types.NATIVE_NODE_POOL,
            {"native": [{"replicas": 2}]},
            {"native": [{"replicas": 0}]},
            "error",
        ),
        (resource_types.NODE_POOL, {"desiredCapacity": 1}, {"desiredCapacity": 3}, ""),
        (resource_types.NODE_POOL, {"desiredCapacity": 3}, {"desiredCapacity": UNKNOWN}, ""),
        (resource_types.NODE_POOL, {"minSize": 3}, {"minSize": 1}, ""),
    ],
)
def test_a_pool_that_loses_nodes_is_named(type_: str, before: Any, after: Any, severity: str) -> None:
    findings = list(registry.step_findings(update(type_, before, after)))
    assert [(item.rule.id, item.severity.value) for item in findings] == (
        [("node-pool-rebuilt", severity)] if severity else []
    )
    assert all("the number of nodes falls from " in item.message for item in findings)


def test_another_route_table_of_a_subnet_is_named_as_not_judged() -> None:
    before, after = {"routeTableId": "rtb-11111111"}, {"routeTableId": "rtb-22222222"}
    (finding,) = registry.plan_findings(Plan([update(resource_types.SUBNET, before, after)]))
    assert finding.rule.id == "not-judged"
    assert finding.message.startswith("routeTableId (rtb-11111111 → rtb-22222222) is not judged")


POOL, NATIVE, SUPER = (
    resource_types.NODE_POOL,
    resource_types.NATIVE_NODE_POOL,
    resource_types.SERVERLESS_NODE_POOL,
)


def sizes(size: int | None, least: int, most: int) -> dict[str, Any]:
    return {"minSize": least, "maxSize": most, **({} if size is None else {"desiredCapacity": size})}


def scaled(least: int, most: int) -> dict[str, Any]:
    return {"native": {"scaling": {"minReplicas": least, "maxReplicas": most}}}


def supers(*subnets: str) -> dict[str, Any]:
    return {"serverlessNodes": [{"subnetId": subnet} for subnet in subnets]}


@pytest.mark.parametrize(
    ("kind", "before", "after", "sentence"),
    [
        (POOL, sizes(5, 1, 10), sizes(5, 0, 0), "error: the number of nodes falls from 5 to 0"),
        (POOL, sizes(5, 1, 10), sizes(5, 1, 1), "warning: the number of nodes falls from 5 to 1"),
        (
            POOL,
            sizes(None, 1, 10),
            sizes(None, 0, 0),
            "error: the number of nodes falls from 10 to 0 at most",
        ),
        (NATIVE, scaled(2, 5), scaled(0, 0), "error: the number of nodes falls from 5 to 0 at most"),
        (SUPER, supers("a", "b"), supers(), "error: the number of nodes falls from 2 to 0"),
    ],
)
def test_a_pool_that_its_bounds_or_its_list_empty_loses_nodes(
    kind: str, before: dict[str, Any], after: dict[str, Any], sentence: str
) -> None:
    assert found(kind, before, after) == [f"node-pool-rebuilt {sentence}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"desiredCapacity": 5, "maxSize": 10}, {"desiredCapacity": 5, "maxSize": 5}),
        ({"desiredCapacity": 5}, {"desiredCapacity": 5, "maxSize": 10}),
        ({"desiredCapacity": 5, "maxSize": 10}, {"desiredCapacity": 5, "maxSize": UNKNOWN}),
    ],
)
def test_bounds_that_leave_the_size_are_no_loss(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert found(POOL, before, after) == []


@pytest.mark.parametrize(
    ("props", "kept"),
    [({}, True), ({"deleteKeepInstance": True}, True), ({"deleteKeepInstance": False}, False)],
)
def test_the_machines_of_a_deleted_pool_stay_unless_the_program_gives_them_up(
    props: dict[str, Any], kept: bool
) -> None:
    pool = Step("urn:pulumi:dev::demo::pool", POOL, Op.DELETE, {"desiredCapacity": 2, **props}, {})
    (finding,) = registry.change_findings(Plan([pool]))
    assert finding.severity.value == "error"
    assert finding.head == "the node pool would be deleted with its 2 machines"
    assert ("the machines stay in the account" in finding.message) is kept
    assert ("the machines are deleted without being drained" in finding.message) is not kept


@pytest.mark.parametrize(("most", "severity"), [(0, "warning"), (5, "error")])
def test_the_deletion_of_a_pool_without_nodes_is_a_warning(most: int, severity: str) -> None:
    (text,) = found(POOL, {"desiredCapacity": 0, "maxSize": most}, {}, Op.DELETE)
    assert text.startswith(f"node-pool-rebuilt {severity}: the node pool would be deleted")
    assert " 0 " not in text


OUT = "ACCEPT#0.0.0.0/0#ALL#ALL"


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ([OUT], [], "0.0.0.0/0 ALL"),
        ([OUT], ["DROP#10.0.0.0/8#80#TCP", OUT], "10.0.0.0/8 TCP 80"),
        ([], [OUT], ""),
    ],
)
def test_rules_for_outgoing_traffic_are_compared(before: list[str], after: list[str], lost: str) -> None:
    expected = (
        f"security-group-narrowed warning: {lost} no longer admitted as a destination by the security group"
    )
    assert found(resource_types.LITE_RULES, {"egresses": before}, {"egresses": after}) == (
        [expected] if lost else []
    )


def test_a_single_rule_for_outgoing_traffic_is_compared() -> None:
    rule = {
        "type": "egress",
        "cidrIp": "0.0.0.0/0",
        "ipProtocol": "TCP",
        "portRange": "443",
        "policy": "accept",
    }
    (text,) = found(resource_types.GROUP_RULE, rule, {}, Op.DELETE)
    assert "0.0.0.0/0 TCP 443 no longer admitted as a destination" in text
    (text,) = found(resource_types.GROUP_RULE, {}, rule | {"policy": "drop"}, Op.CREATE)
    assert "0.0.0.0/0 TCP 443 refused as a destination by the security group from now on" in text
    assert found(resource_types.GROUP_RULE, {}, rule, Op.CREATE) == []
