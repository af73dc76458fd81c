"""Stand-in for VpcIPClaim (`vipc`): the objects that keep a fixed address while its pod is away."""

from tests.lab.controllers import keys
from tests.lab.controllers.addresses import duration_seconds
from tests.lab.controllers.context import Context
from tests.lab.controllers.kube import VPC_IP_CLAIM, Json, annotations_of, child, children, spec_of

MANAGER = keys.IPAMD


def keeps_address(pod: Json, static_ip: bool) -> bool:
    """Only a StatefulSet's pod with the policy Never keeps its address, and only in a cluster with static
    IP."""
    owners = children(child(pod, "metadata"), "ownerReferences")
    return (
        static_ip
        and annotations_of(pod).get(keys.CLAIM_DELETE_POLICY) == "Never"
        and any(owner.get("kind") == "StatefulSet" for owner in owners)
    )


class IpClaims:
    """The claims of a cluster, and since when the pod of each is away."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._away_since: dict[tuple[str, str], float] = {}

    async def ensure(self, pod: Json, namespace: str, name: str, address: str, subnet_id: str) -> None:
        """Write the claim of a pod that keeps its address. Done before the pod gets it, so none is ever
        lost."""
        self._away_since.pop((namespace, name), None)
        if (namespace, name) in self._context.mirrors.claims:
            return
        spec: Json = {"ip": address, "subnetId": subnet_id}
        duration = annotations_of(pod).get(keys.CLAIM_EXPIRED_DURATION)
        if duration is not None:
            spec["claimExpiredDuration"] = duration
        body: Json = {
            "apiVersion": "networking.tke.cloud.tencent.com/v1",
            "kind": "VpcIPClaim",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
        await self._context.api.ensure(VPC_IP_CLAIM, body, manager=MANAGER)

    async def find(self, namespace: str, name: str) -> Json | None:
        """Read the claim itself: the mirror may not show a new claim yet, and a release cannot be undone."""
        return await self._context.api.get(VPC_IP_CLAIM, name, namespace)

    def expired(self, claim: Json, namespace: str, name: str, reclaim_seconds: int | None) -> bool:
        """Whether the pod has been away for longer than the claim lasts. Starts the clock at the first
        call."""
        limit: float | None = reclaim_seconds
        own = duration_seconds(str(spec_of(claim).get("claimExpiredDuration") or ""))
        if own is not None:
            limit = own
        since = self._away_since.setdefault((namespace, name), self._context.clock())
        return limit is not None and self._context.clock() - since >= limit

    async def remove(self, namespace: str, name: str) -> None:
        await self._context.api.delete(VPC_IP_CLAIM, name, namespace)
        self._away_since.pop((namespace, name), None)
