"""VPC-CNI of a cluster as a resource: check, diff, create, read, update over plain dictionaries.

The tencentcloud provider cannot do this: it ignores the ENI fields of a GlobalRouter cluster at creation and
keeps them in its
state (the "phantom hybrid"), can only append subnets, and turns the pod network off when the list is emptied.
API: EnableVpcCniNetworkType (457/55757), AddVpcCniSubnets (457/56371), DescribeIPAMD, DescribeClusters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pulumi_tke_hybrid.cloud.client import NETWORK_ERROR, Answer, Cloud
from pulumi_tke_hybrid.cloud.clusters import find_cluster, not_a_global_router, of_another_vpc
from pulumi_tke_hybrid.cloud.errors import CloudError, Incompatible, IncompleteResponse
from pulumi_tke_hybrid.cloud.in_cluster import NotReadable
from pulumi_tke_hybrid.cloud.live_vpc_cni import Live, enabling, look
from pulumi_tke_hybrid.cloud.subnets import subnets_of
from pulumi_tke_hybrid.cloud.waiting import Wait
from pulumi_tke_hybrid.tke import ipamd
from pulumi_tke_hybrid.tke import ipamd as reclaim
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules import immutable_fields, ranges
from pulumi_tke_hybrid.tke.rules.inputs import ADOPTED

Props = Mapping[str, Any]
T = TypeVar("T")

_NOT_USABLE = ("isolated", "resourceisolate", "resourceisolated", "abnormal", "deleting")
"""States of a cluster that no waiting ends, in small letters."""
_ONLY_STORED = {"deadlineSeconds": None, "ipReclaim": None, "onDelete": "keep", "accountId": ""}
"""Properties whose change is told to nobody, with what a state without them means. The reclaim time may only
follow the cloud's; the
account changes only from one that could not be told."""
_SHOWN_PODS = 5
_MEND = "mend the cause, then run `pulumi up` again"
_AGAIN = "A second `pulumi up` finishes what was begun; nothing is done twice."


def identity(props: Props) -> str:
    """The resource's id."""
    return f"{props['region']}/{props['clusterId']}"


@dataclass(frozen=True)
class Report:
    """What a preview can say about a cluster that is already there."""

    lines: list[str]
    """What is there and what `up` would do, in words."""
    problems: list[Finding]
    """What contradicts the program."""
    registered: tuple[str, ...] = ()
    """The container subnets that the cloud lists."""


class VpcCniSwitch:
    """The resource's logic. `wait` carries the deadline and shows progress."""

    def __init__(self, cloud: Cloud, wait: Wait) -> None:
        self._cloud = cloud
        self._wait = wait

    # -- at preview: no call to the cloud, nothing is touched
    # --------------------------------------------------------

    @staticmethod
    def check(olds: Props, news: Props, unknown: Callable[[object], bool]) -> list[Finding]:
        """Transitions that TKE does not have. `unknown` recognises values that the preview cannot know."""
        wanted = news.get("subnets") or ()
        before: Props = olds if olds.get("clusterId") == news.get("clusterId") else {}
        left = (
            ()
            if unknown(wanted)
            else immutable_fields.subnet_findings(before.get("subnets", ()), wanted, unknown)
        )
        return [*left, *immutable_fields.switch_findings(before, news, unknown)]

    @staticmethod
    def changes(olds: Props, news: Props, unknown: Callable[[object], bool]) -> tuple[list[str], list[str]]:
        """(changed, replacing) properties. The order of subnets never counts; subnets added elsewhere are not
        a change."""
        registered = set(olds.get("registeredSubnets", ()))
        wanted = news.get("subnets", ())
        changed = (
            ["subnets"]
            if unknown(wanted) or any(unknown(item) or item not in registered for item in wanted)
            else []
        )
        changed += [
            name
            for name, default in _ONLY_STORED.items()
            if news.get(name, default) != olds.get(name, default)
        ]
        replacing = [name for name in ("region", "clusterId") if news.get(name) != olds.get(name)]
        return changed + replacing, replacing

    @staticmethod
    def drift(olds: Props, news: Props, unknown: Callable[[object], bool]) -> list[str]:
        """What the last refresh saw that the program does not say, in words."""
        wanted = (
            [item for item in news.get("subnets", ()) if not unknown(item)]
            if not unknown(news.get("subnets"))
            else []
        )
        lines: list[str] = []
        before = set(olds.get("subnets", ()))
        extra = [
            item for item in olds.get("registeredSubnets", ()) if item not in wanted and item not in before
        ]
        if extra:
            lines.append(
                f"{', '.join(extra)} was registered elsewhere; it is reported, never removed; add it to the"
                " program"
            )
        seconds = reclaim.seconds_of(str(olds.get("ipReclaim", reclaim.NEVER)))
        reported = olds.get("reclaimSeconds")
        if ipamd.is_running(str(olds.get("phase") or "")) and olds.get("staticIp") and reported != seconds:
            lines.append(
                f"reclaim is {_words(reported)} in the cloud, the program says {_words(seconds)}; it was"
                " changed elsewhere; write the live value into the program"
            )
        return lines

    # -- at preview, when the cluster is already there: reads only
    # -----------------------------------------------------

    def report(self, props: Props, unknown: Callable[[object], bool]) -> Report:
        """What is there, what `up` would do, what contradicts, what could not be told. `unknown`: values that
        the preview cannot know."""
        cluster = self._cluster(props)
        cluster_id = props["clusterId"]
        if cluster is None:
            where = f"region {props['region']}"
            todo = "check the id, the region, the credentials"
            return Report(
                [],
                [
                    ADOPTED.finding(
                        "cluster_id", f"is not in {where} of this account", value=cluster_id, todo=todo
                    )
                ],
            )
        refused = not_a_global_router(cluster_id, cluster) or of_another_vpc(props, cluster, unknown)
        if refused:
            return Report([], [refused])
        subnets: Sequence[Any] = [props["subnets"]] if unknown(props["subnets"]) else props["subnets"]
        live = self.look(props)
        if live is None or not live.enabled:
            number = (
                "subnets that are not known yet" if unknown(props["subnets"]) else f"{len(subnets)} subnets"
            )
            return Report([f"VPC-CNI of {cluster_id} is off; `up` switches it on with {number}"], [])
        said = {name: value for name, value in props.items() if not unknown(value)}
        problems = [ADOPTED.finding(name, text) for name, text in self._differences(said, live)]
        lines = [f"VPC-CNI of {cluster_id} is on with {', '.join(live.subnets)}; it is adopted as it is"]
        if live.static_ip is None:
            lines.append(
                f"could not tell whether {cluster_id} is in static-IP mode; the program's word is taken"
            )
        listed = [item for item in subnets if isinstance(item, str) and not unknown(item)]
        missing = [item for item in listed if item not in live.subnets]
        extra = [item for item in live.subnets if item not in listed]
        if missing:
            lines.append(f"`up` adds {', '.join(missing)}")
        if extra and len(listed) == len(subnets):
            lines.append(
                f"{', '.join(extra)} is registered, but not in the program; it is reported, never removed;"
                " add it to the program"
            )
        return Report(lines, problems, live.subnets)

    def in_use(self, wanted: Sequence[str], registered: Sequence[str]) -> list[Finding]:
        """One for each subnet that is registered next and holds addresses already. TKE wants them empty
        (article, step 1)."""
        fresh = [subnet for subnet in wanted if subnet not in registered]
        used = {
            str(item["SubnetId"]): int(item["TotalIpAddressCount"]) - int(item["AvailableIpAddressCount"])
            for item in subnets_of(self._cloud, fresh)
        }
        return [ranges.in_use_finding(subnet, used[subnet]) for subnet in fresh if used.get(subnet, 0) > 0]

    # -- at apply
    # ----------------------------------------------------------------------------------------------------

    def create(self, props: Props) -> dict[str, Any]:
        """Switch on with all subnets at once; or finish, or adopt, what an earlier run or somebody else
        began."""
        refused = not_a_global_router(str(props["clusterId"]), self._wait_for_cluster(props))
        if refused:
            raise CloudError("VpcCni", "Refused", str(refused))
        live = self.look(props)
        if live is None or not live.enabled:
            self._enable(props)
            return self._wait_for_subnets(props, begun=True).outputs(props)
        self._refuse_incompatible(props, live)
        self._add_missing(props, live)
        return self._wait_for_subnets(props).outputs(props)

    def update(self, props: Props) -> dict[str, Any]:
        """Add what is missing and wait until the cloud lists it."""
        live = self.look(props)
        if live is None or not live.enabled:
            raise CloudError(
                "VpcCni",
                "Disabled",
                f"VPC-CNI of {props['clusterId']} is off, though the state says it is on; somebody switched"
                " it off. Run `pulumi refresh`, review the preview, then `pulumi up` switches it on again",
            )
        self._add_missing(props, live)
        return self._wait_for_subnets(props).outputs(props)

    def read(self, props: Props) -> dict[str, Any] | None:
        """The live properties; None if the cluster is gone or VPC-CNI is off, read twice."""
        live = self.look(props)
        if live is not None and not live.enabled:
            live = self.look(props)
        return live.outputs(props) if live is not None and live.enabled else None

    def reclaims_as(self, props: Props) -> bool:
        """Whether the cloud has this reclaim time already: somebody changed it there, and the program
        follows."""
        live = self.look(props)
        seconds = reclaim.seconds_of(str(props["ipReclaim"]))
        return live is not None and live.enabled and live.running and live.reclaim_seconds == seconds

    def switch_off(self, props: Props, eni_pods: Callable[[], Sequence[str]]) -> None:
        """Switch VPC-CNI off, unless a pod would lose its network. A cluster that is gone, or off already, is
        fine."""
        cluster = self._cluster(props)
        live = self.look(props) if cluster is not None else None
        if cluster is None or live is None or not live.enabled:
            return
        if cluster.get("ClusterNodeNum") != 0:  # without a node no pod lives, and there may be no way to ask
            self._refuse_living(props, eni_pods)
        self._wait.say(f"switching VPC-CNI of {props['clusterId']} off")
        self._write("DisableVpcCniNetworkType", {"ClusterId": props["clusterId"]})

        def off(now: Live | None) -> tuple[bool | None, str]:
            if now is None or not (now.enabled or now.busy):
                return True, "off"
            return None, "VPC-CNI is still on" if now.enabled else f"ipamd is {now.words}"

        again = "Look at the cluster's network in the console; run it again to go on."
        self._wait.until(f"VPC-CNI of {props['clusterId']}", self._looks(props, off), again)

    @staticmethod
    def _refuse_living(props: Props, eni_pods: Callable[[], Sequence[str]]) -> None:
        keep = "remove them first, or say on_delete='keep' and apply it"
        try:
            pods = eni_pods()
        except NotReadable as error:
            raise CloudError(
                "DisableVpcCniNetworkType",
                "IncompleteResponse",
                f"could not tell whether ENI pods live in {props['clusterId']}: {error}; {keep}",
            ) from None
        if pods:
            more = f" and {len(pods) - _SHOWN_PODS} more" if len(pods) > _SHOWN_PODS else ""
            raise CloudError(
                "DisableVpcCniNetworkType",
                "PodsLive",
                f"{len(pods)} pods of {props['clusterId']} live on ENI addresses and would lose their"
                f" network: {', '.join(pods[:_SHOWN_PODS])}{more}; {keep}",
            )

    def wait_until_ready(self, props: Props) -> dict[str, Any]:
        """Wait for phase `running`, every subnet in ipamd's list and the wanted reclaim time."""
        wanted = tuple(str(item) for item in props["subnets"])
        seconds = reclaim.seconds_of(props["ipReclaim"])

        def ready(live: Live | None) -> tuple[Live | None, str]:
            if live is None or not live.enabled:
                return None, "VPC-CNI is off"
            _refuse_failed(props, live)
            if not live.running:
                # Not installed, it stays so where its installation failed; any later phase is ipamd's own.
                return None, f"ipamd is {live.words}{'' if live.phase else f'; {self._enabling(props)}'}"
            missing = [subnet for subnet in wanted if subnet not in live.ipamd_subnets]
            if missing:
                return None, f"ipamd does not list {', '.join(missing)} yet"
            if bool(props["staticIp"]) and live.reclaim_seconds != seconds:
                return None, f"reclaim is {_words(live.reclaim_seconds)} instead of {_words(seconds)}"
            return live, "ready"

        live = self._wait.until(
            f"VPC-CNI of {props['clusterId']}",
            self._looks(props, ready),
            "Look at the pods tke-eni-ipamd and tke-eni-agent in kube-system; a second `pulumi up` goes on"
            " from here.",
        )
        return {**props, "phase": live.phase}

    def look(self, props: Props) -> Live | None:
        """What the cloud has now; see `live_vpc_cni.look`."""
        return look(self._cloud, str(props["clusterId"]))

    def _looks(
        self, props: Props, judge: Callable[[Live | None], tuple[T | None, str]]
    ) -> Callable[[], tuple[T | None, str]]:
        """Looks for a wait, which goes on where the cloud does not tell."""

        def look() -> tuple[T | None, str]:
            try:
                return judge(self.look(props))
            except IncompleteResponse as error:
                return None, error.message

        return look

    def _cluster(self, props: Props) -> Answer | None:
        return find_cluster(self._cloud, str(props["clusterId"]))

    def _wait_for_cluster(self, props: Props) -> Answer:
        def look() -> tuple[Answer | None, str]:
            cluster = self._cluster(props)
            status = (
                str(cluster.get("ClusterStatus") or "in no state that the answer names")
                if cluster
                else "unknown to the cloud"
            )
            if status.casefold() in _NOT_USABLE:
                raise CloudError(
                    "VpcCni",
                    "ClusterNotUsable",
                    f"{props['clusterId']} is {status}, and VPC-CNI needs a running one; {advice}",
                )
            return (cluster if status == "Running" else None), f"the cluster is {status}"

        advice = "look at the cluster in the console: is it paid for, and is it in this region and account?"
        return self._wait.until(f"cluster {props['clusterId']}", look, advice)

    def _enable(self, props: Props) -> None:
        request: dict[str, object] = {
            "ClusterId": props["clusterId"],
            "VpcCniType": props["cniType"],
            "EnableStaticIp": bool(props["staticIp"]),
            "Subnets": list(props["subnets"]),
            "SkipAddingNonMasqueradeCIDRs": props["nonMasquerade"] != "add_vpc",
        }
        seconds = reclaim.seconds_of(props["ipReclaim"])
        if seconds is not None:  # left out means never
            request["ExpiredSeconds"] = seconds
        self._wait.say(f"switching VPC-CNI on for {props['clusterId']} with {len(props['subnets'])} subnets")
        self._write("EnableVpcCniNetworkType", request)

    def _add_missing(self, props: Props, live: Live) -> None:
        missing = [subnet for subnet in props["subnets"] if subnet not in live.subnets]
        if not missing:
            return
        self._wait.say(f"adding {', '.join(missing)} to VPC-CNI of {props['clusterId']}")
        self._write(
            "AddVpcCniSubnets",
            {
                "ClusterId": props["clusterId"],
                "VpcId": props["vpcId"],
                "SubnetIds": missing,
                "SkipAddingNonMasqueradeCIDRs": props["nonMasquerade"] != "add_vpc",
            },
        )

    def _write(self, action: str, request: dict[str, object]) -> None:
        try:
            self._cloud.call("tke", action, request)
        except CloudError as error:
            # The answer may be lost after the request was accepted: what is there afterwards tells, not the
            # error.
            if error.code != NETWORK_ERROR:
                raise
            self._wait.say(f"{action}: the answer was lost; looking whether the request was accepted")

    def _enabling(self, props: Props) -> str:
        """How far the switching on is, in words. Raises `CloudError` with the cloud's reason where it
        failed."""
        failed, words = enabling(self._cloud, str(props["clusterId"]))
        if failed:
            raise CloudError(
                "EnableVpcCniNetworkType", "Failed", f"VPC-CNI of {props['clusterId']}: {words}; {_MEND}"
            )
        return words

    def _wait_for_subnets(self, props: Props, *, begun: bool = False) -> Live:
        """`begun`: this run switches VPC-CNI on."""

        def progress() -> str:
            return f"; {self._enabling(props)}" if begun else ""

        def listed(live: Live | None) -> tuple[Live | None, str]:
            if live is None or not live.enabled:
                return None, f"VPC-CNI is not on yet{progress()}"
            _refuse_failed(props, live)
            missing = [subnet for subnet in props["subnets"] if subnet not in live.subnets]
            return (
                (None, f"{', '.join(missing)} not listed yet; ipamd is {live.words}{progress()}")
                if missing
                else (live, "listed")
            )

        return self._wait.until(f"VPC-CNI of {props['clusterId']}", self._looks(props, listed), _AGAIN)

    @staticmethod
    def _refuse_incompatible(props: Props, live: Live) -> None:
        differences = [text for _, text in VpcCniSwitch._differences(props, live)]
        if differences:
            raise Incompatible(
                f"VPC-CNI of {props['clusterId']} is already on, but not as the program says",
                differences,
                "TKE fixes these when VPC-CNI is switched on; write the live values into the program",
            )

    @staticmethod
    def _differences(props: Props, live: Live) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        kind, static, wanted = props.get("cniType"), props.get("staticIp"), props.get("ipReclaim")
        if live.cni_type and kind and live.cni_type != kind:
            found.append(("cni_type", f"CNI type is {live.cni_type}, the program says {kind}"))
        if live.static_ip is not None and static is not None and live.static_ip != bool(static):
            found.append(("static_ip", f"static mode is {live.static_ip}, the program says {bool(static)}"))
        if (
            static
            and wanted is not None
            and live.running
            and live.reclaim_seconds != reclaim.seconds_of(wanted)
        ):
            said = _words(reclaim.seconds_of(wanted))
            found.append(
                ("ip_reclaim", f"reclaim is {_words(live.reclaim_seconds)}, the program says {said}")
            )
        return found


def _refuse_failed(props: Props, live: Live) -> None:
    if ipamd.has_failed(live.phase):
        raise CloudError(
            "VpcCni",
            "Failed",
            f"ipamd of {props['clusterId']} is {live.phase}: {live.reason or 'no reason given'}",
        )


def _words(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.0f} s"
