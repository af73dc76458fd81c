"""Options that would be ignored are refused: who gives one believes that it counts."""

from collections.abc import Mapping

from pulumi_tke_hybrid.console.errors import WrongUse


def refuse(why: str, options: Mapping[str, object]) -> None:
    """Option to what was given for it; empty where nothing was."""
    given = [option for option, value in options.items() if value]
    if given:
        raise WrongUse(f"{why}; leave out {', '.join(given)}")
