"""An end that nothing inside can put off."""

import asyncio
from collections.abc import Coroutine

AGAIN = 0.2
"""Seconds until a cancellation that was swallowed is repeated."""


async def in_time(work: Coroutine[object, object, None], seconds: float) -> bool:
    """Run the work; False if it had to be ended because the time was up. Raises what the work raises.

    Not `asyncio.wait_for`: it cancels once, and before Python 3.12 a `wait_for` inside the work swallows that cancellation if what it
    waits for is done at the same moment. Then the work, and whoever waits for it, would go on.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        ended_by_itself = task.done()
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=AGAIN)
    if not task.cancelled():
        task.result()
    return ended_by_itself
