"""The access to an API server: address, TLS, proxy and credentials, from a context of a kubeconfig or from a
pod's own account. Sends no request."""

import base64
import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from pulumi_tke_hybrid.kube import KubeError
from pulumi_tke_hybrid.kube.helper import Credential, run_helper
from pulumi_tke_hybrid.kube.kubeconfig import Entry, Section, read_bytes, shown_name

Headers = tuple[tuple[str, str], ...]

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes mounts a pod's own account."""
_PROXIES = ("http", "https", "socks5", "socks5h")
_CERTIFICATES = ("client-certificate", "client-certificate-data", "client-key", "client-key-data")
_IMPERSONATION = ("as", "as-uid", "as-groups", "as-user-extra")


@dataclass(frozen=True)
class Access:
    """Address, credentials and TLS of every request. The `repr` shows none of them."""

    server: str = field(repr=False)
    """`http://` or `https://`, host, port and perhaps a path, without a slash at the end."""
    headers: Headers = field(default=(), repr=False)
    """Credentials and impersonation."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """None for a server without TLS."""
    tls_server_name: str = field(default="", repr=False)
    """The name that the server's certificate must hold, where that is not the server's address."""
    proxy: str = field(default="", repr=False)
    """`proxy-url`; empty: the proxy of the environment."""


def of_entry(entry: Entry) -> Access:
    """Return the access of a context. Runs its credential helper. Raises `KubeError` for a field that
    cannot be used."""
    cluster, user = entry.cluster, entry.user
    authority = cluster.data_or_file("certificate-authority")
    server = _server(cluster, authority is not None)
    proxy = cluster.text("proxy-url")
    if proxy:
        _refuse_proxy(proxy, cluster)
    credential, credentials = _credentials(user, cluster, authority)
    headers = (*credentials, *_impersonation(user))
    tls = None
    if server.startswith("https://"):
        tls = _tls(cluster, authority)
        _add_certificate(tls, user, credential)
    return Access(server, headers, tls, cluster.text("tls-server-name"), proxy)


def of_pod() -> Access | None:
    """Return the access of the pod in which this process runs; None outside of a cluster."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port or not (ACCOUNT / "token").exists():
        return None
    title = "the pod's own account"
    token = read_bytes(ACCOUNT / "token", f"{title}: token").decode("ascii", "replace").strip()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _trust(tls, read_bytes(ACCOUNT / "ca.crt", f"{title}: ca.crt"), f"{title}: ca.crt")
    address = f"[{host}]" if ":" in host else host
    return Access(f"https://{address}:{port}", (_bearer(token, f"{title}: token"),), tls)


def _server(cluster: Section, has_authority: bool) -> str:
    """Return the address. Without a scheme: https where the cluster has TLS fields, http elsewhere, as in
    kubectl."""
    given = cluster.text("server")
    if not given:
        raise KubeError(f"{cluster.title}: server is missing")
    secure = has_authority or cluster.flag("insecure-skip-tls-verify")
    server = given if "://" in given else f"{'https' if secure else 'http'}://{given}"
    try:
        parts = urlsplit(server)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        more = parts.username or parts.password or parts.query or parts.fragment
    except ValueError:
        usable, more = False, None
    if not usable or more or not server.isascii() or not server.isprintable() or " " in server:
        raise KubeError(f"{cluster.title}: server is not an address such as https://10.0.0.1:6443")
    return server.rstrip("/")


def _refuse_proxy(proxy: str, cluster: Section) -> None:
    try:
        parts = urlsplit(proxy)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise KubeError(f"{cluster.title}: proxy-url is not an address") from None
    if parts.scheme not in _PROXIES:
        raise KubeError(f"{cluster.title}: proxy-url has none of the schemes {', '.join(_PROXIES)}")
    if not usable or not proxy.isprintable():
        raise KubeError(f"{cluster.title}: proxy-url is not an address")


def _credentials(user: Section, cluster: Section, authority: bytes | None) -> tuple[Credential, Headers]:
    """Return the static token or password, else the credential of the helper. Raises `KubeError` for a
    user whose fields give no credential."""
    if user.fields.get("auth-provider") is not None:
        provider = user.mapping("auth-provider")
        name = shown_name(provider.text("name")) if provider else ""
        raise KubeError(
            f"{user.title}: auth-provider {name} is not supported; give a user with exec, a token or a client"
            " certificate"
        )
    token = _token(user)
    if token and user.text("username"):
        raise KubeError(f"{user.title}: token and username exclude each other")
    if token:
        return Credential(), (_bearer(token, f"{user.title}: token"),)
    if user.text("username"):
        pair = f"{user.text('username')}:{user.text('password')}".encode()
        return Credential(), (("Authorization", f"Basic {base64.b64encode(pair).decode('ascii')}"),)
    spec = user.mapping("exec")
    if spec is not None:
        found = run_helper(spec, cluster, authority)
        return found, (_bearer(found.token, f"{spec.title}: the helper's token"),) if found.token else ()
    if user.fields.keys() - set(_IMPERSONATION) and not any(map(user.fields.get, _CERTIFICATES)):
        fields = ", ".join(map(shown_name, user.fields))
        raise KubeError(
            f"{user.title} holds no credential ({fields}); give exec, a token, a client certificate or"
            " username and password"
        )
    return Credential(), ()


def _token(user: Section) -> str:
    """Return the token of the file, else the token of the kubeconfig, in the order of kubectl."""
    data = user.file("tokenFile")
    if data is None:
        return user.text("token")
    token = data.decode("ascii", "replace").strip()
    if not token:
        raise KubeError(f"{user.title}: the file of tokenFile is empty")
    return token


def _bearer(token: str, title: str) -> tuple[str, str]:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise KubeError(f"{title} is empty or holds characters that a token cannot have")
    return "Authorization", f"Bearer {token}"


def _impersonation(user: Section) -> Iterator[tuple[str, str]]:
    """Yield the headers of `as` and of the fields that need `as`."""
    name = user.text("as")
    if not name:
        present = [key for key in _IMPERSONATION if user.fields.get(key)]
        if present:
            raise KubeError(f"{user.title}: {present[0]} needs as")
        return
    yield "Impersonate-User", _header(name, user, "as")
    if user.text("as-uid"):
        yield "Impersonate-Uid", _header(user.text("as-uid"), user, "as-uid")
    for group in user.items("as-groups"):
        yield "Impersonate-Group", _header(group, user, "as-groups")
    extra = user.mapping("as-user-extra")
    for key in extra.fields if extra else ():
        name = f"Impersonate-Extra-{quote(str(key).lower(), safe='')}"
        for value in extra.items(key) if extra else ():
            yield name, _header(value, user, "as-user-extra")


def _header(value: object, user: Section, key: str) -> str:
    """Return a text for a header: UTF-8, which the HTTP library writes byte by byte."""
    if not isinstance(value, str) or not value.isprintable():
        raise KubeError(f"{user.title}: {key} holds something that is not a text")
    return value.encode().decode("latin-1")


def _tls(cluster: Section, authority: bytes | None) -> ssl.SSLContext:
    """Return the TLS settings of kubectl, which has not Python's stricter rules for certificates of
    authorities."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if cluster.flag("insecure-skip-tls-verify"):
        if authority is not None:
            raise KubeError(
                f"{cluster.title}: insecure-skip-tls-verify and certificate-authority exclude each other"
            )
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authority is not None:
        _trust(context, authority, f"{cluster.title}: certificate-authority")
    else:
        context.load_default_certs()
    return context


def _trust(context: ssl.SSLContext, authority: bytes, title: str) -> None:
    try:
        context.load_verify_locations(cadata=authority.decode("ascii"))
    except (ssl.SSLError, ValueError):
        raise KubeError(f"{title} holds no certificate in PEM") from None


def _add_certificate(context: ssl.SSLContext, user: Section, credential: Credential) -> None:
    """Add the client certificate of the helper, else of the user."""
    certificate = credential.certificate or user.data_or_file("client-certificate")
    key = credential.key or user.data_or_file("client-key")
    if not certificate and not key:
        return
    if not certificate or not key:
        missing = "client-key" if certificate else "client-certificate"
        raise KubeError(f"{user.title}: {missing} is missing beside its counterpart")
    # Python reads a key from files only; the folder is the process's own and gone when the key is read.
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder, "certificate"), Path(folder, "key")
        for path, data in zip(paths, (certificate, key), strict=True):
            path.touch(0o600)
            path.write_bytes(data)
        try:
            context.load_cert_chain(*paths, password=lambda: "")
        except (ssl.SSLError, ValueError):
            raise KubeError(
                f"{user.title}: client-certificate and client-key are no PEM, do not fit, or need a password"
            ) from None
