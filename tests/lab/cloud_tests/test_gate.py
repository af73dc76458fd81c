"""Signatures, proxies and unknown actions at the door of the stand-in cloud."""

import importlib
import json
import time
from typing import Any

import httpx
import pytest
import requests

from tests.lab.cloud_tests.sdk import (
    REGION,
    SECRET_ID,
    SECRET_KEY,
    Lab,
)


def test_signed_call_of_the_typed_client(lab: Lab) -> None:
    models = importlib.import_module("tencentcloud.vpc.v20170312.models")
    answer = lab.client("vpc").DescribeVpcs(models.DescribeVpcsRequest())
    assert (answer.TotalCount, answer.VpcSet) == (0, [])
    assert answer.RequestId


def test_wrong_credentials_are_refused(lab: Lab) -> None:
    assert lab.refused("vpc", "DescribeVpcs", key="wrong")[0] == "AuthFailure.SignatureFailure"
    assert lab.refused("vpc", "DescribeVpcs", identity="AKIDother")[0] == "AuthFailure.SecretIdNotFound"
    assert lab.refused("vpc", "DescribeVpcs", session="unasked")[0] == "AuthFailure.TokenFailure"
    temporary: dict[str, Any] = {"identity": "AKIDtemp", "key": "temp-key"}
    assert lab.refused("vpc", "DescribeVpcs", **temporary)[0] == "AuthFailure.TokenFailure"
    assert lab.call("vpc", "DescribeVpcs", **temporary, session="tok")["TotalCount"] == 0


def test_old_signature_and_changed_body_are_refused(lab: Lab) -> None:
    client = lab.client("vpc")
    real = client.request.send_request
    failure = importlib.import_module("tencentcloud.common.exception").TencentCloudSDKException

    def aged(request: Any) -> Any:
        request.header["X-TC-Timestamp"] = str(int(time.time()) - 600)
        return real(request)

    def tampered(request: Any) -> Any:
        request.data = json.dumps({"Limit": "5"})
        return real(request)

    client.request.send_request = aged
    with pytest.raises(failure, match=r"AuthFailure\.SignatureExpire"):
        client.call_json("DescribeVpcs", {})
    client.request.send_request = tampered
    with pytest.raises(failure, match=r"AuthFailure\.SignatureFailure"):
        client.call_json("DescribeVpcs", {})


def test_a_missing_parameter_an_unknown_region_and_an_unknown_action_are_refused(lab: Lab) -> None:
    assert lab.refused("vpc", "DescribeVpcs", region="")[0] == "MissingParameter"
    assert lab.refused("vpc", "DescribeVpcs", region="here")[0] == "UnsupportedRegion"
    failure = importlib.import_module("tencentcloud.common.exception").TencentCloudSDKException
    with pytest.raises(failure, match="InvalidAction"):
        lab.client("tke").call_json("DescribeNothing", {})
    client = lab.client("tke")
    client._apiVersion = "2020-05-01"
    with pytest.raises(failure, match="NoSuchVersion"):
        client.call_json("DescribeClusters", {})
    assert lab.refused("tke", "DescribeClusters", {"ClusterId": "cls-1"}) == (
        "UnknownParameter",
        "The parameter `ClusterId` is not recognized.",
    )
    code, message = lab.refused(
        "tke", "CreateCluster", {"ClusterType": "MANAGED_CLUSTER", "ClusterBasicSettings": {"Vpc": "vpc-1"}}
    )
    assert (code, "ClusterBasicSettings.Vpc" in message) == ("UnknownParameter", True)
    assert lab.refused("tke", "DescribeClusters", {"ClusterIds": "cls-1"})[0] == "InvalidParameter"
    assert lab.refused("tke", "DescribeClusters", {"Limit": "20"})[0] == "InvalidParameter"
    assert lab.refused("vpc", "CreateVpc", {"VpcName": "no range"})[0] == "MissingParameter"


def test_absolute_form_and_environment_proxy(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, no_proxies: None
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{lab.port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    answer = requests.post(
        "http://tke.lab.test/", data="{}", headers={"X-TC-Action": "DescribeClusters"}, timeout=5
    )
    assert answer.status_code == 200
    assert answer.json()["Response"]["Error"]["Code"] == "MissingParameter"
    assert lab.control.get("/calls").json()[-1]["service"] == "tke"
    # The SDK's own way to the proxy: no `proxy` in its profile.
    http_profile = importlib.import_module("tencentcloud.common.profile.http_profile").HttpProfile(
        protocol="http", rootDomain="lab.test"
    )
    profile = importlib.import_module("tencentcloud.common.profile.client_profile").ClientProfile(
        httpProfile=http_profile
    )
    credential = importlib.import_module("tencentcloud.common.credential").Credential(SECRET_ID, SECRET_KEY)
    client = importlib.import_module("tencentcloud.common.common_client").CommonClient(
        "tke", "2018-05-25", credential, REGION, profile
    )
    assert client.call_json("DescribeClusters", {})["Response"]["TotalCount"] == 0


def test_origin_form(lab: Lab) -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{lab.port}/", headers={"host": "nothing.lab.test"}, json={}, trust_env=False
    )
    assert answer.json()["Response"]["Error"]["Code"] == "MissingParameter"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["connection"] == "close"  # see the reason in app.py
