"""Signed calls of the Tencent Cloud API over the official SDK, with retries that cannot repeat a change.

Also reads lists in pages, and compares accounts: with a wrong account, a live cluster would look gone.
"""

import configparser
import importlib
import os
import re
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast
from urllib.parse import quote

from pulumi_tke_hybrid.cloud.calls import AssumedRole, CloudError, CloudSettings

Params = Mapping[str, object]
Answer = dict[str, Any]

VERSIONS = {"tke": "2018-05-25", "vpc": "2017-03-12", "sts": "2018-08-13", "cam": "2019-01-16"}
NEWER = {("tke", "DescribeNodePools"): "2022-05-01"}
"""Actions that only a newer version of the service's API has."""
ACTIONS = {
    "tke": (
        "AddVpcCniSubnets",
        "DescribeAddon",
        "DescribeClusterEndpointStatus",
        "DescribeClusterInstances",
        "DescribeClusterKubeconfig",
        "DescribeClusters",
        "DescribeEnableVpcCniProgress",
        "DescribeIPAMD",
        "DescribeNodePools",
        "DescribeVpcCniPodLimits",
        "EnableVpcCniNetworkType",
    ),
    "vpc": ("DescribeSubnets", "DescribeVpcs"),
    "sts": ("GetCallerIdentity",),
    "cam": ("GetRole", "ListAttachedRolePolicies"),
}
"""Every action that the library and its commands always need; the least access policy holds them."""

ASKED_FOR = ("tke:DisableVpcCniNetworkType",)
"""Called only for `on_delete="disable"`. Not in the least policy, because it ends the network of every ENI
pod."""

READS = ("Describe", "Get", "List")
"""Beginnings of the names of actions that change nothing."""

NETWORK_ERROR = "ClientNetworkError"
_NOT_OF_THE_API = "ServerNetworkError"
"""Code of the SDK for an HTTP status other than 200, with the whole page as its text. The API itself
responds with 200, also to refuse."""
_QUOTED = re.compile(r"(?<=Failed to parse: ).*|(?<=//).*(?=@)|(?<=header value).*", re.DOTALL)
"""Parts of the SDK's errors that may hold a secret: the address of a proxy, or a header."""
_FIT = re.compile(r"[!-~]*")
"""Characters of a key and a token. Others would end in a refused header, whose text the error quotes."""
_THROTTLED = ("RequestLimitExceeded",)
_ATTEMPTS = 6
_FIRST_PAUSE = 0.5
_REQUEST_TIMEOUT = 60
_METADATA_TIMEOUT = 5.0
_PROFILES = ("~/.tencentcloud/credentials", "/etc/tencentcloud/credentials")
"""Files of credentials that the SDK searches; it reads the first file that exists."""


class Cloud(Protocol):
    """The calls that the library makes."""

    def call(self, service: str, action: str, params: Params) -> Answer:
        """Return the `Response`. Raise `CloudError` if the cloud refuses the call."""
        ...


class TencentCloud:
    """The cloud at the configured domain."""

    def __init__(self, settings: CloudSettings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        self._clients: dict[tuple[str, str], Any] = {}
        self._credential: Any = None

    def call(self, service: str, action: str, params: Params) -> Answer:
        """Make a call. Retry after throttling; after a lost connection retry only a call that reads."""
        reads = action.startswith(READS)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._call_once(service, action, params)
            except CloudError as error:
                again = error.code.startswith(_THROTTLED) or (reads and error.code == NETWORK_ERROR)
                if not again or attempt == _ATTEMPTS:
                    raise
                self._sleep(_FIRST_PAUSE * 2 ** (attempt - 1))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _call_once(self, service: str, action: str, params: Params) -> Answer:
        version = NEWER.get((service, action), VERSIONS[service])
        return self._answered(self._client(service, version), action, params)

    @staticmethod
    def _answered(client: Any, action: str, params: Params) -> Answer:
        failure = _sdk("exception.tencent_cloud_sdk_exception").TencentCloudSDKException
        try:
            answer: Any = client.call_json(action, dict(params))
        except failure as error:
            if error.get_code() == _NOT_OF_THE_API:
                raise _no_answer(action, "an HTTP error") from None
            said = _QUOTED.sub("(not shown)", str(error.get_message()))
            raise CloudError(action, str(error.get_code()), said, str(error.get_request_id() or "")) from None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            # The SDK does not catch its own errors of reading and parsing a response.
            raise _no_answer(action, type(error).__name__) from None
        response: Any = cast(Answer, answer).get("Response") if isinstance(answer, dict) else None
        if not isinstance(response, dict):
            raise _no_answer(action, "no Response in it")
        return _granted(action, cast(Answer, response))

    def _client(self, service: str, version: str) -> Any:
        if (service, version) not in self._clients:
            if self._credential is None:
                role = self._settings.role
                self._credential = self._key() if role is None else self._role(role)
            self._clients[service, version] = self._connected(service, version, self._credential)
        return self._clients[service, version]

    def _connected(self, service: str, version: str, credential: Any) -> Any:
        settings = self._settings
        http = _sdk("profile.http_profile").HttpProfile(
            protocol=settings.protocol, rootDomain=settings.domain, reqTimeout=_REQUEST_TIMEOUT
        )
        profile = _sdk("profile.client_profile").ClientProfile(httpProfile=http)
        return _sdk("common_client").CommonClient(service, version, credential, settings.region, profile)

    def _key(self) -> Any:
        settings = self._settings
        if not (settings.secret_id and settings.secret_key):
            return _searched_key()
        given = {"id": settings.secret_id, "key": settings.secret_key, "token": settings.security_token}
        unfit = [f"its {name}" for name, value in given.items() if not _FIT.fullmatch(value)]
        if unfit:
            names = " and ".join(unfit)
            what = f"the configured key cannot be used; {names} must hold no spaces and no line break"
            raise CloudError("Credentials", "CredentialsMissing", what)
        return _sdk("credential").Credential(
            settings.secret_id, settings.secret_key, settings.security_token or None
        )

    def _role(self, role: AssumedRole) -> Any:
        """Return temporary credentials. The call goes to the configured domain, as all calls do."""
        wanted: dict[str, object] = {
            "RoleArn": role.arn,
            "RoleSessionName": role.session,
            "DurationSeconds": role.seconds,
        }
        optional = {"ExternalId": role.external_id, "Policy": _encoded(role.policy)}
        wanted |= {name: value for name, value in optional.items() if value}
        client = self._connected("sts", VERSIONS["sts"], self._key())
        given: Any = self._answered(client, "AssumeRole", wanted).get("Credentials")
        try:
            return _sdk("credential").Credential(given["TmpSecretId"], given["TmpSecretKey"], given["Token"])
        except (KeyError, TypeError):
            what = f"the answer holds no key for {role.arn}"
            raise CloudError("AssumeRole", "IncompleteResponse", what) from None


def _encoded(policy: str) -> str:
    """Return a session policy URL-encoded exactly once, for AssumeRole (sts 2018-08-13, Policy). The provider
    encodes the same setting.

    A policy is a JSON object, so a text that does not begin like an object is encoded already.
    """
    return quote(policy, safe="") if policy.lstrip().startswith("{") else policy.strip()


def _no_answer(action: str, why: str) -> CloudError:
    """Return the error for a response that did not come from the API, but from a proxy, for example. Its text
    is not trusted and not shown.

    The request may have reached the API before. So for a change the response counts as lost, and the caller
    reads the live state; a call that only reads is repeated.
    """
    what = (
        f"what came back is not an answer of the cloud API ({why}), but perhaps a proxy's page; look at"
        " HTTPS_PROXY and NO_PROXY"
    )
    return CloudError(action, NETWORK_ERROR, what)


def _granted(action: str, response: Answer) -> Answer:
    """Return the response, or raise its error: the SDK misses an error if the content type has a charset."""
    refusal: Any = response.get("Error")
    if not refusal:
        return response
    said: Answer = cast(Answer, refusal) if isinstance(refusal, dict) else {}
    code, message = str(said.get("Code") or "UnknownError"), str(said.get("Message") or "")
    raise CloudError(action, code, message, str(response.get("RequestId") or ""))


def _searched_key() -> Any:
    """Return the key that the SDK finds in a profile or a role, or raise `CloudError`.

    The search has a timeout, because the machine's metadata service exists only in the cloud. The error's
    own text is not shown: a parser quotes the line that it cannot read, which may be the secret key.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_METADATA_TIMEOUT)
    try:
        return _sdk("credential").DefaultCredentialProvider().get_credential()
    except _sdk("exception.tencent_cloud_sdk_exception").TencentCloudSDKException as error:
        kind = str(error.get_code())
    except (configparser.Error, OSError, LookupError, AttributeError, TypeError, ValueError) as error:
        kind = type(error).__name__
    finally:
        socket.setdefaulttimeout(before)
    profile = next((path for path in _PROFILES if os.path.exists(os.path.expanduser(path))), "")
    look = f"look at {profile} (a section [default] with secret_id and secret_key), or " if profile else ""
    what = (
        f"no key in the configuration, the environment, a profile or a role ({kind}); {look}set"
        " TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or tencentcloud:secretId and"
        " tencentcloud:secretKey"
    )
    raise CloudError("Credentials", "CredentialsMissing", what)


def _sdk(module: str) -> Any:
    return importlib.import_module(f"tencentcloud.common.{module}")


PAGE = 100
"""Items in a page."""


def all_pages(read: Callable[[Mapping[str, int]], Answer], key: str) -> list[Answer]:
    """Return the items of all pages; `read` gets the parameters `Limit` and `Offset` of a page."""
    found: list[Answer] = []
    while True:
        items: list[Answer] = read({"Limit": PAGE, "Offset": len(found)}).get(key) or []
        found += items
        if len(items) < PAGE:
            return found


def account_of(cloud: Cloud) -> str:
    """Return the account of the credentials."""
    return str(cloud.call("sts", "GetCallerIdentity", {})["AccountId"])


def masked(secret_id: str) -> str:
    """Return the id of a key with its middle hidden."""
    return f"{secret_id[:4]}…{secret_id[-4:]}" if len(secret_id) > 12 else "…"


def wrong_account(before: str, now: str, secret_id: str) -> str:
    """Return the sentence for credentials of another account."""
    return (
        f"the stack belongs to account {before}, the credentials ({masked(secret_id)}) to account {now};"
        f" nothing was touched; use credentials of {before}"
    )


def refuse_other_account(cloud: Cloud, before: str, secret_id: str) -> None:
    """Raise `CloudError` if the credentials belong to another account than the account in the state."""
    now = account_of(cloud)
    if now != before:
        raise CloudError("GetCallerIdentity", "WrongAccount", wrong_account(before, now, secret_id))


def two_accounts(stack: CloudSettings, provider: CloudSettings) -> str:
    """Return a sentence if the key of an explicit provider belongs to another account than the stack's key,
    which the calls for VPC-CNI use; else an empty text.

    Raise `CloudError` if an account cannot be read.
    """
    if not provider.secret_id or provider.secret_id == stack.secret_id:
        return ""
    ours, theirs = account_of(TencentCloud(stack)), account_of(TencentCloud(provider))
    if ours == theirs:
        return ""
    return f"its key ({masked(provider.secret_id)}) belongs to account {theirs}, the stack's to {ours}"
