"""Settings and credentials of the calls: configuration, environment, assumed roles."""

from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import pytest

from pulumi_tke_hybrid.cloud.api_client import NETWORK_ERROR, Params, TencentCloud
from pulumi_tke_hybrid.cloud.calls import AssumedRole, CloudError, CloudSettings, SettingsMissing


def test_settings_come_from_the_stack_first_then_from_the_environment() -> None:
    environment = {
        "TENCENTCLOUD_REGION": "ap-beijing",
        "TENCENTCLOUD_SECRET_ID": "env-id",
        "TENCENTCLOUD_SECRET_KEY": "env-key",
    }
    settings = CloudSettings.read({"tencentcloud:secretId": "stack-id"}.get, environment=environment)
    assert (settings.region, settings.secret_id, settings.secret_key) == ("ap-beijing", "stack-id", "env-key")
    assert "stack-id" not in repr(settings)
    assert "env-key" not in repr(settings)
    with pytest.raises(SettingsMissing, match="pulumi config set tencentcloud:region"):
        CloudSettings.read(lambda key: None, environment={})


def test_an_assumed_role_comes_from_the_stack_or_the_environment() -> None:
    variables = {
        "TENCENTCLOUD_ASSUME_ROLE_ARN": "qcs::cam::uin/1:roleName/deploy",
        "TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION": "3600",
    }
    environment = {"TENCENTCLOUD_REGION": "ap-beijing", **variables}
    role = CloudSettings.read(lambda key: None, environment=environment).role
    assert role == AssumedRole("qcs::cam::uin/1:roleName/deploy", "pulumi-tke-hybrid", 3600)
    configured = {
        "tencentcloud:assumeRole": (
            '{"roleArn": "qcs::cam::uin/2:roleName/ci", "sessionName": "ci", "sessionDuration": 900}'
        )
    }
    assert CloudSettings.read(configured.get, environment=environment).role == AssumedRole(
        "qcs::cam::uin/2:roleName/ci", "ci", 900
    )
    assert CloudSettings.read(lambda key: None, "ap-beijing", {}).role is None
    with pytest.raises(SettingsMissing, match="is not an object with roleArn"):
        CloudSettings.read({"tencentcloud:assumeRole": "[1]"}.get, "ap-beijing", {})


def test_a_role_of_which_no_key_comes_back_is_an_error_of_the_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TencentCloud, "_answered", lambda self, client, action, params: {"RequestId": "1"})
    role = AssumedRole("qcs::cam::uin/1:roleName/deploy", "ci", 3600)
    cloud = TencentCloud(
        CloudSettings(region="ap-guangzhou", secret_id="own-id", secret_key="own-key", role=role)
    )
    with pytest.raises(
        CloudError,
        match="AssumeRole failed: IncompleteResponse: the answer holds no key for"
        " qcs::cam::uin/1:roleName/deploy",
    ):
        cloud.call("tke", "DescribeClusters", {})


def test_a_role_is_assumed_once_and_its_own_key_signs_everything_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = []

    class Client:
        def __init__(self, service: str, credential: Any) -> None:
            self.service, self.credential = service, credential

        def call_json(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
            asked.append((action, self.credential.secret_id, params))
            temporary = {"TmpSecretId": "tmp-id", "TmpSecretKey": "tmp-key", "Token": "tmp-token"}
            return {"Response": {"Credentials": temporary}}

    monkeypatch.setattr(
        TencentCloud, "_connected", lambda self, service, version, credential: Client(service, credential)
    )
    role = AssumedRole("qcs::cam::uin/1:roleName/deploy", "ci", 3600, external_id="partner")
    cloud = TencentCloud(
        CloudSettings(region="ap-guangzhou", secret_id="own-id", secret_key="own-key", role=role)
    )
    cloud.call("tke", "DescribeClusters", {})
    cloud.call("vpc", "DescribeSubnets", {})
    wanted = {"RoleArn": role.arn, "RoleSessionName": "ci", "DurationSeconds": 3600, "ExternalId": "partner"}
    assert asked == [
        ("AssumeRole", "own-id", wanted),
        ("DescribeClusters", "tmp-id", {}),
        ("DescribeSubnets", "tmp-id", {}),
    ]


POLICY = (
    '{"version":"2.0","statement":[{"effect":"allow","action":["tke:*"],'
    '"resource":["qcs::tke::uin/1:cluster/a%2Fb+c&d"]}]}'
)


@pytest.mark.parametrize(
    "policy", [POLICY, f"\n  {POLICY}", '{ "statement": [] }', '{"note": "100% + 容器"}']
)
def test_a_session_policy_is_url_encoded_exactly_once(monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    """The same for a policy that is given encoded, in both ways in which that is written."""
    sent: list[str] = []

    class Client:
        def call_json(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
            sent.append(params.get("Policy", ""))
            return {
                "Response": {
                    "Credentials": {"TmpSecretId": "tmp-id", "TmpSecretKey": "tmp-key", "Token": "tmp-token"}
                }
            }

    monkeypatch.setattr(TencentCloud, "_connected", lambda *_: Client())
    for given in (policy, quote(policy, safe=""), quote_plus(policy)):
        role = AssumedRole("qcs::cam::uin/1:roleName/deploy", "ci", policy=given)
        TencentCloud(CloudSettings(region="ap-guangzhou", secret_id="id", secret_key="key", role=role)).call(
            "tke", "DescribeClusters", {}
        )
        assumed = sent[-2]
        assert (
            not set(assumed)
            - set("%+-._~")
            - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        )
        assert unquote_plus(assumed) == policy


def test_throttling_is_waited_out_and_a_lost_connection_is_retried_only_when_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def once(self: TencentCloud, service: str, action: str, params: Params) -> dict[str, Any]:
        asked.append(action)
        if action == "DescribeIPAMD" and len(asked) < 3:
            raise CloudError(action, "RequestLimitExceeded" if len(asked) == 1 else NETWORK_ERROR, "later")
        if action == "AddVpcCniSubnets":
            raise CloudError(action, NETWORK_ERROR, "lost")
        return {"Phase": "running"}

    monkeypatch.setattr(TencentCloud, "_call_once", once)
    pauses: list[float] = []
    cloud = TencentCloud(CloudSettings(region="ap-guangzhou"), pauses.append)
    assert cloud.call("tke", "DescribeIPAMD", {}) == {"Phase": "running"}
    assert (asked, pauses) == (["DescribeIPAMD"] * 3, [0.5, 1.0])
    with pytest.raises(CloudError):
        cloud.call("tke", "AddVpcCniSubnets", {})
    assert asked.count("AddVpcCniSubnets") == 1
