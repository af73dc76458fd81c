"""Addresses kept by `vpc-ip-claim-delete-policy: Never` outlive their pods: before a cluster goes they are named, or released."""

from collections.abc import Callable

from pulumi_tke_hybrid.cloud.in_cluster import Inside, KeptAddress, NotReadable
from pulumi_tke_hybrid.cloud.waiting import Wait

RELEASE_ALL = (
    "release_kept_ips=True, applied with `pulumi up` before the destroy, releases them all, from a machine that reaches the API server"
)
_HELD = "kept addresses may hold up the deletion of their subnets until their reclaim time"


def settle(connect: Callable[[], Inside], release: bool, wait: Wait) -> None:
    """Name the kept addresses and how to release them; with `release` give them back, and wait until they are.

    A cluster that cannot be asked does not hold up its own deletion: what still holds a subnet is named once more by the wait for
    empty subnets.
    """
    try:
        inside = connect()
        kept = inside.kept_addresses()
    except NotReadable as error:
        nothing = f"; nothing was released, and {_HELD}" if release else ""
        wait.say(f"could not tell which addresses are kept for pods that are gone: {error}{nothing}")
        return
    if release:
        _release(inside, kept, wait)
    else:
        _name(kept, wait)


def _release(inside: Inside, kept: list[KeptAddress], wait: Wait) -> None:
    for done, item in enumerate(kept):
        wait.say(f"releasing {item}")
        try:
            inside.release(item)
        except NotReadable as error:
            wait.say(f"could not release it: {error}; {done} of {len(kept)} were released, and {_HELD}")
            return

    def look() -> tuple[bool | None, str]:
        try:
            left = inside.kept_addresses()
        except NotReadable as error:
            return None, f"could not see whether they are released: {error}"
        return (None, f"still kept: {', '.join(map(str, left))}") if left else (True, "released")

    if kept:
        wait.until("kept addresses", look, "Look at the claims with `kubectl get vipc -A`, then run `pulumi destroy` again.")


def _name(kept: list[KeptAddress], wait: Wait) -> None:
    for item in kept:
        wait.say(f"kept: {item}; `kubectl delete vipc {item.pod} -n {item.namespace}` releases it while the cluster lives")
    if kept:
        wait.say(f"{len(kept)} {_HELD}; {RELEASE_ALL}")
