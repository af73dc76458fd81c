"""What goes wrong while getting the lab's programs."""


class ToolchainError(Exception):
    """Printed unchanged: the message has the missing program and the remedy."""
