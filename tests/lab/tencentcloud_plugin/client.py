"""Signed calls of the stand-in plugin to the Tencent Cloud API, with the official SDK's common client."""

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Protocol, TypeVar, cast
from urllib.parse import urlsplit

from tests.lab.tencentcloud_plugin.timing import Retry, Timing

T = TypeVar("T")
Json = dict[str, Any]

VERSIONS: Final = {
    "api": "2020-11-06",
    "as": "2018-04-19",
    "sts": "2018-08-13",
    "tag": "2018-08-13",
    "tat": "2020-10-28",
    "tke": "2018-05-25",
    "vpc": "2017-03-12",
}
RETRIED: Final = frozenset(
    {
        "ClientError.NetworkError",
        "ClientError.HttpStatusCodeError",
        "RequestLimitExceeded",
        "ResourceInUse",
        "ResourceUnavailable",
        "ResourceBusy",
        "InvalidParameter.ActionInProgress",
        "OperationDenied.InstanceStatusLimitError",
        "UnsupportedOperation.UnsupportedDeleteService",
    }
)
EXPIRED: Final = frozenset({"AuthFailure.TokenFailure", "AuthFailure.SignatureExpire"})
INTERNAL_ERROR: Final = "InternalError"
_PYTHON_TO_GO: Final = {
    "ClientNetworkError": "ClientError.NetworkError",
    "ServerNetworkError": "ClientError.HttpStatusCodeError",
}
_HTTP_TIMEOUT = 300
_SHORTEST_HTTP_TIMEOUT = 10


class JsonClient(Protocol):
    """The SDK's `CommonClient`."""

    def call_json(self, action: str, params: Json) -> Json: ...


class ApiError(RuntimeError):
    """An error of the API, with the text of the vendor's Go SDK."""

    def __init__(self, code: str, message: str, request_id: str = "") -> None:
        super().__init__(f"[TencentCloudSDKError] Code={code}, Message={message}, RequestId={request_id}")
        self.code = code
        self.message = message

    def is_retried(self, also: Sequence[str] = ()) -> bool:
        """By the whole code or by the part before its first dot."""
        codes = RETRIED.union(also)
        return self.code in codes or self.code.split(".", 1)[0] in codes


@dataclass(frozen=True)
class Settings:
    """The provider's configuration; what is not configured comes from the environment."""

    secret_id: str = ""
    secret_key: str = ""
    security_token: str = ""
    region: str = "ap-guangzhou"
    protocol: str = "HTTPS"
    domain: str = ""
    allowed_accounts: tuple[str, ...] = ()

    @classmethod
    def from_config(cls, config: Mapping[str, str]) -> "Settings":
        def setting(key: str, variable: str, default: str = "") -> str:
            return config.get(key) or os.environ.get(variable) or default

        return cls(
            secret_id=setting("secretId", "TENCENTCLOUD_SECRET_ID"),
            secret_key=setting("secretKey", "TENCENTCLOUD_SECRET_KEY"),
            security_token=setting("securityToken", "TENCENTCLOUD_SECURITY_TOKEN"),
            region=setting("region", "TENCENTCLOUD_REGION", "ap-guangzhou"),
            protocol=setting("protocol", "TENCENTCLOUD_PROTOCOL", "HTTPS").upper(),
            domain=setting("domain", "TENCENTCLOUD_DOMAIN"),
            allowed_accounts=tuple(map(str, json.loads(config.get("allowedAccountIds") or "[]"))),
        )

    def __repr__(self) -> str:
        return f"Settings(region={self.region!r}, protocol={self.protocol!r}, domain={self.domain!r})"


class Api:
    """The API as the resources use it. Safe for the threads of the gRPC server: one client per thread and
    service."""

    def __init__(
        self, settings: Settings, timing: Timing, debug: Callable[[str], None] = lambda _text: None
    ) -> None:
        self.debug = debug
        self.settings = settings
        self.timing = timing
        self._local = threading.local()

    @property
    def region(self) -> str:
        return self.settings.region

    def refuse_other_accounts(self) -> None:
        """With `allowed_account_ids`: raise if the key belongs to no listed account. Without, make no
        call."""
        allowed = self.settings.allowed_accounts
        if allowed and (account := self._account()) not in allowed:
            raise ValueError(
                f"account {account} is not one of allowed_account_ids"
            )  # the vendor's words are not known here

    def call(self, service: str, action: str, params: Json, *, fixed_host: bool = False) -> Json:
        """One request; raises ApiError. A read with expired credentials is repeated, nothing else is."""
        if not action.startswith("Describe"):
            return self._call(service, action, params, fixed_host)

        def attempt() -> Json:
            try:
                return self._call(service, action, params, fixed_host)
            except ApiError as error:
                if error.code in EXPIRED:
                    raise Retry(error) from error
                raise

        return self.timing.retry(self.timing.expired_seconds, attempt)

    def _call(self, service: str, action: str, params: Json, fixed_host: bool) -> Json:
        """Send one request; raises ApiError. The engine gets the request as a debug message, a password in
        clear included.

        `fixed_host`: the vendor sends this call to `https://<service>.tencentcloudapi.com`, and ignores
        `domain` and `protocol`. The stand-in does so only through a proxy on loopback, such as the lab's
        door. Without this proxy, the call goes to the configured domain, because no request may leave the
        lab.
        """
        self.debug(f"[DEBUG] api[{action}] request body [{json.dumps(params)}]")
        sdk_error: type[Exception] = import_module(
            "tencentcloud.common.exception.tencent_cloud_sdk_exception"
        ).TencentCloudSDKException
        try:
            answer = self._client(service, fixed_host and _proxy_on_loopback()).call_json(action, params)
        except sdk_error as error:
            code, message, request_id = (
                str(getattr(error, name) or "") for name in ("code", "message", "requestId")
            )
            raise ApiError(_PYTHON_TO_GO.get(code, code), message, request_id) from error
        response = cast("Json", answer["Response"])
        if fault := cast("dict[str, str] | None", response.get("Error")):
            # The SDK looks for errors only below some content types.
            raise ApiError(fault["Code"], fault["Message"], str(response.get("RequestId", "")))
        return response

    def _account(self) -> str:
        return str(self.call("sts", "GetCallerIdentity", {}, fixed_host=True)["AccountId"])

    def retried_call(
        self, service: str, action: str, params: Json, timeout: float, also: Sequence[str] = ()
    ) -> Json:
        """Send one request, and repeat it while the vendor retries its error."""
        return self.timing.retry(
            timeout, lambda: self.retrying(lambda: self.call(service, action, params), also)
        )

    @staticmethod
    def retrying(attempt: Callable[[], T], also: Sequence[str] = ()) -> T:
        """Turn the errors that the vendor retries into Retry, for use inside `Timing.retry`."""
        try:
            return attempt()
        except ApiError as error:
            if error.is_retried(also):
                raise Retry(error) from error
            raise

    def _client(self, service: str, fixed_host: bool) -> JsonClient:
        clients = cast("dict[tuple[str, bool], JsonClient] | None", getattr(self._local, "clients", None))
        if clients is None:
            clients = {}
            self._local.clients = clients
        if (service, fixed_host) not in clients:
            clients[service, fixed_host] = self._new_client(service, fixed_host)
        return clients[service, fixed_host]

    def _new_client(self, service: str, fixed_host: bool) -> JsonClient:
        # The SDK is imported here and by name: it has no types, and the engine waits for every start of the
        # plugin,
        # also for those that call nothing.
        settings = self.settings
        if not settings.secret_id or not settings.secret_key:
            raise ValueError(
                "secret_id and secret_key must be set, in the provider or as TENCENTCLOUD_SECRET_ID/_KEY"
            )
        http = import_module("tencentcloud.common.profile.http_profile").HttpProfile(
            protocol="https" if fixed_host else settings.protocol.lower(),
            rootDomain=None if fixed_host else settings.domain or None,
            reqTimeout=max(_HTTP_TIMEOUT * self.timing.scale, _SHORTEST_HTTP_TIMEOUT),
            certification=os.environ.get("SSL_CERT_FILE"),  # as Go does
        )
        profile = import_module("tencentcloud.common.profile.client_profile").ClientProfile(httpProfile=http)
        credential = import_module("tencentcloud.common.credential").Credential(
            settings.secret_id, settings.secret_key, settings.security_token or None
        )
        client: JsonClient = import_module("tencentcloud.common.common_client").CommonClient(
            service, VERSIONS[service], credential, settings.region, profile
        )
        return client


def _proxy_on_loopback() -> bool:
    """Return whether https requests go through a proxy on this machine."""
    return urlsplit(os.environ.get("HTTPS_PROXY", "")).hostname == "127.0.0.1"
