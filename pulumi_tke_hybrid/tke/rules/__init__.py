"""The rules that look at several inputs together, by subject. Those about one value are beside it: ids, ranges, zones, names."""

import importlib
import pkgutil
from functools import cache

from pulumi_tke_hybrid import tke
from pulumi_tke_hybrid.tke.rule import Rule


@cache
def every_rule() -> dict[str, Rule]:
    """Every rule by its id: the `Rule` objects at the top of the modules of `tke`."""
    found: dict[str, Rule] = {}
    for module in pkgutil.walk_packages(tke.__path__, f"{tke.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Rule) and found.setdefault(value.id, value) != value:
                raise ValueError(f"two rules are called {value.id}")
    return found
