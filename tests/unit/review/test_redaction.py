"""Changed values: both values, lists as added and removed items, and the reason for a hidden value."""

from typing import Any

import pytest

from pulumi_tke_hybrid.review.redaction import change_text
from pulumi_tke_hybrid.tke.objects import SECRET, UNKNOWN

RULE = {"action": "ACCEPT", "cidrBlock": "10.0.0.0/16", "port": "80", "protocol": "TCP"}


@pytest.mark.parametrize(
    ("path", "before", "after", "shown"),
    [
        ("spec.replicas", 2, 3, "2 → 3"),
        ("desiredCapacity", None, 3, "none → 3"),
        ("eniSubnetIds", ["a", "b"], ["b", "c"], "+c, -a"),
        ("eniSubnetIds", ["a", "b"], ["b", "a"], "changed (in another order)"),
        ("eniSubnetIds", ["a"], UNKNOWN, "changed (known only after the apply)"),
        ("eniSubnetIds", ["a"], ["a", UNKNOWN], "+known only after the apply"),
        ("eniSubnetIds", ["a"], None, "-a"),
        ("ingresses", [RULE], [], "-action ACCEPT, cidrBlock 10.0.0.0/16, port 80, protocol TCP"),
        ("clusterId", "cls-1", UNKNOWN, "cls-1 → known only after the apply"),
        ("clusterName", "a", "b", "changed (hidden: not a network setting)"),
        ("clusterId", SECRET, "b", "changed (hidden: secret)"),
        ("tags", {"a": "1"}, {"a": "2"}, "changed (hidden: not a network setting)"),
        ("names", ["a"], ["b"], "changed (hidden: not a network setting)"),
    ],
)
def test_a_change_shows_both_values_or_the_reason_why_not(
    path: str, before: Any, after: Any, shown: str
) -> None:
    assert change_text(path, before, after) == shown
