"""VPC-CNI of a cluster as a resource: create, read, update, switch off, over plain dictionaries.

The tencentcloud provider cannot do this: it ignores the ENI fields of a GlobalRouter cluster at creation and
keeps them in its state (the "phantom hybrid"), can only append subnets, and turns the pod network off when
the list is emptied. API: EnableVpcCniNetworkType (457/55757), AddVpcCniSubnets (457/56371). What a preview
needs is in `cloud.vpc_cni_state`.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pulumi_tke_hybrid.cloud.api_client import NETWORK_ERROR, Answer, Cloud
from pulumi_tke_hybrid.cloud.calls import CloudError, Incompatible, IncompleteResponse, Wait
from pulumi_tke_hybrid.cloud.clusters import find_cluster, not_a_global_router
from pulumi_tke_hybrid.cloud.in_cluster import NotReadable
from pulumi_tke_hybrid.cloud.vpc_cni_state import (
    LiveVpcCni,
    differences,
    enabling_progress,
    read_vpc_cni,
    reclaim_words,
)
from pulumi_tke_hybrid.tke import ipamd
from pulumi_tke_hybrid.tke.objects import Props

T = TypeVar("T")

_NOT_USABLE = ("isolated", "resourceisolate", "resourceisolated", "abnormal", "deleting")
"""States of a cluster that do not end by themselves, in small letters."""
_SHOWN_PODS = 5
_MEND = "mend the cause, then run `pulumi up` again"
_AGAIN = "A second `pulumi up` finishes what was begun; nothing is done twice."


def identity(props: Props) -> str:
    """Return the resource's id."""
    return f"{props['region']}/{props['clusterId']}"


class VpcCniSwitch:
    """The changes of VPC-CNI. `wait` has the deadline, and writes progress."""

    def __init__(self, cloud: Cloud, wait: Wait) -> None:
        self._cloud = cloud
        self._wait = wait

    def create(self, props: Props) -> dict[str, Any]:
        """Enable VPC-CNI with all subnets at once. If VPC-CNI is on already, compare it and add missing
        subnets."""
        unfit = not_a_global_router(str(props["clusterId"]), self._wait_for_cluster(props))
        if unfit:
            raise CloudError("VpcCni", "Refused", str(unfit))
        live = self._read(props)
        if live is None or not live.enabled:
            self._enable(props)
            return self._wait_for_subnets(props, begun=True).outputs(props)
        self._refuse_incompatible(props, live)
        self._add_missing(props, live)
        return self._wait_for_subnets(props).outputs(props)

    def update(self, props: Props) -> dict[str, Any]:
        """Add the missing subnets and wait until the cloud lists them."""
        live = self._read(props)
        if live is None or not live.enabled:
            what = (
                f"VPC-CNI of {props['clusterId']} is off, though in the state it is on; it was switched off"
                " elsewhere. Run `pulumi refresh`, review the preview, then `pulumi up` switches it on again"
            )
            raise CloudError("VpcCni", "Disabled", what)
        self._add_missing(props, live)
        return self._wait_for_subnets(props).outputs(props)

    def read(self, props: Props) -> dict[str, Any] | None:
        """Return the live properties; None if the cluster is gone, or if two reads show VPC-CNI as off."""
        live = self._read(props)
        if live is not None and not live.enabled:
            live = self._read(props)
        return live.outputs(props) if live is not None and live.enabled else None

    def reclaims_as(self, props: Props) -> bool:
        """Whether the cloud already has the program's reclaim time, so that the program follows the cloud."""
        live = self._read(props)
        seconds = ipamd.seconds_of(str(props["ipReclaim"]))
        return live is not None and live.enabled and live.running and live.reclaim_seconds == seconds

    def switch_off(self, props: Props, eni_pods: Callable[[], Sequence[str]]) -> None:
        """Switch VPC-CNI off, unless a pod would lose its network. Do nothing if the cluster is gone or
        VPC-CNI is off already."""
        cluster = find_cluster(self._cloud, str(props["clusterId"]))
        live = self._read(props) if cluster is not None else None
        if cluster is None or live is None or not live.enabled:
            return
        if cluster.get("ClusterNodeNum") != 0:  # else there is no pod, and the API server may be closed
            self._refuse_with_pods(props, eni_pods)
        self._wait.log(f"switching VPC-CNI of {props['clusterId']} off")
        self._write("DisableVpcCniNetworkType", {"ClusterId": props["clusterId"]})

        def off(now: LiveVpcCni | None) -> tuple[bool | None, str]:
            if now is None or not (now.enabled or now.busy):
                return True, "off"
            return None, "VPC-CNI is still on" if now.enabled else f"ipamd is {now.words}"

        again = "Look at the cluster's network in the console; run it again to go on."
        self._wait.until(f"VPC-CNI of {props['clusterId']}", self._looks(props, off), again)

    @staticmethod
    def _refuse_with_pods(props: Props, eni_pods: Callable[[], Sequence[str]]) -> None:
        keep = "remove them first, or set on_delete='keep' and apply that"
        try:
            pods = eni_pods()
        except NotReadable as error:
            raise CloudError(
                "DisableVpcCniNetworkType",
                "IncompleteResponse",
                f"could not read the ENI pods of {props['clusterId']}: {error}; {keep}",
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
        seconds = ipamd.seconds_of(props["ipReclaim"])

        def ready(live: LiveVpcCni | None) -> tuple[LiveVpcCni | None, str]:
            if live is None or not live.enabled:
                return None, "VPC-CNI is off"
            _refuse_failed(props, live)
            if not live.running:
                # Without a phase ipamd is not installed yet, and stays so if enabling VPC-CNI failed.
                return None, f"ipamd is {live.words}{'' if live.phase else f'; {self._enabling(props)}'}"
            missing = [subnet for subnet in wanted if subnet not in live.ipamd_subnets]
            if missing:
                return None, f"ipamd does not list {', '.join(missing)} yet"
            if bool(props["staticIp"]) and live.reclaim_seconds != seconds:
                there, here = reclaim_words(live.reclaim_seconds), reclaim_words(seconds)
                return None, f"reclaim is {there} instead of {here}"
            return live, "ready"

        live = self._wait.until(
            f"VPC-CNI of {props['clusterId']}",
            self._looks(props, ready),
            "Look at the pods tke-eni-ipamd and tke-eni-agent in kube-system; a second `pulumi up` goes on"
            " from here.",
        )
        return {**props, "phase": live.phase}

    def _read(self, props: Props) -> LiveVpcCni | None:
        return read_vpc_cni(self._cloud, str(props["clusterId"]))

    def _looks(
        self, props: Props, judge: Callable[[LiveVpcCni | None], tuple[T | None, str]]
    ) -> Callable[[], tuple[T | None, str]]:
        """Return a look for `Wait.until`; an incomplete response counts as not there yet."""

        def look() -> tuple[T | None, str]:
            try:
                return judge(self._read(props))
            except IncompleteResponse as error:
                return None, error.message

        return look

    def _wait_for_cluster(self, props: Props) -> Answer:
        def look() -> tuple[Answer | None, str]:
            cluster = find_cluster(self._cloud, str(props["clusterId"]))
            status = "unknown to the cloud"
            if cluster:
                status = str(cluster.get("ClusterStatus") or "in no state that the answer names")
            if status.casefold() in _NOT_USABLE:
                what = f"{props['clusterId']} is {status}, and VPC-CNI needs a running one; {advice}"
                raise CloudError("VpcCni", "ClusterNotUsable", what)
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
        seconds = ipamd.seconds_of(props["ipReclaim"])
        if seconds is not None:  # left out means never
            request["ExpiredSeconds"] = seconds
        self._wait.log(f"switching VPC-CNI on for {props['clusterId']} with {len(props['subnets'])} subnets")
        self._write("EnableVpcCniNetworkType", request)

    def _add_missing(self, props: Props, live: LiveVpcCni) -> None:
        missing = [subnet for subnet in props["subnets"] if subnet not in live.subnets]
        if not missing:
            return
        self._wait.log(f"adding {', '.join(missing)} to VPC-CNI of {props['clusterId']}")
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
            # The request may have been accepted although the response was lost: the live state decides.
            if error.code != NETWORK_ERROR:
                raise
            self._wait.log(f"{action}: the answer was lost; looking whether the request was accepted")

    def _enabling(self, props: Props) -> str:
        """Return the progress of enabling VPC-CNI in words. Raise `CloudError` with the cloud's reason if it
        failed."""
        failed, words = enabling_progress(self._cloud, str(props["clusterId"]))
        if failed:
            what = f"VPC-CNI of {props['clusterId']}: {words}; {_MEND}"
            raise CloudError("EnableVpcCniNetworkType", "Failed", what)
        return words

    def _wait_for_subnets(self, props: Props, *, begun: bool = False) -> LiveVpcCni:
        """Wait until the cloud lists the subnets. `begun`: this run enabled VPC-CNI."""

        def progress() -> str:
            return f"; {self._enabling(props)}" if begun else ""

        def listed(live: LiveVpcCni | None) -> tuple[LiveVpcCni | None, str]:
            if live is None or not live.enabled:
                return None, f"VPC-CNI is not on yet{progress()}"
            _refuse_failed(props, live)
            missing = [subnet for subnet in props["subnets"] if subnet not in live.subnets]
            if missing:
                return None, f"{', '.join(missing)} not listed yet; ipamd is {live.words}{progress()}"
            return live, "listed"

        return self._wait.until(f"VPC-CNI of {props['clusterId']}", self._looks(props, listed), _AGAIN)

    @staticmethod
    def _refuse_incompatible(props: Props, live: LiveVpcCni) -> None:
        found = [text for _, text in differences(props, live)]
        if found:
            raise Incompatible(
                f"VPC-CNI of {props['clusterId']} is already on, with other settings than the program has",
                found,
                "TKE fixes these when VPC-CNI is switched on; write the live values into the program",
            )


def _refuse_failed(props: Props, live: LiveVpcCni) -> None:
    if ipamd.has_failed(live.phase):
        what = f"ipamd of {props['clusterId']} is {live.phase}: {live.reason or 'no reason given'}"
        raise CloudError("VpcCni", "Failed", what)
