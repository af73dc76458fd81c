"""A client for the requests of this package. Objects are plain dictionaries of the API's own shape; the
module `tke.objects` reads them."""

import importlib.util
import json
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote, urlencode, urlsplit

from pulumi_tke_hybrid.kube import KubeError, NotAllowed, NotAuthenticated, NotFound, kubeconfig
from pulumi_tke_hybrid.kube.access import Access, of_entry, of_pod
from pulumi_tke_hybrid.tke import printable
from pulumi_tke_hybrid.tke.objects import Json, at, items

TIMEOUT = 15.0
"""Seconds for a connection, and for each wait for data."""
_PAGE = 500
"""Objects of one response of a list."""
_LOOPBACK = "localhost,127.0.0.0/8,::1"
_LOADING = threading.Lock()
"""Hooks run at the same time, and the library's modules import each other: two first imports would
deadlock."""
_NOT_THE_API = (
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
Query = Mapping[str, str] | None


@dataclass(frozen=True)
class Kind:
    """A kind of objects, by its place in the API."""

    plural: str
    group: str = ""
    """Empty for the core group."""
    version: str = "v1"
    namespaced: bool = True

    def path(self, namespace: str, name: str = "") -> str:
        """The path of one object, or of a list; without a namespace of the whole cluster."""
        start = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        where = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        return f"{start}{where}/{self.plural}" + (f"/{quote(name, safe='')}" if name else "")


CONFIG_MAP = Kind("configmaps")
DEPLOYMENT = Kind("deployments", "apps")
ENDPOINT_SLICE = Kind("endpointslices", "discovery.k8s.io")
EVENT = Kind("events")
INGRESS = Kind("ingresses", "networking.k8s.io")
JOB = Kind("jobs", "batch")
NODE = Kind("nodes", namespaced=False)
POD = Kind("pods")
SERVICE = Kind("services")
TKE_SERVICE_CONFIG = Kind("tkeserviceconfigs", "cloud.tencent.com", "v1alpha1")


class KubeClient:
    """One API server with one set of credentials. Each method raises `KubeError`."""

    def __init__(self, access: Access, timeout: float = TIMEOUT) -> None:
        self._access = access
        self._timeout = timeout
        self._api: Any = _library_client(access)

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        """Return an object. Raises `NotFound` where it does not exist."""
        where = f"{namespace}/{name}" if kind.namespaced else name
        return self._object("GET", kind.path(namespace, name), f"get {kind.plural} {where}")

    def list(
        self, kind: Kind, namespace: str = "", labels: Mapping[str, str] | None = None
    ) -> Iterator[Json]:
        """Yield all objects of a namespace or of the cluster; each page is requested when it is needed."""
        what = f"list {kind.plural}"
        selector = ",".join(f"{key}={value}" for key, value in (labels or {}).items())
        following = ""
        while True:
            query = {"limit": str(_PAGE), "labelSelector": selector, "continue": following}
            page = self._object("GET", kind.path(namespace), what, query)
            yield from _objects(page, what)
            metadata: Any = page.get("metadata") or {}
            before, following = following, str(metadata.get("continue") or "")
            if not following:
                return
            if following == before:
                raise KubeError(f"{what}: {_NOT_THE_API}")

    def create(self, kind: Kind, namespace: str, body: Json) -> Json:
        """Create an object; return the object that the API server stored."""
        return self._object("POST", kind.path(namespace), f"create {kind.plural}", body=body)

    def delete(self, kind: Kind, namespace: str, name: str) -> None:
        """Delete an object; the server deletes its dependents afterwards. Raises `NotFound` where it does
        not exist."""
        what = f"delete {kind.plural} {namespace}/{name}"
        self._object("DELETE", kind.path(namespace, name), what, body={"propagationPolicy": "Background"})

    def log(self, namespace: str, pod: str, container: str, seconds: int) -> Sequence[str]:
        """Return the lines of a container's log that are not older than `seconds`."""
        query = {"container": container, "sinceSeconds": str(seconds)}
        path = f"{POD.path(namespace, pod)}/log"
        body = self._request("GET", path, f"read the log of {namespace}/{pod}", query)
        return body.decode("utf-8", "replace").splitlines()

    def preferred_version(self, group: str) -> str | None:
        """Return the version of an API group that the server prefers; None where the server does not serve
        the group.

        The list of all groups is read, because a 404 does not prove that a group is missing.
        """
        what = "list API groups"
        found = self._object("GET", "/apis", what)
        if found.get("kind") != "APIGroupList" or not isinstance(found.get("groups"), list):
            raise KubeError(f"{what}: {_NOT_THE_API}")
        item = next((item for item in items(found.get("groups")) if at(item, "name") == group), None)
        if item is None:
            return None
        version = at(item, "preferredVersion", "version")
        if not isinstance(version, str) or not version:
            raise KubeError(f"{what}: {group} has no preferred version")
        return version

    def _object(
        self, method: str, path: str, what: str, query: Query = None, body: Json | None = None
    ) -> Json:
        found = _json_object(self._request(method, path, what, query, body))
        if found is None:
            raise KubeError(f"{what}: {_NOT_THE_API}")
        return found

    def _request(
        self, method: str, path: str, what: str, query: Query = None, body: Json | None = None
    ) -> bytes:
        from kubernetes.client.exceptions import ApiException
        from urllib3 import HTTPHeaderDict, exceptions

        given = {key: value for key, value in (query or {}).items() if value}
        headers = HTTPHeaderDict(
            {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "tke-hybrid"}
        )
        if body is not None:
            headers["Content-Type"] = "application/json"
        for name, value in self._access.headers:
            headers.add(name, value)
        url = f"{self._access.server}{path}" + (f"?{urlencode(given)}" if given else "")
        timeout = (self._timeout, self._timeout)
        try:
            response = self._api.call_api(method, url, headers, body, _request_timeout=timeout)
            status, data = int(response.status), bytes(response.read())
        except (ApiException, exceptions.HTTPError, OSError, ValueError) as error:
            raise KubeError(f"{what}: {_transport_error(error, self._timeout)}") from None
        if not 200 <= status < 300:
            raise _response_error(status, data, what)
        return data


def connect(path: Path | None = None, context: str = "") -> KubeClient:
    """Return a client for a context of a file. Without a file: `KUBECONFIG`, `~/.kube/config`, or the
    pod's own account.

    Nothing is sent; a credential helper is run. Raises `NoSuchEntry` or `KubeError`.
    """
    merged = kubeconfig.of_file(path) if path else kubeconfig.of_environment()
    access = of_pod() if merged is None else of_entry(merged.entry(context))
    if access is None:
        raise KubeError("there is no kubeconfig; give --kubeconfig or KUBECONFIG")
    return KubeClient(access)


def connect_to(text: str, context: str = "", title: str = "the kubeconfig") -> KubeClient:
    """Return a client for a context of a kubeconfig in a text. Raises `KubeError`."""
    return KubeClient(of_entry(kubeconfig.of_text(text, title).entry(context)))


def _objects(page: Json, what: str) -> Sequence[Json]:
    """Return the objects of a page. Raises `KubeError` for an item without a name."""
    if page.get("items") is None and str(page.get("kind") or "").endswith("List"):
        return ()
    found: list[Json] = items(page.get("items"))
    if not isinstance(page.get("items"), list) or not all(
        isinstance(at(item, "metadata", "name"), str) for item in found
    ):
        raise KubeError(f"{what}: {_NOT_THE_API}")
    return found


def _library_client(access: Access) -> Any:
    """Return the official client with this package's settings of TLS, proxy and redirects."""
    with _LOADING:
        from kubernetes.client import ApiClient, Configuration
    from urllib3 import disable_warnings, exceptions, make_headers

    configuration: Any = Configuration(host=access.server)
    configuration.retries = False  # neither repeats nor redirects
    configuration.verify_ssl = access.tls is None or access.tls.check_hostname
    if access.proxy:
        configuration.proxy, configuration.no_proxy = access.proxy, ""
    else:
        configuration.no_proxy = ",".join(filter(None, (configuration.no_proxy, _LOOPBACK)))
    title = "proxy-url" if access.proxy else "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY"
    try:
        parts = urlsplit(configuration.proxy or "")
        if parts.scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
            raise KubeError(f"{title} names a SOCKS proxy, which needs another package: pip install pysocks")
        if parts.scheme in ("http", "https") and parts.username is not None:
            configuration.proxy_headers = make_headers(
                proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            )
        if access.tls_server_name:
            configuration.tls_server_name = access.tls_server_name
        api: Any = ApiClient(configuration)
    except (exceptions.HTTPError, ValueError):
        raise KubeError(f"{title} is not the address of a proxy that can be used") from None
    if access.tls is not None:
        # The library would load certificates by itself, and keys from files alone.
        api.rest_client.pool_manager.connection_pool_kw["ssl_context"] = access.tls
        if not configuration.verify_ssl:
            disable_warnings(exceptions.InsecureRequestWarning)  # the kubeconfig has insecure-skip-tls-verify
    return api


def _transport_error(error: Exception, timeout: float) -> str:
    """Return why a request got no response."""
    from urllib3 import exceptions

    while isinstance(error, exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, exceptions.ProxyError):
        return "the proxy on the way to the API server was not reached, or refused the connection"
    tls = _tls_error(error)
    if tls is not None:
        return f"the API server was not reached: TLS failed: {_tls_reason(tls)}"
    not_http = "the connection broke, or the response was not HTTP"
    reasons = {  # a NewConnectionError is to urllib3 a kind of timeout, so that the order counts
        exceptions.NameResolutionError: "its name was not found in DNS; is this machine in the VPC?",
        exceptions.NewConnectionError: "no connection; is this machine in the VPC?",
        exceptions.TimeoutError: f"no response within {timeout:g} s; is this machine in the VPC?",
        exceptions.ProtocolError: not_http,
        exceptions.DecodeError: not_http,
    }
    reason = next((text for kind, text in reasons.items() if isinstance(error, kind)), "")
    return f"the API server was not reached{f': {reason}' if reason else f' ({type(error).__name__})'}"


def _response_error(status: int, body: bytes, what: str) -> KubeError:
    """Return the error of a response. `what` names the request, such as `list pods`."""
    if 300 <= status < 400:
        return KubeError(
            f"{what}: the server redirects ({status}); not followed, because the credentials would go along"
        )
    answer = _json_object(body)
    if status == 401:
        return NotAuthenticated(
            f"{what}: the API server does not accept the credentials (401); expired, or of another cluster"
        )
    if answer is None or answer.get("kind") != "Status":
        if status == 404:  # an API server returns 404 for an unknown resource, many a proxy for any path
            return KubeError(
                f"{what}: the API server does not serve this resource in this version, or {_NOT_THE_API}"
                " (HTTP 404)"
            )
        return KubeError(f"{what}: {_NOT_THE_API} (HTTP {status})")
    if status == 404:
        return NotFound(f"{what}: not found")
    if status == 403:
        return NotAllowed(
            f"{what}: not allowed with this kubeconfig (403); its user needs a role that allows to {what}"
        )
    message = printable(str(answer.get("message") or "")[:_MAX_MESSAGE])
    return KubeError(f"{what}: the API server refused (HTTP {status}): {message}")


def _json_object(body: bytes) -> Json | None:
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
        code = error.verify_code
        return f"the server's certificate {_TLS_REASONS.get(code, f'is not valid (code {code})')}"
    return (
        f"{printable(error.reason or type(error).__name__)}; the server may not speak TLS, or want another"
        " client certificate"
    )
