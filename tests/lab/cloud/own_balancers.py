"""Load balancers that a customer makes for TKE to use: the clb service has no stand-in, so the lab has a door
of its own for them."""

from tests.lab.cloud.errors import in_use, not_found
from tests.lab.controllers.addresses import public_address
from tests.lab.world import LoadBalancer, World

FIRST_ADDRESS = 100


def make(world: World) -> str:
    """A public one; its id."""
    lb_id = world.new_id("lb")
    vip = public_address({balancer.vip for balancer in world.load_balancers.values()}, FIRST_ADDRESS)
    world.load_balancers[lb_id] = LoadBalancer(
        lb_id, "", "", vip, "", internal=False, direct=False, user_made=True
    )
    return lb_id


def remove(world: World, lb_id: str) -> None:
    """Delete the load balancer as its owner does. A used load balancer is refused."""
    balancer = world.load_balancers.get(lb_id)
    if balancer is None or not balancer.user_made:
        raise not_found("LoadBalancer", lb_id)
    if balancer.owner:
        raise in_use("LoadBalancer", lb_id, f"{balancer.owner} of {balancer.cluster_id} has listeners on it")
    del world.load_balancers[lb_id]
