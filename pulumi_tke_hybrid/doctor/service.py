"""Checks of the cloud: the clock, the account, the first permissions, and the role of ipamd. Calls that read
only."""

import email.utils
import time
from collections.abc import Callable, Iterator, Mapping

import httpx2

from pulumi_tke_hybrid.cloud.api_client import NETWORK_ERROR, PAGE, Answer, Cloud, all_pages
from pulumi_tke_hybrid.cloud.calls import CloudError, CloudSettings
from pulumi_tke_hybrid.doctor.machine import Check, State, failure, ok, redacted, skipped, warning

ROLE = "IPAMDofTKE_QCSRole"
ROLE_POLICY = "QcloudAccessForIPAMDofTKERole"
FIXED_HOST = "tke.tencentcloudapi.com"
"""The tencentcloud provider 0.2.3 makes a node pool and changes a cluster's tags over https with this host,
whatever `domain` and `protocol` are (`UseOmitNilClient`, connectivity/client.go:495-511)."""
CHECKS = (
    "clock", "node pool host", "account", "permission tke:DescribeClusters", "permission vpc:DescribeSubnets",
    "role",
)  # fmt: skip

_TOLERANCE = 300
"""Seconds that the clock of a signature may differ (TC3-HMAC-SHA256)."""
_WARN_FROM = 60
_TIMEOUT = 10.0

_ADVICE = {
    "CredentialsMissing": "set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY",
    "AuthFailure.SecretIdNotFound": (
        "the key's id is unknown: it was deleted, or belongs to the other site (China or international)"
    ),
    "AuthFailure.SignatureFailure": "the secret key does not belong to the key's id; set both anew",
    "AuthFailure.SignatureExpire": "this machine's clock is wrong; synchronise the clock",
    "AuthFailure.TokenFailure": (
        "the session token is wrong, missing or expired; get new temporary credentials"
    ),
    "AuthFailure.InvalidSecretId": (
        "this is not a key of the cloud API; make one in the console under Access Management"
    ),
    "UnsupportedRegion": "there is no such region; write a region like ap-guangzhou",
}
_REFUSED = ("UnauthorizedOperation", "AuthFailure.UnauthorizedOperation")
_ROLES = "look in the console under Access Management, Roles"
_GRANT = "grant it to this key's user: `tke-hybrid policy` prints the least policy"

Skew = Callable[[CloudSettings], "float | None"]
Reach = Callable[[str], str]


_UNREACHABLE = (httpx2.HTTPError, httpx2.InvalidURL, ImportError, ValueError)
"""The last three are errors of a proxy's address; their text may quote the address."""


def reach(host: str) -> str:
    """Return the kind of error of an https request without credentials; empty for any response."""
    try:
        httpx2.head(f"https://{host}/", timeout=_TIMEOUT)
    except _UNREACHABLE as error:
        return type(error).__name__
    return ""


def skew(settings: CloudSettings) -> float | None:
    """Return the seconds by which the service's clock is ahead of this machine's; None without a Date
    header."""
    before = time.time()
    try:
        answer = httpx2.head(f"{settings.protocol}://sts.{settings.domain}/", timeout=_TIMEOUT)
    except _UNREACHABLE:
        return None
    try:
        theirs = email.utils.parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return None
    return theirs - (before + time.time()) / 2


def service_checks(
    cloud: Cloud, settings: CloudSettings, key_id: str, clock: Skew, reached: Reach
) -> Iterator[Check]:
    """Yield each check; without an account the checks of permissions are skipped."""
    yield _clock(clock(settings))
    yield _fixed_host(reached(FIXED_HOST))
    account = _account(cloud, key_id)
    yield account
    if account.state is State.FAILURE:
        yield from (skipped(check, "the account could not be read") for check in CHECKS[3:])
        return
    yield _allowed(cloud, "tke", "DescribeClusters", {"Limit": 1})
    yield _allowed(cloud, "vpc", "DescribeSubnets", {"Limit": "1", "Offset": "0"})
    yield _role(cloud)


def _clock(seconds: float | None) -> Check:
    if seconds is None:
        return skipped("clock", "the service sent no time")
    words = f"{abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead of'} the service"
    todo = "synchronise this machine's clock (NTP)"
    if abs(seconds) >= _TOLERANCE:
        return failure("clock", f"{words}; requests are refused from {_TOLERANCE} s on", todo)
    if abs(seconds) >= _WARN_FROM:
        return warning("clock", words, todo)
    return ok("clock", words)


def _fixed_host(error: str) -> Check:
    """A warning: the check does not know whether the program has node pools."""
    if not error:
        return ok("node pool host", f"https://{FIXED_HOST} responds")
    detail = (
        f"https://{FIXED_HOST} cannot be reached ({error}). The tencentcloud provider calls this host to make"
        " a node pool and to change a cluster's tags, whatever `domain` is"
    )
    todo = (
        "open this host in the firewall and in the proxy (HTTPS_PROXY); trust the proxy's authority with"
        " SSL_CERT_FILE"
    )
    return warning("node pool host", detail, todo)


def _account(cloud: Cloud, key_id: str) -> Check:
    try:
        answer = cloud.call("sts", "GetCallerIdentity", {})
    except CloudError as error:
        return _failure_of("account", error)
    kind = redacted(str(answer.get("Type") or "unknown kind"), 40)
    name = f"{redacted(str(answer['AccountId']), 40)} ({kind}{f', {key_id}' if key_id else ''})"
    if answer.get("Type") == "RootAccount":
        detail = f"{name}: a key of the root account has all permissions"
        return warning("account", detail, f"use a sub-account's key; {_GRANT}")
    return ok("account", name)


def _allowed(cloud: Cloud, service_name: str, action: str, params: dict[str, object]) -> Check:
    check = f"permission {service_name}:{action}"
    try:
        cloud.call(service_name, action, params)
    except CloudError as error:
        return _failure_of(check, error)
    return ok(check, "granted")


def _role(cloud: Cloud) -> Check:
    try:
        cloud.call("cam", "GetRole", {"RoleName": ROLE})
    except CloudError as error:
        if error.code.startswith(_REFUSED):
            what = f"could not tell whether {ROLE} exists: cam:GetRole is not granted"
            return warning("role", what, f"{_ROLES}; or grant cam:GetRole: {_GRANT}")
        if "RoleNotExist" not in error.code:
            return _failure_of("role", error)
        todo = (
            "in the TKE console, switch VPC-CNI on for any cluster once and agree to the grant (457/37808),"
            f" or make the role for the service ccs.qcloud.com with the policy {ROLE_POLICY}"
        )
        return failure("role", f"{ROLE} does not exist; VPC-CNI would be switched on and never work", todo)
    return _policy(cloud)


def _policy(cloud: Cloud) -> Check:
    """Check whether the role has the policy that ipamd needs (457/43416)."""

    def read(page: Mapping[str, int]) -> Answer:
        which = {"RoleName": ROLE, "Page": page["Offset"] // PAGE + 1, "Rp": PAGE}
        return cloud.call("cam", "ListAttachedRolePolicies", which)

    try:
        attached = {str(item.get("PolicyName")) for item in all_pages(read, "List")}
    except CloudError as error:
        code = redacted(error.code, 80)
        what = f"{ROLE} exists; could not tell whether it has its policy {ROLE_POLICY} ({code})"
        return warning("role", what, f"{_ROLES}; or grant cam:ListAttachedRolePolicies: {_GRANT}")
    if ROLE_POLICY not in attached:
        what = f"{ROLE} exists without its policy {ROLE_POLICY}, so ipamd can make no ENI"
        todo = f"attach {ROLE_POLICY} to the role in the console under Access Management, Roles"
        return failure("role", what, todo)
    return ok("role", f"{ROLE} exists, with {ROLE_POLICY}")


def _failure_of(check: str, error: CloudError) -> Check:
    detail = f"{error.action}: {redacted(error.code, 80)}: {redacted(error.message, 240)}"
    return failure(check, detail, _advice(error))


def _advice(error: CloudError) -> str:
    if error.code == NETWORK_ERROR:
        return (
            "check whether this machine reaches the service: HTTPS_PROXY, NO_PROXY, the firewall, and"
            " TENCENTCLOUD_DOMAIN if it is set"
        )
    if error.code.startswith(_REFUSED):
        return _GRANT
    return next(
        (advice for code, advice in _ADVICE.items() if error.code.startswith(code)),
        "see the error code in the cloud's API documentation",
    )
