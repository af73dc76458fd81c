"""Which annotations make a pod, a Service and an Ingress what they should be. Values are strings, always."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from pulumi_tke_hybrid.tke import keys

V = TypeVar("V")


def flag(value: bool) -> str:
    """Kubernetes refuses a boolean as an annotation, and TKE reads only these two strings (E4037)."""
    return "true" if value else "false"


def pod_annotations(eni: bool, keep_address: bool, direct_fronts: Sequence[str] = ()) -> dict[str, str]:
    """Pod-template annotations. Without them a pod is on GlobalRouter.

    `direct_fronts` names what sends to the pods directly. TKE puts its readiness gate on a pod only when it is made, so pods must be
    made again when that changes: our own annotation does it.
    """
    found: dict[str, str] = {}
    if eni:
        found[keys.NETWORKS] = keys.ROUTE_ENI
    if keep_address:
        found[keys.CLAIM_DELETE_POLICY] = keys.KEEP_ADDRESS
    if direct_fronts:
        found[keys.DIRECT_FRONTS] = "+".join(direct_fronts)
    return found


def eni_resources() -> dict[str, dict[str, str]]:
    """What the first container of an ENI pod asks for. Extended resources need the same request and limit."""
    return {"requests": {keys.ENI_IP: "1"}, "limits": {keys.ENI_IP: "1"}}


def service_annotations(direct: bool, placement: Mapping[str, V]) -> dict[str, str | V]:
    """Annotations of a Service of type LoadBalancer.

    Direct access is written both ways: newer controllers switch it on by themselves for new Services (457/131136).
    """
    found: dict[str, str | V] = {keys.SERVICE_DIRECT_ACCESS: flag(direct)}
    if direct:
        found[keys.SERVICE_GRACE_DELETION] = flag(True)
    return {**found, **placement}


def ingress_annotations(direct: bool, placement: Mapping[str, V]) -> dict[str, str | V]:
    """Annotations of an Ingress for TKE's own controller."""
    found: dict[str, str | V] = {keys.INGRESS_CLASS_KEY: keys.INGRESS_CLASS, keys.INGRESS_DIRECT_ACCESS: flag(direct)}
    if direct:
        found[keys.INGRESS_GRACE_DELETION] = flag(True)
    return {**found, **placement}


def contradiction(key: str, written: Collection[str]) -> str | None:
    """Why a user's own annotation may not be given, or None. `written` are the keys that the component writes on that object."""
    if key in written or key.startswith(keys.OURS):
        return f"{key} is written by the component from its own properties; say it there, or change the object with a Pulumi transform"
    if key in keys.WRITTEN_BY_TKE:
        return f"{key} is written by TKE and tells which load balancer there is; to choose one, use existing_clb(id)"
    if key == keys.POD_SECURITY_GROUP:
        return f"{key} has no effect on the shared ENI, whose security groups are the node's; set them on the ENIs (ipamd) instead"
    return None
