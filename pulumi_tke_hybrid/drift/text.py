"""Words for settings."""


def reclaim_words(seconds: int | None) -> str:
    """A reclaim time as people say it."""
    return "never" if seconds is None else f"{seconds} s"
