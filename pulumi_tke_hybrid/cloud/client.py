"""Signed calls over Tencent's official SDK, with retries that cannot do a thing twice.

Lists that the API tells in pages.

Whose credentials these are: a wrong account would take a live cluster for one that is gone."""

import configparser
import importlib
import os
import re
import socket
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, cast
from urllib.parse import quote

from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.cloud.settings import AssumedRole, CloudSettings

Params = Mapping[str, object]
Answer = dict[str, Any]

VERSIONS = {"tke": "2018-05-25", "vpc": "2017-03-12", "sts": "2018-08-13", "cam": "2019-01-16"}
NEWER = {("tke", "DescribeNodePools"): "2022-05-01"}
"""Actions that only a newer version of their service's API has."""
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
    "vpc": ("DescribeSubnets",),
    "sts": ("GetCallerIdentity",),
    "cam": ("GetRole", "ListAttachedRolePolicies"),
}
"""Every action that the library and its commands call by themselves; the least access policy is made of
these."""

ASKED_FOR = ("tke:DisableVpcCniNetworkType",)
"""Called only by a program that says `on_delete="disable"`. Not in the least policy: it ends the network of
every ENI pod."""

READS = ("Describe", "Get", "List")
"""How the names of actions begin that change nothing."""

NETWORK_ERROR = "ClientNetworkError"
_NOT_OF_THE_API = "ServerNetworkError"
"""The SDK's code for a status other than 200, with the whole page as its text. The API answers with 200 also
where it refuses."""
_QUOTED = re.compile(r"(?<=Failed to parse: ).*|(?<=//).*(?=@)|(?<=header value).*", re.DOTALL)
"""Where the SDK's errors quote the address of a proxy, which may hold its password, or a header: the token,
for one."""
_FIT = re.compile(r"[!-~]*")
"""What a key and a token are made of. Anything else would end in a header that is refused with its text."""
_THROTTLED = ("RequestLimitExceeded",)
_ATTEMPTS = 6
_FIRST_PAUSE = 0.5
_REQUEST_TIMEOUT = 60
_METADATA_TIMEOUT = 5.0
_PROFILES = ("~/.tencentcloud/credentials", "/etc/tencentcloud/credentials")
"""Where the SDK looks; it reads the first one that is there."""


class Cloud(Protocol):
    """What the library needs of the cloud."""

    def call(self, service: str, action: str, params: Params) -> Answer:
        """The answer's `Response`; CloudError if the cloud says no."""
        ...


class TencentCloud:
    """The real cloud, or whatever listens at the configured domain."""

    def __init__(self, settings: CloudSettings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        self._clients: dict[tuple[str, str], Any] = {}
        self._credential: Any = None

    def call(self, service: str, action: str, params: Params) -> Answer:
        """One call. Throttling is waited out; a lost connection is retried for calls that only read."""
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
            # The SDK reads and parses the answer outside of what it catches itself.
            raise _no_answer(action, type(error).__name__) from None
        response: Any = cast(Answer, answer).get("Response") if isinstance(answer, dict) else None
        if not isinstance(response, dict):
            raise _no_answer(action, "no Response in it")
        return _granted(action, cast(Answer, response))

    def _client(self, service: str, version: str) -> Any:
        if (service, version) not in self._clients:
            if self._credential is None:
                self._credential = (
                    self._key() if self._settings.role is None else self._role(self._settings.role)
                )
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
        credential = _sdk("credential")
        settings = self._settings
        if settings.secret_id and settings.secret_key:
            given = {"id": settings.secret_id, "key": settings.secret_key, "token": settings.security_token}
            unfit = [f"its {name}" for name, value in given.items() if not _FIT.fullmatch(value)]
            if unfit:
                what = (
                    f"the configured key cannot be used; {' and '.join(unfit)} must hold no spaces and no"
                    " line break"
                )
                raise CloudError("Credentials", "CredentialsMissing", what)
            return credential.Credential(
                settings.secret_id, settings.secret_key, settings.security_token or None
            )
        with (
            _found(
                "no key in the configuration, the environment, a profile or a role", _where_a_key_belongs()
            ),
            _bounded(),
        ):
            return credential.DefaultCredentialProvider().get_credential()

    def _role(self, role: AssumedRole) -> Any:
        """Credentials for a while. Asked for through our own client, so that the configured domain holds here
        as well."""
        wanted: dict[str, object] = {
            "RoleArn": role.arn,
            "RoleSessionName": role.session,
            "DurationSeconds": role.seconds,
        }
        wanted |= {
            name: value
            for name, value in (("ExternalId", role.external_id), ("Policy", _encoded(role.policy)))
            if value
        }
        client = self._connected("sts", VERSIONS["sts"], self._key())
        given: Any = self._answered(client, "AssumeRole", wanted).get("Credentials")
        try:
            return _sdk("credential").Credential(given["TmpSecretId"], given["TmpSecretKey"], given["Token"])
        except (KeyError, TypeError):
            raise CloudError(
                "AssumeRole", "IncompleteResponse", f"the answer holds no key for {role.arn}"
            ) from None


def _encoded(policy: str) -> str:
    """A session policy as AssumeRole takes it: URL-encoded, once (sts 2018-08-13, Policy). The provider
    encodes the same setting.

    A policy is a JSON object, so one that does not begin like an object is encoded already.
    """
    return quote(policy, safe="") if policy.lstrip().startswith("{") else policy.strip()


def _no_answer(action: str, why: str) -> CloudError:
    """Something else came back, whose text is not shown: it is nobody's word.

    It does not tell whether the request reached the API before something on the way answered in its place (a
    gateway that waited no
    longer) or broke off. So for a write it is a lost answer: it may have been accepted, and whoever wrote
    looks. A call that only reads is
    made again.
    """
    what = (
        f"what came back is not an answer of the cloud API ({why}), but perhaps a proxy's page; look at"
        " HTTPS_PROXY and NO_PROXY"
    )
    return CloudError(action, NETWORK_ERROR, what)


def _granted(action: str, response: Answer) -> Answer:
    """The SDK sees a refusal only under the plain content types, without a charset behind them."""
    refusal: Any = response.get("Error")
    if not refusal:
        return response
    said: Answer = cast(Answer, refusal) if isinstance(refusal, dict) else {}
    code, message = str(said.get("Code") or "UnknownError"), str(said.get("Message") or "")
    raise CloudError(action, code, message, str(response.get("RequestId") or ""))


@contextmanager
def _found(otherwise: str, advice: str) -> Generator[None]:
    """Around the SDK's search for a key, which raises whatever it stumbles over.

    Never with the error's own text: a parser quotes the line that it does not understand, which may be the
    secret key.
    """
    try:
        yield
    except _sdk("exception.tencent_cloud_sdk_exception").TencentCloudSDKException as error:
        kind = str(error.get_code())
    except (configparser.Error, OSError, LookupError, AttributeError, TypeError, ValueError) as error:
        kind = type(error).__name__
    else:
        return
    raise CloudError("Credentials", "CredentialsMissing", f"{otherwise} ({kind}); {advice}") from None


def _where_a_key_belongs() -> str:
    profile = next((path for path in _PROFILES if os.path.exists(os.path.expanduser(path))), "")
    look = f"look at {profile} (a section [default] with secret_id and secret_key), or " if profile else ""
    return (
        f"{look}set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or tencentcloud:secretId and"
        " tencentcloud:secretKey"
    )


@contextmanager
def _bounded() -> Generator[None]:
    """The SDK's last resort for credentials asks the machine's metadata service without any limit; elsewhere
    nobody answers."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_METADATA_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _sdk(module: str) -> Any:
    return importlib.import_module(f"tencentcloud.common.{module}")


PAGE = 100
"""How many items a page has."""


def all_pages(page: Callable[[int], Answer], key: str) -> list[Answer]:
    """The items of all pages; `page` asks for one of `PAGE` items, from an offset on."""
    found: list[Answer] = []
    while True:
        items: list[Answer] = page(len(found)).get(key) or []
        found += items
        if len(items) < PAGE:
            return found


def account_of(cloud: Cloud) -> str:
    """The account that the credentials belong to."""
    return str(cloud.call("sts", "GetCallerIdentity", {})["AccountId"])


def masked(secret_id: str) -> str:
    """A key's id as it may be shown."""
    return f"{secret_id[:4]}…{secret_id[-4:]}" if len(secret_id) > 12 else "…"


def wrong_account(before: str, now: str, secret_id: str) -> str:
    """The sentence for credentials of another account."""
    return (
        f"the stack belongs to account {before}, the credentials ({masked(secret_id)}) to account {now};"
        f" nothing was touched; use credentials of {before}"
    )


def refuse_other_account(cloud: Cloud, before: str, secret_id: str) -> None:
    """Raise if the credentials are of another account than the one that the state names."""
    now = account_of(cloud)
    if now != before:
        raise CloudError("GetCallerIdentity", "WrongAccount", wrong_account(before, now, secret_id))


def two_accounts(stack: CloudSettings, provider: CloudSettings) -> str:
    """That the key of an explicit provider belongs to another account than the stack's, by which VPC-CNI is
    asked; empty if not.

    Raises `CloudError` where an account cannot be told.
    """
    if not provider.secret_id or provider.secret_id == stack.secret_id:
        return ""
    ours, theirs = account_of(TencentCloud(stack)), account_of(TencentCloud(provider))
    return (
        ""
        if ours == theirs
        else f"its key ({masked(provider.secret_id)}) belongs to account {theirs}, the stack's to {ours}"
    )
