"""Versions and what is asked of them, as far as this package's own requirements go."""

import re

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(?P<bounds>[<>=!~][^;]*)?(?P<marker>;.*)?")
_BOUND = re.compile(r"\s*(>=|<)\s*([0-9.]+)\s*")

Version = tuple[int, ...]


def numbers(version: str) -> Version:
    """`v3.259.0` as numbers; what is no number ends them."""
    found: list[int] = []
    for part in version.removeprefix("v").split("."):
        digits = re.match(r"\d+", part)
        if digits is None:
            break
        found.append(int(digits.group()))
        if digits.group() != part:
            break
    return tuple(found)


def parse(requirement: str) -> tuple[str, str] | None:
    """(name, bounds) of a requirement; None for one that only an extra asks for."""
    match = _REQUIREMENT.fullmatch(requirement.strip())
    if match is None or match["marker"]:
        return None
    return match["name"], (match["bounds"] or "").strip()


def satisfies(version: str, bounds: str) -> bool:
    """Whether a version lies within bounds such as `<4,>=3.259`."""
    have = numbers(version)
    for bound in bounds.split(",") if bounds else ():
        match = _BOUND.fullmatch(bound)
        if match is None:
            continue
        wanted = numbers(match[2])
        size = max(len(have), len(wanted))
        left, right = (value + (0,) * (size - len(value)) for value in (have, wanted))
        if not (left >= right if match[1] == ">=" else left < right):
            return False
    return True
