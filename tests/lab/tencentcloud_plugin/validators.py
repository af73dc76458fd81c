"""Validators of the vendor's provider that the stand-in plugin keeps, with their texts."""

import ipaddress
import string

from tests.lab.tencentcloud_plugin.schema import Validator
from tests.lab.tencentcloud_plugin.values import Value

_LETTERS, _DIGITS, _SPECIAL = string.ascii_letters, string.digits, "()~!@#$%^&*-+={}[]:;',.?/"


def length(low: int, high: int) -> Validator:
    def check(name: str, value: Value) -> str | None:
        size = len(str(value))
        if size < low:
            return f'length of "{name}" cannot be lower than {low}: {size}'
        if size > high:
            return f'length of "{name}" cannot be higher than {high}: {size}'
        return None

    return check


def integer_range(low: int, high: int) -> Validator:
    def check(name: str, value: Value) -> str | None:
        if isinstance(value, int) and value < low:
            return f'"{name}" cannot be lower than {low}: {value}'
        if isinstance(value, int) and value > high:
            return f'"{name}" cannot be higher than {high}: {value}'
        return None

    return check


def one_of(*allowed: str) -> Validator:
    def check(name: str, value: Value) -> str | None:
        if value in allowed:
            return None
        return (
            f'"{name}" must contain a valid string value should be in array [{" ".join(allowed)}], got'
            f' "{value}"'
        )

    return check


def network_address(name: str, value: Value) -> str | None:
    """The address of a whole network, written with its prefix length."""
    text = str(value)
    if "/" not in text:
        return f'"{name}" must contain a valid CIDR, got error parsing: invalid CIDR address: {text}'
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return f'"{name}" must contain a valid CIDR, got error parsing: invalid CIDR address: {text}'
    if str(network) != text:
        return f'"{name}" must contain a valid network CIDR, expected "{network}", got "{text}"'
    return None


def cluster_cidr(name: str, value: Value) -> str | None:
    return _private_network(
        name, value, ("9.", "10.", "11.", "192.168."), "9. | 10. | 11. | 192.168. | 172.[16-31]"
    )


def service_cidr(name: str, value: Value) -> str | None:
    return _private_network(name, value, ("9.", "10.", "192.168."), "9. | 10. | 192.168. | 172.[16-31]")


def _private_network(name: str, value: Value, prefixes: tuple[str, ...], allowed: str) -> str | None:
    text = str(value)
    if not text:
        return None
    problem = network_address(name, text)
    if problem is not None:
        return problem
    if text.startswith(prefixes):
        return None
    if text.startswith("172.") and 16 <= int(text.split(".")[1]) <= 31:
        return None
    return f'"{name}" must in {allowed}'


def node_password(name: str, value: Value) -> str | None:
    """The vendor's message holds the password in clear."""
    text = str(value)
    where = f"auto_scaling_config.0.{name}"
    if not 8 <= len(text.encode()) <= 16:
        return f"the length of {where} must be 8-16: {text}"
    kinds = (_LETTERS, _DIGITS, _SPECIAL)
    if sum(any(character in kind for character in text) for kind in kinds) < 2:
        return (
            f"{where} is invalid, it must contains at least letters, numbers, and"
            f" characters(_+-&=!@#$%^*()): {text}"
        )
    return None


def claim_expired_seconds(name: str, value: Value) -> str | None:
    if isinstance(value, int) and not 300 <= value <= 15768000:
        return f'"{name}" must greater or equal than 300 and less than 15768000'
    return None
