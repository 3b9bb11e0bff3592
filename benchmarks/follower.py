"""A reader of an event stream who notes how long each event was on its way."""

import asyncio
import functools
import re
import time
from datetime import datetime
from typing import Self, cast

from benchmarks.client import request

OCCURRED = re.compile(rb'"occurred_at": ?"([^"]+)"')
NUMBER = re.compile(rb'"number": ?(\d+)')


class Follower(asyncio.Protocol):
    def __init__(self) -> None:
        self.waits: list[float] = []
        """Seconds from each event's `occurred_at` to its arrival."""
        self.arrived: list[tuple[int, float]] = []
        """Of events that carry a `number`: it, and when they arrived."""
        self._rest = b""
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, port: int, token: str, query: str) -> Self:
        loop = asyncio.get_running_loop()
        _, follower = await loop.create_connection(cls, "127.0.0.1", port)
        follower._transport.write(request("GET", f"/api/events{query}", token))
        return follower

    async def ready(self) -> None:
        """Returns once the stream says so."""
        async with asyncio.timeout(10):
            await self._ready

    def stall(self) -> None:
        """Reads no more, and keeps the connection."""
        self._transport.pause_reading()

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop has its own

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._rest += data
        whole, found, rest = self._rest.rpartition(b"\n\n")
        if not found:
            return
        self._rest = rest
        if b"event: ready" in whole and not self._ready.done():
            self._ready.set_result(None)
        numbers = NUMBER.findall(whole)
        if numbers:
            self.arrived += [(int(number), now) for number in numbers]
        else:
            self.waits += [now - _instant(at) for at in OCCURRED.findall(whole)]


@functools.cache
def _instant(text: bytes) -> float:
    """Every stream brings the same text: it is read once."""
    return datetime.fromisoformat(text.decode()).timestamp()
