"""A node pool's launch configuration in the stand-in plugin: the request, and the answer."""

from typing import cast

from tests.lab.tencentcloud_plugin.client import Json
from tests.lab.tencentcloud_plugin.values import Object, Value

_ORDER_OF_GROUPS = (
    "The parameter `security_group_ids` has an issue that the actual order of the security group may be"
    " inconsistent with the order of your tf code, which will cause your service to be inaccessible. Please"
    " use `orderly_security_group_ids` instead."
)


def create_parameters(config: Object) -> Json:
    """`LaunchConfigurePara` of a new pool; raises for a login that is missing or given twice."""
    login: Json = {}
    password, keys = config.get("password"), config.get("keyIds")
    if password:
        login["Password"] = password
    if keys:
        login["KeyIds"] = keys
    if not login:
        raise ValueError("Parameters `key_ids` and `password` should be set one")
    if len(login) > 1:
        raise ValueError("Parameters `key_ids` and `password` can only be supported one")
    if config.get("securityGroupIds"):
        raise ValueError(_ORDER_OF_GROUPS)
    request: Json = {"InstanceType": config["instanceType"], "LoginSettings": login}
    request.update(_common(config))
    if groups := config.get("orderlySecurityGroupIds"):
        request["SecurityGroupIds"] = groups
    if role := config.get("camRoleName"):
        request["CamRoleName"] = role
    if cdc := config.get("cdcId"):
        request["DedicatedClusterId"] = cdc
    request["EnhancedService"] = {
        "SecurityService": {"Enabled": config.get("enhancedSecurityService", True)},
        "MonitorService": {"Enabled": config.get("enhancedMonitorService", True)},
    }
    return request


def modify_parameters(config: Object, launch_config_id: str, *, groups_changed: bool) -> Json:
    request: Json = {"LaunchConfigurationId": launch_config_id}
    request.update(_common(config))
    if groups_changed and (groups := config.get("orderlySecurityGroupIds")):
        request["SecurityGroupIds"] = groups
    request["EnhancedService"] = {"SecurityService": {"Enabled": config.get("enhancedSecurityService", True)}}
    return request


def _common(config: Object) -> Json:
    internet: Json = {
        "InternetChargeType": config.get("internetChargeType"),
        "InternetMaxBandwidthOut": config.get("internetMaxBandwidthOut", 0),
    }
    for field, name in (
        ("PublicIpAssigned", "publicIpAssigned"),
        ("BandwidthPackageId", "bandwidthPackageId"),
        ("IPv4AddressType", "ipv4AddressType"),
    ):
        if config.get(name) not in (None, ""):
            internet[field] = config[name]
    charge = config.get("instanceChargeType") or "POSTPAID_BY_HOUR"
    request: Json = {
        "SystemDisk": {"DiskType": config.get("systemDiskType"), "DiskSize": config.get("systemDiskSize")},
        "InternetAccessible": internet,
        "InstanceChargeType": charge,
    }
    if disks := cast("list[Object]", config.get("dataDisks") or []):
        request["DataDisks"] = [_disk(disk) for disk in disks]
    if charge == "SPOTPAID":
        spot = {
            "MaxPrice": config.get("spotMaxPrice", ""),
            "SpotInstanceType": config.get("spotInstanceType", ""),
        }
        request["InstanceMarketOptions"] = {"MarketType": "spot", "SpotOptions": spot}
    if charge == "PREPAID":
        request["InstanceChargePrepaid"] = {
            "Period": config.get("instanceChargeTypePrepaidPeriod", 0),
            "RenewFlag": config.get("instanceChargeTypePrepaidRenewFlag", ""),
        }
    for group, fields in (
        (
            "InstanceNameSettings",
            (("InstanceName", "instanceName"), ("InstanceNameStyle", "instanceNameStyle")),
        ),
        ("HostNameSettings", (("HostName", "hostName"), ("HostNameStyle", "hostNameStyle"))),
    ):
        if settings := {field: config[name] for field, name in fields if config.get(name)}:
            request[group] = settings
    return request


def _disk(disk: Object) -> Json:
    fields = {
        "DiskType": "diskType",
        "DiskSize": "diskSize",
        "SnapshotId": "snapshotId",
        "DeleteWithInstance": "deleteWithInstance",
        "Encrypt": "encrypt",
        "ThroughputPerformance": "throughputPerformance",
    }
    return {field: disk[name] for field, name in fields.items() if disk.get(name) not in (None, "", 0)}


def config_of(answer: Json, password: Value) -> Object:
    """`autoScalingConfig` of an answer. A field that the API omits is absent, and shows as a difference."""
    config: Object = {}
    if types := answer.get("InstanceTypes"):
        config["instanceType"] = types[0]
        if types[1:]:
            config["backupInstanceTypes"] = types[1:]
    else:
        config["instanceType"] = answer.get("InstanceType")
    for name, group, field in (
        ("systemDiskType", "SystemDisk", "DiskType"),
        ("systemDiskSize", "SystemDisk", "DiskSize"),
        ("internetChargeType", "InternetAccessible", "InternetChargeType"),
        ("internetMaxBandwidthOut", "InternetAccessible", "InternetMaxBandwidthOut"),
        ("bandwidthPackageId", "InternetAccessible", "BandwidthPackageId"),
        ("publicIpAssigned", "InternetAccessible", "PublicIpAssigned"),
        ("ipv4AddressType", "InternetAccessible", "IPv4AddressType"),
    ):
        # SystemDisk and InternetAccessible are dereferenced without a check by the vendor.
        config[name] = answer[group].get(field)
    config["instanceChargeType"] = answer.get("InstanceChargeType")
    market, prepaid = answer.get("InstanceMarketOptions"), answer.get("InstanceChargePrepaid")
    if config["instanceChargeType"] == "SPOTPAID" and market:
        config["spotInstanceType"] = market["SpotOptions"]["SpotInstanceType"]
        config["spotMaxPrice"] = market["SpotOptions"]["MaxPrice"]
    if config["instanceChargeType"] == "PREPAID" and prepaid:
        config["instanceChargeTypePrepaidPeriod"] = prepaid["Period"]
        config["instanceChargeTypePrepaidRenewFlag"] = prepaid["RenewFlag"]
    if disks := answer.get("DataDisks"):
        config["dataDisks"] = [_disk_of(disk) for disk in disks]
    if (login := answer.get("LoginSettings")) is not None:
        config["keyIds"] = login.get("KeyIds") or []
    if password:
        config["password"] = password
    if (groups := answer.get("SecurityGroupIds")) is not None:
        config["securityGroupIds"] = groups
        config["orderlySecurityGroupIds"] = groups
    config["enhancedSecurityService"] = answer["EnhancedService"]["SecurityService"]["Enabled"]
    config["enhancedMonitorService"] = answer["EnhancedService"]["MonitorService"]["Enabled"]
    config["camRoleName"] = answer.get("CamRoleName")
    names: Json = answer.get("InstanceNameSettings") or {}
    hosts: Json = answer.get("HostNameSettings") or {}
    config["instanceName"] = names.get("InstanceName")
    config["instanceNameStyle"] = names.get("InstanceNameStyle")
    config["hostName"] = hosts.get("HostName")
    config["hostNameStyle"] = hosts.get("HostNameStyle")
    config["cdcId"] = answer.get("DedicatedClusterId")
    return {name: value for name, value in config.items() if value is not None}


def _disk_of(disk: Json) -> Object:
    fields: Object = {
        "diskType": disk["DiskType"],
        "diskSize": disk["DiskSize"],
        "snapshotId": disk.get("SnapshotId"),
        "deleteWithInstance": disk.get("DeleteWithInstance"),
        "encrypt": disk.get("Encrypt"),
        "throughputPerformance": disk.get("ThroughputPerformance"),
    }
    return {name: value for name, value in fields.items() if value is not None}
