"""Stand-in for `sts:GetCallerIdentity`, and for the roles of TKE in `cam`."""

from tests.lab.cloud.core import Call, Handler
from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.params import Json

_ROLES = {"TKE_QCSRole": "QcloudAccessForTKERole", "IPAMDofTKE_QCSRole": "QcloudAccessForIPAMDofTKERole"}
"""Each with its policy."""
_SUB_ACCOUNT = "100000000777"


def get_caller_identity(call: Call) -> Json:
    account = call.world.account
    user = _SUB_ACCOUNT if call.cloud.settings.sub_account else account
    return {
        "Arn": f"qcs::cam::uin/{account}:uin/{user}",
        "AccountId": account,
        "UserId": user,
        "PrincipalId": user,
        "Type": "SubAccount" if call.cloud.settings.sub_account else "RootAccount",
    }


def list_attached_role_policies(call: Call) -> Json:
    params = call.params
    name, page, size = params.need("RoleName"), params.number("Page"), params.number("Rp")
    if name not in _ROLES:
        raise ApiError("InvalidParameter.RoleNotExist", "role not exist")
    if page < 1 or not 1 <= size <= 200:
        raise ApiError("InvalidParameter.ParamError", "Page is at least 1, Rp 1 to 200")
    attached = [_ROLES[name]] if call.cloud.settings.role_policy else []
    listed = [
        {
            "PolicyId": 4567,
            "PolicyName": policy,
            "AddTime": "2021-01-01 00:00:00",
            "PolicyType": "QCS",
            "CreateMode": 2,
        }
        for policy in attached
    ]
    return {"List": listed[(page - 1) * size : page * size], "TotalNum": len(attached)}


def get_role(call: Call) -> Json:
    name = call.params.need("RoleName")
    if name not in _ROLES:
        raise ApiError("InvalidParameter.RoleNotExist", "role not exist")
    return {
        "RoleInfo": {
            "RoleId": str(4611686018427380000 + list(_ROLES).index(name)),
            "RoleName": name,
            "PolicyDocument": (
                '{"statement":[{"action":"name/sts:AssumeRole","effect":"allow",'
                '"principal":{"service":"ccs.qcloud.com"}}],"version":"2.0"}'
            ),
            "Description": "",
            "ConsoleLogin": 0,
            "RoleType": "system",
            "SessionDuration": 7200,
        }
    }


STS_ACTIONS: dict[str, Handler] = {"GetCallerIdentity": get_caller_identity}
CAM_ACTIONS: dict[str, Handler] = {
    "GetRole": get_role,
    "ListAttachedRolePolicies": list_attached_role_policies,
}
