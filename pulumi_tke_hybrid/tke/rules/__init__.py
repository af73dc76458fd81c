"""The rules, by subject. Each module holds `Rule` objects and the functions that check them; `every_rule` finds them all."""

import importlib
import pkgutil
from functools import cache

from pulumi_tke_hybrid.tke.rule import SETTING, Rule


@cache
def every_rule() -> dict[str, Rule]:
    """Every rule by its id: the `Rule` objects at the top of this package's modules."""
    found = {SETTING.id: SETTING}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, Rule) and found.setdefault(value.id, value) != value:
                raise ValueError(f"two rules are called {value.id}")
    return found
