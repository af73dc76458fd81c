"""The refusal of every argument class and component is shown in the comment on the pull request, whichever
class it is about."""

import inspect
from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.component.invalid_inputs import labelled
from pulumi_tke_hybrid.plan.preview_json import Failure
from pulumi_tke_hybrid.review.redaction import shown_errors
from tests.cases.catalogue.described import CLASSES, Described

PUBLIC = [getattr(tke, name) for name in tke.__all__]
COMPONENTS = [found for found in PUBLIC if inspect.isclass(found) and hasattr(found, "register_outputs")]
ARGS = [found for found in PUBLIC if inspect.isclass(found) and found.__name__.endswith("Args")]


def shown(error: tke.InvalidInputs) -> list[str]:
    return shown_errors(Failure("urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev", f"error: {error}"))


def test_there_are_classes_to_show_and_all_of_them_are_tried() -> None:
    assert {found.__name__ for found in ARGS} == {found.__name__ for found in CLASSES}
    assert len(COMPONENTS) >= 5


@pytest.mark.parametrize("cls", ARGS, ids=lambda cls: cls.__name__)
def test_the_comment_has_the_property_that_a_class_refuses(cls: Any) -> None:
    described: Described = CLASSES[cls]
    with pytest.raises(tke.InvalidInputs) as caught:
        cls(**described, no_such_property=1)
    assert shown(caught.value)[1] == "no_such_property: is not a property; see the class's documentation"


@pytest.mark.parametrize("cls", COMPONENTS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("name", ["web", "it's", 'a "b"'])
def test_the_comment_has_the_refusal_of_a_component(cls: Any, name: str) -> None:
    error = tke.InvalidInputs.single(f"{cls.__name__} {name!r}", "opts.provider", "is missing")
    assert shown(error)[1] == "opts.provider: is missing"


@pytest.mark.parametrize("properties", [{}, {"name": "four"}, {"port": 70000}])
def test_a_class_is_recognised_by_each_property_that_may_name_the_class(properties: dict[str, Any]) -> None:
    error = tke.InvalidInputs.single(labelled("PortArgs", properties), "port", "is wrong")
    assert shown(error)[1] == "port: is wrong"


@pytest.mark.parametrize("owner", ["gateway_transform", "direct_service_annotations"])
def test_functions_are_recognised_too_and_nothing_else_is(owner: str) -> None:
    assert len(shown(tke.InvalidInputs.single(owner, "exposure", "is wrong"))) == 2
    for text in (
        "Traceback (most recent call last):\nkey: secret",
        f"{owner}: 1 invalid\nkey: secret",
        "x y z: 1 invalid input\nsecret",
    ):
        assert shown_errors(Failure("urn", text)) == []


def test_a_refusal_is_found_inside_the_text_of_the_engine_and_ends_after_its_lines() -> None:
    error = tke.InvalidInputs.single("ClientIpWorkload 'web'", "disruption_budget", "would be the second one")
    lines = ["ClientIpWorkload 'web': 1 invalid input", "disruption_budget: would be the second one"]
    types = "tke-hybrid:index:ClientIpWorkload$kubernetes:policy/v1:PodDisruptionBudget"
    child = f"urn:pulumi:dev::demo::{types}::web-pdb"
    for text in (
        f'before hook "web-only-budget" failed: {error}',
        f"error: {error}\n  File '/home/me/secret.py', line 7",
        (
            f"error: rpc error: desc = Invoke callback 8a4b error: {error}\n  File '/home/me/secret.py', line"
            " 7\nsecret"
        ),
    ):
        assert shown_errors(Failure(child, text)) == lines


def test_problems_of_two_kinds_are_both_shown() -> None:
    error = tke.InvalidInputs.single("VpcCni 'a'", "subnets", "is empty")
    text = f"tke-hybrid:VpcCni resource 'a' has a problem: cluster_id: is another one\n{error}"
    assert shown_errors(Failure("urn:pulumi:dev::demo::pulumi-python:dynamic/tke-hybrid:VpcCni::a",
        text)) == [
        "cluster_id: is another one", "VpcCni 'a': 1 invalid input", "subnets: is empty",
    ]  # fmt: skip
