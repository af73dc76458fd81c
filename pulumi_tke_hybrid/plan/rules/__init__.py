"""Rules on changes of a plan, a module for each subject, and the list of all rules."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from pulumi_tke_hybrid import plan, tke
from pulumi_tke_hybrid.tke.rule import Rule


@cache
def every_rule() -> dict[str, Rule]:
    """Rules of the components, of the review and of the policy pack, by id: those whose severity a program
    may set."""
    return rules_of(tke, plan)


def rules_of(*packages: ModuleType) -> dict[str, Rule]:
    """The `Rule` objects at the top of the packages' modules, by id. Raise ValueError for two rules of one
    id."""
    found: dict[str, Rule] = {}
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Rule) and found.setdefault(value.id, value) != value:
                    raise ValueError(f"two rules are called {value.id}")
    return found
