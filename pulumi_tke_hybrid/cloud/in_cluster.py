"""What only the cluster itself knows: which pods live on ENI addresses, and which addresses are kept for pods
that are gone.

Addresses kept by `vpc-ip-claim-delete-policy: Never` outlive their pods: before a cluster goes they are
named, or released.
"""

import contextlib
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pulumi_tke_hybrid.cloud.client import Cloud
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.cloud.waiting import Wait
from pulumi_tke_hybrid.kube.client import POD, Kind, KubeClient, connect_to
from pulumi_tke_hybrid.kube.errors import KubeError, NotAllowed, NotAuthenticated, NotFound
from pulumi_tke_hybrid.kube.objects import name_of, namespace_of
from pulumi_tke_hybrid.tke.enis import needs_eni, over
from pulumi_tke_hybrid.tke.rule import printable
from pulumi_tke_hybrid.tke.values import Json, at, mapping

T = TypeVar("T")

GROUP = "networking.tke.cloud.tencent.com"
"""API group of ipamd's objects. Which version of it a cluster serves is read, not assumed."""
_ADMIN = (
    "; a sub-account has no rights in a cluster before tke:AcquireClusterAdminRole was called for it, or a"
    " role was bound to its user"
)
_SIDES = {False: "intranet", True: "internet"}


class NotReadable(Exception):
    """The cluster could not be read. The message names the reason, and holds nothing of the kubeconfig."""


@dataclass(frozen=True)
class KeptAddress:
    """An address that no pod uses and that ipamd does not give to another one."""

    namespace: str
    pod: str
    address: str

    def __str__(self) -> str:
        return f"{self.address or 'an address'} of {self.namespace}/{self.pod}"


class ClusterReader(Protocol):
    """What is asked of a cluster. Each may raise NotReadable."""

    def kept_addresses(self) -> list[KeptAddress]:
        """Claims whose pod is gone."""
        ...

    def release(self, kept: KeptAddress) -> None:
        """Give one back. Nothing happens if it is given back already."""
        ...

    def eni_pods(self) -> list[str]:
        """`namespace/name` of the pods that live on an ENI of any kind, or wait for one."""
        ...


class LiveCluster:
    """A real cluster, by the kubeconfig that the cloud hands out. It is kept nowhere."""

    def __init__(self, clients: Sequence[KubeClient]) -> None:
        self._clients = clients

    @classmethod
    def connect(cls, cloud: Cloud, cluster_id: str) -> "LiveCluster":
        """Through each endpoint that is open, the one inside the VPC first.

        The endpoint's status is read first: DescribeClusterKubeconfig returns a kubeconfig for a closed
        endpoint too, with the default
        domain as its server, which nothing answers. Source: DescribeClusterEndpointStatus, Created and all
        other states.
        """
        clients: list[KubeClient] = []
        problems: list[str] = []
        for public, side in _SIDES.items():
            which = {"ClusterId": cluster_id, "IsExtranet": public}
            try:
                status = cloud.call("tke", "DescribeClusterEndpointStatus", which).get("Status")
                if status != "Created":
                    problems.append(f"{side}: {printable(str(status or 'no status'))}")
                    continue
                text = cloud.call("tke", "DescribeClusterKubeconfig", which).get("Kubeconfig")
                clients.append(connect_to(str(text or ""), title="the kubeconfig that the cloud returned"))
            except CloudError as error:
                problems.append(f"{side}: {error.action} failed: {printable(error.code)}")
            except KubeError as error:
                problems.append(f"{side}: {error}")
        if not clients:
            raise NotReadable(f"{cluster_id} has no endpoint that can be used ({'; '.join(problems)})")
        return cls(clients)

    def kept_addresses(self) -> list[KeptAddress]:
        return self._read(_kept_addresses)

    def release(self, kept: KeptAddress) -> None:
        def call(client: KubeClient) -> None:
            kind = _kind(client, "vpcipclaims")
            if kind is None:
                raise NotFound(f"{GROUP} is not served")
            with contextlib.suppress(NotFound):  # released already
                client.delete(kind, kept.namespace, kept.pod)

        self._read(call)

    def eni_pods(self) -> list[str]:
        return self._read(
            lambda client: sorted(
                "/".join(_name(pod)) for pod in client.list(POD) if needs_eni(pod) and not over(pod)
            )
        )

    def _read(self, question: Callable[[KubeClient], T]) -> T:
        """The result by the first endpoint that gives one."""
        problem = ""
        for client in self._clients:
            try:
                return question(client)
            except NotAllowed as error:
                problem = f"{error}{'' if isinstance(error, NotAuthenticated) else _ADMIN}"
            except KubeError as error:
                problem = str(error)
        raise NotReadable(problem)


def _kind(client: KubeClient, plural: str, namespaced: bool = True) -> Kind | None:
    """A kind of ipamd's, in the version that the cluster prefers; None where the cluster does not serve the
    group: no VPC-CNI."""
    version = client.preferred_version(GROUP)
    return None if version is None else Kind(plural, GROUP, version, namespaced)


def _kept_addresses(client: KubeClient) -> list[KeptAddress]:
    """Claims without a living pod. A group that is served without claims is no empty list: that raises
    `NotFound`."""
    kind = _kind(client, "vpcipclaims")
    claims = list(client.list(kind)) if kind else []
    if not claims or kind is None:
        return []
    alive = {_name(pod) for pod in client.list(POD)}
    kept = [claim for claim in claims if _name(claim) not in alive]
    addresses = _addresses(client, kind.version) if kept else dict[tuple[str, str], str]()
    return sorted(
        (KeptAddress(*_name(claim), addresses.get(_name(claim)) or _own_address(claim)) for claim in kept),
        key=str,
    )


def _addresses(client: KubeClient, version: str) -> Mapping[tuple[str, str], str]:
    """The address of each claim. ipamd names an object VpcIP by its address and binds it to a claim
    (457/50358).

    The field that names the claim is not documented: a reference with namespace and name is taken, anything
    else leaves it unknown.
    """
    try:
        found = list(client.list(Kind("vpcips", GROUP, version, namespaced=False)))
    except KubeError:
        return {}  # the claims themselves were read; that their addresses are unknown is shown
    return {
        claim: name
        for item in found
        for name in [name_of(item)]
        if _is_address(name)
        for claim in _references(item)
    }


def _references(item: Json) -> Sequence[tuple[str, str]]:
    values = [value for part in ("spec", "status") for value in mapping(item.get(part)).values()]
    found = [(at(value, "namespace"), at(value, "name")) for value in values]
    return [(str(namespace), str(name)) for namespace, name in found if namespace and name]


def _own_address(claim: Json) -> str:
    """The address that the claim itself holds, under a name that is not documented either; empty where it
    holds none."""
    values = [value for part in ("spec", "status") for value in mapping(claim.get(part)).values()]
    found = {value for value in values if isinstance(value, str) and _is_address(value)}
    return found.pop() if len(found) == 1 else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _name(item: Json) -> tuple[str, str]:
    return namespace_of(item), printable(name_of(item))


RELEASE_ALL = (
    "release_kept_ips=True, applied with `pulumi up` before the destroy, releases them all, from a machine"
    " that reaches the API server"
)
_HELD = "kept addresses may hold up the deletion of their subnets until their reclaim time"


def settle(connect: Callable[[], ClusterReader], release: bool, wait: Wait) -> None:
    """Name the kept addresses and how to release them; with `release` give them back, and wait until they
    are.

    A cluster that cannot be asked does not hold up its own deletion: what still holds a subnet is named once
    more by the wait for
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
        _kept_name(kept, wait)


def _release(inside: ClusterReader, kept: list[KeptAddress], wait: Wait) -> None:
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
        wait.until(
            "kept addresses",
            look,
            "Look at the claims with `kubectl get vipc -A`, then run `pulumi destroy` again.",
        )


def _kept_name(kept: list[KeptAddress], wait: Wait) -> None:
    for item in kept:
        wait.say(
            f"kept: {item}; `kubectl delete vipc {item.pod} -n {item.namespace}` releases it while the"
            " cluster lives"
        )
    if kept:
        wait.say(f"{len(kept)} {_HELD}; {RELEASE_ALL}")
