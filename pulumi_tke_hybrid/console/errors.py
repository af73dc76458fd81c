"""What the user can do something about at once."""


class WrongUse(Exception):
    """The command was asked for something that makes no sense."""
