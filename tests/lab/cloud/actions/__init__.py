"""The actions of the API stand-in, by service."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.lab.cloud.actions import (
    account,
    autoscaling,
    cluster,
    cluster_extras,
    cluster_list,
    compute,
    endpoint,
    node_pool,
    pod_limits,
    pools_2022,
    route_table,
    security_group,
    subnet,
    tags,
    vpc,
    vpc_cni,
)
from tests.lab.cloud.core import Handler


@dataclass(frozen=True)
class Service:
    version: str
    actions: Mapping[str, Handler]
    regional: bool = True


SERVICES: Mapping[str, Service] = {
    "api": Service("2020-11-06", compute.PRODUCT_ACTIONS),
    "as": Service("2018-04-19", autoscaling.ACTIONS),
    "cam": Service("2019-01-16", account.CAM_ACTIONS, regional=False),
    "cvm": Service("2017-03-12", compute.ACTIONS),
    "sts": Service("2018-08-13", account.STS_ACTIONS),
    "tag": Service("2018-08-13", tags.ACTIONS, regional=False),
    "tat": Service("2020-10-28", compute.TAT_ACTIONS),
    "tke": Service(
        "2018-05-25",
        {
            **cluster.ACTIONS,
            **cluster_extras.ACTIONS,
            **cluster_list.ACTIONS,
            **endpoint.ACTIONS,
            **node_pool.ACTIONS,
            **pod_limits.ACTIONS,
            **vpc_cni.ACTIONS,
        },
    ),
    "vpc": Service(
        "2017-03-12", {**vpc.ACTIONS, **subnet.ACTIONS, **route_table.ACTIONS, **security_group.ACTIONS}
    ),
}
FURTHER: Mapping[tuple[str, str], Service] = {
    ("tke", "2022-05-01"): Service("2022-05-01", pools_2022.ACTIONS)
}
"""Further versions of a service's API."""
