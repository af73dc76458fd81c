"""TLS as in kubectl: authorities, names, client certificates, proxies; each failure has its name."""

import base64
import datetime
import json
import ssl
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme

from pulumi_tke_hybrid.kube import KubeError, client
from pulumi_tke_hybrid.kube.client import KubeClient, connect, connect_to
from tests.unit.kube.servers import Json, Objects, kubeconfig, named, proxying, serving

CA, OTHER = trustme.CA(), trustme.CA()
ALICE = CA.issue_cert("alice@example.com")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


AUTHORITY = {"certificate-authority-data": encoded(CA.cert_pem.bytes())}
CERTIFICATE = {
    "client-certificate-data": encoded(ALICE.cert_chain_pems[0].bytes()),
    "client-key-data": encoded(ALICE.private_key_pem.bytes()),
}


pytestmark = pytest.mark.usefixtures("no_proxies")


def server_side(
    *names: str,
    authority: trustme.CA = CA,
    wants_certificate: bool = False,
    until: datetime.datetime | None = None,
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=until).configure_cert(context)
    if wants_certificate:
        CA.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def names_of(found: KubeClient) -> list[str]:
    return [pod["metadata"]["name"] for pod in found.list(client.POD)]


def read(tls: ssl.SSLContext, cluster: Mapping[str, object], user: Json | None = None) -> list[str]:
    with serving(Objects([named("a")]), tls) as served:
        return names_of(connect_to(json.dumps(kubeconfig(f"https://127.0.0.1:{served.port}", user, cluster))))


def test_an_authority_may_be_data_or_a_file_beside_the_kubeconfig(tmp_path: Path) -> None:
    assert read(server_side("127.0.0.1"), AUTHORITY) == ["a"]
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "ca.crt").write_bytes(CA.cert_pem.bytes())
    with serving(Objects([named("a")]), server_side("127.0.0.1")) as served:
        text = json.dumps(
            kubeconfig(f"https://127.0.0.1:{served.port}", cluster={"certificate-authority": "pki/ca.crt"})
        )
        (tmp_path / "config").write_text(text)
        assert names_of(connect(tmp_path / "config")) == ["a"]


def test_a_server_without_a_scheme_is_https_where_it_has_an_authority() -> None:
    with serving(Objects([named("a")]), server_side("127.0.0.1")) as served:
        assert names_of(
            connect_to(json.dumps(kubeconfig(f"127.0.0.1:{served.port}", cluster=AUTHORITY)))
        ) == ["a"]
    with serving(Objects([named("a")])) as served:
        assert names_of(connect_to(json.dumps(kubeconfig(f"127.0.0.1:{served.port}")))) == ["a"]


def test_tls_server_name_is_sent_and_checked() -> None:
    seen: list[str | None] = []
    tls = server_side("api.example.com")
    tls.sni_callback = lambda _, name, __: seen.append(name)
    assert read(tls, {**AUTHORITY, "tls-server-name": "api.example.com"}) == ["a"]
    assert seen == ["api.example.com"]
    with pytest.raises(KubeError, match="certificate is not made for the server's name or tls-server-name"):
        read(tls, {**AUTHORITY, "tls-server-name": "other.example.com"})
    with pytest.raises(KubeError, match="certificate is not made for the server's address"):
        read(tls, AUTHORITY)


def test_certificates_of_others_are_named() -> None:
    with pytest.raises(
        KubeError,
        match="TLS failed: the server's certificate is not signed by the kubeconfig's certificate-authority",
    ):
        read(server_side("127.0.0.1", authority=OTHER), AUTHORITY)
    old = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
    with pytest.raises(KubeError, match="TLS failed: the server's certificate has expired"):
        read(server_side("127.0.0.1", until=old), AUTHORITY)
    with (
        serving(Objects()) as plain,
        pytest.raises(KubeError, match=r"TLS failed: .*; the server may not speak TLS"),
    ):
        names_of(connect_to(json.dumps(kubeconfig(f"https://127.0.0.1:{plain.port}", cluster=AUTHORITY))))


def test_a_cluster_may_skip_verification_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(server_side("api.example.com", authority=OTHER), {"insecure-skip-tls-verify": True}) == [
            "a"
        ]


def test_a_client_certificate_may_be_data_or_files_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tls = server_side("127.0.0.1", wants_certificate=True)
    assert read(tls, AUTHORITY, CERTIFICATE) == ["a"]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "alice.crt").write_bytes(ALICE.cert_chain_pems[0].bytes())
    (tmp_path / "alice.key").write_bytes(ALICE.private_key_pem.bytes())
    with serving(Objects([named("a")]), tls) as served:
        user = {"client-certificate": "alice.crt", "client-key": "alice.key"}
        (tmp_path / "config").write_text(
            json.dumps(kubeconfig(f"https://127.0.0.1:{served.port}", user, AUTHORITY))
        )
        assert names_of(connect(tmp_path / "config")) == ["a"]


def test_a_server_that_wants_a_certificate_and_gets_none_is_named() -> None:
    with pytest.raises(KubeError, match=r"the API server was not reached: (TLS failed|the connection broke)"):
        read(server_side("127.0.0.1", wants_certificate=True), AUTHORITY)


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ({**CERTIFICATE, "client-key-data": ""}, "client-key is missing beside its counterpart"),
        (
            {"client-key-data": CERTIFICATE["client-key-data"]},
            "client-certificate is missing beside its counterpart",
        ),
        (
            {**CERTIFICATE, "client-key-data": "aHVudGVyMg=="},
            "client-certificate and client-key are no PEM, do not fit",
        ),
        (
            {**CERTIFICATE, "client-key-data": encoded(OTHER.private_key_pem.bytes())},
            "client-certificate and client-key are no PEM, do not fit",
        ),
    ],
)
def test_certificates_that_do_not_fit_are_refused_by_their_fields(user: Json, problem: str) -> None:
    with pytest.raises(KubeError, match=f'^user "u": {problem}'):
        connect_to(json.dumps(kubeconfig("https://127.0.0.1:1", user, AUTHORITY)))


def test_a_proxy_tunnels_tls_and_sees_neither_credentials_nor_certificates() -> None:
    with proxying() as proxy:
        assert read(
            server_side("127.0.0.1"), {**AUTHORITY, "proxy-url": f"http://me:pw@127.0.0.1:{proxy.port}"}
        ) == ["a"]
    (request,) = proxy.requests
    assert request.method == "CONNECT"
    assert request.all("Proxy-Authorization") == ["Basic bWU6cHc="]
    assert request.all("Authorization") == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"HTTP/1.1 403 hunter2\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_a_proxy_that_refuses_is_named(answer: bytes) -> None:
    with (
        proxying(answer) as proxy,
        pytest.raises(
            KubeError, match=r"the proxy on the way to the API server|the connection broke"
        ) as caught,
    ):
        read(server_side("127.0.0.1"), {**AUTHORITY, "proxy-url": f"http://127.0.0.1:{proxy.port}"})
    assert "hunter2" not in str(caught.value)


def test_a_proxy_that_is_not_there_is_named() -> None:
    with pytest.raises(
        KubeError, match="the proxy on the way to the API server was not reached, or refused the connection"
    ):
        read(server_side("127.0.0.1"), {**AUTHORITY, "proxy-url": "http://127.0.0.1:1"})
