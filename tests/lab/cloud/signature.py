"""Stand-in for the gate of the Tencent Cloud API: TC3-HMAC-SHA256 is checked for real."""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from datetime import datetime, timezone

from tests.lab.cloud.errors import ApiError, missing

_ALGORITHM = "TC3-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256\s+Credential=(?P<id>[^/,\s]+)/(?P<date>\d{4}-\d{2}-\d{2})"
    r"/(?P<service>[^/,\s]+)/tc3_request,"
    r"\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_MAX_SKEW_SECONDS = 300
_FAILED = ApiError(
    "AuthFailure.SignatureFailure",
    "The provided credentials could not be validated. Please check your signature is correct.",
)


def verify(
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str,
    query: str,
    service: str,
    credentials: Mapping[str, str],
    tokens: Mapping[str, str],
) -> None:
    """Raise unless the request is signed with a known key. `headers` are looked up by lower-case names."""
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", "").strip())
    if "authorization" not in headers:
        raise missing("Authorization")
    if match is None:
        raise ApiError(
            "AuthFailure.InvalidAuthorization", "The `Authorization` in request header is invalid."
        )
    timestamp = headers.get("x-tc-timestamp", "")
    if not timestamp.isdigit():
        raise missing("X-TC-Timestamp")
    if abs(time.time() - int(timestamp)) > _MAX_SKEW_SECONDS:
        raise ApiError(
            "AuthFailure.SignatureExpire", "The request has expired: check the clock of this machine."
        )
    secret_id = match["id"]
    if secret_id not in credentials:
        raise ApiError(
            "AuthFailure.SecretIdNotFound",
            "The SecretId is not found, please ensure that your SecretId is correct.",
        )
    if headers.get("x-tc-token", "") != tokens.get(secret_id, ""):
        raise ApiError("AuthFailure.TokenFailure", "The token is invalid.")
    date = datetime.fromtimestamp(int(timestamp), timezone.utc).strftime("%Y-%m-%d")
    signed = match["headers"].split(";")
    if match["date"] != date or match["service"] != service or not {"content-type", "host"} <= set(signed):
        raise _FAILED
    text = _string_to_sign(headers, body, method, query, signed, f"{date}/{service}/tc3_request")
    key = f"TC3{credentials[secret_id]}".encode()
    for part in (date, service, "tc3_request"):
        key = _hmac(key, part).digest()
    if not hmac.compare_digest(_hmac(key, text).hexdigest(), match["signature"]):
        raise _FAILED


def _string_to_sign(
    headers: Mapping[str, str], body: bytes, method: str, query: str, signed: list[str], scope: str
) -> str:
    canonical = "".join(f"{name}:{headers.get(name, '').strip().lower()}\n" for name in signed)
    payload = b"UNSIGNED-PAYLOAD" if headers.get("x-tc-content-sha256") == "UNSIGNED-PAYLOAD" else body
    request = "\n".join(
        (method, "/", query, canonical, ";".join(signed), hashlib.sha256(payload).hexdigest())
    )
    return "\n".join(
        (_ALGORITHM, headers["x-tc-timestamp"], scope, hashlib.sha256(request.encode()).hexdigest())
    )


def _hmac(key: bytes, text: str) -> "hmac.HMAC":
    return hmac.new(key, text.encode(), hashlib.sha256)
