"""Names and ids of the cloud and of Kubernetes; regions and zones."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from pulumi_tke_hybrid.tke.rule import PROPERTY, Finding, Rule, fixed_rule

KUBERNETES_NAME = fixed_rule(
    "kubernetes-name", "A Kubernetes object's name is a DNS label.", "the name", "RFC 1123"
)
SERVICE_NAME = Rule(
    "service-name",
    "A Service's name begins with a letter.",
    "the name",
    "RFC 1035; Kubernetes before 1.36 (KEP-5311)",
)
STATEFUL_SET_NAME = Rule(
    "statefulset-name",
    "A StatefulSet's name has at most 52 characters.",
    "the name",
    "kubernetes/kubernetes, issue 64023",
)
LABEL = fixed_rule(
    "kubernetes-label", "A label's key and value have Kubernetes' syntax.", "the label", "Kubernetes, labels"
)
CLOUD_NAME = fixed_rule(
    "cloud-name",
    "The name of a VPC resource has at most 60 characters, that of a node pool 25.",
    "the name",
    "fields name of the provider's subnet and node pool",
)
INGRESS_HOST = fixed_rule(
    "ingress-host",
    "A host of an Ingress is a DNS name with a dot; its first label may be `*`.",
    "the host",
    "imroc/tke-guide, Ingress error E4052; RFC 1123; Kubernetes API",
)

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ADDRESS = re.compile(r"\d+(\.\d+){3}")
MAXIMUM_HOST = 253
_LABEL_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_TODO = "use at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"
MAXIMUM_STATEFUL_SET_NAME = 52


def dns_label_problem(value: str) -> Finding | None:
    """Return a finding if the text is not the name of a Kubernetes object."""
    if _DNS_LABEL.fullmatch(value):
        return None
    todo = "use at most 63 lower-case letters, digits and '-', starting and ending with a letter or digit"
    return KUBERNETES_NAME.finding("", "is not a Kubernetes name", value=repr(value), todo=todo)


def workload_name_findings(name: str, *, stateful: bool) -> Iterator[Finding]:
    """Return findings on a workload's name, which its Service and its pods' controller have too."""
    if name[:1].isdigit():
        why = "Kubernetes before 1.36 refuses it for a Service"
        todo = "begin it with a letter; lower this rule on a newer cluster"
        yield SERVICE_NAME.finding("name", "begins with a digit", value=repr(name), why=why, todo=todo)
    if stateful and len(name) > MAXIMUM_STATEFUL_SET_NAME:
        yield STATEFUL_SET_NAME.finding(
            "name",
            f"has {len(name)} characters",
            value=repr(name),
            why="each pod gets a label with this name and eleven characters more, a label has at most 63"
            " characters, and no pod would be created",
            todo=f"use at most {MAXIMUM_STATEFUL_SET_NAME}; lower this rule for a StatefulSet that already"
            " has pods",
        )


def label_value_problem(value: str) -> Finding | None:
    """Return a finding if the text is not a value of a label."""
    if not value or _LABEL_PART.fullmatch(value):
        return None
    return LABEL.finding("", "is no value of a label", value=repr(value), todo=_LABEL_TODO)


def label_keys_problem(labels: Mapping[str, object]) -> Finding | None:
    """Return a finding on the first wrong key of the labels."""
    for key in labels:
        *prefix, name = key.split("/", 1)
        if not _LABEL_PART.fullmatch(name) or not all(map(_is_domain, prefix)):
            todo = f"{_LABEL_TODO}; before it may be a domain name and '/'"
            return LABEL.finding(f"[{key!r}]", "is no key of a label", todo=todo)
    return None


def _is_domain(value: str) -> bool:
    return len(value) <= MAXIMUM_HOST and all(map(_DNS_LABEL.fullmatch, value.split(".")))


def _length(most: int, what: str) -> Callable[[str], Finding | None]:
    def problem(value: str) -> Finding | None:
        if 1 <= len(value) <= most:
            return None
        todo = f"{what} has 1 to {most}"
        return CLOUD_NAME.finding("", f"has {len(value)} characters", value=repr(value), todo=todo)

    return problem


pool_name_problem = _length(25, "a node pool's name")
cloud_name_problem = _length(60, "the name of a VPC resource")


def host_problem(value: str) -> Finding | None:
    """Return a finding if TKE or Kubernetes refuses the host: TKE a host without a dot (error E4052),
    Kubernetes an address or a text that is not a DNS name."""
    shown = repr(value)
    if "." not in value.strip("."):
        todo = "it needs a dot, for example 'shop.example.com'"
        return INGRESS_HOST.finding("", "is not a host TKE accepts (E4052)", value=shown, todo=todo)
    if _ADDRESS.fullmatch(value):
        todo = "leave hosts out for requests to the address itself"
        return INGRESS_HOST.finding(
            "", "is an address", value=shown, why="an Ingress goes by names", todo=todo
        )
    if len(value) <= MAXIMUM_HOST and _is_domain(value.removeprefix("*.")):
        return None
    parts = "1 to 63 lower-case letters, digits and '-' between dots, none beginning or ending with '-'"
    todo = f"use {parts}, {MAXIMUM_HOST} in all, for example 'shop.example.com' or '*.example.com'"
    return INGRESS_HOST.finding("", "is not a DNS name", value=shown, why="Kubernetes refuses it", todo=todo)


ID_SHAPE = fixed_rule(
    "id-shape",
    "A cloud id is its kind, a hyphen and eight lower-case letters or digits.",
    "the id",
    "the ids of the article, e.g. subnet-f3m8i0xi, vpc-p1v99tgl",
)

_ID = re.compile(r"[a-z0-9]{8}")


def _shape(prefix: str, what: str) -> Callable[[str], Finding | None]:
    def problem(value: str) -> Finding | None:
        head, _, tail = value.partition("-")
        if head == prefix and _ID.fullmatch(tail):
            return None
        todo = f"it looks like '{prefix}-' and eight letters or digits"
        return ID_SHAPE.finding("", f"is not {what}", value=repr(value), todo=todo)

    return problem


vpc_problem = _shape("vpc", "a VPC id")
subnet_problem = _shape("subnet", "a subnet id")
cluster_problem = _shape("cls", "a cluster id")
load_balancer_problem = _shape("lb", "a load balancer id")
security_group_problem = _shape("sg", "a security group id")
key_problem = _shape("skey", "the id of an SSH key")
route_table_problem = _shape("rtb", "a route table id")


def certificate_problem(value: str) -> str | None:
    """Return a sentence if the text is not the id of a Tencent Cloud certificate."""
    if re.fullmatch(r"[A-Za-z0-9]{8}", value):
        return None
    return (
        f"{value!r} is not a certificate id; it has eight letters or digits, see the SSL certificate console"
    )


def deadline_problem(value: int) -> Finding | None:
    """Return a finding if a deadline in seconds is too short or too long."""
    if 30 <= value <= 7200:
        return None
    return PROPERTY.finding("", "is not a sensible deadline", value=f"{value} s", todo="use 30 to 7200 s")


ZONE_SHAPE = fixed_rule(
    "zone-shape",
    "A zone is written as its region and a number, not as the number in a node's label.",
    "the zone",
    "CVM zone names; the label's numbers: imroc/tke-guide, cilium/flow-logs",
)
REGION_SHAPE = fixed_rule(
    "region-shape", "A region is written as in the names of its zones.", "the region", "CVM zone names"
)
ZONE_REGION = fixed_rule(
    "zone-region",
    "All zones of a cluster are in its region.",
    "two zones, or a zone and the region",
    "457/44966",
)
ZONE_UNCOVERED = Rule(
    "zone-uncovered",
    "Each zone with nodes has a container subnet: an ENI must be in its node's zone.",
    "the zones of pools and container subnets",
    "the article, steps 5 to 7",
)

_ZONE = re.compile(r"([a-z]{2,4}(?:-[a-z]+)+)-[0-9]{1,2}")
_ZONES_OF_A_REGION = 10_000
_LABEL = re.compile(r"\d{6,7}")


def region_of(zone: str) -> str | None:
    """The region of a zone; None if the text is not the name of a zone."""
    match = _ZONE.fullmatch(zone)
    return match[1] if match else None


def region_problem(region: str) -> Finding | None:
    """Return a finding if the text is not the name of a region."""
    if region_of(f"{region}-1") == region:
        return None
    todo = "write it without a zone's number, for example 'ap-guangzhou'"
    return REGION_SHAPE.finding("", "is not a region", value=repr(region), todo=todo)


def zone_by_label(label: str, region: str) -> str | None:
    """The zone of a node's label: a name, or a number that ends with the zone's (100004: ap-guangzhou-4)."""
    if label.isascii() and label.isdecimal():
        return f"{region}-{int(label) % _ZONES_OF_A_REGION}"
    return label or None


def zone_problem(zone: str) -> Finding | None:
    """Return a finding if the text is not the name of a zone."""
    if region_of(zone) is not None:
        return None
    why = "it is the number that nodes carry in topology.kubernetes.io/zone" if _LABEL.fullmatch(zone) else ""
    todo = "write it as region and number, for example 'ap-guangzhou-4'"
    return ZONE_SHAPE.finding("", "is not a zone", value=repr(zone), why=why, todo=todo)


def foreign_zone_findings(path: str, zone: str | None, region: str | None) -> Iterator[Finding]:
    """Return a finding if a zone is not in `region`, the region of the cluster. None: not known."""
    own = region_of(zone or "")
    if own and region and own != region:
        why = "a cluster spans zones of one region"
        todo = f"use a zone of {region}, or a cluster of its own in {own}"
        yield ZONE_REGION.finding(path, f"is not in region {region}", value=zone, why=why, todo=todo)


def uncovered_problem(path: str, zone: str, eni_zones: Iterable[str], todo: str = "") -> Finding:
    """The finding on a node pool in a zone without a container subnet. Without `todo`, the action is for a
    component's pool."""
    known = ", ".join(dict.fromkeys(eni_zones)) or "none"
    return ZONE_UNCOVERED.finding(
        path,
        f"has no container subnet (zones with a container subnet: {known})",
        value=zone,
        why="an ENI must be in its node's zone, so TKE refuses the nodes or leaves ENI pods Pending",
        todo=todo or f"add an EniZoneSubnet in {zone} to eni_subnets, or set global_route_only=True",
    )
