"""Stand-in for Pod graceful deletion (457/109977): a pod that goes is held by its kubelet until no direct CLB
has it any more."""

from tests.lab.controllers import keys
from tests.lab.controllers.context import Context, now
from tests.lab.controllers.kube import (
    POD,
    Json,
    annotations_of,
    being_deleted,
    data_of,
    finished,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    pod_ip,
    uid_of,
)
from tests.lab.controllers.load_balancer import LoadBalancers, direct_owners
from tests.lab.controllers.readiness_gates import bound
from tests.lab.controllers.watching import Loop

MANAGER = keys.SERVICE_CONTROLLER
HELD = "true"
GLOBAL_SWITCH = "EnablePodGracefulDeletion"


def is_graceful(item: Json, key: str, by_default: bool) -> bool:
    """The object's setting wins over the cluster's setting."""
    return {"true": True, "false": False}.get(annotations_of(item).get(key) or "", by_default)


class GracefulDeletionController:
    """Holds pods of direct Services and Ingresses with graceful deletion, and releases the unbound pods."""

    def __init__(self, context: Context, balancers: LoadBalancers) -> None:
        self._context = context
        self._balancers = balancers
        mirrors = context.mirrors
        watched = (mirrors.pods, mirrors.services, mirrors.ingresses, mirrors.config_maps)
        self._loop = Loop("graceful deletion", [*(mirror.bell for mirror in watched), context.changed])

    async def run(self) -> None:
        await self._loop.run(self._round)

    async def _round(self) -> None:
        mirrors = self._context.mirrors
        by_default = (
            data_of(mirrors.config_maps.get(keys.SERVICE_CONFIG, keys.KUBE_SYSTEM)).get(GLOBAL_SWITCH)
            == "true"
        )
        services = [item for item in mirrors.services if is_graceful(item, keys.SERVICE_GRACE, by_default)]
        ingresses = [item for item in mirrors.ingresses if is_graceful(item, keys.INGRESS_GRACE, by_default)]
        for pod in mirrors.pods:
            if finished(pod) or namespace_of(pod) == keys.KUBE_SYSTEM:
                continue
            owners = direct_owners(labels_of(pod), namespace_of(pod), services, []) | {
                owner
                for owner in direct_owners(labels_of(pod), namespace_of(pod), mirrors.services, ingresses)
                if owner.startswith("ingress/")
            }
            held = annotations_of(pod).get(keys.DELETION_HOLD)
            if being_deleted(pod):
                if held == HELD and not any(
                    bound(pod_ip(pod), self._balancers.of(owner)) for owner in owners
                ):
                    await self._write(pod, now())
            elif (held == HELD) is not bool(owners):
                await self._write(pod, HELD if owners else None)

    async def _write(self, pod: Json, value: str | None) -> None:
        async with self._loop.guard(key_of(pod)):
            # The uid makes the API server refuse when a new pod of the same name has come meanwhile.
            patch: Json = {"metadata": {"uid": uid_of(pod), "annotations": {keys.DELETION_HOLD: value}}}
            await self._context.api.patch(
                POD, name_of(pod), patch, namespace=namespace_of(pod), manager=MANAGER
            )
