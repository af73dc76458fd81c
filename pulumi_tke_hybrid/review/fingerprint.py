"""The fingerprint of a change set: equal for two runs of one preview, and another one as soon as a change is another one.

The fingerprint covers operation, inputs before and after, protection and the reasons for a replacement of each resource that changes. Not
covered are values that differ from run to run though the program is the same: placeholders of what is known only after the apply, points
of time, and the provider code that Pulumi stores in each dynamic resource.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from pulumi_tke_hybrid.tke.step import Step
from pulumi_tke_hybrid.tke.values import items, mapping, unknown

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_STORED_CODE = "__provider"


def fingerprint(steps: Iterable[Step]) -> str:
    """16 hexadecimal digits, whatever the order of the steps."""
    prints = sorted(_print(step) for step in steps if step.op.changes or step.was_protected != step.protected)
    return hashlib.sha256("\n".join(prints).encode(errors="replace")).hexdigest()[:16]


def _print(step: Step) -> str:
    flags = [step.was_protected, step.protected, step.adopted, step.left]
    parts = [step.urn, step.op.value, _stable(step.old), _stable(step.new), sorted(step.replace_keys), flags]
    return json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)


def _stable(value: Any) -> Any:
    """The value without what differs from run to run."""
    if isinstance(value, str):
        return "(unknown)" if unknown(value) else "(time)" if _TIME.fullmatch(value) else value
    given = mapping(value)
    if given:
        return {key: _stable(item) for key, item in given.items() if key != _STORED_CODE}
    return [_stable(item) for item in items(value)] or value
