"""The packet network of the lab: real packets, sockets and kernel NAT in place of the vendor's VPC, nodes and
load balancers.

A stand-in of its own beside the cloud and the controllers: `network.PacketNetwork` follows one cluster.
"""

from tests.lab.packets.errors import PacketsUnavailable
from tests.lab.packets.kernel import sweep, unavailable

__all__ = ["PacketsUnavailable", "sweep", "unavailable"]
