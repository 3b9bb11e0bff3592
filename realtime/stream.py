"""The stream of one reader: a bounded queue between the hub, which never blocks, and a socket."""

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
"""Maximum number of queued events of one reader. Beyond it, only the latest event of each slot on
the board is kept; if more than half remain, the stream ends and the reader resumes.
"""

STALLED = 20.0
"""Time-out in seconds of one write, after which the connection is cut."""

DRAIN_TIMEOUT = 2.0
"""Seconds for an ending stream to write its queued events and its last frame."""


class QueuedEvent(NamedTuple):
    """An encoded event, shared by all streams that get it."""

    frame: bytes
    occurred: float
    """When the change was made, as a timestamp of the database's clock."""
    replacement_key: object = None
    """A later event with the same value replaces this one; see `Event.replacement_key`."""
    event: Event | None = None
    """Null for frames that are not events, such as `reset`."""

    @classmethod
    def of(cls, event: Event, frame: bytes) -> Self:
        return cls(frame, event.occurred_at.timestamp(), event.replacement_key(), event)


HEARTBEAT = QueuedEvent(frames.HEARTBEAT, 0.0)
"""Taken when no event was queued for HEARTBEAT_SECONDS."""


class Stream:
    """`push` never blocks, `take` waits. A stream ends once, for one reason. `tick` handles all
    time-outs, and is called for all streams of a process in turn: a timer per stream would cost too
    much.
    """

    __slots__ = (
        "_cut",
        "_cut_at",
        "_expires_at",
        "_heartbeat_at",
        "_pending",
        "_waiter",
        "ending",
        "reader",
        "since",
    )

    def __init__(self, reader: Reader, since: Cursor, cut: Callable[[], None]) -> None:
        """`cut` aborts a write that is blocked by a reader that does not read."""
        self.reader = reader
        self.since = since
        """The queue gets the events after this cursor; others must be read from the log."""
        self.ending: Ending | None = None
        self._cut = cut
        self._cut_at = 0.0
        """When the current write counts as stalled; infinite while there is none."""
        self._pending: list[QueuedEvent] = []
        self._waiter: asyncio.Future[None] | None = None
        now = asyncio.get_running_loop().time()
        self._expires_at = now + reader.until - time.time()
        self._heartbeat_at = now + random.uniform(0, frames.HEARTBEAT_SECONDS)  # not all at once
        self.writing()

    def push(self, queued: QueuedEvent) -> None:
        """Queues an event. If the queue is full, the stream ends and the queue is dropped."""
        if self.ending is not None:
            return
        if len(self._pending) >= LIMIT and not self._compact():
            self._pending.clear()
            self.end(Ending.LAGGED)
            metrics.EVICTED.labels(reason="lagged").inc()
            return
        self._pending.append(queued)
        self._wake()

    def end(self, why: Ending) -> None:
        """Ends the stream: queued events can still be taken for DRAIN_TIMEOUT seconds, later ones
        are ignored.
        """
        if self.ending is None:
            self.ending = why
            self._cut_at = min(self._cut_at, asyncio.get_running_loop().time() + DRAIN_TIMEOUT)
            self._wake()

    def drop(self) -> None:
        """Ends the stream and drops the queue; the reader resumes after the last
        event it received.
        """
        self.end(Ending.BYE)
        self._pending.clear()

    def cut(self) -> None:
        """Closes the connection at once."""
        self._cut()

    def tick(self, now: float) -> None:
        """Handles time-outs that are due at this time of the event loop."""
        if now >= self._cut_at:
            if self.ending is None:
                self.end(Ending.LAGGED)
                metrics.EVICTED.labels(reason="stalled").inc()
            self.cut()
        elif now >= self._expires_at:
            self.end(Ending.EXPIRED)
        elif now >= self._heartbeat_at:
            self._heartbeat_at = now + frames.HEARTBEAT_SECONDS
            self._wake()

    def writing(self) -> None:
        """Starts the time-out of a write."""
        if self.ending is None:
            self._cut_at = asyncio.get_running_loop().time() + STALLED

    async def take(self) -> list[QueuedEvent] | None:
        """Waits for queued events and takes them all; a heartbeat when one is due; null when the
        stream has ended.
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

    def _compact(self) -> bool:
        """Drops events that a later one replaces. True if there is room again. Cursors stay
        correct, as later events have higher ids.
        """
        last = {queued.replacement_key: number for number, queued in enumerate(self._pending)}
        waiting = enumerate(self._pending)
        self._pending = [
            t
            for number, t in waiting
            if t.replacement_key is None or last[t.replacement_key] == number
        ]
        return len(self._pending) <= LIMIT // 2

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
