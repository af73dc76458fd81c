"""What only the cluster itself knows: which pods live on ENI addresses, and which addresses are kept for pods that are gone."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pulumi_tke_hybrid.cloud.client import Cloud
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.tke.pods import needs_eni, over
from pulumi_tke_hybrid.tke.text import printable

Json = dict[str, Any]
T = TypeVar("T")

_TIMEOUT = 15.0
_PAGE = 500
ONE_AT_A_TIME = threading.Lock()
"""Pulumi works in several threads of one process. Two that decode their first answers at once were seen to crash CPython 3.11 (in the
decoder of lightkube 1.0)."""


class NotReadable(Exception):
    """The cluster could not be asked; the text says why, and holds nothing of the kubeconfig."""


@dataclass(frozen=True)
class KeptAddress:
    """An address that no pod uses and that ipamd does not give to another one."""

    namespace: str
    pod: str
    address: str

    def __str__(self) -> str:
        return f"{self.address or 'an address'} of {self.namespace}/{self.pod}"


class Inside(Protocol):
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

    def __init__(self, clients: Sequence[Any]) -> None:
        self._clients = clients

    @classmethod
    def connect(cls, cloud: Cloud, cluster_id: str) -> "LiveCluster":
        """Through each endpoint that is open, the one inside the VPC first."""
        clients: list[Any] = []
        refused = ""
        for public in (False, True):
            try:
                answer = cloud.call("tke", "DescribeClusterKubeconfig", {"ClusterId": cluster_id, "IsExtranet": public})
            except CloudError as error:
                refused = refused or error.code
                continue
            clients.append(_client(str(answer.get("Kubeconfig") or "")))
        if not clients:
            raise NotReadable(f"{cluster_id} has no open endpoint ({refused})")
        return cls(clients)

    def kept_addresses(self) -> list[KeptAddress]:
        claims = [_kept(claim) for claim in self._all(_claims(), list[Json])]  # a cluster without VPC-CNI has no such kind
        alive = {_name(pod) for pod in self._all(_pods())} if claims else set[tuple[str, str]]()
        return sorted((claim for claim in claims if (claim.namespace, claim.pod) not in alive), key=str)

    def release(self, kept: KeptAddress) -> None:
        self._ask(lambda client: client.delete(_claims(), kept.pod, namespace=kept.namespace), lambda: None)

    def eni_pods(self) -> list[str]:
        return sorted("/".join(_name(pod)) for pod in self._all(_pods()) if needs_eni(pod) and not over(pod))

    def _all(self, kind: Any, absent: Callable[[], list[Json]] | None = None) -> list[Json]:
        return self._ask(lambda client: [_read(item) for item in client.list(kind, namespace="*", chunk_size=_PAGE)], absent)

    def _ask(self, question: Callable[[Any], T], absent: Callable[[], T] | None) -> T:
        """The answer by the first way on which there is one.

        `absent`: the answer where what is asked for may not exist, and the API server says that it does not. Without it that is no answer.
        """
        import httpx2
        from lightkube.core.exceptions import ApiError, ConfigError

        said = ""
        for client in self._clients:
            try:
                with ONE_AT_A_TIME:
                    return question(client)
            except ApiError as error:
                if absent is not None and error.status.code == 404:
                    return absent()
                said = f"the API server said: {printable(str(error.status.message or error.status.code))}"
            except httpx2.HTTPError as error:
                said = f"the API server was not reached ({type(error).__name__}); is this machine in the VPC?"
            except (ConfigError, ValueError, LookupError, TypeError, AttributeError) as error:
                said = f"what came back is not an answer of the API server ({type(error).__name__}); is there a proxy between?"
        raise NotReadable(said)


def _client(kubeconfig: str) -> Any:
    import httpx2
    import yaml
    from lightkube import Client, KubeConfig

    from pulumi_tke_hybrid.cloud.kubeconfig import UNFIT, reason

    try:
        parsed: Any = KubeConfig  # partly without types
        return Client(config=parsed.from_dict(yaml.safe_load(kubeconfig)).get(), timeout=httpx2.Timeout(_TIMEOUT))
    except UNFIT as error:
        raise NotReadable(f"the kubeconfig that the cloud gave does not fit ({reason(error)})") from None


def _pods() -> Any:
    from lightkube.resources.core_v1 import Pod

    return Pod


def _claims() -> Any:
    from lightkube import generic_resource

    library: Any = generic_resource  # partly without types
    return library.create_namespaced_resource("networking.tke.cloud.tencent.com", "v1beta1", "VpcIPClaim", "vpcipclaims")


def _read(item: Any) -> Json:
    found: Json = item.to_dict()
    _name(found)  # without a name it is none
    return found


def _name(item: Json) -> tuple[str, str]:
    metadata = item["metadata"]
    return str(metadata.get("namespace") or "default"), str(metadata["name"])


def _kept(claim: Json) -> KeptAddress:
    spec: Json = claim.get("spec") or {}
    return KeptAddress(*_name(claim), printable(str(spec.get("ip") or "")))
