"""VPC-CNI of a cluster as the cloud reports it, and its differences to the program. This module reads only.

DescribeClusters and DescribeIPAMD (tke 2018-05-25) together give the state. Enabling VPC-CNI is a task of the
cloud, which may fail long after the request was accepted; DescribeEnableVpcCniProgress gives its Status
(Running, Succeed or Failed) and ErrorMessage, and an error for a cluster without such a task. DescribeIPAMD
alone decides whether VPC-CNI is on, so only a failure of the task counts.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.cloud.api_client import Answer, Cloud
from pulumi_tke_hybrid.cloud.calls import CloudError, IncompleteResponse
from pulumi_tke_hybrid.cloud.clusters import find_cluster, held_addresses, not_a_global_router, of_another_vpc
from pulumi_tke_hybrid.tke import ipamd
from pulumi_tke_hybrid.tke.objects import Props, unknown
from pulumi_tke_hybrid.tke.rule import ADOPTED, Finding
from pulumi_tke_hybrid.tke.rules import immutable_fields, zones_and_subnets

_ONLY_STORED = {"deadlineSeconds": None, "ipReclaim": None, "onDelete": "keep", "accountId": ""}
"""Properties whose change causes no call, with the value that a state without the property stands for. The
reclaim time may only follow the cloud; the account may change only from an empty value."""


@dataclass(frozen=True)
class LiveVpcCni:
    """VPC-CNI of a cluster as the cloud reports it."""

    enabled: bool
    subnets: tuple[str, ...]
    """Container subnets in DescribeClusters."""
    ipamd_subnets: tuple[str, ...]
    """Container subnets in DescribeIPAMD, which may lag behind."""
    phase: str
    reason: str
    reclaim_seconds: int | None
    cni_type: str | None
    static_ip: bool | None
    """None: the response has no value."""

    @property
    def running(self) -> bool:
        """Whether ipamd works."""
        return ipamd.is_running(self.phase)

    @property
    def busy(self) -> bool:
        """Whether ipamd neither works nor has failed; a phase that this library does not know counts as
        busy."""
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


def read_vpc_cni(cloud: Cloud, cluster_id: str) -> LiveVpcCni | None:
    """Read VPC-CNI of the cluster; None if there is no such cluster.

    Raise `IncompleteResponse` if the response does not show whether VPC-CNI is on.
    """
    cluster = find_cluster(cloud, cluster_id)
    if cluster is None:
        return None
    answer = cloud.call("tke", "DescribeIPAMD", {"ClusterId": cluster_id})
    enabled, disabled = answer.get("EnableIPAMD"), bool(answer.get("DisableVpcCniMode"))
    if not isinstance(enabled, bool) and not disabled:
        what = f"the answer does not show whether VPC-CNI of {cluster_id} is on; run it again"
        raise IncompleteResponse("DescribeIPAMD", "IncompleteResponse", what)
    network: Answer = cluster.get("ClusterNetworkSettings") or {}
    described: Answer = json.loads(cluster.get("Property") or "{}")
    static = described.get("IsNonStaticIpMode")
    return LiveVpcCni(
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
    """Return the seconds of a Go duration such as `300s`, `5m0s` or `1h0m0s`; None for an empty text and for
    zero, which means never."""
    units = {"h": 3600, "m": 60, "s": 1}
    parts = re.findall(r"([^hms]+)([hms])", text)
    return sum(int(float(number)) * units[unit] for number, unit in parts) or None


def enabling_progress(cloud: Cloud, cluster_id: str) -> tuple[bool, str]:
    """Return whether enabling VPC-CNI failed, and its state in words with the cloud's reason."""
    try:
        answer = cloud.call("tke", "DescribeEnableVpcCniProgress", {"ClusterId": cluster_id})
    except CloudError as error:
        return False, f"its progress could not be read ({error.code})"
    status, reason = str(answer.get("Status") or ""), str(answer.get("ErrorMessage") or "")
    words = f"switching it on is {status or 'in no state that the cloud names'}"
    return ipamd.has_failed(status), words + (f" ({reason})" if reason else "")


# -- of the state and the program alone: no call


def forbidden_changes(olds: Props, news: Props) -> list[Finding]:
    """Return the changes of a registered setting that TKE does not offer."""
    wanted = news.get("subnets") or ()
    before: Props = olds if olds.get("clusterId") == news.get("clusterId") else {}
    fixed = immutable_fields.switch_findings(before, news)
    if unknown(wanted):
        return list(fixed)
    return [*immutable_fields.subnet_findings(before.get("subnets", ()), wanted), *fixed]


def changes(olds: Props, news: Props) -> tuple[list[str], list[str]]:
    """Return the changed properties and those of them that replace the resource.

    The order of subnets does not count; subnets that were registered elsewhere are not a change.
    """
    registered = set(olds.get("registeredSubnets", ()))
    wanted = news.get("subnets", ())
    added = unknown(wanted) or any(unknown(item) or item not in registered for item in wanted)
    stored = [
        name for name, default in _ONLY_STORED.items() if news.get(name, default) != olds.get(name, default)
    ]
    replacing = [name for name in ("region", "clusterId") if news.get(name) != olds.get(name)]
    return [*(["subnets"] if added else []), *stored, *replacing], replacing


def drift_lines(olds: Props, news: Props) -> list[str]:
    """Describe the values of the last refresh that differ from the program."""
    listed = news.get("subnets", ())
    wanted = [] if unknown(listed) else [item for item in listed if not unknown(item)]
    lines: list[str] = []
    before = set(olds.get("subnets", ()))
    extra = [item for item in olds.get("registeredSubnets", ()) if item not in wanted and item not in before]
    if extra:
        lines.append(
            f"{', '.join(extra)} was registered elsewhere; it is reported, never removed; add it to the"
            " program"
        )
    seconds = ipamd.seconds_of(str(olds.get("ipReclaim", ipamd.NEVER)))
    reported = olds.get("reclaimSeconds")
    if ipamd.is_running(str(olds.get("phase") or "")) and olds.get("staticIp") and reported != seconds:
        lines.append(
            f"reclaim is {reclaim_words(reported)} in the cloud, but {reclaim_words(seconds)} in the program;"
            " it was changed elsewhere; write the live value into the program"
        )
    return lines


def reclaim_words(seconds: float | None) -> str:
    """Return a reclaim time as text."""
    return "never" if seconds is None else f"{seconds:.0f} s"


def differences(props: Props, live: LiveVpcCni) -> list[tuple[str, str]]:
    """Return the live settings that differ from the program, each as property and sentence."""
    found: list[tuple[str, str]] = []
    kind, static, wanted = props.get("cniType"), props.get("staticIp"), props.get("ipReclaim")
    if live.cni_type and kind and live.cni_type != kind:
        found.append(("cni_type", f"CNI type is {live.cni_type}, but {kind} in the program"))
    if live.static_ip is not None and static is not None and live.static_ip != bool(static):
        found.append(("static_ip", f"static mode is {live.static_ip}, but {bool(static)} in the program"))
    if static and wanted is not None and live.running:
        seconds = ipamd.seconds_of(wanted)
        if live.reclaim_seconds != seconds:
            there, here = reclaim_words(live.reclaim_seconds), reclaim_words(seconds)
            found.append(("ip_reclaim", f"reclaim is {there}, but {here} in the program"))
    return found


# -- of a cluster that exists


@dataclass(frozen=True)
class AdoptionReport:
    """A cluster that exists, compared with the program."""

    lines: list[str]
    """The live state, and the changes that `up` would make."""
    problems: list[Finding]
    """Contradictions to the program."""
    registered: tuple[str, ...] = ()
    """Container subnets in DescribeClusters."""


def adoption_report(cloud: Cloud, props: Props) -> AdoptionReport:
    """Compare the cluster with the program."""
    cluster_id = str(props["clusterId"])
    cluster = find_cluster(cloud, cluster_id)
    if cluster is None:
        what = f"is not in region {props['region']} of this account"
        todo = "check the id, the region, the credentials"
        return AdoptionReport([], [ADOPTED.finding("cluster_id", what, value=cluster_id, todo=todo)])
    unfit = not_a_global_router(cluster_id, cluster) or of_another_vpc(props, cluster)
    if unfit:
        return AdoptionReport([], [unfit])
    live = read_vpc_cni(cloud, cluster_id)
    if live is None or not live.enabled:
        subnets = props["subnets"]
        number = "subnets that are not known yet" if unknown(subnets) else f"{len(subnets)} subnets"
        return AdoptionReport([f"VPC-CNI of {cluster_id} is off; `up` switches it on with {number}"], [])
    known = {name: value for name, value in props.items() if not unknown(value)}
    problems = [ADOPTED.finding(name, text) for name, text in differences(known, live)]
    return AdoptionReport(_adoption_lines(cluster_id, live, props), problems, live.subnets)


def _adoption_lines(cluster_id: str, live: LiveVpcCni, props: Props) -> list[str]:
    subnets: Sequence[Any] = [props["subnets"]] if unknown(props["subnets"]) else props["subnets"]
    listed = [item for item in subnets if isinstance(item, str) and not unknown(item)]
    missing = [item for item in listed if item not in live.subnets]
    extra = [item for item in live.subnets if item not in listed]
    lines = [f"VPC-CNI of {cluster_id} is on with {', '.join(live.subnets)}; it is adopted as it is"]
    if live.static_ip is None:
        lines.append(
            f"could not read whether {cluster_id} is in static-IP mode; the value of the program is taken"
        )
    if missing:
        lines.append(f"`up` adds {', '.join(missing)}")
    if extra and len(listed) == len(subnets):
        lines.append(
            f"{', '.join(extra)} is registered, but not in the program; it is reported, never removed; add it"
            " to the program"
        )
    return lines


def in_use_findings(cloud: Cloud, wanted: Sequence[str], registered: Sequence[str]) -> list[Finding]:
    """Return a finding for each subnet that is to be registered and holds addresses: TKE wants subnets empty
    (article, step 1)."""
    fresh = [subnet for subnet in wanted if subnet not in registered]
    held = held_addresses(cloud, fresh)
    return [zones_and_subnets.in_use_finding(subnet, held[subnet]) for subnet in fresh if held.get(subnet)]
