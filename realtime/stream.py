"""One reader's stream: a bounded queue between the hub, which never waits, and a socket."""

import asyncio
import random
import time
from collections.abc import Callable
from math import inf
from typing import NamedTuple, Self

from domain.events import Cursor, Event, Reader
from realtime import frames, metrics
from realtime.frames import Ending

LIMIT = 1000
"""Events that may wait for one reader. Where there are more, the latest state of each slot on the
board is kept alone; if that is not half of them at most, the reader is cut off and resumes.
"""

STALLED = 20.0
"""Seconds that one write may take before its reader is given up."""

DRAIN_TIMEOUT = 2.0
"""Seconds that a stream has to write what is queued and its last event."""


class QueuedEvent(NamedTuple):
    """An event as it is written: encoded once, and shared by all streams that get it."""

    frame: bytes
    occurred: float
    """When it was made, as a timestamp of the database's clock."""
    about: object = None
    """What it is the latest word on; see `Event.about`."""
    event: Event | None = None
    """Null for what is no event, such as `reset`."""

    @classmethod
    def of(cls, event: Event, frame: bytes) -> Self:
        return cls(frame, event.occurred_at.timestamp(), event.about(), event)


HEARTBEAT = QueuedEvent(frames.HEARTBEAT, 0.0)
"""What is taken where nothing waited for long."""


class Stream:
    """`push` never blocks, `take` waits. It ends once, for one reason. What hangs on the time is
    done by `tick`, for all streams of a process in turn: a timer each would cost too much.
    """

    __slots__ = (
        "_beat_at",
        "_cut",
        "_cut_at",
        "_over_at",
        "_pending",
        "_waiter",
        "ending",
        "reader",
        "since",
    )

    def __init__(self, reader: Reader, since: Cursor, cut: Callable[[], None]) -> None:
        """`cut` ends a write that a reader who does not read holds up."""
        self.reader = reader
        self.since = since
        """What comes after this place is pushed; what came before stands in the log."""
        self.ending: Ending | None = None
        self._cut = cut
        self._cut_at = 0.0
        """When the write that goes on counts as stalled; infinite while there is none."""
        self._pending: list[QueuedEvent] = []
        self._waiter: asyncio.Future[None] | None = None
        now = asyncio.get_running_loop().time()
        self._over_at = now + reader.until - time.time()
        self._beat_at = now + random.uniform(0, frames.HEARTBEAT_SECONDS)  # not all at once
        self.writing()

    def push(self, queued: QueuedEvent) -> None:
        """Queues an event. Where there is no room, the stream ends and what waited is dropped."""
        if self.ending is not None:
            return
        if len(self._pending) >= LIMIT and not self._makes_room():
            self._pending.clear()
            self.end(Ending.LAGGED)
            metrics.EVICTED.labels(reason="lagged").inc()
            return
        self._pending.append(queued)
        self._wake()

    def end(self, why: Ending) -> None:
        """Lets what is queued be taken, and nothing after it, for DRAIN_TIMEOUT seconds."""
        if self.ending is None:
            self.ending = why
            self._cut_at = min(self._cut_at, asyncio.get_running_loop().time() + DRAIN_TIMEOUT)
            self._wake()

    def drop(self) -> None:
        """Ends with nothing more to take: the reader resumes after what it got."""
        self.end(Ending.BYE)
        self._pending.clear()

    def cut(self) -> None:
        """Lets go of the reader at once."""
        self._cut()

    def tick(self, now: float) -> None:
        """Does what is due at this time of the loop."""
        if now >= self._cut_at:
            if self.ending is None:
                self.end(Ending.LAGGED)
                metrics.EVICTED.labels(reason="stalled").inc()
            self.cut()
        elif now >= self._over_at:
            self.end(Ending.EXPIRED)
        elif now >= self._beat_at:
            self._beat_at = now + frames.HEARTBEAT_SECONDS
            self._wake()

    def writing(self) -> None:
        """A write begins: the reader has STALLED seconds for it."""
        if self.ending is None:
            self._cut_at = asyncio.get_running_loop().time() + STALLED

    async def take(self) -> list[QueuedEvent] | None:
        """All that is queued, once there is something, or a heartbeat when it is time for one; null
        when the stream has ended.
        """
        if not self._pending and self.ending is None:
            self._cut_at = inf
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        self.writing()
        if self._pending:
            queued, self._pending = self._pending, []
            return queued
        return [HEARTBEAT] if self.ending is None else None

    def _makes_room(self) -> bool:
        """Drops what a later one makes pointless: the ids of the rest still lead past it."""
        last = {queued.about: number for number, queued in enumerate(self._pending)}
        waiting = enumerate(self._pending)
        self._pending = [t for number, t in waiting if t.about is None or last[t.about] == number]
        return len(self._pending) <= LIMIT // 2

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
