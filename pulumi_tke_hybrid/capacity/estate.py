"""What a cluster has in each zone, as it was read from a preview, a stack or the cluster itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.enis import EniLimit, eni_limit


@dataclass(frozen=True)
class Subnet:
    """A container subnet."""

    cidr: str
    subnet_id: str = ""
    """Empty while it does not exist."""
    used: int | None = None
    """Addresses in use when it was last looked at; None: nobody looked."""

    @property
    def size(self) -> int:
        """Addresses that ENIs and pods can have."""
        return cidrs.usable_addresses(self.cidr)


@dataclass(frozen=True)
class Nodes:
    """Nodes of one type in one zone that get ENIs."""

    instance_type: str
    number: int
    most: int | None = None
    """How many the autoscaler may make of them."""


@dataclass(frozen=True)
class Zone:
    """One zone."""

    name: str
    subnets: tuple[Subnet, ...] = ()
    nodes: tuple[Nodes, ...] = ()
    pods: int | None = None
    """ENI pods that run here; None: nobody counted."""


@dataclass(frozen=True)
class Estate:
    """One cluster."""

    cluster: str
    static_ip: bool = True
    zones: tuple[Zone, ...] = ()
    wanted_pods: int | None = None
    """ENI pods that the workloads of the program want, with what a rollout adds; None: not told."""
    limits: Mapping[str, EniLimit] = field(default_factory=dict[str, EniLimit])
    """What the cloud says of instance types; the others are looked up in the table."""
    unsaid: tuple[str, ...] = ()
    """What could not be told, in words."""

    def zone(self, name: str) -> Zone:
        """The zone of that name; an empty one where there is none."""
        return next((zone for zone in self.zones if zone.name == name), Zone(name))

    def machines(self, zone: Zone) -> tuple[EniLimit, ...]:
        """The limit of each node of a zone, as far as its type is known."""
        return tuple(limit for nodes in zone.nodes if (limit := self.limit(nodes)) for _ in range(nodes.number))

    def types_known(self, zone: Zone) -> bool:
        """Whether the limit of each node of a zone is known: else nobody can say how many pods they take."""
        return all(self.limit(nodes) for nodes in zone.nodes if nodes.number)

    def limit(self, nodes: Nodes) -> EniLimit | None:
        """ENIs of one of the nodes."""
        return self.limits.get(nodes.instance_type) or eni_limit(nodes.instance_type)

    def shares(self) -> dict[str, int]:
        """The wanted pods by zone, spread evenly over the zones that have nodes and subnets, as the components ask the scheduler to."""
        serving = [zone.name for zone in self.zones if zone.subnets and any(nodes.number for nodes in zone.nodes)]
        wanted = self.wanted_pods or 0
        return {name: len(_part(range(wanted), index, len(serving))) for index, name in enumerate(serving)}


def _part(whole: Sequence[int], index: int, parts: int) -> Sequence[int]:
    return whole[index::parts]
