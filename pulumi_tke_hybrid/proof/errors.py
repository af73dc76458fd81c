"""Why no verdict could be reached, in a sentence for the user."""


class CannotVerify(Exception):
    """Something that the proof needs is not there or cannot be read."""
