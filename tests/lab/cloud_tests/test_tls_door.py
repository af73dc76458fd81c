"""`CONNECT` and TLS for the fixed https hosts of the vendor's plugin. The lab refuses every other host."""

import importlib
import socket
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.lab.cloud.tls_door import FIXED_HOSTS, authority_path, make_identity
from tests.lab.cloud_tests.sdk import REGION, SECRET_ID, SECRET_KEY, Lab

TKE = "tke.tencentcloudapi.com"


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def fixed_host_call(lab: Lab, action: str, authority: Path | None, key: str = SECRET_KEY) -> Any:
    """Call with the official SDK as the vendor's plugin does: https, the default domain, a proxy. Without
    `authority`, the SDK trusts the public authorities."""
    http = importlib.import_module("tencentcloud.common.profile.http_profile").HttpProfile(
        protocol="https",
        proxy=f"http://127.0.0.1:{lab.port}",
        certification=str(authority) if authority else None,
        reqTimeout=5,
    )
    profile = importlib.import_module("tencentcloud.common.profile.client_profile").ClientProfile(
        httpProfile=http
    )
    credential = importlib.import_module("tencentcloud.common.credential").Credential(SECRET_ID, key)
    client = importlib.import_module("tencentcloud.common.common_client").CommonClient(
        "tke", "2018-05-25", credential, REGION, profile
    )
    return client.call_json(action, {})["Response"]


def connect(lab: Lab, request: bytes) -> tuple[socket.socket, bytes]:
    """Send bytes on a new connection; return the connection and the first bytes of the answer."""
    connection = socket.create_connection(("127.0.0.1", lab.port), timeout=5)
    connection.sendall(request)
    return connection, connection.recv(4096)


def status_line(answer: bytes) -> str:
    return answer.partition(b"\r\n")[0].decode()


def tunnel(lab: Lab, context: ssl.SSLContext) -> ssl.SSLSocket:
    connection, answer = connect(lab, f"CONNECT {TKE}:443 HTTP/1.1\r\nHost: {TKE}:443\r\n\r\n".encode())
    assert status_line(answer) == "HTTP/1.1 200 Connection established"
    return context.wrap_socket(connection, server_hostname=TKE)


def test_signed_call_to_the_fixed_host_has_the_same_actions(lab: Lab) -> None:
    assert fixed_host_call(lab, "DescribeClusters", lab.authority)["TotalCount"] == 0
    assert lab.call("tke", "DescribeClusters")["TotalCount"] == 0
    log = lab.control.get("/calls").json()
    assert [(call["host"], call["action"], call["error"]) for call in log] == [
        (TKE, "DescribeClusters", None),
        ("tke.lab.test", "DescribeClusters", None),
    ]


def test_signature_is_checked_behind_tls(lab: Lab) -> None:
    failure = importlib.import_module("tencentcloud.common.exception").TencentCloudSDKException
    with pytest.raises(failure, match=r"AuthFailure\.SignatureFailure"):
        fixed_host_call(lab, "DescribeClusters", lab.authority, "wrong")


@pytest.mark.parametrize("trusted", ["public authorities", "the authority of another lab"])
def test_client_without_the_labs_authority_sends_nothing(lab: Lab, tmp_path: Path, trusted: str) -> None:
    authority = make_identity(tmp_path).authority if "another" in trusted else None
    failure = importlib.import_module("tencentcloud.common.exception").TencentCloudSDKException
    with pytest.raises(failure, match="CERTIFICATE_VERIFY_FAILED"):
        fixed_host_call(lab, "DescribeClusters", authority)
    assert lab.actions() == []
    assert (
        fixed_host_call(lab, "DescribeClusters", lab.authority)["TotalCount"] == 0
    )  # the door is still open


def test_one_tunnel_carries_several_requests(lab: Lab) -> None:
    look = f"GET /_lab/healthz HTTP/1.1\r\nHost: {TKE}\r\n\r\n".encode()
    call = f"POST / HTTP/1.1\r\nHost: {TKE}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    with tunnel(lab, ssl.create_default_context(cafile=str(lab.authority))) as stream:
        for request, wanted in ((look, b'{"ok":true}'), (look, b'{"ok":true}'), (call, b"MissingParameter")):
            stream.sendall(request)
            answer = stream.recv(65536)
            while wanted not in answer:
                more = stream.recv(65536)
                assert more, answer
                answer += more
            assert status_line(answer) == "HTTP/1.1 200 OK"
    assert [call["host"] for call in lab.control.get("/calls").json()] == [TKE]


def test_head_in_pieces_is_read_to_its_end(lab: Lab) -> None:
    with socket.create_connection(("127.0.0.1", lab.port), timeout=5) as connection:
        for piece in (b"CON", b"NECT ", TKE.encode(), b":443 HTTP/1.1\r\n", b"\r", b"\n"):
            connection.sendall(piece)
            lab.control.get("/healthz")  # the lab has read the piece by the time of the answer
        assert status_line(connection.recv(4096)) == "HTTP/1.1 200 Connection established"


@pytest.mark.parametrize(
    "target",
    [
        "example.com:443", "vpc.tencentcloudapi.com:443", f"{TKE}:80", TKE, f"{TKE}.example.com:443",
        f"example.com/{TKE}:443", "127.0.0.1:443", f"[{TKE}]:443", "", ":443",
    ],
)  # fmt: skip
def test_every_other_target_is_refused_by_name(lab: Lab, target: str) -> None:
    connection, answer = connect(lab, f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
    with connection:
        assert status_line(answer) == (
            "HTTP/1.1 403 HostRefused: the lab answers only for"
            " sts.tencentcloudapi.com and tke.tencentcloudapi.com on port 443"
        )
        assert connection.recv(1) == b""
    assert lab.actions() == []


def test_refusal_reaches_the_user_of_a_client(lab: Lab) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="403 HostRefused: the lab answers only for"):
        requests.get("https://example.com/", proxies={"https": f"http://127.0.0.1:{lab.port}"}, timeout=5)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (f"CONNECT {TKE}:443 HTTP/1.1\r\n\r\n\x16\x03".encode(), "400 DataBeforeTunnel"),
        (b"CONNECT " + b"a" * 9000, "431 HeadTooLong"),
    ],
)
def test_wrong_connect_is_refused(lab: Lab, request_bytes: bytes, status: str) -> None:
    connection, answer = connect(lab, request_bytes)
    connection.close()
    assert status_line(answer).startswith(f"HTTP/1.1 {status}: ")


def test_authority_is_fresh_and_its_key_is_written_nowhere(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        directory.mkdir()
        assert make_identity(directory).authority == authority_path(directory)
    files = {path.name: path for path in authority_path(first).parent.iterdir()}
    assert set(files) == {"authority.pem", "server.pem"}
    assert b"PRIVATE" not in files["authority.pem"].read_bytes()
    assert stat.S_IMODE(files["server.pem"].stat().st_mode) == 0o600
    assert stat.S_IMODE(files["server.pem"].parent.stat().st_mode) == 0o700
    assert files["authority.pem"].read_bytes() != authority_path(second).read_bytes()
    with pytest.raises(FileExistsError):  # an old key is never reused
        make_identity(first)


def test_certificate_names_the_fixed_hosts_only(lab: Lab) -> None:
    with tunnel(lab, ssl.create_default_context(cafile=str(lab.authority))) as stream:
        certificate = stream.getpeercert()
    assert certificate
    assert certificate["subjectAltName"] == tuple(("DNS", host) for host in FIXED_HOSTS)
