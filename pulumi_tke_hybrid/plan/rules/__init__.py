"""The rules on changes, by subject."""

import importlib
import pkgutil
from functools import cache

from pulumi_tke_hybrid import plan, tke
from pulumi_tke_hybrid.tke.rule import Rule


@cache
def every_rule() -> dict[str, Rule]:
    """Every rule by its id: the `Rule` objects at the top of the modules of `tke` and `plan`."""
    found: dict[str, Rule] = {}
    for package in (tke, plan):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Rule) and found.setdefault(value.id, value) != value:
                    raise ValueError(f"two rules are called {value.id}")
    return found
