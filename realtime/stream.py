"""One reader's stream: a bounded queue between the hub, which never waits, and a socket."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from domain.events import Cursor, Reader
from realtime import metrics

LIMIT = 1000
"""Events that may wait for one reader before it is cut off; it resumes from where it came to."""


class Ending(StrEnum):
    BYE = "bye"
    """This process ends."""
    LAGGED = "lagged"
    """The reader was too slow."""


class Chunk(NamedTuple):
    """Whatever waited, as one piece."""

    data: bytes
    events: int
    oldest: float
    """When the first of them got its number, as a timestamp of the database's clock."""


class Stream:
    """`push` never blocks, `take` waits. It ends once, for one reason."""

    __slots__ = ("_awake", "_cut", "_oldest", "_pending", "ending", "reader", "since")

    def __init__(self, reader: Reader, since: Cursor, cut: Callable[[], None]) -> None:
        """`cut` ends a write that a reader who does not read holds up."""
        self.reader = reader
        self.since = since
        """What comes after this place is pushed; what came before stands in the log."""
        self.ending: Ending | None = None
        self._cut = cut
        self._pending: list[bytes] = []
        self._oldest = 0.0
        self._awake = asyncio.Event()

    def push(self, frame: bytes, sequenced: float) -> None:
        """Queues a frame. Where there is no room, the stream ends and what waited is dropped."""
        if self.ending is not None:
            return
        if len(self._pending) >= LIMIT:
            self._pending.clear()
            self.end(Ending.LAGGED)
            self.cut()
            metrics.EVICTED.labels(reason="lagged").inc()
            return
        if not self._pending:
            self._oldest = sequenced
            self._awake.set()
        self._pending.append(frame)

    def end(self, why: Ending) -> None:
        """Lets what is queued be taken, and nothing after it."""
        self.ending = self.ending or why
        self._awake.set()

    def drop(self) -> None:
        """Ends with nothing more to take: the reader resumes after what it got."""
        self.end(Ending.BYE)
        self._pending.clear()

    def cut(self) -> None:
        """Lets go of the reader at once."""
        self._cut()

    async def take(self) -> Chunk | None:
        """All that is queued, once there is something; null when the stream has ended."""
        await self._awake.wait()
        if not self._pending:
            return None
        chunk = Chunk(b"".join(self._pending), len(self._pending), self._oldest)
        self._pending.clear()
        if self.ending is None:
            self._awake.clear()
        return chunk
