"""Settings, errors and waits of calls of the Tencent Cloud API.

Region, address and credentials come from the configuration keys and environment variables of the
tencentcloud provider."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pulumi_tke_hybrid.tke import printable

DEFAULT_DOMAIN = "tencentcloudapi.com"


class SettingsMissing(Exception):
    """A setting that every call needs is missing or cannot be read."""


def configured_region(config: Callable[[str], object], environment: Mapping[str, str] = os.environ) -> str:
    """Return the region of the default tencentcloud provider; empty without a region."""
    return str(config("tencentcloud:region") or environment.get("TENCENTCLOUD_REGION") or "")


@dataclass(frozen=True)
class AssumedRole:
    """A role that the owner of the key assumes, possibly in another account."""

    arn: str
    session: str
    seconds: int = 7200
    external_id: str = ""
    policy: str = ""

    @classmethod
    def read(cls, configured: object, environment: Mapping[str, str]) -> "AssumedRole | None":
        """Read `tencentcloud:assumeRole` (an object) first, then `TENCENTCLOUD_ASSUME_ROLE_…`; None: no
        role."""
        try:
            given: Mapping[str, object] = (
                json.loads(configured) if isinstance(configured, str) and configured else {}
            )

            def setting(key: str, variable: str, default: str = "") -> str:
                return str(
                    given.get(key) or environment.get(f"TENCENTCLOUD_ASSUME_ROLE_{variable}") or default
                )

            arn = setting("roleArn", "ARN")
            seconds = int(setting("sessionDuration", "SESSION_DURATION", "7200"))
        except (ValueError, AttributeError):
            raise SettingsMissing(
                "tencentcloud:assumeRole is not an object with roleArn, sessionName and sessionDuration (a"
                " number of seconds)"
            ) from None
        if not arn:
            return None
        session = setting("sessionName", "SESSION_NAME", "pulumi-tke-hybrid")
        return cls(
            arn, session, seconds, setting("externalId", "EXTERNAL_ID"), str(given.get("policy") or "")
        )


@dataclass(frozen=True)
class CloudSettings:
    """Region, address and credentials of the cloud API. The credentials are in no representation."""

    region: str
    domain: str = DEFAULT_DOMAIN
    protocol: str = "https"
    secret_id: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    role: AssumedRole | None = None

    @classmethod
    def read(
        cls, config: Callable[[str], object], region: str = "", environment: Mapping[str, str] = os.environ
    ) -> "CloudSettings":
        """Read the stack's configuration (`tencentcloud:secretId` …) first, then the variables
        `TENCENTCLOUD_…`.

        Without a key and secret the SDK searches: profile, role of the instance, role of the pod.
        """

        def setting(key: str, variable: str, default: str = "") -> str:
            value = config(f"tencentcloud:{key}") or environment.get(f"TENCENTCLOUD_{variable}") or default
            return str(value)

        region = region or configured_region(config, environment)
        if not region:
            raise SettingsMissing(
                "no region: set it with `pulumi config set tencentcloud:region ap-guangzhou`, in"
                " TENCENTCLOUD_REGION, or as the component's `region`"
            )
        return cls(
            region=region,
            domain=setting("domain", "DOMAIN", DEFAULT_DOMAIN),
            protocol=setting("protocol", "PROTOCOL", "https").lower(),
            secret_id=setting("secretId", "SECRET_ID"),
            secret_key=setting("secretKey", "SECRET_KEY"),
            security_token=setting("securityToken", "SECURITY_TOKEN"),
            role=AssumedRole.read(config("tencentcloud:assumeRole"), environment),
        )


RECOVERY = "`pulumi stack export | tke-hybrid doctor --state -` prints the commands that repair the stack"
"""Advice after a run that was interrupted."""


class CloudError(Exception):
    """The cloud refused a call, or could not be reached."""

    __module__ = "builtins"  # Pulumi prints the module of an exception in front of its message

    def __init__(self, action: str, code: str, message: str, request_id: str = "") -> None:
        self.action = action
        self.code = code
        self.message = message
        self.request_id = request_id
        request = f", request {request_id}" if request_id else ""
        super().__init__(printable(f"{action} failed: {code}: {message}{request}", kept="\n"))


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


T = TypeVar("T")


@dataclass(frozen=True)
class Wait:
    """Deadline and pauses of a wait. `log` writes a line of progress; tests replace `sleep` and `clock`."""

    deadline: float
    """Seconds from the start of each wait."""
    log: Callable[[str], None]
    pause: float = 0.5
    longest_pause: float = 5.0
    every: float = 15.0
    """Seconds between two equal lines."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def until(self, what: str, look: Callable[[], tuple[T | None, str]], advice: str) -> T:
        """Call `look` until its first item is a value; its second item describes the live state. Raise
        `DeadlinePassed` at the deadline."""
        started = self.clock()
        last_line, logged_at = "", started
        pause = self.pause
        while True:
            value, seen = look()
            if value is not None:
                return value
            now = self.clock()
            if now - started >= self.deadline:
                raise DeadlinePassed(what, self.deadline, seen, advice)
            if seen != last_line or now - logged_at >= self.every:
                self.log(f"{what}: {seen} ({now - started:.0f} s)")
                last_line, logged_at = seen, now
            self.sleep(min(pause, self.longest_pause))
            pause *= 1.3
