"""Accounts, the call log, injected faults and settings of the stand-in cloud."""

import json
import time

import pytest

from tests.lab.cloud import Settings
from tests.lab.cloud_tests.sdk import KUBECONFIG, REGION, SECRET_KEY, Lab


def test_identity_and_role(lab: Lab) -> None:
    assert lab.call("sts", "GetCallerIdentity")["AccountId"] == lab.world.account
    assert (
        lab.call("cam", "GetRole", {"RoleName": "IPAMDofTKE_QCSRole"})["RoleInfo"]["RoleName"]
        == "IPAMDofTKE_QCSRole"
    )
    assert lab.refused("cam", "GetRole", {"RoleName": "x"})[0] == "InvalidParameter.RoleNotExist"
    which = {"RoleName": "IPAMDofTKE_QCSRole", "Page": 1, "Rp": 100}
    (policy,) = lab.call("cam", "ListAttachedRolePolicies", which)["List"]
    assert policy["PolicyName"] == "QcloudAccessForIPAMDofTKERole"
    lab.control.patch("/settings", json={"role_policy": False, "sub_account": True})
    assert lab.call("cam", "ListAttachedRolePolicies", which)["List"] == []
    identity = lab.call("sts", "GetCallerIdentity")
    assert (identity["AccountId"], identity["Type"]) == (lab.world.account, "SubAccount")
    assert identity["UserId"] != lab.world.account
    assert f"{REGION}-6" in [zone["Zone"] for zone in lab.call("cvm", "DescribeZones")["ZoneSet"]]


def test_call_log_has_order_and_no_secret(lab: Lab) -> None:
    vpc_id = lab.vpc()
    subnet_id = lab.subnet(vpc_id, "10.0.0.0/24")
    cluster_id = lab.cluster(vpc_id)
    lab.control.post("/calls/reset")
    lab.pool(cluster_id, vpc_id, [subnet_id])
    lab.refused("vpc", "DeleteVpc", {"VpcId": vpc_id})
    lab.refused("vpc", "DescribeVpcs", key="wrong")
    calls = lab.control.get("/calls").json()
    assert [(call["action"], call["error"], call["write"]) for call in calls] == [
        ("CreateClusterNodePool", None, True),
        ("DeleteVpc", "ResourceInUse", True),
        ("DescribeVpcs", "AuthFailure.SignatureFailure", False),
    ]
    assert calls[1]["request"] == {"VpcId": vpc_id}
    assert lab.control.get("/calls", params={"since": calls[1]["n"]}).json() == calls[2:]
    password = lab.world.clusters[cluster_id].admin_password
    everything = json.dumps([calls, lab.control.get("/state").json()])
    for secret in ("do-not-tell", SECRET_KEY, password, "certificate-authority-data"):
        assert secret not in everything
    assert lab.control.get(f"/kubeconfig/{cluster_id}").text == KUBECONFIG
    assert lab.control.get("/kubeconfig/cls-none").status_code == 404


def test_faults_error_throttle_and_skip(lab: Lab) -> None:
    lab.control.post("/faults", json={"action": "DescribeVpcs", "kind": "throttle", "times": 2, "skip": 1})
    assert lab.call("vpc", "DescribeVpcs")["TotalCount"] == 0
    assert [lab.refused("vpc", "DescribeVpcs")[0] for _ in range(2)] == ["RequestLimitExceeded"] * 2
    assert lab.call("vpc", "DescribeVpcs")["TotalCount"] == 0
    lab.control.post(
        "/faults", json={"action": "CreateVpc", "kind": "error", "code": "InternalError.Db", "message": "m"}
    )
    assert lab.refused("vpc", "CreateVpc", {"VpcName": "x", "CidrBlock": "10.0.0.0/16"}) == (
        "InternalError.Db",
        "m",
    )
    assert lab.world.vpcs == {}
    lab.control.post("/faults", json={"action": "*", "kind": "delay", "seconds": 0.2})
    before = time.monotonic()
    lab.call("vpc", "DescribeVpcs")
    assert time.monotonic() - before >= 0.2
    lab.control.post("/faults", json={"action": "*", "kind": "error"})
    lab.control.delete("/faults")
    lab.call("vpc", "DescribeVpcs")


@pytest.mark.parametrize(("kind", "made"), [("drop_after", 1), ("drop_before", 0)])
def test_lost_answers(lab: Lab, kind: str, made: int, capfd: pytest.CaptureFixture[str]) -> None:
    lab.control.post("/faults", json={"action": "CreateVpc", "kind": kind})
    assert (
        lab.refused("vpc", "CreateVpc", {"VpcName": "x", "CidrBlock": "10.0.0.0/16"})[0]
        == "ClientNetworkError"
    )
    assert len(lab.world.vpcs) == made
    call = lab.control.get("/calls").json()[-1]
    assert (call["action"], call["fault"], call["error"]) == ("CreateVpc", kind, None)
    lab.call("vpc", "DescribeVpcs")
    assert "ASGI" not in capfd.readouterr().err


def test_settings_and_faults_are_checked(lab: Lab) -> None:
    assert lab.control.patch("/settings", json={"nothing": 1}).status_code == 400
    assert lab.control.patch("/settings", json={"slow_delete": True}).status_code == 400
    assert lab.control.post("/faults", json={"action": "X", "kind": "explode"}).status_code == 400
    assert lab.control.get("/settings").json() == {
        **Settings().as_json(),
        "slow_endpoint": 0.0,
        "slow_delete": 0.0,
    }
    assert lab.control.get("/healthz").json() == {"ok": True}
