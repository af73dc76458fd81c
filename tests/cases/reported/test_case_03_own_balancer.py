"""A load balancer of the customer's own goes while a Service or an Ingress of the plan names it by its id."""

import copy
from typing import Any

import pytest

from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.cases.reported.reviewed import Preview, load, messages, retyped, reviewed, states

EXISTING = "service.kubernetes.io/tke-existed-lbid"
CLB = "tencentcloud:Clb/instance:Instance"


@pytest.fixture
def replaced() -> Preview:
    return load("balancer-replaced-below-a-service")


def deleted(preview: Preview) -> Preview:
    """The load balancer leaves the program, and the Service names it still."""
    steps = [step for step in preview["steps"] if not step["urn"].endswith("::front-clb")]
    gone = next(step for step in preview["steps"] if step["op"] == "delete-replaced")
    for side, state in states({"steps": steps}, "front"):
        if side == "newState":
            state["inputs"]["metadata"]["annotations"][EXISTING] = "lb-0ldclb00"
    return {**preview, "steps": [*steps, {**gone, "op": "delete"}]}


def test_the_replaced_load_balancer_and_its_service_are_named(replaced: Preview) -> None:
    (said,) = messages(replaced, "resource-in-use")
    assert said.startswith(
        "front-clb: lb-0ldclb00 would be replaced (subnetId subnet-s3c0bo30 → subnet-an0ther0): a load"
        " balancer of yours"
    )
    assert "named by Service default/front;" in said
    assert "clients of Service default/front get no answer" in said
    assert reviewed(replaced)[0] == 2


def test_the_service_whose_id_is_no_longer_known_is_named_too(replaced: Preview) -> None:
    (said,) = messages(replaced, "fixed-annotation")
    assert said.startswith(
        f"front.{EXISTING}: a value that is known only during the update instead of lb-0ldclb00"
    )


def test_a_load_balancer_deleted_while_a_service_uses_its_id(replaced: Preview) -> None:
    (said,) = messages(deleted(replaced), "resource-in-use")
    assert said.startswith("front-clb: lb-0ldclb00 would be deleted")
    assert "Service default/front" in said


@pytest.mark.parametrize(
    "named",
    [
        lambda inputs: inputs["metadata"]["annotations"].update({EXISTING: "lb-0ldclb00"}),
        lambda inputs: inputs["metadata"]["annotations"].update({"other": '{"balancers": ["lb-0ldclb00"]}'}),
        lambda inputs: inputs["metadata"]["annotations"].update({"other": "lb-1, lb-0ldclb00"}),
        lambda inputs: inputs.update({"spec": {"list": [{"id": "lb-0ldclb00"}]}}),
    ],
    ids=["the annotation", "within JSON", "in a comma list", "in a list"],
)
def test_an_id_is_found_at_each_place_where_a_resource_names_the_id(replaced: Preview, named: Any) -> None:
    for _, state in states(replaced, "front"):
        state["inputs"]["metadata"]["annotations"][EXISTING] = "lb-somethin"
        state["propertyDependencies"] = {}
        named(state["inputs"])
    assert "Service default/front" in messages(replaced, "resource-in-use")[0]


def test_an_id_within_another_id_is_no_name(replaced: Preview) -> None:
    for _, state in states(replaced, "front"):
        state["inputs"]["metadata"]["annotations"][EXISTING] = "lb-0ldclb00x"
        state["propertyDependencies"] = {}
    assert messages(replaced, "resource-in-use") == []


def test_where_only_the_engine_knows_the_way_the_service_is_named(replaced: Preview) -> None:
    for _, state in states(replaced, "front"):
        state["inputs"]["metadata"]["annotations"][EXISTING] = UNKNOWN
    assert "Service default/front" in messages(replaced, "resource-in-use")[0]


def test_the_bridged_package_and_an_ingress_of_an_older_api(replaced: Preview) -> None:
    other = retyped(replaced, "kubernetes:core/v1:Service", "kubernetes:extensions/v1beta1:Ingress")
    other = retyped(other, EXISTING, "kubernetes.io/ingress.existLbId")
    assert "Ingress default/front" in messages(other, "resource-in-use")[0]
    assert messages(other, "fixed-annotation")


def test_a_service_that_is_deleted_with_its_load_balancer_is_no_user(replaced: Preview) -> None:
    both = deleted(replaced)
    for step in both["steps"]:
        if step["urn"].endswith("::front"):
            step["op"] = "delete"
            del step["newState"]
    assert messages(both, "resource-in-use") == []


def test_a_load_balancer_without_users_may_be_deleted(replaced: Preview) -> None:
    alone = copy.deepcopy(replaced)
    alone["steps"] = [step for step in alone["steps"] if not step["urn"].endswith("::front")]
    assert messages(alone, "resource-in-use") == []


GROUP = "tencentcloud:Security/group:Group"
KINDS = {
    GROUP: "a security group",
    "tencentcloud:Ssl/certificate:Certificate": "a certificate",
    "tencentcloud:Eip/instance:Instance": "a public address",
    "tencentcloud:Clb/listener:Listener": "a listener",
}


@pytest.mark.parametrize("kind", KINDS)
def test_other_kinds_that_are_named_by_their_ids(replaced: Preview, kind: str) -> None:
    renewed = (
        kind == "tencentcloud:Ssl/certificate:Certificate"
    )  # its users take the new id in the same update
    (said,) = messages(
        retyped(replaced, CLB, kind), "resource-in-use", severity="warning" if renewed else "error"
    )
    assert KINDS[kind] in said
    assert "Service default/front" in said


def test_a_security_group_that_its_users_give_up_in_the_same_change_may_go(replaced: Preview) -> None:
    change = retyped(deleted(replaced), CLB, GROUP)
    for side, state in states(change, "front"):
        state["propertyDependencies"] = {}
        annotations = state["inputs"]["metadata"]["annotations"]
        del annotations[EXISTING]
        if side == "oldState":
            annotations["service.cloud.tencent.com/security-groups"] = "sg-1,lb-0ldclb00"
    assert messages(change, "resource-in-use") == []
