"""Every argument names its default and what a change of it does, every component what it makes and what it
raises."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.component.args import Args
from tests.unit.catalogue.described import CLASSES, properties

CHANGE = re.compile(
    r"in place|replaces|rolls the pods|refused|Changes nothing that exists|is not applied|is another"
    r" pool|names what"
)
"""How the documentation of an argument says what a change does."""
LISTED = [getattr(tke, name) for name in tke.__all__]
COMPONENTS = [found for found in LISTED if inspect.isclass(found) and hasattr(found, "register_outputs")]


def documented(cls: type[Args]) -> Iterator[tuple[str, bool, str]]:
    """Name, whether it may be left out, and documentation of each property."""
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
def test_every_argument_names_its_default_and_what_a_change_does(cls: type[Args]) -> None:
    found = list(documented(cls))
    assert [name for name, _, _ in found] == properties(cls)
    assert [name for name, optional, text in found if optional and "Default: " not in text] == []
    assert [name for name, _, text in found if not CHANGE.search(text)] == []


def test_all_argument_classes_are_looked_at() -> None:
    listed = {found for found in LISTED if inspect.isclass(found) and issubclass(found, Args)}
    assert listed == set(CLASSES)
    assert sum(len(properties(cls)) for cls in CLASSES) > 150


@pytest.mark.parametrize("cls", COMPONENTS, ids=lambda cls: cls.__name__)
def test_every_component_documents_its_constructor(cls: Any) -> None:
    text = cls.__init__.__doc__
    assert "__init__" in vars(cls)
    assert "`name` is the component's name" in text
    assert "Raises `InvalidInputs`" in text


def test_what_programs_catch_and_set_is_public() -> None:
    assert {"InvalidInputs", "Severity"} <= set(tke.__all__)
    assert [severity.value for severity in tke.Severity] == ["error", "warning", "note"]
