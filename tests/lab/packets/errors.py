"""Errors of the packet network, the lab's stand-in for the vendor's network."""


class PacketsUnavailable(Exception):
    """This machine cannot have a packet network; the message is the reason, in one sentence."""


class KernelError(Exception):
    """The kernel refused a change of the network."""


class AddressTaken(Exception):
    """The address for a client is taken."""
