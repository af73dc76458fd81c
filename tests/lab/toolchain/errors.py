"""What goes wrong while getting the lab's programs."""


class ToolchainError(Exception):
    """Told to the person at the keyboard as it is: says what is missing and what to do."""
