"""The guard of a workload: stores what may not change, and refuses changes that would lose address, pods or
clients.

The rules on changes are in `plan.rules.workload_changes`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, DiffResult, Resource

from pulumi_tke_hybrid.component.dynamic import StateOnlyProvider, log_progress, unknown
from pulumi_tke_hybrid.plan.rules.workload_changes import change_findings, lost_ids
from pulumi_tke_hybrid.tke.annotations import FIXED, On

if TYPE_CHECKING:
    from pulumi_tke_hybrid.component.inputs import Input
    from pulumi_tke_hybrid.workload.workload_args import ClientIpWorkloadArgs


def _stored(props: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in props.items() if name != "__provider" and value is not None}


class WorkloadGuardProvider(StateOnlyProvider):
    """Compares the program with the stored properties, without a request. Every user's state holds the path
    of this class: never move the class."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        findings = change_findings(olds, news, unknown) if olds else ()
        for line in lost_ids(olds, news, unknown):
            log_progress(line)
        return CheckResult(news, [CheckFailure("", str(finding)) for finding in findings])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        before, after = _stored(_olds), _stored(_news)
        for name in (
            "selector",
            "volumeClaims",
            "serviceName",
            "podManagementPolicy",
            "ids",
            "serviceAnnotations",
            "ingressAnnotations",
        ):
            if name not in before:  # stacks of older versions: the engine stores the property without a step
                after.pop(name, None)
        return DiffResult(changes=before != after, replaces=[])


class WorkloadGuard(Resource, module="tke-hybrid", name="WorkloadGuard"):
    """Stores a workload's network, load balancers, names and selector.

    Each workload has two guards. The first guard comes before all other objects, so that a refused change
    touches nothing even in an `up` without a preview. The second guard comes after the pods, and stores the
    state that a rollout really reached.
    """

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(WorkloadGuardProvider(), name, dict(props), opts)


def guard_properties(args: "ClientIpWorkloadArgs", service_name: "Input[str]") -> dict[str, Any]:
    """Return the properties of both guards that follow from the arguments alone. States of users hold these
    keys."""
    return {
        "network": args.pod_network.value,
        "direct": args.is_direct,
        "service": args.exposure.fixed(),
        "ingress": args.ingress.exposure.fixed() if args.ingress else None,
        "serviceAnnotations": _fixed_annotations(On.SERVICE, args.service_annotations),
        "ingressAnnotations": _fixed_annotations(
            On.INGRESS, args.ingress.annotations if args.ingress else None
        ),
        "volumeClaims": list(args.volume_claims or ()) if args.stateful else None,
        "serviceName": service_name if args.stateful else None,
        "podManagementPolicy": args.pod_policy.value if args.stateful else None,
        "frontService": args.front_service_name,
        "ids": _replaceable_ids(args) or None,
        "allowAddressChange": bool(args.allow_address_change),
    }


def _fixed_annotations(on: On, given: "Mapping[str, Input[str]] | None") -> "dict[str, Input[str]]":
    """Return the given annotations that TKE reads only when it makes the load balancer (457/90598)."""
    return {item.key: given[item.key] for item in FIXED[on] if item.key in given} if given else {}


def _replaceable_ids(args: "ClientIpWorkloadArgs") -> "dict[str, Input[str]]":
    """Return the ids that a workload may change in place, by property path."""
    exposures = {"exposure": args.exposure} | (
        {"ingress.exposure": args.ingress.exposure} if args.ingress else {}
    )
    found = {f"nominated_subnets[{index}]": item for index, item in enumerate(args.nominated_subnets or ())}
    for path, exposure in exposures.items():
        groups = enumerate(exposure.security_groups or ())
        found |= {f"{path}.security_groups[{index}]": group for index, group in groups}
    certificates = {
        f"ports[{index}].certificate_id": port.certificate_id for index, port in enumerate(args.ports or ())
    }
    certificates |= {"ingress.certificate_id": args.ingress.certificate_id} if args.ingress else {}
    return found | {path: item for path, item in certificates.items() if item is not None}
