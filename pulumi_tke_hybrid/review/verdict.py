"""The one word of a review."""

from enum import Enum


class Verdict(str, Enum):
    """What the changes come to, the best first."""

    CLEAN = "clean"
    """Nothing changes."""
    CHANGES = "changes"
    """Something changes, and none of it is dangerous; or somebody said that what is dangerous is meant."""
    DANGEROUS = "dangerous"
    """Pods lose their network, their address or their client's; nobody said that this is meant."""
    INVALID = "invalid"
    """The preview itself failed: what it says is wrong must be mended first."""
    COULD_NOT_TELL = "could not tell"
    """There is no whole preview to read, so nobody knows what would change."""
