"""Reads of the cluster itself: pods with ENI addresses, and the addresses that ipamd keeps for pods that are
gone.

The only change is the release of a kept address. Which addresses to release is decided in `kept_addresses`.
"""

import contextlib
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pulumi_tke_hybrid.cloud.api_client import Cloud
from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.cloud.clusters import endpoint_status
from pulumi_tke_hybrid.kube import KubeError, NotAllowed, NotAuthenticated, NotFound
from pulumi_tke_hybrid.kube.client import POD, Kind, KubeClient, connect_to
from pulumi_tke_hybrid.tke import printable
from pulumi_tke_hybrid.tke.enis import has_ended, needs_eni
from pulumi_tke_hybrid.tke.objects import Json, at, mapping, name_of, namespace_of

T = TypeVar("T")

GROUP = "networking.tke.cloud.tencent.com"
"""API group of ipamd's objects. The version is read from the cluster, not assumed."""
_ADMIN = (
    "; a sub-account has no rights in a cluster before tke:AcquireClusterAdminRole was called for it, or a"
    " role was bound to its user"
)
_SIDES = {False: "intranet", True: "internet"}


class NotReadable(Exception):
    """The cluster could not be read. The message has the reason, and nothing of the kubeconfig."""


@dataclass(frozen=True)
class KeptAddress:
    """An address that no pod uses and that ipamd reserves for a pod that is gone."""

    namespace: str
    pod: str
    address: str

    def __str__(self) -> str:
        return f"{self.address or 'an address'} of {self.namespace}/{self.pod}"


class LiveCluster:
    """A cluster, read with the kubeconfig that the cloud returns. The kubeconfig is not stored. Each method
    may raise `NotReadable`."""

    def __init__(self, clients: Sequence[KubeClient]) -> None:
        self._clients = clients

    @classmethod
    def connect(cls, cloud: Cloud, cluster_id: str) -> "LiveCluster":
        """Connect to each open endpoint, the intranet endpoint first.

        The endpoint's status is read first: DescribeClusterKubeconfig returns a kubeconfig for a closed
        endpoint too, with the default domain as its server, which does not answer
        (DescribeClusterEndpointStatus: Created, and all other states).
        """
        clients: list[KubeClient] = []
        problems: list[str] = []
        for public, side in _SIDES.items():
            which = {"ClusterId": cluster_id, "IsExtranet": public}
            try:
                status = endpoint_status(cloud, cluster_id, public=public)
                if status != "Created":
                    problems.append(f"{side}: {printable(status or 'no status')}")
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
        """Return the addresses whose pod is gone."""
        return self._read(_kept_addresses)

    def release(self, kept: KeptAddress) -> None:
        """Release an address. Do nothing if the address is released already."""

        def call(client: KubeClient) -> None:
            kind = _claims(client)
            if kind is None:
                raise NotFound(f"{GROUP} is not served")
            with contextlib.suppress(NotFound):  # released already
                client.delete(kind, kept.namespace, kept.pod)

        self._read(call)

    def eni_pods(self) -> list[str]:
        """Return `namespace/name` of the pods that have an ENI address of any kind, or wait for an
        address."""
        return self._read(
            lambda client: sorted(
                "/".join(_name(pod)) for pod in client.list(POD) if needs_eni(pod) and not has_ended(pod)
            )
        )

    def _read(self, read: Callable[[KubeClient], T]) -> T:
        """Return the result from the first endpoint that answers."""
        problem = ""
        for client in self._clients:
            try:
                return read(client)
            except NotAllowed as error:
                problem = f"{error}{'' if isinstance(error, NotAuthenticated) else _ADMIN}"
            except KubeError as error:
                problem = str(error)
        raise NotReadable(problem)


def _claims(client: KubeClient) -> Kind | None:
    """Return the kind of ipamd's claims in the version that the cluster prefers; None without the group, so
    without VPC-CNI."""
    version = client.preferred_version(GROUP)
    return None if version is None else Kind("vpcipclaims", GROUP, version)


def _kept_addresses(client: KubeClient) -> list[KeptAddress]:
    """Return the claims without a live pod. Raise `NotFound` for a group that is served without claims."""
    kind = _claims(client)
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
    """Return the address of each claim. ipamd names an object VpcIP by its address and binds it to a claim
    (457/50358).

    The field that names the claim is not documented: a reference with namespace and name is read, other
    fields are left out.
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


def _fields(item: Json) -> list[Any]:
    return [value for part in ("spec", "status") for value in mapping(item.get(part)).values()]


def _references(item: Json) -> Sequence[tuple[str, str]]:
    found = [(at(value, "namespace"), at(value, "name")) for value in _fields(item)]
    return [(str(namespace), str(name)) for namespace, name in found if namespace and name]


def _own_address(claim: Json) -> str:
    """Return the address in the claim itself, in a field that is not documented; empty without an address."""
    found = {value for value in _fields(claim) if isinstance(value, str) and _is_address(value)}
    return found.pop() if len(found) == 1 else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _name(item: Json) -> tuple[str, str]:
    return namespace_of(item), printable(name_of(item))
