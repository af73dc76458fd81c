"""Shapes of cloud ids. A wrong id costs a failed apply half-way; its shape is known at preview."""

import re
from collections.abc import Callable

from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

ID_SHAPE = Rule(
    "id-shape",
    Severity.ERROR,
    "A cloud id is its kind, a hyphen and eight lower-case letters or digits.",
    "the id",
    "the ids of the article, e.g. subnet-f3m8i0xi, vpc-p1v99tgl",
    firm=True,
)

_ID = re.compile(r"[a-z0-9]{8}")


def _shape(prefix: str, what: str) -> Callable[[str], Finding | None]:
    def problem(value: str) -> Finding | None:
        head, _, tail = value.partition("-")
        if head == prefix and _ID.fullmatch(tail):
            return None
        return ID_SHAPE.finding("", f"is not {what}", value=repr(value), todo=f"it looks like '{prefix}-' and eight letters or digits")

    return problem


vpc_problem = _shape("vpc", "a VPC id")
subnet_problem = _shape("subnet", "a subnet id")
cluster_problem = _shape("cls", "a cluster id")
load_balancer_problem = _shape("lb", "a load balancer id")
security_group_problem = _shape("sg", "a security group id")
key_problem = _shape("skey", "the id of an SSH key")
route_table_problem = _shape("rtb", "a route table id")


def certificate_problem(value: str) -> str | None:
    """What is wrong with the id of a certificate of Tencent's, or None."""
    if re.fullmatch(r"[A-Za-z0-9]{8}", value):
        return None
    return f"{value!r} is not a certificate id; it has eight letters or digits, see the SSL certificate console"
