"""The errors of a cluster that could not be read, and their messages of one line.

A message about a kubeconfig holds the names of files, fields, contexts, clusters, users and helpers, and
no other value. A message about a request holds no text of the network, of a proxy or of a page.
"""

import json
import ssl
from typing import Any, cast

from pulumi_tke_hybrid.tke.rule import printable
from pulumi_tke_hybrid.tke.values import Json


class KubeError(Exception):
    """A cluster could not be read."""


class NoSuchEntry(KubeError):
    """The user named a file or a context that does not exist."""


class NotFound(KubeError):
    """The API server has no such object or resource."""


class NotAllowed(KubeError):
    """The rights of the credentials do not suffice (403)."""


class NotAuthenticated(NotAllowed):
    """The API server does not accept the credentials (401)."""


NOT_THE_API = (
    "the response did not come from a Kubernetes API server; look for a proxy or a login page on the way"
)
_MAX_MESSAGE = 200
_TLS_REASONS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself and not by the kubeconfig's certificate-authority",
    19: "is not signed by the kubeconfig's certificate-authority",
    20: "is not signed by the kubeconfig's certificate-authority",
    21: "is not signed by the kubeconfig's certificate-authority",
    62: "is not made for the server's name or tls-server-name",
    64: "is not made for the server's address",
}
"""OpenSSL's codes of verification, in words."""


def of_transport(error: Exception, timeout: float) -> KubeError:
    """Return the error of a request without a response."""
    from urllib3 import exceptions

    while isinstance(error, exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, exceptions.ProxyError):
        return KubeError("the proxy on the way to the API server was not reached, or refused the connection")
    tls = _tls_error(error)
    if tls is not None:
        return KubeError(f"the API server was not reached: TLS failed: {_tls_reason(tls)}")
    if isinstance(error, exceptions.NameResolutionError):
        return KubeError(
            "the API server was not reached: its name was not found in DNS; is this machine in the VPC?"
        )
    if isinstance(error, exceptions.NewConnectionError):  # to urllib3 a kind of timeout
        return KubeError("the API server was not reached: no connection; is this machine in the VPC?")
    if isinstance(error, exceptions.TimeoutError):
        return KubeError(
            f"the API server was not reached: no response within {timeout:g} s; is this machine in the VPC?"
        )
    if isinstance(error, exceptions.ProtocolError | exceptions.DecodeError):
        return KubeError("the API server was not reached: the connection broke, or the response was not HTTP")
    return KubeError(f"the API server was not reached ({type(error).__name__})")


def of_response(status: int, body: bytes, what: str) -> KubeError | None:
    """Return the error of a response; None for a success. `what` names the request, such as `list pods`."""
    if 300 <= status < 400:
        return KubeError(
            f"{what}: the server redirects ({status}); not followed, because the credentials would go along"
        )
    if 200 <= status < 300:
        return None
    answer = json_object(body)
    if status == 401:
        return NotAuthenticated(
            f"{what}: the API server does not accept the credentials (401); expired, or of another cluster"
        )
    if answer is None or answer.get("kind") != "Status":
        if status == 404:  # an API server returns 404 for an unknown resource, many a proxy for any path
            return KubeError(
                f"{what}: the API server does not serve this resource in this version, or {NOT_THE_API} (HTTP"
                " 404)"
            )
        return KubeError(f"{what}: {NOT_THE_API} (HTTP {status})")
    if status == 403:
        return NotAllowed(
            f"{what}: not allowed with this kubeconfig (403); its user needs a role that allows to {what}"
        )
    message = printable(str(answer.get("message") or "")[:_MAX_MESSAGE])
    if status == 404:
        return NotFound(f"{what}: not found")
    return KubeError(f"{what}: the API server refused (HTTP {status}): {message}")


def json_object(body: bytes) -> Json | None:
    """Return a JSON object; None for other bytes."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast(Json, found) if isinstance(found, dict) else None


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the error of the SSL library that another error wraps."""
    for _ in range(8):
        if error is None or isinstance(error, ssl.SSLError):
            return error
        inner = [item for item in error.args if isinstance(item, BaseException)]
        error = inner[0] if inner else error.__cause__ or error.__context__
    return None


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            "the server's certificate"
            f" {_TLS_REASONS.get(error.verify_code, f'is not valid (code {error.verify_code})')}"
        )
    return (
        f"{printable(error.reason or type(error).__name__)}; the server may not speak TLS, or want another"
        " client certificate"
    )
