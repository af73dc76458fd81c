"""Stand-in for TKE answers that a refresh or an import wants and that hold nothing of interest here."""

from typing import cast

from tests.lab.cloud.core import Call, Handler
from tests.lab.cloud.params import Json

_VERSIONS = ("1.28.3", "1.30.0", "1.32.2", "1.34.1")
_AS_OPTION: Json = {
    "IsScaleDownEnabled": False,
    "Expander": "random",
    "MaxEmptyBulkDelete": 10,
    "ScaleDownDelay": 10,
    "ScaleDownUnneededTime": 10,
    "ScaleDownUtilizationThreshold": 50,
    "SkipNodesWithLocalStorage": True,
    "SkipNodesWithSystemPods": True,
    "IgnoreDaemonSetsUtilization": False,
    "OkTotalUnreadyCount": 3,
    "MaxTotalUnreadyPercentage": 45,
    "ScaleDownUnreadyTime": 20,
    "UnregisteredNodeRemovalTime": 15,
}


def describe_as_group_option(call: Call) -> Json:
    changed = cast("Json", call.cluster().raw.get("ClusterAsGroupOption") or {})
    return {"ClusterAsGroupOption": {**_AS_OPTION, **changed}}


def modify_as_group_option(call: Call) -> Json:
    cluster = call.cluster()
    before = cast("Json", cluster.raw.get("ClusterAsGroupOption") or {})
    cluster.raw["ClusterAsGroupOption"] = {**before, **call.params.child("ClusterAsGroupOption").raw()}
    return {}


def describe_log_switches(call: Call) -> Json:
    off: Json = {
        "Enable": False,
        "ErrorMsg": "",
        "LogsetId": "",
        "Status": "closed",
        "TopicId": "",
        "TopicRegion": "",
        "UpgradeAble": False,
        "Version": "",
    }
    wanted = call.params.texts("ClusterIds")
    known = [cluster.cluster_id for cluster in call.clusters() if cluster.cluster_id in wanted]
    return {
        "SwitchSet": [
            {"ClusterId": one, "Audit": off, "Event": off, "Log": off, "MasterLog": off} for one in known
        ]
    }


def describe_extra_args(call: Call) -> Json:
    call.cluster()
    return {
        "ClusterExtraArgs": {
            "Etcd": [],
            "KubeAPIServer": [],
            "KubeControllerManager": [],
            "KubeScheduler": [],
        }
    }


def describe_authentication_options(call: Call) -> Json:
    call.cluster()
    return {
        "ServiceAccounts": {
            "UseTKEDefault": False,
            "Issuer": "",
            "JWKSURI": "",
            "AutoCreateDiscoveryAnonymousAuth": False,
        },
        "LatestOperationState": "",
        "OIDCConfig": {
            "AutoCreateOIDCConfig": False,
            "AutoCreateClientId": [],
            "AutoInstallPodIdentityWebhookAddon": False,
        },
    }


def describe_available_version(call: Call) -> Json:
    now = call.cluster().version
    return {"Versions": [version for version in _VERSIONS if _order(version) > _order(now)], "Clusters": []}


def describe_versions(_: Call) -> Json:
    shown = [{"Name": f"Kubernetes_v{version}", "Version": version, "Remark": ""} for version in _VERSIONS]
    return {"TotalCount": len(shown), "VersionInstanceSet": shown}


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


ACTIONS: dict[str, Handler] = {
    "DescribeAvailableClusterVersion": describe_available_version,
    "DescribeClusterAsGroupOption": describe_as_group_option,
    "DescribeClusterAuthenticationOptions": describe_authentication_options,
    "DescribeClusterExtraArgs": describe_extra_args,
    "DescribeLogSwitches": describe_log_switches,
    "DescribeVersions": describe_versions,
    "ModifyClusterAsGroupOptionAttribute": modify_as_group_option,
}
