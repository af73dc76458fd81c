"""Errors of calls to the cloud, with the cloud's own code and message."""

from pulumi_tke_hybrid.tke.rule import printable


class CloudError(Exception):
    """The cloud refused a call, or could not be reached."""

    __module__ = "builtins"  # Pulumi prints the module of an exception in front of its message

    def __init__(self, action: str, code: str, message: str, request_id: str = "") -> None:
        self.action = action
        self.code = code
        self.message = message
        self.request_id = request_id
        asked = f", request {request_id}" if request_id else ""
        super().__init__(printable(f"{action} failed: {code}: {message}{asked}", kept="\n"))


class IncompleteResponse(CloudError):
    """The response lacks the requested value. Callers must not take a missing value for "no"."""

    __module__ = "builtins"


class DeadlinePassed(CloudError):
    """A wait took longer than its deadline."""

    __module__ = "builtins"

    def __init__(self, what: str, seconds: float, seen: str, advice: str) -> None:
        super().__init__(
            what, "DeadlinePassed", f"not there after {seconds:.0f} s; last seen: {seen}. {advice}"
        )


class Incompatible(CloudError):
    """The live state contradicts the program."""

    __module__ = "builtins"

    def __init__(self, subject: str, differences: list[str], advice: str) -> None:
        super().__init__(
            subject, "Incompatible", "\n".join(["", *(f"  - {line}" for line in differences), advice])
        )
