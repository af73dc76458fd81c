"""Switches of the API stand-in: how slow it is, and which of the vendor's undocumented answers it gives."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from tests.lab.cloud.errors import ApiError
from tests.lab.world import IPAMD_VERSION

LIVE = "live"


@dataclass
class Settings:
    """Seconds are added to the time of the work itself."""

    plain_subnets_null: bool = True
    """`ClusterNetworkSettings.Subnets` of a plain GR cluster: null (the vendor's sample) or `[]`."""
    slow_start: float = 0.0
    """A cluster stays `Creating` at least this long."""
    slow_delete: float = 0.5
    """A cluster stays `Deleting` at least this long; the cloud never answers and is done."""
    slow_release: float = 0.0
    """Addresses of ENI pods stay in use this long after their cluster is gone."""
    slow_load_balancers: float = 0.0
    """Seconds until the load balancer of a deleted Service or Ingress, and the object's finalizer, are
    gone."""
    account: str = ""
    """The account of the credentials, instead of the world's account: for runs with another account's
    credentials."""
    slow_backends: float = 0.0
    """Seconds until a change of pods or nodes is in a load balancer."""
    slow_add_subnets: float = 0.0
    """Seconds until subnets of `AddVpcCniSubnets` are listed."""
    slow_disable: float = 0.0
    slow_enable: float = 0.0
    """Seconds until the task of `EnableVpcCniNetworkType` is done. VPC-CNI is enabled only then."""
    enable_error: str = ""
    """Why that task fails; empty: it does not."""
    role_policy: bool = True
    """The role of ipamd has its policy."""
    property_has_static: bool = False
    """`Property` of a hybrid cluster has `IsNonStaticIpMode`; samples of the cloud's answers have not."""
    slow_endpoint: float = 0.1
    closed_kubeconfig: bool = True
    """Whether a closed endpoint has a kubeconfig, with a server that does not answer, or is refused one."""
    slow_node_pool: float = 0.0
    ipamd_phase: str = LIVE
    """`Phase` in `DescribeIPAMD` of an enabled cluster: `live` (the phase of the world), or a fixed phase,
    also ""."""
    ipamd_reason: str = LIVE
    ipamd_version: str = IPAMD_VERSION
    """Tag of ipamd's image on clusters that switch VPC-CNI on from now on."""
    sub_account: bool = False
    """The credentials are of a sub-account without a role in any cluster: its kubeconfig may read nothing."""
    endpoint_needs_worker: bool = False
    """Refuse an endpoint of a cluster without nodes (whether the cloud does is not known)."""
    default_subnet_policy: str = "PRIORITY"
    """The subnet policy of node pools without a policy: in order (auto scaling's default), or `EQUALITY`."""

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def change(self, values: Mapping[str, object]) -> None:
        """All or nothing."""
        now = self.as_json()
        for name, value in values.items():
            if name not in now:
                raise ApiError("UnknownSetting", f"{name}: one of {', '.join(sorted(now))}")
            if not _fits(now[name], value):
                raise ApiError("InvalidSetting", f"{name} is a {type(now[name]).__name__}")
        for name, value in values.items():
            setattr(self, name, value)


def _fits(now: object, value: object) -> bool:
    if isinstance(now, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is type(now)
