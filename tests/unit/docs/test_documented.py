"""Docstrings of arguments state the default and the effect of a change; constructors state their errors."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.component.args import Args
from tests.cases.catalogue.described import CLASSES, properties

CHANGE = re.compile(
    r"in place|replaces|rolls the pods|refused|Changes nothing that exists|is not applied|is another"
    r" pool|names what"
)
"""Phrases that state the effect of a change."""
LISTED = [getattr(tke, name) for name in tke.__all__]
COMPONENTS = [found for found in LISTED if inspect.isclass(found) and hasattr(found, "register_outputs")]


def documented(cls: type[Args]) -> Iterator[tuple[str, bool, str]]:
    """Yield name, optionality and docstring of each property."""
    source = ast.parse(Path(inspect.getfile(cls)).read_text(encoding="utf-8"))
    (found,) = [node for node in source.body if isinstance(node, ast.ClassDef) and node.name == cls.__name__]
    for node, following in zip(found.body, [*found.body[1:], ast.Pass()], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = (
                following.value.value
                if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
                else ""
            )
            yield node.target.id, node.value is not None, " ".join(str(text).split())


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_argument_states_its_default_and_the_effect_of_a_change(cls: type[Args]) -> None:
    found = list(documented(cls))
    assert [name for name, _, _ in found] == properties(cls)
    assert [name for name, optional, text in found if optional and "Default: " not in text] == []
    assert [name for name, _, text in found if not CHANGE.search(text)] == []


def test_all_argument_classes_are_covered() -> None:
    listed = {found for found in LISTED if inspect.isclass(found) and issubclass(found, Args)}
    assert listed == set(CLASSES)
    assert sum(len(properties(cls)) for cls in CLASSES) > 150


@pytest.mark.parametrize("cls", COMPONENTS, ids=lambda cls: cls.__name__)
def test_every_component_documents_its_constructor(cls: Any) -> None:
    text = cls.__init__.__doc__
    assert "__init__" in vars(cls)
    assert "`name` is the component's name" in text
    assert "Raises `InvalidInputs`" in text


def test_exceptions_and_severities_are_public() -> None:
    assert {"InvalidInputs", "Severity"} <= set(tke.__all__)
    assert [severity.value for severity in tke.Severity] == ["error", "warning", "note"]
