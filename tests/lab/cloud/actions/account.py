"""Stand-in for `sts:GetCallerIdentity` and `cam:GetRole`."""

from tests.lab.cloud.core import Call, Handler
from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.params import Json

_ROLES = ("TKE_QCSRole", "IPAMDofTKE_QCSRole")


def get_caller_identity(call: Call) -> Json:
    account = call.world.account
    return {
        "Arn": f"qcs::cam::uin/{account}:uin/{account}",
        "AccountId": account,
        "UserId": account,
        "PrincipalId": account,
        "Type": "RootAccount",
    }


def get_role(call: Call) -> Json:
    name = call.params.need("RoleName")
    if name not in _ROLES:
        raise ApiError("InvalidParameter.RoleNotExist", "role not exist")
    return {
        "RoleInfo": {
            "RoleId": str(4611686018427380000 + _ROLES.index(name)),
            "RoleName": name,
            "PolicyDocument": '{"statement":[{"action":"name/sts:AssumeRole","effect":"allow",'
            '"principal":{"service":"ccs.qcloud.com"}}],"version":"2.0"}',
            "Description": "",
            "ConsoleLogin": 0,
            "RoleType": "system",
            "SessionDuration": 7200,
        }
    }


STS_ACTIONS: dict[str, Handler] = {"GetCallerIdentity": get_caller_identity}
CAM_ACTIONS: dict[str, Handler] = {"GetRole": get_role}
