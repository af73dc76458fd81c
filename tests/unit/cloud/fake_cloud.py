"""A cloud in memory with the API of VPC-CNI, for tests of changes, previews and providers."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pulumi_tke_hybrid.cloud.api_client import Params
from pulumi_tke_hybrid.cloud.calls import Wait
from pulumi_tke_hybrid.cloud.vpc_cni_state import AdoptionReport, adoption_report
from pulumi_tke_hybrid.cloud.vpc_cni_switch import VpcCniSwitch

A, B, C = "subnet-aaaaaaaa", "subnet-bbbbbbbb", "subnet-cccccccc"
WISH: dict[str, Any] = {
    "region": "ap-guangzhou",
    "clusterId": "cls-12345678",
    "vpcId": "vpc-12345678",
    "subnets": [A, B],
    "cniType": "tke-route-eni",
    "staticIp": True,
    "ipReclaim": "300s",
    "nonMasquerade": "add_vpc",
}


@dataclass
class FakeCloud:
    """Answers in the API's shapes; `before` runs at each call and may raise."""

    status: str = "Running"
    enabled: bool | None = False
    """None: the response lacks the value."""
    subnets: list[str] | None = None
    ipamd: list[str] = field(default_factory=list[str])
    phase: str = ""
    reclaim: str = ""
    reason: str = ""
    gone: bool = False
    nodes: int = 2
    progress: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What the task of switching on answers, one call after the other; the last answer stays."""
    used: dict[str, int] = field(default_factory=dict[str, int])
    """Addresses in use, by subnet."""
    enables: bool = True
    """Whether the accepted request ever switches VPC-CNI on."""
    described: dict[str, Any] = field(default_factory=dict[str, Any])
    """More of what `Property` holds."""
    vpc: str = "vpc-12345678"
    calls: list[tuple[str, Params]] = field(default_factory=list[tuple[str, Params]])
    before: Callable[[str], None] = lambda action: None
    after: Callable[[str], None] = lambda action: None

    def call(self, service: str, action: str, params: Params) -> dict[str, Any]:
        self.calls.append((action, params))
        self.before(action)
        answer = self._answer(action, dict(params))
        self.after(action)
        return answer

    def _answer(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        if action == "DescribeClusters":
            described = {
                "NetworkType": "GR",
                **({"VpcCniType": "tke-route-eni"} if self.enabled else {}),
                **self.described,
            }
            network = {"Subnets": self.subnets, "VpcId": self.vpc}
            cluster = {
                "ClusterStatus": self.status,
                "ClusterNodeNum": self.nodes,
                "Property": json.dumps(described),
                "ClusterNetworkSettings": network,
            }
            return {"Clusters": [] if self.gone else [cluster]}
        if action == "DescribeIPAMD":
            return {
                "EnableIPAMD": self.enabled,
                "DisableVpcCniMode": False,
                "Phase": self.phase,
                "Reason": self.reason,
                "SubnetIds": self.ipamd,
                "ClaimExpiredDuration": self.reclaim,
            }
        if action == "DescribeSubnets":
            named: list[str] = params["Filters"][0]["Values"]
            shape = {"TotalIpAddressCount": 253}
            return {
                "SubnetSet": [
                    {"SubnetId": item, **shape, "AvailableIpAddressCount": 253 - self.used.get(item, 0)}
                    for item in named
                ]
            }
        if action == "DescribeEnableVpcCniProgress" and self.progress:
            return self.progress.pop(0) if len(self.progress) > 1 else self.progress[0]
        if action == "EnableVpcCniNetworkType" and self.enables:
            self.enabled, self.subnets, self.phase = True, list(params["Subnets"]), "initializing"
            self.reclaim = f"{params.get('ExpiredSeconds', 0)}s"
        if action == "DisableVpcCniNetworkType":
            self.enabled, self.subnets, self.phase = False, None, ""
        if action == "AddVpcCniSubnets":
            self.subnets = [*(self.subnets or []), *params["SubnetIds"]]
        return {}

    def asked(self, action: str) -> list[Params]:
        return [params for name, params in self.calls if name == action]


def switch_of(cloud: FakeCloud, said: list[str] | None = None, deadline: float = 20) -> VpcCniSwitch:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return VpcCniSwitch(
        cloud, Wait(deadline, (said if said is not None else []).append, sleep=sleep, clock=lambda: now[0])
    )


def reported(cloud: FakeCloud) -> Callable[[dict[str, Any]], AdoptionReport]:
    """The report of a preview."""
    return lambda props: adoption_report(cloud, props)
