"""A finding about an input: where it is and what is wrong with it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One line for the user: the property path as they wrote it, and the four-part sentence."""

    path: str
    message: str

    def under(self, prefix: str) -> "Problem":
        """The same finding seen from the object that holds the property."""
        separator = "" if not self.path or self.path.startswith("[") else "."
        return Problem(f"{prefix}{separator}{self.path}", self.message)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"
