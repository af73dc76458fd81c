"""The policy pack: levels, a missing previous state, and values that no policy shows."""

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyResource,
    ResourceValidationArgs,
    StackValidationArgs,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan import resource_types as force_new
from pulumi_tke_hybrid.plan.model import Op
from pulumi_tke_hybrid.plan.rules import every_rule, registry
from pulumi_tke_hybrid.plan.rules.not_judged import NOT_JUDGED
from pulumi_tke_hybrid.policies import pack_of_rules as pack
from pulumi_tke_hybrid.policies import steps
from pulumi_tke_hybrid.policies import steps as previous_state
from pulumi_tke_hybrid.policies.steps import PreviousState
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from pulumi_tke_hybrid.tke.rule import Severity
from tests.bridged_tokens import bridged
from tests.rules_page import registered_rules
from tests.unit.policies.recorded import Recorded, options

CLUSTER = f"urn:pulumi:dev::p::{resource_types.CLUSTER}::c"
ENCRYPTED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}


def export(*resources: dict[str, Any]) -> str:
    return json.dumps({"version": 3, "deployment": {"resources": list(resources)}})


def was(inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "urn": CLUSTER,
        "type": resource_types.CLUSTER,
        "id": "cls-1",
        "inputs": inputs,
        "outputs": inputs,
        **more,
    }


def shown(props: dict[str, Any], urn: str = CLUSTER, **state: Any) -> ResourceValidationArgs:
    kind, name = urn.split("::")[2:]
    return ResourceValidationArgs(kind, unknown_checking_proxy(props), urn, name, options(state), None)


def reported(policies: list[Policy], name: str, args: Any) -> list[str]:
    policy: Any = next(policy for policy in policies if policy.name == name)
    found: list[str] = []

    def report(message: str, urn: str | None = None) -> None:
        found.append(message)

    policy.validate(args, report)
    return found


def test_each_policy_is_a_rule_and_errors_alone_are_mandatory() -> None:
    policies = pack.policies()
    names = [policy.name for policy in policies]
    assert len(names) == len(set(names))
    for policy in policies:
        milder = policy.name.endswith(pack.ADVISORY)
        rule = every_rule().get(policy.name.removesuffix(pack.BY_REMOVAL).removesuffix(pack.ADVISORY))
        if policy.name != "state-before":
            assert rule is not None
            assert policy.description == rule.summary
            assert (policy.enforcement_level is EnforcementLevel.MANDATORY) == (
                rule.severity is Severity.ERROR and not milder
            )


def test_the_documentation_lists_them_all() -> None:
    text = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
    assert [policy.name for policy in pack.policies() if f"`{policy.name}`" not in text] == []


def test_every_registered_rule_but_that_of_provider_versions_has_a_policy() -> None:
    with_policy = {
        policy.name.removesuffix(pack.BY_REMOVAL).removesuffix(pack.ADVISORY) for policy in pack.policies()
    }
    assert registered_rules().keys() - with_policy == {"version-change"}


def test_a_finding_below_an_error_is_reported_by_the_advisory_policy_alone() -> None:
    front = {"metadata": {"name": "front"}, "spec": {"type": "LoadBalancer"}}
    grouped: dict[str, Any] = {
        **front,
        "metadata": {"name": "front", "annotations": {keys.SERVICE_SECURITY_GROUPS: "sg-1"}},
    }
    other = {
        **front,
        "metadata": {"name": "front", "annotations": {keys.SERVICE_SECURITY_GROUPS: "sg-2"}},
    }
    urn = f"urn:pulumi:dev::p::{resource_types.SERVICE}::front"
    known = previous_state.of_export(export(stored(resource_types.SERVICE, "front", **grouped)))
    policies = pack.policies(lambda stack: known)
    assert reported(policies, "exposure-widened", shown(other, urn)) == []
    (sentence,) = reported(policies, "exposure-widened-advisory", shown(other, urn))
    assert "sg-2 added to sg-1" in sentence


def test_the_removal_of_a_patch_that_holds_a_fixed_annotation_is_stopped() -> None:
    written = {"metadata": {"name": "front", "annotations": {keys.SERVICE_INTERNAL_SUBNET: "subnet-1"}}}
    kind = f"{resource_types.SERVICE}Patch"
    assert "fixed-annotation" in _removed(stored(kind, "front", **written))


def test_without_the_previous_state_changes_are_not_judged_and_a_policy_reports_that() -> None:
    policies = pack.policies(lambda stack: PreviousState(unknown_because="no such stack"))
    assert (
        reported(policies, "phantom-hybrid", shown({"networkType": "GR", "eniSubnetIds": ["subnet-1"]})) == []
    )
    (line,) = reported(policies, "state-before", StackValidationArgs(Recorded.of("raw-first").stack()))
    assert line.startswith("no such stack; so changes were not judged, only zones and ranges")
    uncovered = reported(
        policies, "zone-uncovered", StackValidationArgs(Recorded.of("raw-uncovered-zone").stack())
    )
    assert [line.split(";")[0] for line in uncovered] == [
        "pool-ap-guangzhou-7: ap-guangzhou-7 has no container subnet (zones with a container subnet:"
        " ap-guangzhou-4, ap-guangzhou-6)"
    ]


def test_the_last_state_is_read_once_and_for_the_stack_of_the_urn() -> None:
    asked: list[str] = []

    def read(stack: str) -> PreviousState:
        asked.append(stack)
        return PreviousState()

    policies = pack.policies(read)
    for name in ("phantom-hybrid", "cluster-rebuilt", "phantom-hybrid"):
        assert reported(policies, name, shown({})) == []
    assert asked == ["dev"]


def test_a_value_that_is_not_known_yet_is_no_error_and_no_finding() -> None:
    known = previous_state.of_export(export(was({"networkType": "GR", "eniSubnetIds": ["subnet-1"]})))
    args = shown(
        {
            "networkType": "GR",
            "eniSubnetIds": ["subnet-1", UNKNOWN_STRING_VALUE],
            "tags": {"a": UNKNOWN_STRING_VALUE},
        }
    )
    step = steps.of_resource(args, known)
    assert (step.op, step.new["eniSubnetIds"], step.new["tags"]) == (
        Op.UPDATE,
        ["subnet-1", UNKNOWN],
        {"a": UNKNOWN},
    )
    assert reported(pack.policies(lambda stack: known), "pod-network-off", args) == []


def test_an_encrypted_value_neither_counts_as_changed_nor_appears() -> None:
    known = previous_state.of_export(
        export(was({"password": ENCRYPTED, "nested": [{"key": ENCRYPTED}], "__defaults": ["x"]}))
    )
    step = steps.of_resource(shown({"password": "planted", "nested": [{"key": "planted"}]}), known)
    assert step.op is Op.SAME
    assert "v1:abc" not in repr(known)


def test_a_resource_of_another_name_is_found_by_its_alias() -> None:
    known = previous_state.of_export(export(was({"networkType": "GR", "clusterCidr": "10.0.0.0/16"})))
    renamed = shown({"networkType": "GR", "clusterCidr": "10.0.0.0/16"}, CLUSTER + "2", aliases=[CLUSTER])
    assert steps.of_resource(renamed, known).op is Op.SAME
    assert steps.removed([CLUSTER + "2"], [CLUSTER], known) == []
    assert [step.op for step in steps.removed([CLUSTER + "2"], [], known)] == [Op.DELETE]


def test_an_object_without_a_namespace_is_in_the_default_one() -> None:
    here, there = {"metadata": {"name": "a"}}, {"metadata": {"name": "a", "namespace": "default"}}
    assert force_new.changed_keys(resource_types.SERVICE, there, here, {}) == []
    assert force_new.changed_keys(
        resource_types.SERVICE, there, {"metadata": {"name": "a", "namespace": "web"}}, {}
    ) == ["metadata.namespace"]


@pytest.mark.parametrize(
    ("old", "new", "rebuilt"),
    [
        # What is there is written down, and taken out again.
        (
            {},
            {
                "containerRuntime": "containerd",
                "isDualStack": False,
                "dataPlaneV2": False,
                "ignoreServiceCidrConflict": False,
            },
            "",
        ),
        (
            {
                "containerRuntime": "containerd",
                "isDualStack": False,
                "dataPlaneV2": False,
                "ignoreServiceCidrConflict": False,
            },
            {},
            "",
        ),
        ({}, {"basePodNum": 32}, ""),
        # Something else is wanted.
        ({}, {"containerRuntime": "docker"}, "containerRuntime"),
        ({"containerRuntime": "containerd"}, {"containerRuntime": "docker"}, "containerRuntime"),
        ({}, {"containerRuntime": UNKNOWN_STRING_VALUE}, "containerRuntime"),
        ({}, {"isDualStack": True, "dataPlaneV2": True}, "isDualStack, dataPlaneV2"),
        ({"basePodNum": 32}, {}, "basePodNum"),
    ],
)
def test_a_new_input_with_the_existing_value_rebuilds_no_cluster(
    old: dict[str, Any], new: dict[str, Any], rebuilt: str
) -> None:
    found = {
        "containerRuntime": "containerd",
        "isDualStack": False,
        "dataPlaneV2": False,
        "ignoreServiceCidrConflict": False,
    }
    inputs, outputs = {"networkType": "GR"}, {"networkType": "GR", "basePodNum": 32.0, **found}
    known = previous_state.of_export(export(was({**inputs, **old}, outputs=outputs)))
    sentences = reported(pack.policies(lambda stack: known), "cluster-rebuilt", shown({**inputs, **new}))
    assert [sentence for sentence in sentences if not rebuilt or rebuilt not in sentence] == []
    assert len(sentences) == bool(rebuilt)


def test_a_value_that_only_the_state_encrypts_counts_as_a_change() -> None:
    known = previous_state.of_export(
        export(was({"networkType": "GR"}, outputs={"networkType": "GR", "containerRuntime": ENCRYPTED}))
    )
    assert (
        steps.of_resource(shown({"networkType": "GR", "containerRuntime": "containerd"}), known).op
        is Op.UPDATE
    )


def test_the_address_that_goes_is_named_from_the_last_state() -> None:
    urn = f"urn:pulumi:dev::p::{resource_types.SERVICE}::front"
    spec, status = {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "10.0.8.10"}]}}
    old = {"metadata": {"name": "a"}, "spec": spec}
    known = previous_state.of_export(
        export(
            {"urn": urn, "type": resource_types.SERVICE, "inputs": old, "outputs": {**old, "status": status}}
        )
    )
    renamed = shown({"metadata": {"name": "b"}, "spec": spec}, urn)
    (sentence,) = reported(pack.policies(lambda stack: known), "balancer-replaced", renamed)
    assert "10.0.8.10" in sentence


def test_a_zone_that_was_uncovered_before_is_not_reported_again() -> None:
    uncovered = Recorded.of("raw-uncovered-zone").stack()
    resources = [
        {"urn": item.urn, "type": item.resource_type, "inputs": steps.plain(item.props)} for item in uncovered
    ]
    known = previous_state.of_export(export(*resources))
    assert (
        reported(pack.policies(lambda stack: known), "zone-uncovered", StackValidationArgs(uncovered)) == []
    )


def placed(kind: str, name: str, **props: Any) -> PolicyResource:
    urn = f"urn:pulumi:dev::p::{kind}::{name}"
    return PolicyResource(kind, unknown_checking_proxy(props), urn, name, options({}), None, None, [], {})


def stored(kind: str, name: str, **props: Any) -> dict[str, Any]:
    return {
        "urn": f"urn:pulumi:dev::p::{kind}::{name}",
        "type": kind,
        "id": f"id-of-{name}",
        "inputs": props,
        "outputs": props,
    }


SWITCH_OF_ONE = {"clusterId": "cls-1", "subnets": ["subnet-1"], "onDelete": "disable"}
SWITCHES_OFF = (
    "and its on_delete is disable; certain, when it is applied, which succeeds: VPC-CNI is switched off"
)


def test_a_switch_that_leaves_the_program_and_switches_off_is_stopped() -> None:
    known = previous_state.of_export(
        export(stored(resource_types.SWITCH, "switch", **SWITCH_OF_ONE), stored(resource_types.VPC, "vpc"))
    )
    rest = StackValidationArgs([placed(resource_types.VPC, "vpc")])
    policies = pack.policies(lambda stack: known)
    (sentence,) = reported(policies, "pod-network-off-by-removal", rest)
    assert sentence.startswith(f"switch: leaves the program, {SWITCHES_OFF}")
    assert reported(policies, "switch-unmanaged-by-removal", rest) == []


def test_a_switch_that_moves_to_another_cluster_and_switches_off_the_old_one_is_stopped() -> None:
    known = previous_state.of_export(export(stored(resource_types.SWITCH, "switch", **SWITCH_OF_ONE)))
    moved = shown(
        {**SWITCH_OF_ONE, "clusterId": "cls-2"}, f"urn:pulumi:dev::p::{resource_types.SWITCH}::switch"
    )
    (sentence,) = reported(pack.policies(lambda stack: known), "pod-network-off", moved)
    assert sentence.startswith(
        f"switch: would be replaced (clusterId cls-1 → cls-2), {SWITCHES_OFF} in the old cluster"
    )


def test_a_raw_subnet_in_use_by_a_cluster_may_not_leave_the_program() -> None:
    lists = {"networkType": "GR", "eniSubnetIds": ["id-of-pods", "id-of-others"]}
    gone = stored(resource_types.SUBNET, "pods", availabilityZone="ap-guangzhou-4", cidrBlock="10.0.0.0/24")
    other = {"availabilityZone": "ap-guangzhou-6", "cidrBlock": "10.0.1.0/24"}
    pool = {"subnetIds": ["id-of-pods"], "desiredCapacity": 1}
    known = previous_state.of_export(
        export(
            stored(resource_types.CLUSTER, "c", **lists),
            gone,
            stored(resource_types.SUBNET, "others", **other),
            stored(resource_types.NODE_POOL, "pool", **pool),
        )
    )
    stack = [
        placed(resource_types.CLUSTER, "c", **lists),
        placed(resource_types.SUBNET, "others", **other),
        placed(resource_types.NODE_POOL, "pool", **pool),
    ]
    policies = pack.policies(lambda stack: known)
    (sentence,) = reported(policies, "pod-subnet-leaves-by-removal", StackValidationArgs(stack))
    assert sentence.startswith(
        "pods: id-of-pods would be deleted: the container subnet 10.0.0.0/24 of zone ap-guangzhou-4; "
    )
    (uncovered,) = reported(policies, "zone-uncovered", StackValidationArgs(stack))
    assert uncovered.startswith(
        "pool: ap-guangzhou-4 has no container subnet (zones with a container subnet: ap-guangzhou-6)"
    )


@pytest.mark.parametrize("by_the_provider", [{}, {"assistantCidrs": UNKNOWN_STRING_VALUE}])
def test_ranges_of_the_whole_stack_are_compared(by_the_provider: dict[str, Any]) -> None:
    vpc = placed(
        resource_types.VPC, "vpc", cidrBlock="10.0.0.0/16", id=UNKNOWN_STRING_VALUE, **by_the_provider
    )
    subnet = placed(resource_types.SUBNET, "pods", cidrBlock="10.1.0.0/24", vpcId=UNKNOWN_STRING_VALUE)
    subnet.property_dependencies["vpcId"] = [vpc]
    (sentence,) = reported(
        pack.policies(lambda stack: PreviousState()), "range-outside-vpc", StackValidationArgs([vpc, subnet])
    )
    assert sentence.startswith("pods.cidrBlock: 10.1.0.0/24 does not lie in the VPC's range 10.0.0.0/16")


def test_a_resource_that_waits_for_its_deletion_is_left_out() -> None:
    assert previous_state.of_export(export(was({}, delete=True))).resources == {}


def test_the_first_deployment_has_no_state_and_everything_is_new() -> None:
    known = previous_state.of_export(json.dumps({"version": 3, "deployment": {}}))
    assert not known.unknown_because
    assert steps.of_resource(shown({}), known).op is Op.CREATE


@pytest.mark.parametrize(
    ("named", "content", "says"),
    [
        ("none", None, "is 'none'"),
        (
            "there-is-none.json",
            None,
            "there-is-none.json cannot be read or started (No such file or directory)",
        ),
        ("broken.json", "{", "broken.json is not the JSON of `pulumi stack export`"),
        ("other.json", '{"steps": []}', "other.json is not the JSON of"),
        ("list.json", "[]", "list.json is not the JSON of"),
    ],
)
def test_a_state_that_cannot_be_read_has_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, content: str | None, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / named).write_text(content)
    found = previous_state.read("dev", {previous_state.VARIABLE: named})
    assert found.resources == {}
    assert says in found.unknown_because


BRIDGED = f"urn:pulumi:dev::p::{bridged(resource_types.CLUSTER)}::c"


def _removed(*resources: dict[str, Any]) -> dict[str, list[str]]:
    """What the policies of removals report of a stack whose resources are all gone but one."""
    kept = f"urn:pulumi:dev::p::{resource_types.VPC}::kept"
    args = StackValidationArgs(
        [PolicyResource(resource_types.VPC, {}, kept, "kept", options({}), None, None, [], {})]
    )
    policies = pack.policies(lambda stack: previous_state.of_export(export(*resources)))
    return {
        rule.id: found
        for rule in (*registry.rules_on_resources(pack.REMOVING), NOT_JUDGED)
        if (found := reported(policies, f"{rule.id}{pack.BY_REMOVAL}", args))
    }


def test_policies_treat_both_packages_alike() -> None:
    there = was({"vpcId": "vpc-1"}, urn=BRIDGED, type=bridged(resource_types.CLUSTER))
    policies = pack.policies(lambda stack: previous_state.of_export(export(there)))
    (line,) = reported(policies, "cluster-rebuilt", shown({"vpcId": "vpc-2"}, BRIDGED))
    assert line.startswith("c: vpcId vpc-1 → vpc-2 would rebuild the whole cluster")
    assert list(_removed(there)) == ["cluster-rebuilt"]


def test_a_retained_resource_only_leaves_the_stack() -> None:
    retained = was({"vpcId": "vpc-1"}, retainOnDelete=True)
    assert list(_removed(retained)) == ["left-unmanaged"]
    policies = pack.policies(lambda stack: previous_state.of_export(export(retained)))
    assert reported(policies, "cluster-rebuilt", shown({"vpcId": "vpc-2"})) == []
    assert len(reported(policies, "left-unmanaged", shown({"vpcId": "vpc-2"}))) == 1


def test_a_resource_deleted_with_a_retained_resource_stays_too() -> None:
    pool = {
        "urn": f"urn:pulumi:dev::p::{resource_types.NODE_POOL}::pool",
        "type": resource_types.NODE_POOL,
        "id": "np-1",
        "inputs": {},
        "deletedWith": CLUSTER,
    }
    assert list(_removed(pool, was({}, retainOnDelete=True))) == ["left-unmanaged"]
    assert list(_removed(pool, was({}))) == ["cluster-rebuilt", "node-pool-rebuilt"]


def test_kinds_that_no_rule_reads_are_named_and_a_deployment_without_eni_blocks_nothing() -> None:
    release = "kubernetes:helm.sh/v3:Release"
    assert list(_removed({"urn": f"urn:pulumi:dev::p::{release}::r", "type": release, "inputs": {}})) == [
        "not-judged"
    ]
    pods: dict[str, Any] = {"spec": {"template": {"spec": {"containers": [{}]}}}}
    assert (
        _removed(
            {
                "urn": f"urn:pulumi:dev::p::{resource_types.DEPLOYMENT}::d",
                "type": resource_types.DEPLOYMENT,
                "inputs": pods,
            }
        )
        == {}
    )
