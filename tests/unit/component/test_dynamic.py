"""Properties of a dynamic resource that a preview does not know."""

from typing import Any

import pulumi
import pytest

from pulumi_tke_hybrid.component.dynamic import mark_unknown
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from pulumi_tke_hybrid.vpc_cni import VpcCniProvider

_CLASS: Any = pulumi.output.Unknown
NOT_KNOWN = _CLASS()
SUBNETS = ["subnet-11111111", "subnet-22222222"]


@pytest.mark.parametrize(
    ("given", "marked"),
    [
        (NOT_KNOWN, UNKNOWN),
        ({"a": [{"b": NOT_KNOWN}, 1], "c": None}, {"a": [{"b": UNKNOWN}, 1], "c": None}),
        ({"a": {}, "b": [], "c": "", "d": False}, {"a": {}, "b": [], "c": "", "d": False}),
    ],
)
def test_the_objects_of_the_sdk_become_the_text_of_the_engine_at_any_depth(
    given: object, marked: object
) -> None:
    assert mark_unknown(given) == marked


def test_a_preview_that_does_not_know_the_subnets_shows_a_change_of_the_subnets() -> None:
    olds = {"registeredSubnets": SUBNETS, "subnets": SUBNETS, "clusterId": "cls-12345678"}
    assert VpcCniProvider().diff("id", olds, {**olds, "subnets": NOT_KNOWN}).changes
    assert not VpcCniProvider().diff("id", olds, olds).changes
