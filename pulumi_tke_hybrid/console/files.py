"""Where reports go: a file, or `-` for standard output."""

import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pulumi_tke_hybrid.console.errors import WrongUse
from pulumi_tke_hybrid.console.text import shown

STANDARD_OUTPUT = "-"


def refuse_two_on_standard_output(names: Mapping[str, str]) -> None:
    """Option to file name. Two reports in one stream can be read by nobody."""
    taken = [option for option, name in names.items() if name == STANDARD_OUTPUT]
    if len(taken) > 1:
        raise WrongUse(f"{' and '.join(taken)} cannot both go to standard output")


def write(name: str, text: str) -> None:
    """Write a report; nothing without a name."""
    if name == STANDARD_OUTPUT:
        sys.stdout.write(text)
    elif name:
        try:
            Path(name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise WrongUse(f"{name} cannot be written: {error.strerror}") from None


def complain(command: str, message: str) -> None:
    """One line on standard error, for an error that the user can do something about."""
    Console(stderr=True).print(Text.assemble((f"{command}: ", "bold red"), shown(message)), soft_wrap=True)
