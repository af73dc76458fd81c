"""Stand-in for the time that TKE's controllers need to bring a change into the CLB."""

from collections.abc import Callable

from tests.lab.world import Listener, LoadBalancer, World

SOON = 0.05
State = tuple[list[Listener], bool]
"""Listeners with their backends, and whether these are pods."""


class BackendSyncs:
    """One sync after the other for each load balancer. Each sync writes the state at its begin, also if
    that state has changed before its end."""

    def __init__(self, world: World, clock: Callable[[], float]) -> None:
        self._world = world
        self._clock = clock
        self._under_way: dict[str, tuple[State, float]] = {}

    def carry(self, balancer: LoadBalancer, listeners: list[Listener], direct: bool) -> bool:
        """Change the load balancer towards the state that its object describes. Return whether the load
        balancer changed."""
        seconds = self._world.load_balancer_sync_seconds
        found: State = (balancer.listeners, balancer.direct)
        wanted: State = (listeners, direct)
        if seconds and balancer.lb_id not in self._under_way and wanted != found:
            self._under_way[balancer.lb_id] = (wanted, self._clock() + seconds)
        if balancer.lb_id in self._under_way:
            wanted, due = self._under_way[balancer.lb_id]
            if self._clock() < due:
                return False
            del self._under_way[balancer.lb_id]
        balancer.listeners, balancer.direct = wanted
        return wanted != found

    def forget(self, balancer: LoadBalancer) -> None:
        """Of a load balancer that is let go."""
        self._under_way.pop(balancer.lb_id, None)

    def due_in(self) -> float | None:
        """Seconds until the next sync ends; None when none is under way."""
        if not self._under_way:
            return None
        return max(min(due for _, due in self._under_way.values()) - self._clock(), SOON)
