"""A reader of an event stream that records when each event arrived."""

import asyncio
import functools
import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Self, cast

from benchmarks.client import request

OCCURRED = re.compile(rb'"occurred_at": ?"([^"]+)"')
NUMBER = re.compile(rb'"number": ?(\d+)')


class Follower(asyncio.Protocol):
    def __init__(self) -> None:
        self._pieces: list[tuple[float, bytes]] = []
        self._events = 0
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, port: int, token: str, query: str) -> Self:
        loop = asyncio.get_running_loop()
        _, follower = await loop.create_connection(cls, "127.0.0.1", port)
        follower._transport.write(request("GET", f"/api/events{query}", token))
        return follower

    async def ready(self) -> None:
        """Returns after the `ready` event."""
        async with asyncio.timeout(10):
            await self._ready

    def stall(self) -> None:
        """Stops reading, and keeps the connection open."""
        self._transport.pause_reading()

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's class is not a subclass

    def data_received(self, data: bytes) -> None:
        self._pieces.append((time.time(), data))  # parsed after the measurement
        self._events += data.count(b"\ndata: ")
        if not self._ready.done() and b"event: ready" in data:
            self._ready.set_result(None)
            self.forget()

    def forget(self) -> None:
        """Drops the events received so far."""
        self._pieces.clear()
        self._events = 0

    @property
    def events(self) -> int:
        """The number of events received."""
        return self._events

    @property
    def waits(self) -> list[float]:
        """Seconds from each event's `occurred_at` to its arrival."""
        return [at - _instant(text) for at, text in self._found(OCCURRED)]

    @property
    def arrived(self) -> list[tuple[int, float]]:
        """The `number` of each event that has one, and when it arrived."""
        return [(int(number), at) for at, number in self._found(NUMBER)]

    def _found(self, pattern: re.Pattern[bytes]) -> Iterator[tuple[float, bytes]]:
        rest = b""
        for at, data in self._pieces:
            whole, end, rest = (rest + data).rpartition(b"\n\n")
            for found in pattern.findall(whole + end):
                yield at, found


@functools.cache
def _instant(text: bytes) -> float:
    """Cached, as all streams receive the same text."""
    return datetime.fromisoformat(text.decode()).timestamp()
