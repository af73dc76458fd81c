"""How long one run may wait for a code host, over all its requests."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Budget:
    """A job must end: when this is used up, the answer that is there counts."""

    left: float = 180.0
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time

    def spend(self, seconds: float) -> None:
        """Wait, and be that much poorer."""
        self.left -= seconds
        self.sleep(seconds)
