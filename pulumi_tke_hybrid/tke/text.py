"""What others said, made fit to be shown."""


def printable(text: str, kept: str = "") -> str:
    """The text without control sequences, which a terminal would obey: `?` for each unprintable character that is not among `kept`."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() or character in kept else "?" for character in text)
