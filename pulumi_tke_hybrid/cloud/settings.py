"""Who asks the cloud: the same keys and environment variables as the tencentcloud provider."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

DEFAULT_DOMAIN = "tencentcloudapi.com"


class SettingsMissing(Exception):
    """Something that every call needs is neither configured nor in the environment."""


@dataclass(frozen=True)
class CloudSettings:
    """Region, address and credentials of the cloud API. The credentials are in no representation."""

    region: str
    domain: str = DEFAULT_DOMAIN
    protocol: str = "https"
    secret_id: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)

    @classmethod
    def read(cls, config: Callable[[str], object], region: str = "", environment: Mapping[str, str] = os.environ) -> "CloudSettings":
        """Stack configuration (`tencentcloud:secretId` …) first, then `TENCENTCLOUD_…` variables.

        Without a key and secret the SDK's own chain is asked: profile, role of the machine, role of the pod.
        """

        def setting(key: str, variable: str, default: str = "") -> str:
            value = config(f"tencentcloud:{key}") or environment.get(f"TENCENTCLOUD_{variable}") or default
            return str(value)

        region = region or setting("region", "REGION")
        if not region:
            raise SettingsMissing(
                "no region: set it with `pulumi config set tencentcloud:region ap-guangzhou`, in TENCENTCLOUD_REGION, or as the "
                "component's `region`"
            )
        return cls(
            region=region,
            domain=setting("domain", "DOMAIN", DEFAULT_DOMAIN),
            protocol=setting("protocol", "PROTOCOL", "https").lower(),
            secret_id=setting("secretId", "SECRET_ID"),
            secret_key=setting("secretKey", "SECRET_KEY"),
            security_token=setting("securityToken", "SECURITY_TOKEN"),
        )
