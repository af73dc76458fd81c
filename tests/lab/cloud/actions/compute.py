"""Stand-in for the few cvm, api and tat actions that go with a cluster: zones, machines, a command on
machines."""

from tests.lab.cloud.core import Call, Handler
from tests.lab.cloud.errors import not_found
from tests.lab.cloud.listing import page
from tests.lab.cloud.params import Json
from tests.lab.cloud.zones import zones_of
from tests.lab.world import Cluster, Instance

_FIRST_ZONE_ID = {"ap-guangzhou": 100000, "ap-shanghai": 200000, "ap-beijing": 800000}


def describe_zones(call: Call) -> Json:
    first = _FIRST_ZONE_ID.get(call.region, 900000)
    zones: list[Json] = [
        {
            "Zone": zone,
            "ZoneName": zone,
            "ZoneId": str(first + int(zone.rsplit("-", 1)[1])),
            "ZoneState": "AVAILABLE",
        }
        for zone in zones_of(call.region)
    ]
    return {"TotalCount": len(zones), "ZoneSet": zones}


def describe_instances(call: Call) -> Json:
    machines = [(cluster, instance) for cluster in call.clusters() for instance in cluster.instances.values()]
    if wanted := call.params.texts("InstanceIds"):
        machines = [pair for pair in machines if pair[1].instance_id in wanted]
    return {
        "TotalCount": len(machines),
        "InstanceSet": [_shown(*pair) for pair in page(call.params, machines)],
    }


def invoke_command(call: Call) -> Json:
    known = {instance_id for cluster in call.clusters() for instance_id in cluster.instances}
    for instance_id in call.params.texts("InstanceIds"):
        if instance_id not in known:
            raise not_found("Instance", instance_id)
    return {"InvocationId": call.world.new_id("inv")}


def _shown(cluster: Cluster, instance: Instance) -> Json:
    return {
        "InstanceId": instance.instance_id,
        "InstanceType": instance.instance_type,
        "InstanceState": "RUNNING",
        "Placement": {"Zone": instance.zone, "ProjectId": cluster.project_id},
        "PrivateIpAddresses": [instance.private_ip],
        "VirtualPrivateCloud": {"VpcId": cluster.vpc_id, "SubnetId": instance.subnet_id},
        "CreatedTime": instance.created,
    }


ACTIONS: dict[str, Handler] = {"DescribeInstances": describe_instances, "DescribeZones": describe_zones}
PRODUCT_ACTIONS: dict[str, Handler] = {"DescribeZones": describe_zones}
TAT_ACTIONS: dict[str, Handler] = {"InvokeCommand": invoke_command}
