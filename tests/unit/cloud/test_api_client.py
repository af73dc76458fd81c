"""The client of the cloud without a key, with a broken response, with an error of the API. No secret is in
any message."""

import http.server
import json
import threading
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from pulumi_tke_hybrid.cloud.api_client import NETWORK_ERROR, TencentCloud
from pulumi_tke_hybrid.cloud.calls import AssumedRole, CloudError, CloudSettings
from tests.unit.doctor.machines import SECRET_ID, SECRET_KEY

TOKEN = "sess10nT0ken-abcDEF"
PROFILES = {
    "MissingSectionHeaderError": f"secret_key = {SECRET_KEY}\nsecret_id = {SECRET_ID}\n",
    "ParsingError": f"[default]\nsecret_id = {SECRET_ID}\n{SECRET_KEY}\n",
    "DuplicateOptionError": f"[default]\nsecret_key = {SECRET_KEY}\nsecret_key = {SECRET_KEY}\n",
    "AttributeError": f"[prod]\nsecret_id = {SECRET_ID}\nsecret_key = {SECRET_KEY}\n",
    "UnicodeDecodeError": f"[default]\nsecret_id = {SECRET_ID}\nsecret_key = {SECRET_KEY}\xff\n",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the SDK looks for a profile, and nowhere else is a key."""
    for name in ("SECRET_ID", "SECRET_KEY", "ASSUME_ROLE_ARN"):
        monkeypatch.delenv(f"TENCENTCLOUD_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".tencentcloud").mkdir()
    return tmp_path


def write(home: Path, text: str) -> None:
    (home / ".tencentcloud" / "credentials").write_bytes(text.encode("latin-1"))


@pytest.mark.parametrize(("kind", "text"), PROFILES.items(), ids=PROFILES)
def test_a_profile_that_cannot_be_read_is_named_and_not_quoted(home: Path, kind: str, text: str) -> None:
    write(home, text)
    with pytest.raises(CloudError) as caught:
        TencentCloud(CloudSettings("ap-guangzhou")).call("sts", "GetCallerIdentity", {})
    assert caught.value.code == "CredentialsMissing"
    assert f"({kind}); look at ~/.tencentcloud/credentials (a section [default] with" in caught.value.message
    printed = "".join(traceback.format_exception(caught.value))
    assert SECRET_KEY not in printed
    assert SECRET_ID not in printed


@pytest.mark.parametrize("text", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        (["drift", "--cluster-id", "cls-a1b2c3d4", "--region", "ap-guangzhou", "--cloud-only"], 3),
        (["capacity", "--cluster-id", "cls-a1b2c3d4", "--region", "ap-guangzhou", "--cloud-only"], 3),
    ],
)
def test_a_command_names_the_file_and_prints_no_stack_trace(
    home: Path, command: list[str], exit_code: int, text: str
) -> None:
    write(home, text)
    result = CliRunner().invoke(app, command, env={"NO_COLOR": "1", "COLUMNS": "400"})
    assert result.exit_code == exit_code, result.output
    assert "~/.tencentcloud/credentials" in result.output
    assert SECRET_KEY not in result.output
    assert SECRET_ID not in result.output


def test_a_profile_of_the_right_form_is_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, f"[default]\nsecret_id = {SECRET_ID}\nsecret_key = {SECRET_KEY}\n")
    signed: list[str] = []

    class Client:
        def __init__(self, credential: Any) -> None:
            signed.append(credential.secret_id)

        def call_json(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
            return {"Response": {"AccountId": "1"}}

    monkeypatch.setattr(
        TencentCloud, "_connected", lambda self, service, version, credential: Client(credential)
    )
    assert TencentCloud(CloudSettings("ap-guangzhou")).call("sts", "GetCallerIdentity", {}) == {
        "AccountId": "1"
    }
    assert signed == [SECRET_ID]


@pytest.mark.parametrize(
    ("given", "unfit"),
    [
        ({"secret_key": f"{SECRET_KEY}\n"}, "its key"),
        ({"secret_id": f"{SECRET_ID[:9]}\n{SECRET_ID[9:]}"}, "its id"),
        ({"security_token": f" {TOKEN}"}, "its token"),
        ({"security_token": f"{TOKEN}\n", "secret_key": f"{SECRET_KEY} "}, "its key and its token"),
    ],
)
def test_a_configured_key_with_a_space_or_line_break_is_refused_and_not_shown(
    given: dict[str, Any], unfit: str
) -> None:
    settings = replace(CloudSettings("ap-guangzhou", secret_id=SECRET_ID, secret_key=SECRET_KEY), **given)
    with pytest.raises(
        CloudError, match=f"the configured key cannot be used; {unfit} must hold no spaces and no line break$"
    ) as caught:
        TencentCloud(settings).call("tke", "DescribeClusters", {})
    assert not [secret for secret in (SECRET_ID, SECRET_KEY, TOKEN) if secret in str(caught.value)]


class Front(http.server.BaseHTTPRequestHandler):
    """A proxy that answers in place of the cloud, always with the same."""

    status, kind, page = 200, "application/json", b""
    asked: list[str]

    def do_POST(self) -> None:
        self.asked.append(str(self.headers["X-TC-Action"]))
        self.send_response(self.status)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", "1000" if self.page == b"cut" else str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TencentCloud, type[Front]]]:
    """A cloud whose requests a proxy answers, and that proxy."""

    class This(Front):
        asked: list[str] = []  # noqa: RUF012 - of this test alone

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), This)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings = CloudSettings("ap-guangzhou", protocol="http", secret_id=SECRET_ID, secret_key=SECRET_KEY)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield TencentCloud(settings, lambda _: None), This
    server.shutdown()
    server.server_close()


PAGE = b"<html>Sign in: token=hunter2</html>"


@pytest.mark.parametrize(
    ("status", "kind", "page", "why"),
    [
        (200, "text/html", PAGE, "JSONDecodeError"),
        (200, "application/json", PAGE, "JSONDecodeError"),
        (200, "text/html", b"", "JSONDecodeError"),
        (200, "application/json", b'{"hunter2": 1}', "KeyError"),
        (200, "application/json", b'["hunter2"]', "TypeError"),
        (200, "application/json; charset=utf-8", b'{"hunter2": 1}', "no Response in it"),
        (200, "application/json; charset=utf-8", b'["hunter2"]', "no Response in it"),
        (200, "application/json; charset=utf-8", b'{"Response": ["hunter2"]}', "no Response in it"),
        (200, "application/json", b"cut", "ChunkedEncodingError"),
        (502, "text/html", PAGE, "an HTTP error"),
        (403, "application/json", b'{"hunter2": 1}', "an HTTP error"),
    ],
)
def test_a_response_from_elsewhere_is_a_lost_response_and_not_quoted(
    front: tuple[TencentCloud, type[Front]], status: int, kind: str, page: bytes, why: str
) -> None:
    cloud, served = front
    served.status, served.kind, served.page = status, kind, page
    for action, times in (("AddVpcCniSubnets", 1), ("DescribeIPAMD", 6)):
        served.asked.clear()
        with pytest.raises(CloudError) as caught:
            cloud.call("tke", action, {"ClusterId": "cls-12345678"})
        assert caught.value.code == NETWORK_ERROR
        assert caught.value.message.startswith(f"what came back is not an answer of the cloud API ({why})")
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))
        assert served.asked == [action] * times, "a write is never sent again, a read is"


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_control_sequences_of_an_answer_are_not_shown(
    front: tuple[TencentCloud, type[Front]], kind: str
) -> None:
    cloud, served = front
    served.kind = kind
    served.page = json.dumps(
        {"Response": {"Error": {"Code": "FailedOperation", "Message": "no\x1b[2J\nway"}, "RequestId": "r"}}
    ).encode()
    with pytest.raises(CloudError) as caught:
        cloud.call("tke", "DescribeIPAMD", {})
    assert str(caught.value) == "DescribeIPAMD failed: FailedOperation: no?[2J\nway, request r"


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_an_error_of_the_api_is_raised_under_every_content_type(
    front: tuple[TencentCloud, type[Front]], kind: str
) -> None:
    cloud, served = front
    served.kind = kind
    served.page = json.dumps(
        {"Response": {"Error": {"Code": "FailedOperation", "Message": "no"}, "RequestId": "r-1"}}
    ).encode()
    with pytest.raises(CloudError, match="DescribeIPAMD failed: FailedOperation: no, request r-1"):
        cloud.call("tke", "DescribeIPAMD", {})
    served.page = json.dumps({"Response": {"Phase": "running", "RequestId": "r-2"}}).encode()
    assert cloud.call("tke", "DescribeIPAMD", {}) == {"Phase": "running", "RequestId": "r-2"}


def test_a_token_that_fits_in_no_header_is_not_shown(front: tuple[TencentCloud, type[Front]]) -> None:
    cloud, served = front
    assumed = AssumedRole("qcs::cam::uin/1:roleName/x", "ci")
    role = replace(cloud._settings, role=assumed)  # pyright: ignore[reportPrivateUsage]
    key = {"TmpSecretId": SECRET_ID, "TmpSecretKey": SECRET_KEY, "Token": f"{TOKEN}\n"}
    served.page = json.dumps({"Response": {"Credentials": key, "RequestId": "r-1"}}).encode()
    with pytest.raises(CloudError, match=r"header value\(not shown\)") as caught:
        TencentCloud(role, lambda _: None).call("tke", "DescribeClusters", {})
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "address", ["http://user:hunter2@proxy.example:99999", "http://user:hunter2/x@proxy.example"]
)
def test_a_proxys_password_is_not_shown(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, address)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    cloud = TencentCloud(
        CloudSettings("ap-guangzhou", secret_id=SECRET_ID, secret_key=SECRET_KEY), lambda _: None
    )
    with pytest.raises(CloudError, match=r"Failed to parse: \(not shown\)") as caught:
        cloud.call("tke", "AddVpcCniSubnets", {})
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_each_action_is_called_in_its_version_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str]] = []

    class Client:
        def __init__(self, service: str, version: str) -> None:
            self.place = service, version

        def call_json(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
            asked.append((*self.place, action))
            return {"Response": {"RequestId": "1"}}

    monkeypatch.setattr(
        TencentCloud, "_connected", lambda self, service, version, credential: Client(service, version)
    )
    cloud = TencentCloud(CloudSettings("ap-guangzhou", secret_id="id", secret_key="key"))
    for action in ("DescribeClusters", "DescribeNodePools", "DescribeIPAMD"):
        cloud.call("tke", action, {})
    assert asked == [
        ("tke", "2018-05-25", "DescribeClusters"),
        ("tke", "2022-05-01", "DescribeNodePools"),
        ("tke", "2018-05-25", "DescribeIPAMD"),
    ]
