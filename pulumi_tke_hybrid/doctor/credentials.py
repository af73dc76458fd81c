"""Checks of the region and of the credentials: which a run would use, and from which source.

A key is never shown, and the id of a key is masked.
"""

import configparser
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pulumi_tke_hybrid.cloud.api_client import masked
from pulumi_tke_hybrid.cloud.calls import CloudSettings, SettingsMissing
from pulumi_tke_hybrid.doctor.machine import Check, Machine, State, failure, ok, redacted, warning
from pulumi_tke_hybrid.tke import names

_SET = (
    "set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or `pulumi config set --secret"
    " tencentcloud:secretId` and `…:secretKey`"
)
_PREFIX = "tencentcloud:"
_NAMES = {
    "secretId": "TENCENTCLOUD_SECRET_ID",
    "secretKey": "TENCENTCLOUD_SECRET_KEY",
    "securityToken": "TENCENTCLOUD_SECURITY_TOKEN",
}
_POD_ROLE = ("TKE_REGION", "TKE_PROVIDER_ID", "TKE_WEB_IDENTITY_TOKEN_FILE", "TKE_ROLE_ARN")
"""Environment variables that TKE sets in a pod with a role."""
_PINS = {
    "region": "tencentcloud:region ap-guangzhou",
    "allowedAccountIds": "--path 'tencentcloud:allowedAccountIds[0]' 100000000001",
}
"""Settings of the tencentcloud provider that fix the region and the account of a stack, with examples."""


@dataclass(frozen=True)
class StackConfiguration:
    """The settings of the selected stack for the tencentcloud provider."""

    values: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    note: str = ""
    known: bool = False
    """Whether the configuration of a stack was read."""


@dataclass(frozen=True)
class Found:
    """The settings that a run would use, and the checks of them."""

    checks: tuple[Check, ...]
    settings: CloudSettings | None
    """None: the cloud cannot be called."""
    key_id: str = ""
    """The id of the key, masked; empty where a role gives the key."""


def stack_configuration(machine: Machine, stack: str) -> StackConfiguration:
    """Read the configuration through the CLI. Secrets stay in memory and are used for the cloud's signature
    alone."""
    pulumi = machine.program("pulumi")
    if pulumi is None:
        return StackConfiguration(note="not read: pulumi is not on PATH")
    which = ("--stack", stack) if stack else ()
    ran = machine.run(pulumi, "config", "--json", "--non-interactive", *which)
    if ran.code != 0:
        return StackConfiguration(note=f"not read: {redacted(ran.stderr, 160) or 'the CLI failed'}")
    values: dict[str, str] = {}
    locked: list[str] = []
    try:
        listed = cast(dict[str, dict[str, Any]], json.loads(ran.stdout))
    except ValueError:
        return StackConfiguration(note="not read: the output of the CLI is no JSON")
    for key, item in listed.items():
        if not key.startswith(_PREFIX):
            continue
        if not item.get("secret"):
            values[key] = str(item.get("value") or "")
            continue
        secret = machine.run(pulumi, "config", "get", key, "--non-interactive", *which)
        if secret.code == 0:
            values[key] = secret.stdout.strip()
        else:
            locked.append(key)
    return StackConfiguration(
        values, f"{', '.join(locked)} could not be decrypted" if locked else "", known=True
    )


def find(machine: Machine, stack: StackConfiguration, region: str) -> Found:
    """Search as a run does: the stack's configuration, the environment, then the chain of the SDK."""
    place = _region(machine, stack, region)
    try:
        settings = CloudSettings.read(stack.values.get, region, machine.environment)
    except SettingsMissing:
        # The key is checked without a region too.
        settings = CloudSettings.read(stack.values.get, "none", machine.environment)
    key, key_id = _key(machine, stack, settings)
    usable = place.state is not State.FAILURE and key.state in (State.OK, State.WARNING)
    return Found((place, key, *_pins(stack)), settings if usable else None, key_id)


def _pins(stack: StackConfiguration) -> tuple[Check, ...]:
    """Check whether `pulumi refresh` can read another region or account: a refresh runs no program, so
    only the provider's settings can prevent that."""
    if not stack.known:
        return ()
    open_ = [name for name in _PINS if not stack.values.get(f"{_PREFIX}{name}")]
    if not open_:
        return (ok("refresh", "the stack's configuration names region and account"),)
    lacking = " and no ".join(f"{_PREFIX}{name}" for name in open_)
    detail = (
        f"the stack's configuration has no {lacking}; a `pulumi refresh` with another region or account would"
        " take its resources for deleted"
    )
    todo = "; ".join(f"pulumi config set {_PINS[name]}" for name in open_)
    return (warning("refresh", detail, todo),)


def _region(machine: Machine, stack: StackConfiguration, given: str) -> Check:
    sources = (
        (given, "--region"),
        (stack.values.get(f"{_PREFIX}region", ""), "the stack's tencentcloud:region"),
        (machine.environment.get("TENCENTCLOUD_REGION", ""), "TENCENTCLOUD_REGION"),
    )
    region, source = next(((value, name) for value, name in sources if value), ("", ""))
    if not region:
        detail = (
            f"neither configured nor in the environment{_because(stack)}; the tencentcloud provider would"
            " take ap-guangzhou by itself"
        )
        todo = "pulumi config set tencentcloud:region ap-guangzhou, or set TENCENTCLOUD_REGION"
        return failure("region", detail, todo)
    if names.region_of(f"{region}-1") is None:
        wrong = f"{redacted(region, 40)!r} (from {source}) does not look like a region"
        return failure("region", wrong, "write it like ap-guangzhou, without a zone's number")
    return ok("region", f"{region}, from {source}")


def _key(machine: Machine, stack: StackConfiguration, settings: CloudSettings) -> tuple[Check, str]:
    key_id = masked(settings.secret_id) if settings.secret_id else ""
    if settings.secret_id and settings.secret_key:
        sources = dict.fromkeys(_source(name, stack) for name in ("secretId", "secretKey"))
        detail = f"{key_id} from {' and '.join(sources)}"
        if settings.security_token:
            detail += f", with a session token from {_source('securityToken', stack)}"
        if settings.role:
            detail += f", which assumes {redacted(settings.role.arn, 120)}"
        return ok("credentials", detail), key_id
    if settings.secret_id or settings.secret_key:
        have, lack = ("secretId", "secretKey") if settings.secret_id else ("secretKey", "secretId")
        detail = f"{_source(have, stack)} is there, but there is no {_NAMES[lack]}{_because(stack)}"
        return failure("credentials", detail, f"give both: {_SET}"), key_id
    return _chain(machine, stack)


def _chain(machine: Machine, stack: StackConfiguration) -> tuple[Check, str]:
    """Search the profiles that the official SDK reads, then the sources without a key."""
    for path in (machine.home() / ".tencentcloud/credentials", Path("/etc/tencentcloud/credentials")):
        text = machine.read(path)
        secret_id, problem = ("", "") if text is None else _profile(text)
        if problem:
            detail = f"{path} cannot be read as a profile ({problem}), and every run ends there"
            todo = (
                f"write a section [default] with secret_id and secret_key, or take the file away and {_SET}"
            )
            return failure("credentials", detail, todo), ""
        if secret_id:
            detail = (
                f"{masked(secret_id)} from {path}; the tencentcloud provider does not read that file (it"
                " reads ~/.tccli)"
            )
            return warning("credentials", detail, f"so that both use the same: {_SET}"), masked(secret_id)
    return _without_key(machine, stack), ""


def _without_key(machine: Machine, stack: StackConfiguration) -> Check:
    if all(machine.environment.get(name) for name in _POD_ROLE):
        todo = "set enable_pod_oidc (TENCENTCLOUD_ENABLE_POD_OIDC) for the tencentcloud provider as well"
        return warning("credentials", "the role of this pod (TKE_ROLE_ARN)", todo)
    if (machine.home() / ".tccli").exists():
        detail = "only ~/.tccli is there, which the tencentcloud provider reads and the official SDK does not"
        return failure("credentials", detail, _SET)
    because = _because(stack)
    detail = f"none configured{because}; only the role of this machine is left, if it is a CVM with one"
    todo = f"{_SET}; on a CVM with a role, set TENCENTCLOUD_CAM_ROLE_NAME for the tencentcloud provider"
    return warning("credentials", detail, todo)


def _profile(text: str) -> tuple[str, str]:
    """Return the key's id in the default profile, and the reason why the SDK would fail. The parser's message
    quotes the line, so it is not shown."""
    parsed = configparser.ConfigParser(interpolation=None)
    try:
        parsed.read_string(text)
    except configparser.Error as error:
        return "", type(error).__name__
    if not parsed.has_section("default"):
        return "", "no section [default]"
    return parsed.get("default", "secret_id", fallback="").strip(), ""


def _source(name: str, stack: StackConfiguration) -> str:
    return f"the stack's {_PREFIX}{name}" if stack.values.get(f"{_PREFIX}{name}") else _NAMES[name]


def _because(stack: StackConfiguration) -> str:
    return f" (the stack's configuration: {stack.note})" if stack.note else ""
