"""The text of every refusal of the components: written by `InvalidInputs`, and found again by the commands that show it."""

import re
from collections.abc import Sequence

_HEAD = re.compile(r"(?:^|: )([A-Za-z_]\w*(?: (?:'[^'\n]*'|\"[^\"\n]*\"|\d+))?: (\d+) invalid inputs?)$")
_MARGIN = "  "


def refusal_text(owner: str, problems: Sequence[object]) -> str:
    """`NodePoolArgs 'four': 2 invalid inputs`, and below it one line for each."""
    noun = "invalid input" if len(problems) == 1 else "invalid inputs"
    return "\n".join([f"{owner}: {len(problems)} {noun}", *(f"{_MARGIN}{problem}" for problem in problems)])


def refusal_lines(text: str) -> list[str]:
    """The lines of the refusals in a text, whichever class they are about and whatever the engine wrote around them; none without one.

    A refusal is as long as its first line says.
    """
    lines, found = text.splitlines(), list[str]()
    for index, line in enumerate(lines):
        head = _HEAD.search(line.rstrip())
        if head:
            below = lines[index + 1 : index + 1 + int(head[2])]
            found += [head[1], *(item.strip() for item in below if item.startswith(_MARGIN))]
    return found
