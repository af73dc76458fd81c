"""The refusal of every argument class and component is shown in the comment on the pull request, whichever class it is about."""

import inspect
from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.component.errors import labelled
from pulumi_tke_hybrid.review.plan import Failure
from pulumi_tke_hybrid.review.view import own_words
from tests.unit.catalogue.described import CLASSES, Described

PUBLIC = [getattr(tke, name) for name in tke.__all__]
COMPONENTS = [found for found in PUBLIC if inspect.isclass(found) and hasattr(found, "register_outputs")]
ARGS = [found for found in PUBLIC if inspect.isclass(found) and found.__name__.endswith("Args")]


def shown(error: tke.InvalidInputs) -> list[str]:
    return own_words(Failure("urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev", f"error: {error}"))


def test_there_are_classes_to_show_and_all_of_them_are_tried() -> None:
    assert {found.__name__ for found in ARGS} == {found.__name__ for found in CLASSES}
    assert len(COMPONENTS) >= 5


@pytest.mark.parametrize("cls", ARGS, ids=lambda cls: cls.__name__)
def test_a_class_that_refuses_a_property_says_so_in_the_comment(cls: Any) -> None:
    described: Described = CLASSES[cls]
    with pytest.raises(tke.InvalidInputs) as caught:
        cls(**described, no_such_property=1)
    assert shown(caught.value)[1] == "no_such_property: is not a property; see the class's documentation"


@pytest.mark.parametrize("cls", COMPONENTS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("name", ["web", "it's", 'a "b"'])
def test_a_component_that_refuses_says_so_in_the_comment(cls: Any, name: str) -> None:
    error = tke.InvalidInputs.single(f"{cls.__name__} {name!r}", "opts.provider", "is missing")
    assert shown(error)[1] == "opts.provider: is missing"


@pytest.mark.parametrize("properties", [{}, {"name": "four"}, {"port": 70000}])
def test_a_class_is_recognised_by_whichever_property_names_it(properties: dict[str, Any]) -> None:
    error = tke.InvalidInputs.single(labelled("PortArgs", properties), "port", "is wrong")
    assert shown(error)[1] == "port: is wrong"


@pytest.mark.parametrize("owner", ["gateway_transform", "direct_service_annotations"])
def test_functions_are_recognised_too_and_nothing_else_is(owner: str) -> None:
    assert len(shown(tke.InvalidInputs.single(owner, "exposure", "is wrong"))) == 2
    for text in ("Traceback (most recent call last):\nkey: secret", f"{owner}: 1 invalid\nkey: secret", "x y z: 1 invalid input\nsecret"):
        assert own_words(Failure("urn", text)) == []
