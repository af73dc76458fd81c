"""Stand-in for security groups on the ENIs of nodes: off by default; ipamd's arguments set the same groups
for all ENI pods."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from tests.lab.controllers.kube import Json, containers_of
from tests.lab.world import Cluster, SecurityGroup, World

ENABLE = "--enable-security-groups"
GROUPS = "--security-groups="


@dataclass(frozen=True)
class GroupRule:
    """One line of a group; the first that fits decides, and nothing fits means no."""

    accept: bool
    cidr: str
    protocol: str
    """`tcp`, `udp`, `icmp`; empty for all."""
    ports: tuple[str, ...]
    """`80` or `8000-8100`; none for all."""

    def fits(self, source: str, port: int) -> bool:
        inside = ipaddress.IPv4Address(source) in ipaddress.IPv4Network(self.cidr)
        return (
            inside
            and self.protocol in ("", "tcp")
            and (not self.ports or any(_holds(ports, port) for ports in self.ports))
        )


def _holds(ports: str, port: int) -> bool:
    first, _, last = ports.partition("-")
    return int(first) <= port <= int(last or first)


def groups_of_ipamd(pod: Json) -> list[str] | None:
    """The groups in the arguments of an ipamd process."""
    arguments = [str(item) for container in containers_of(pod) for item in container.get("args") or []]
    if not any(item in (ENABLE, f"{ENABLE}=true") for item in arguments):
        return None
    return [
        group
        for item in arguments
        if item.startswith(GROUPS)
        for group in item.removeprefix(GROUPS).split(",")
        if group
    ]


def eni_rules(world: World, cluster: Cluster) -> tuple[GroupRule, ...] | None:
    """The rules of the groups on the ENIs of the cluster; None without groups."""
    wanted = cluster.vpc_cni.security_group_ids if cluster.vpc_cni else None
    if wanted is None:
        return None
    groups = wanted or _of_nodes(cluster)
    return tuple(rules_of(world.security_groups[group] for group in groups if group in world.security_groups))


def _of_nodes(cluster: Cluster) -> list[str]:
    found: list[str] = []
    for pool in cluster.node_pools.values():
        launch = cast("Json", pool.raw.get("LaunchConfigurePara") or {})
        found += launch.get("SecurityGroupIds") or []
    return list(dict.fromkeys(found))


def rules_of(groups: Iterable[SecurityGroup]) -> list[GroupRule]:
    found: list[GroupRule] = []
    for group in groups:
        for rule in group.ingress:
            protocol = str(rule.get("Protocol") or "ALL").lower()
            ports = str(rule.get("Port") or "ALL").lower()
            found.append(
                GroupRule(
                    accept=str(rule.get("Action")).upper() == "ACCEPT",
                    cidr=str(rule.get("CidrBlock") or "0.0.0.0/0"),
                    protocol="" if protocol == "all" else protocol,
                    ports=() if ports == "all" else tuple(ports.split(",")),
                )
            )
    return found


def let_in(rules: tuple[GroupRule, ...] | None, source: str, port: int) -> bool:
    """Whether a TCP connection from there reaches that port."""
    return rules is None or next((rule.accept for rule in rules if rule.fits(source, port)), False)
