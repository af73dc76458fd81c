"""What arrives on one connection, up to a bound, and ways to wait for it."""

import asyncio


class Unreadable(Exception):
    """The answer breaks a rule of its protocol or a bound."""


class Closed(Exception):
    """The other side closed before it had said what was waited for."""


class Inbox(asyncio.Protocol):
    """All bytes of one connection. Stops taking any more once there are `most`."""

    def __init__(self, most: int) -> None:
        self.data = bytearray()
        self._most = most
        self._ended = False
        self._transport: asyncio.BaseTransport | None = None
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data[: self._most + 1 - len(self.data)]
        if len(self.data) > self._most and isinstance(self._transport, asyncio.ReadTransport):
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _more(self) -> None:
        """Wait for the next bytes."""
        if len(self.data) > self._most:
            raise Unreadable(f"the answer is longer than {self._most} bytes")
        if self._ended:
            raise Closed
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    async def after(self, mark: bytes, start: int, most: int, what: str) -> int:
        """The position after the next `mark`, at most `most` bytes away."""
        searched = start
        while True:
            found = self.data.find(mark, searched, start + most + len(mark))
            if found >= 0:
                return found + len(mark)
            if len(self.data) - start > most:
                raise Unreadable(f"{what} is longer than {most} bytes")
            searched = max(start, len(self.data) - len(mark) + 1)
            await self._more()

    async def have(self, length: int) -> None:
        """Wait until there are `length` bytes."""
        while len(self.data) < length:
            await self._more()

    async def all(self, start: int, most: int, quiet: float | None = None) -> bytes:
        """What comes until the other side closes, or has said something and then nothing for `quiet` seconds."""
        while not self._ended:
            if len(self.data) - start > most:
                raise Unreadable(f"the answer is longer than {most} bytes")
            try:
                await asyncio.wait_for(self._more(), quiet if len(self.data) > start else None)
            except (asyncio.TimeoutError, TimeoutError, Closed):
                break
        if len(self.data) - start > most:
            raise Unreadable(f"the answer is longer than {most} bytes")
        return bytes(self.data[start:])
