"""Faults that a test puts into the API stand-in: errors, throttling, delays, lost answers."""

from dataclasses import asdict, dataclass
from typing import Literal, cast, get_args

from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.params import Json, Params

Kind = Literal["error", "throttle", "drop_after", "drop_before", "delay"]


@dataclass
class Fault:
    action: str
    """`*` for any."""
    kind: Kind
    code: str = "InternalError"
    message: str = "An internal error has occurred. Retry your request."
    times: int = 1
    skip: int = 0
    """Number of matching calls that pass before the first fault."""
    seconds: float = 0.0

    @classmethod
    def from_json(cls, values: Json) -> "Fault":
        params = Params(values)
        kind = params.need("kind")
        if kind not in get_args(Kind):
            raise ApiError("InvalidFault", f"kind is one of {', '.join(get_args(Kind))}")
        if unknown := values.keys() - cls.__dataclass_fields__.keys():
            raise ApiError("InvalidFault", f"unknown: {', '.join(sorted(unknown))}")
        seconds = values.get("seconds", 0.0)
        if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
            raise ApiError("InvalidFault", "seconds is a number")
        return cls(
            action=params.need("action"),
            kind=cast("Kind", kind),
            code=params.text("code", cls.code),
            message=params.text("message", cls.message),
            times=params.number("times", 1),
            skip=params.number("skip"),
            seconds=float(seconds),
        )

    def as_json(self) -> Json:
        return asdict(self)

    def error(self) -> ApiError:
        if self.kind == "throttle":
            return ApiError(
                "RequestLimitExceeded",
                "Your current request times equals to `20` in a second, which exceeds the limit.",
            )
        return ApiError(self.code, self.message)


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def listed(self) -> list[Json]:
        return [fault.as_json() for fault in self._faults]

    def take(self, action: str) -> Fault | None:
        """The fault that hits this call, if any; used-up faults go away."""
        for fault in self._faults:
            if fault.action not in (action, "*"):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
            return fault
        return None
