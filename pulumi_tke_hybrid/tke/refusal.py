"""The first line of every refusal of the components: written by `InvalidInputs`, and found again by the commands that show it."""

import re

_HEAD = re.compile(r"[A-Za-z_]\w*( ('.*'|\".*\"|\d+))?: \d+ invalid inputs?")


def head(owner: str, number: int) -> str:
    """The line: `NodePoolArgs 'four': 2 invalid inputs`."""
    return f"{owner}: {number} invalid {'input' if number == 1 else 'inputs'}"


def is_head(line: str) -> bool:
    """Whether a line is the first one of a refusal, whichever class it is about."""
    return _HEAD.fullmatch(line.strip().removeprefix("error: ")) is not None
