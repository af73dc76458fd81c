"""The client of the cloud: what it says when there is no key, and when what comes back is no answer. No secret is ever in it."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid import cli
from pulumi_tke_hybrid.cloud.client import TencentCloud
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.cloud.settings import CloudSettings
from tests.unit.doctor.machines import SECRET_ID, SECRET_KEY

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
        (["capacity", "--cluster-id", "cls-a1b2c3d4", "--region", "ap-guangzhou", "--cloud-only"], 64),
    ],
)
def test_a_command_says_which_file_and_prints_no_stack_trace(home: Path, command: list[str], exit_code: int, text: str) -> None:
    write(home, text)
    result = CliRunner().invoke(cli.app, command, env={"NO_COLOR": "1", "COLUMNS": "400"})
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

    monkeypatch.setattr(TencentCloud, "_connected", lambda self, service, credential: Client(credential))
    assert TencentCloud(CloudSettings("ap-guangzhou")).call("sts", "GetCallerIdentity", {}) == {"AccountId": "1"}
    assert signed == [SECRET_ID]


def test_a_configured_key_with_a_space_at_its_end_is_said_and_not_shown() -> None:
    with pytest.raises(CloudError, match=r"the configured key cannot be used \(InvalidCredential\); it must hold no spaces") as caught:
        TencentCloud(CloudSettings("ap-guangzhou", secret_id=SECRET_ID, secret_key=f"{SECRET_KEY}\n")).call("tke", "DescribeClusters", {})
    assert SECRET_KEY not in str(caught.value)
