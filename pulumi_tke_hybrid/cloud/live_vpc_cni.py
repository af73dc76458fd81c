"""What the cloud says about VPC-CNI of a cluster: DescribeClusters and DescribeIPAMD (tke 2018-05-25), read
together.

How far the switching on of VPC-CNI is: it is a task of the cloud's, which may fail long after its request was
accepted.

DescribeEnableVpcCniProgress (tke 2018-05-25): Status is Running, Succeed or Failed, with an ErrorMessage. For
a cluster
without such a task it is an error. Whether VPC-CNI is on is told by DescribeIPAMD alone, so only a failure
counts here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.clusters import find_cluster
from pulumi_tke_hybrid.cloud.errors import CloudError, IncompleteResponse
from pulumi_tke_hybrid.tke import ipamd

Props = Mapping[str, Any]


@dataclass(frozen=True)
class Live:
    """What the cloud says about VPC-CNI of a cluster."""

    enabled: bool
    subnets: tuple[str, ...]
    """What the cloud lists."""
    ipamd_subnets: tuple[str, ...]
    """What ipamd reports; may lag behind."""
    phase: str
    reason: str
    reclaim_seconds: int | None
    cni_type: str | None
    static_ip: bool | None
    """None: the API did not tell."""

    @property
    def running(self) -> bool:
        """Whether ipamd works."""
        return ipamd.is_running(self.phase)

    @property
    def busy(self) -> bool:
        """Whether ipamd is in a phase that is neither the end of a start nor of a failure; also one that
        nobody knows."""
        return bool(self.phase) and not self.running and not ipamd.has_failed(self.phase)

    @property
    def words(self) -> str:
        """The phase and its reason."""
        return ipamd.phase_words(self.phase, self.reason)

    def outputs(self, props: Props) -> dict[str, Any]:
        """Properties for the state."""
        return {
            **props,
            "registeredSubnets": list(self.subnets),
            "phase": self.phase,
            "reclaimSeconds": self.reclaim_seconds,
        }


def look(cloud: Cloud, cluster_id: str) -> Live | None:
    """Ask the cloud; None if it does not know the cluster. NotTold if it does not say whether VPC-CNI is
    on."""
    cluster = find_cluster(cloud, cluster_id)
    if cluster is None:
        return None
    answer = cloud.call("tke", "DescribeIPAMD", {"ClusterId": cluster_id})
    enabled, disabled = answer.get("EnableIPAMD"), bool(answer.get("DisableVpcCniMode"))
    if not isinstance(enabled, bool) and not disabled:
        what = f"the answer does not say whether VPC-CNI of {cluster_id} is on; run it again"
        raise IncompleteResponse("DescribeIPAMD", "IncompleteResponse", what)
    network: Answer = cluster.get("ClusterNetworkSettings") or {}
    described: Answer = json.loads(cluster.get("Property") or "{}")
    static = described.get("IsNonStaticIpMode")
    return Live(
        enabled=bool(enabled) and not disabled,
        subnets=tuple(network.get("Subnets") or ()),
        ipamd_subnets=tuple(answer.get("SubnetIds") or ()),
        phase=str(answer.get("Phase") or ""),
        reason=str(answer.get("Reason") or ""),
        reclaim_seconds=_duration(str(answer.get("ClaimExpiredDuration") or "")),
        cni_type=described.get("VpcCniType"),
        static_ip=None if static is None else not static,
    )


def _duration(text: str) -> int | None:
    """Seconds of a Go duration such as `300s`, `5m0s` or `1h0m0s`; None for none and for zero, which means
    never."""
    units = {"h": 3600, "m": 60, "s": 1}
    total, number = 0, ""
    for character in text:
        if character in units and number:
            total += int(float(number)) * units[character]
            number = ""
        else:
            number += character
    return total or None


def enabling(cloud: Cloud, cluster_id: str) -> tuple[bool, str]:
    """Whether it failed, and its state in words, with the cloud's reason."""
    try:
        answer = cloud.call("tke", "DescribeEnableVpcCniProgress", {"ClusterId": cluster_id})
    except CloudError as error:
        return False, f"how far switching it on is could not be told ({error.code})"
    status, reason = str(answer.get("Status") or ""), str(answer.get("ErrorMessage") or "")
    words = f"switching it on is {status or 'in no state that the cloud names'}"
    return ipamd.has_failed(status), words + (f" ({reason})" if reason else "")
