"""Region, address and credentials of the cloud API, from the configuration keys and environment variables
of the tencentcloud provider."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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

            arn, seconds = (
                setting("roleArn", "ARN"),
                int(setting("sessionDuration", "SESSION_DURATION", "7200")),
            )
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
