"""The call log of the API stand-in: every request in order, without secrets."""

import json
import time
from collections import deque
from typing import cast

from tests.lab.cloud.params import Json

_READS = ("Describe", "Get", "List", "Check", "Inquiry")
_SECRETS = frozenset(
    {"Password", "SecretKey", "Token", "Kubeconfig", "UserScript", "PreStartUserScript", "UserData"}
)
_JSON_TEXTS = frozenset({"AutoScalingGroupPara", "LaunchConfigurePara"})
_REDACTED = "(redacted)"
_KEPT = 100_000


def is_write(action: str) -> bool:
    return not action.startswith(_READS)


def without_secrets(value: object) -> object:
    """A copy; also looks into the JSON texts of the node-pool actions."""
    if isinstance(value, list):
        return [without_secrets(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    return {name: _clean(name, item) for name, item in cast("Json", value).items()}


def _clean(name: str, value: object) -> object:
    if name in _SECRETS and value:
        return _REDACTED
    if name in _JSON_TEXTS and isinstance(value, str):
        try:
            return json.dumps(without_secrets(json.loads(value)))
        except ValueError:
            return _REDACTED  # a text that is not JSON cannot be searched
    return without_secrets(value)


class CallLog:
    def __init__(self) -> None:
        self._calls: deque[Json] = deque(maxlen=_KEPT)
        self._last = 0

    def open(self, service: str, action: str, region: str, host: str) -> Json:
        """Log a call at its arrival, so that the order is that of arrival; `error`, `request` and
        `done` are filled later."""
        self._last += 1
        call: Json = {
            "n": self._last,
            "time": time.time(),
            "service": service,
            "action": action,
            "region": region,
            "host": host,
            "request": {},
            "error": None,
            "write": is_write(action),
            "fault": None,
            "done": False,
        }
        self._calls.append(call)
        return call

    def since(self, number: int) -> list[Json]:
        return [call for call in self._calls if cast("int", call["n"]) > number]

    def reset(self) -> None:
        """Forget the calls; the numbers go on."""
        self._calls.clear()
