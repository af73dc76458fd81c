"""What can go wrong between a review and its pull request, each in one line that says what to do."""


class CannotPost(Exception):
    """The comment is not on the pull request."""


class Gone(Exception):
    """The comment that was to be changed is not there any more: another job took it away."""


LONGEST = 200


def cleaned(said: object, secret: str) -> str:
    """What a code host said, fit for one line of a log."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said or "")
    line = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
    line = line.replace(secret, "…") if secret else line
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
