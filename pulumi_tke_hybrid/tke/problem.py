"""A finding of the rule about properties, by its path and its sentence."""

from pulumi_tke_hybrid.tke.rule import Finding, Severity
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY


class Problem(Finding):
    """To be replaced by findings of rules."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(PROPERTY, path, "", message, "", "", Severity.ERROR)
