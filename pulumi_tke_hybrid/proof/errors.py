"""Why no verdict could be reached, in a sentence for the user."""

from pulumi_tke_hybrid.console.errors import CouldNotTell


class CannotVerify(CouldNotTell):
    """Something that the proof needs is not there or cannot be read."""
