"""What the cloud says of the ENI limits of instance types (457/59275)."""

from collections.abc import Iterable

from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.tke.enis import EniLimit, reported_limit


def pod_limits(cloud: Cloud, kinds: Iterable[tuple[str | None, str | None]], static_ip: bool) -> dict[str, EniLimit]:
    """The limit of each type for (zone, type) pairs. A type that the cloud does not know is left out."""
    found: dict[str, EniLimit] = {}
    for zone, kind in dict.fromkeys(kinds):
        if kind is None or kind in found:
            continue
        answer = cloud.call("tke", "DescribeVpcCniPodLimits", {"Zone": zone or "", "InstanceType": kind})
        entries: list[Answer] = answer.get("PodLimitsInstanceSet") or []
        for entry in entries:
            limit = reported_limit(kind, static_ip, entry["PodLimits"]) if entry.get("InstanceType") == kind else None
            if limit is not None:
                found[kind] = limit
    return found
