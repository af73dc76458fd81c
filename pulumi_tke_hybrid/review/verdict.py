"""The one word of a review, and what the process says to a pipeline."""

from enum import Enum, IntEnum


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


class ExitCode(IntEnum):
    """Exit code of `tke-hybrid review`."""

    CLEAN = 0
    CHANGES = 1
    DANGEROUS = 2
    COULD_NOT_TELL = 3
    INVALID = 4
    NOT_POSTED = 5
    """Nothing is dangerous, but the comment is not where it should be."""
    USAGE = 64
    """The command was called wrongly."""


EXIT_CODES = {
    Verdict.CLEAN: ExitCode.CLEAN,
    Verdict.CHANGES: ExitCode.CHANGES,
    Verdict.DANGEROUS: ExitCode.DANGEROUS,
    Verdict.INVALID: ExitCode.INVALID,
    Verdict.COULD_NOT_TELL: ExitCode.COULD_NOT_TELL,
}
