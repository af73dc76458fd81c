"""Options that would be ignored are refused: who gives one believes that it counts."""

from collections.abc import Mapping

from pulumi_tke_hybrid.console.errors import WrongUse
from pulumi_tke_hybrid.console.exit_code import FailOn


def refuse(why: str, options: Mapping[str, object]) -> None:
    """Option to what was given for it; empty where nothing was."""
    given = [option for option, value in options.items() if value]
    if given:
        raise WrongUse(f"{why}; leave out {', '.join(given)}")


def refuse_change(command: str, fail_on: FailOn) -> None:
    """Raise `WrongUse` for `--fail-on change` of a command that judges no changes."""
    if fail_on is FailOn.CHANGE:
        raise WrongUse(f"--fail-on change: {command} judges what there is, not a change; give error or warning")
