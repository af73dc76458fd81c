"""How long the cloud may be waited for."""

from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY


def deadline_problem(value: int) -> Finding | None:
    """What is wrong with a deadline in seconds, or None."""
    if 30 <= value <= 7200:
        return None
    return PROPERTY.finding("", "is not a sensible deadline", value=f"{value} s", todo="use 30 to 7200 s")
