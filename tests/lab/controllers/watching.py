"""The stand-in controllers' view of the cluster: mirrors kept by watches, and loops over the whole state."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Iterator

from tests.lab.controllers.kube import CONFLICT, GONE, NOT_FOUND, Api, Json, Kind, KubeError, key_of

logger = logging.getLogger("lab.controllers")

DEBOUNCE = 0.05
TICK = 1.0
RETRY = 0.2


class Bell:
    """Wakes up every loop that listens to it."""

    def __init__(self) -> None:
        self._listeners: list[asyncio.Event] = []

    def attach(self, listener: asyncio.Event) -> None:
        self._listeners.append(listener)

    def ring(self) -> None:
        for listener in self._listeners:
            listener.set()


class Mirror:
    """The objects of one kind as the last watch event left them."""

    def __init__(self, api: Api, kind: Kind, namespace: str | None = "*") -> None:
        self._api = api
        self._kind = kind
        self._namespace = namespace
        self._items: dict[tuple[str, str], Json] = {}
        self.bell = Bell()
        self.synced = asyncio.Event()

    def get(self, name: str, namespace: str = "") -> Json | None:
        return self._items.get((namespace, name))

    def __iter__(self) -> Iterator[Json]:
        return iter(list(self._items.values()))

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def in_namespace(self, namespace: str) -> list[Json]:
        return [item for (where, _), item in self._items.items() if where == namespace]

    async def run(self) -> None:
        """List, watch, and list again whenever the watch ends; until cancelled."""
        while True:
            try:
                await self._follow()
            except KubeError as error:
                if error.code != GONE:
                    logger.warning("watch of %s ended: %s", self._kind.__name__, error)
            except Exception:  # without this mirror all controllers of the cluster would stop
                logger.exception("watch of %s ended", self._kind.__name__)
            await asyncio.sleep(RETRY)

    async def _follow(self) -> None:
        items, version = await self._api.list_all(self._kind, self._namespace)
        self._items = {key_of(item): item for item in items}
        self.synced.set()
        self.bell.ring()
        async with contextlib.aclosing(self._api.watch(self._kind, self._namespace, version)) as events:
            async for operation, item in events:
                if operation == "DELETED":
                    self._items.pop(key_of(item), None)
                elif operation in ("ADDED", "MODIFIED"):
                    self._items[key_of(item)] = item
                self.bell.ring()


@contextlib.asynccontextmanager
async def retried_later(controller: str, what: object, wake: asyncio.Event) -> AsyncGenerator[None, None]:
    """One object's trouble is logged and leaves the others alone; the next round tries again."""
    try:
        yield
    except KubeError as error:
        if error.code in (NOT_FOUND, CONFLICT):
            # Another writer was faster. The watch brings the new state; look again soon in case it already
            # has.
            logger.info("%s: %s changed meanwhile: %s", controller, what, error)
            wake.set()
        else:
            logger.warning("%s: %s failed, will be tried again: %s", controller, what, error)
    except Exception:
        logger.exception("%s: %s failed, will be tried again", controller, what)


class Loop:
    """A level-triggered reconcile loop: bells and a tick only start a round, and each round reads the whole
    state."""

    def __init__(self, name: str, bells: Iterable[Bell]) -> None:
        self.name = name
        self.wake = asyncio.Event()
        for bell in bells:
            bell.attach(self.wake)

    def guard(self, what: object) -> contextlib.AbstractAsyncContextManager[None]:
        return retried_later(self.name, what, self.wake)

    async def run(self, reconcile: Callable[[], Awaitable[float | None]]) -> None:
        """Call `reconcile` until cancelled. It may return in how many seconds it wants to be called again."""
        while True:
            self.wake.clear()
            again: float | None = None
            async with self.guard("a round"):
                again = await reconcile()
            delay = TICK if again is None else min(max(again, 0.0), TICK)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.wake.wait(), delay)
                await asyncio.sleep(DEBOUNCE)


async def run_together(coroutines: Iterable[Coroutine[object, object, None]]) -> None:
    """Run all until one fails or the caller is cancelled; then cancel and await the rest."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.gather(*tasks)
    except Exception:
        logger.exception("all controllers of the cluster stop")
        raise
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                logger.debug("ended with %r", result)
