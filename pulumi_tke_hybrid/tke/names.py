"""Names that Kubernetes and the cloud accept."""

import re

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
MAXIMUM_POOL_NAME = 25
MAXIMUM_CLOUD_NAME = 60


def dns_label_problem(value: str) -> str | None:
    """What is wrong with a Kubernetes object's name, or None."""
    if _DNS_LABEL.fullmatch(value):
        return None
    return (
        f"{value!r} is not a Kubernetes name; use at most 63 lower-case letters, digits and '-', starting and ending with a letter or digit"
    )


def _length(value: str, most: int, what: str) -> str | None:
    if 1 <= len(value) <= most:
        return None
    return f"{value!r} has {len(value)} characters; {what} has 1 to {most}"


def pool_name_problem(value: str) -> str | None:
    """What is wrong with a node pool's name, or None."""
    return _length(value, MAXIMUM_POOL_NAME, "a node pool's name")


def cloud_name_problem(value: str) -> str | None:
    """What is wrong with the name of a VPC resource, or None."""
    return _length(value, MAXIMUM_CLOUD_NAME, "the name of a VPC resource")


def host_problem(value: str) -> str | None:
    """TKE's Ingress controller refuses a host without a dot (error E4052)."""
    if "." in value.strip(".") and re.fullmatch(r"(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?", value):
        return None
    return f"{value!r} is not a host TKE accepts (E4052); it needs a dot, for example 'shop.example.com'"
