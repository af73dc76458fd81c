"""What TKE is: annotation keys, zones, address arithmetic and the rules. Pure Python; imports neither pulumi
nor a cloud SDK.

This module itself has `printable` for untrusted text, and imports nothing.
"""


def printable(text: str, kept: str = "") -> str:
    """The text with `?` for each unprintable character that is not among `kept`: a terminal would obey
    control sequences."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() or character in kept else "?" for character in text)
