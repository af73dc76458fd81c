"""Regions and zones as the API stand-in knows them."""

import re
from typing import Final

_REGION: Final = re.compile(r"[a-z]{2}-[a-z]+(-[a-z]+)?")
_ZONES: Final = {"ap-guangzhou": (3, 4, 6, 7), "ap-shanghai": (2, 3, 4, 5, 8), "ap-beijing": (3, 4, 5, 6, 7)}


def is_region(name: str) -> bool:
    return _REGION.fullmatch(name) is not None


def zones_of(region: str) -> list[str]:
    return [f"{region}-{number}" for number in _ZONES.get(region, (1, 2, 3))]
