"""Recorded previews with generated damage: `review` always writes a comment."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.review.recordings import commented, recorded

KEYS = st.sampled_from(["op", "urn", "inputs", "type", "x", "metadata", "spec"])
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def _damaged(value: Any, path: list[int], other: Any) -> Any:
    """The value with the part at a path (of positions) put in place by another one."""
    if not path or not isinstance(value, (dict, list)) or not value:
        return other
    at = path[0] % len(value)
    if isinstance(value, dict):
        key = list(value)[at]
        return {**value, key: _damaged(value[key], path[1:], other)}
    return [*value[:at], _damaged(value[at], path[1:], other), *value[at + 1 :]]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["raw-list-shrinks.json", "zones-zone-added.json"]),
    st.lists(st.integers(0, 1000), min_size=1, max_size=7),
    json_values,
)
def test_no_damage_to_a_preview_is_ever_an_exception(name: str, path: list[int], other: Any) -> None:
    damaged = _damaged(json.loads(recorded(name)), path, other)
    comment = commented(json.dumps(damaged).encode())
    assert comment.body.startswith(comment.marker)
