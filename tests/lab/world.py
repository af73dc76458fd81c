"""The state of the stand-in for Tencent's cloud, shared by the API and by the in-cluster controllers.

All code runs on one asyncio loop in one process, so there are no locks. Only the API stand-in (`cloud/`)
writes the customer's requests; only the controllers (`controllers/`) write TKE's results.
"""

import ipaddress
import itertools
import re
from dataclasses import dataclass, field
from typing import Literal

EndpointStatus = Literal["NotFound", "Creating", "Created", "Deleting", "Deleted"]
ClusterStatus = Literal["Creating", "Running", "Deleting", "Abnormal"]

IPAMD_VERSION = "v3.4.4"
"""The lab's choice: the last line of versions that is no add-on yet, so that the article's edit of the
ConfigMap belongs to it too."""


ADDON = "eniipamd"
"""The add-on as which TKE manages ipamd from 3.5.0 on."""


def is_addon(version: str) -> bool:
    """Whether an ipamd of this version, `v3.4.4` or `v3.11.0`, is one."""
    numbers = re.findall(r"\d+", version)[:2]
    return tuple(map(int, numbers)) >= (3, 5)


class AddressExhausted(Exception):
    """A subnet has no free address left."""


@dataclass
class Vpc:
    vpc_id: str
    name: str
    cidr_block: str
    tags: dict[str, str] = field(default_factory=dict[str, str])
    region: str = "ap-guangzhou"
    created: str = ""
    multicast: bool = True
    dns_servers: list[str] = field(default_factory=list[str])
    assistant_cidrs: list[str] = field(default_factory=list[str])


@dataclass
class RouteTable:
    route_table_id: str
    name: str
    vpc_id: str
    main: bool
    """The default one, made with its VPC."""
    created: str = ""
    tags: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class SecurityGroup:
    security_group_id: str
    name: str
    description: str
    project_id: str
    region: str
    created: str = ""
    version: int = 0
    tags: dict[str, str] = field(default_factory=dict[str, str])
    ingress: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    egress: list[dict[str, object]] = field(default_factory=list[dict[str, object]])


@dataclass
class Subnet:
    subnet_id: str
    name: str
    vpc_id: str
    zone: str
    cidr_block: str
    route_table_id: str
    tags: dict[str, str] = field(default_factory=dict[str, str])
    leases: dict[str, str] = field(default_factory=dict[str, str])
    """Address -> its holder, for example `ins-…` (a node), `lb-…`, `eni:<cluster>/<namespace>/<pod>`."""
    created: str = ""
    broadcast: bool = False

    @property
    def usable(self) -> int:
        """Tencent keeps three addresses of a subnet for itself."""
        return max(ipaddress.IPv4Network(self.cidr_block).num_addresses - 3, 0)

    @property
    def available(self) -> int:
        return self.usable - len(self.leases)

    def lease(self, owner: str, wanted: str | None = None) -> str:
        """Take the lowest free address (or `wanted`), skipping network, gateway (.1) and broadcast."""
        network = ipaddress.IPv4Network(self.cidr_block)
        if wanted is not None:
            if wanted in self.leases or ipaddress.IPv4Address(wanted) not in network:
                raise AddressExhausted(f"{wanted} is not free in {self.subnet_id}")
            self.leases[wanted] = owner
            return wanted
        for address in itertools.islice(network.hosts(), 1, None):
            if str(address) not in self.leases:
                self.leases[str(address)] = owner
                return str(address)
        raise AddressExhausted(f"no free address in {self.subnet_id} ({self.cidr_block})")

    def release(self, address: str) -> None:
        self.leases.pop(address, None)


@dataclass
class Instance:
    """A CVM that is a node. Made by the node-pool actions; the controllers turn it into a Node object."""

    instance_id: str
    node_pool_id: str
    subnet_id: str
    zone: str
    private_ip: str
    instance_type: str
    state: Literal["initializing", "running", "failed"] = "initializing"
    """`running` once the controllers saw its Node become Ready."""
    created: str = ""


@dataclass
class NodePool:
    node_pool_id: str
    name: str
    subnet_ids: list[str]
    instance_type: str
    min_size: int
    max_size: int
    desired: int
    autoscale: bool
    labels: dict[str, str]
    taints: list[dict[str, str]]
    launch_configuration_id: str
    auto_scaling_group_id: str
    raw: dict[str, object]
    """The request, for the fields that the API returns unchanged."""
    life_state: Literal["creating", "normal", "updating", "deleting"] = "normal"
    kind: Literal["Regular", "Native"] = "Regular"


@dataclass
class Enabling:
    """The task that switches VPC-CNI on."""

    status: Literal["Running", "Succeed", "Failed"] = "Running"
    error: str = ""


@dataclass
class VpcCni:
    """VPC-CNI of a cluster, as the cloud sees it."""

    cni_type: str
    static_ip: bool
    reclaim_seconds: int | None
    """None: kept addresses are never reclaimed."""
    subnet_ids: list[str]
    """The cloud's list (`ClusterNetworkSettings.Subnets`)."""
    non_masquerade_added: bool
    phase: str = "initializing"
    """Written by the controllers: initializing, upgrading (no node yet), running, Failed."""
    reason: str = ""
    ipamd_subnet_ids: list[str] = field(default_factory=list[str])
    """Written by the controllers: the list that the running ipamd works with (read from its ConfigMap at its
    start)."""
    security_group_ids: list[str] | None = None
    """Written by the controllers: the groups that ipamd puts on the nodes' ENIs (read from its arguments at
    its start).
    None filters nothing."""
    disabling: bool = False
    """VPC-CNI is being disabled: true until `Cluster.vpc_cni` is None again."""


@dataclass
class Endpoint:
    status: EndpointStatus = "NotFound"
    subnet_id: str = ""
    address: str = ""
    domain: str = ""
    security_group: str = ""
    lb_id: str = ""
    """The holder of `address` in the subnet."""


@dataclass
class Cluster:
    cluster_id: str
    name: str
    vpc_id: str
    region: str
    network_type: str
    cluster_cidr: str
    service_cidr: str
    """Always filled: the given one, or the tail of `cluster_cidr`."""
    max_pod_num: int
    max_service_num: int
    version: str
    non_static_ip_mode: bool
    deletion_protection: bool
    raw: dict[str, object]
    """The CreateCluster request, for what DescribeClusters echoes back."""
    status: ClusterStatus = "Creating"
    tags: dict[str, str] = field(default_factory=dict[str, str])
    node_pools: dict[str, NodePool] = field(default_factory=dict[str, NodePool])
    instances: dict[str, Instance] = field(default_factory=dict[str, Instance])
    vpc_cni: VpcCni | None = None
    enabling: Enabling | None = None
    """The last task that switched VPC-CNI on, or failed to."""
    intranet: Endpoint = field(default_factory=Endpoint)
    internet: Endpoint = field(default_factory=Endpoint)
    kubeconfig: str = ""
    """Admin kubeconfig of its control plane, once that runs. A secret."""
    admin_password: str = ""
    """A secret, as in DescribeClusterSecurity."""
    description: str = ""
    level: str = "L5"
    project_id: int = 0
    created: str = ""


@dataclass
class Rule:
    """One host and path of an HTTP listener. An empty host takes every host."""

    host: str
    path: str
    backends: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])


@dataclass
class Listener:
    protocol: str
    port: int
    backends: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """(address, port): pod addresses in direct mode, node address + node port otherwise."""
    rules: list[Rule] = field(default_factory=list[Rule])
    """HTTP and HTTPS only; `backends` is then what all rules have together."""
    certificate: str = ""
    """Id of the certificate, where the listener ends TLS."""
    redirect: bool = False
    """Answers every request with a redirect to HTTPS."""
    session_seconds: int = 0
    """Seconds that one client stays with one backend; 0 for no affinity."""
    scheduler: str = "WRR"
    health_check: dict[str, object] = field(default_factory=dict[str, object])
    """The health check of a TkeServiceConfig; empty: the default check."""


@dataclass
class LoadBalancer:
    lb_id: str
    cluster_id: str
    owner: str
    """`service/<namespace>/<name>` or `ingress/<namespace>/<name>`."""
    vip: str
    subnet_id: str
    """Empty for a public one."""
    internal: bool
    direct: bool
    user_made: bool = False
    """Made by the customer and only used by TKE: `owner` is empty while nothing uses it, and TKE never
    deletes it."""
    listeners: list[Listener] = field(default_factory=list[Listener])
    charge_type: str = ""
    bandwidth: int = 0
    """As wished for when it was made; 0 and empty for the account's default."""
    security_groups: list[str] = field(default_factory=list[str])
    pass_to_target: bool = False


@dataclass
class World:
    region: str = "ap-guangzhou"
    account: str = "100000000001"
    vpcs: dict[str, Vpc] = field(default_factory=dict[str, Vpc])
    subnets: dict[str, Subnet] = field(default_factory=dict[str, Subnet])
    clusters: dict[str, Cluster] = field(default_factory=dict[str, Cluster])
    route_tables: dict[str, RouteTable] = field(default_factory=dict[str, RouteTable])
    security_groups: dict[str, SecurityGroup] = field(default_factory=dict[str, SecurityGroup])
    load_balancers: dict[str, LoadBalancer] = field(default_factory=dict[str, LoadBalancer])
    load_balancer_sync_seconds: float = 0.0
    """Seconds of a controller's sync into a load balancer: one sync after the other, each with the state at
    its begin."""
    load_balancer_release_seconds: float = 0.0
    """Seconds until a deleted Service or Ingress has lost its load balancer."""
    ipamd_version: str = IPAMD_VERSION
    """Tag of the image with which the controllers install ipamd."""
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def of_another(self, account: str) -> "World":
        """Nothing yet. Ids are the cloud's: no two accounts have one in common."""
        return World(self.region, account, _ids=self._ids)

    def new_id(self, prefix: str) -> str:
        """A short unique id of the vendor's shape (`subnet-` + eight characters), the same in every run."""
        number = next(self._ids) * 1_000_003_337 % 36**8  # odd and not divisible by 3: no two numbers collide
        digits = ""
        for _ in range(8):
            number, digit = divmod(number, 36)
            digits += "0123456789abcdefghijklmnopqrstuvwxyz"[digit]
        return f"{prefix}-{digits}"
