"""The hub: reads new events from the log, once per process, and delivers them to open streams."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from math import inf

from db import events
from db.pool import Pool, Unavailable, use
from db.reconnecting import DedicatedConnection, ReconnectingConnection
from domain.events import Cursor, Event, Reader
from realtime import frames, metrics
from realtime.open_streams import OpenStreams
from realtime.pages import SIZE, Pages
from realtime.stream import QueuedEvent, Stream

Subscriber = Callable[[Event | None], None]

BATCH = 500
POLL = 0.5
"""Seconds between two reads of the log without a notification."""

REPLAYS = 4
"""Maximum number of concurrent replays, so that many reconnecting readers leave pooled connections
for bookings.
"""

YIELD_EVERY = 500
"""Number of deliveries after which the hub yields to other tasks."""


@dataclass(frozen=True, slots=True)
class HubHealth:
    connected: bool
    """Without a connection streams stay open, and catch up once it is back."""
    head: int
    """The last sequence number delivered."""
    streams: int
    error: str | None
    """The name of the exception that ended the last connection."""


class NotReady(Unavailable):
    """The log has not been read since this process started, or the process is shutting down."""


class Hub:
    """Delivers each event once and in order to every open stream that subscribes to it. The stream
    of a reader that is too slow ends, and the reader resumes.
    """

    def __init__(self, dsn: str) -> None:
        self._connection = ReconnectingConnection(dsn, "hub", self._session)
        self.streams = OpenStreams()
        self._at: Cursor | None = None
        self._end = 0
        self._clock_offset = timedelta()
        self._connected = False
        self._closing = False
        self._subscribers: dict[str, list[Subscriber]] = defaultdict(list)
        self.replays = asyncio.Semaphore(REPLAYS)
        self.pages = Pages()
        metrics.HEAD.set_function(lambda: self.health.head)
        metrics.CONNECTED.set_function(lambda: self._connected)

    @property
    def health(self) -> HubHealth:
        head = self._at.seq if self._at else 0
        return HubHealth(self._connected, head, len(self.streams), self._connection.error)

    @property
    def at(self) -> Cursor:
        """The cursor of the last delivered event. Raises NotReady."""
        if self._at is None or self._closing:
            raise NotReady("the event log cannot be read")
        return self._at

    def now(self) -> datetime:
        """The estimated time of the database's clock."""
        return datetime.now(UTC) + self._clock_offset

    def subscribe(self, topic: str, subscriber: Subscriber) -> None:
        """Calls `subscriber` with each event of a topic before streams get it, and with null if
        events may have been missed.
        """
        self._subscribers[topic].append(subscriber)

    async def start(self) -> None:
        await self._connection.start()

    async def stop(self) -> None:
        await self.close()
        await self._connection.stop()

    async def close(self) -> None:
        """Ends every stream with `bye` within seconds; new ones are refused."""
        self._closing = True
        await self.streams.end_all()

    def open(
        self, reader: Reader, at: Cursor, cut: Callable[[], None]
    ) -> AbstractContextManager[Stream]:
        """Opens a stream, while the context lasts, for a reader that has all events up to `at`. The
        stream's queue gets the events after its `since`: after this hub's position, or after `at`
        if that is later, as the reader may come from a process that is ahead. The caller must read
        the events between `at` and `since` from the log. `cut` must abort a hanging write.
        """
        here = self._at or at
        reader_is_ahead = at.epoch == here.epoch and at.seq > here.seq
        return self.streams.join(reader, at if reader_is_ahead else here, cut)

    async def known(self, cursor: Cursor, pool: Pool) -> bool:
        """Whether a stream can continue from this cursor: it has the current epoch, and is not
        beyond the end of the log (which may be ahead of this process). Raises NotReady.
        """
        here = self.at
        if cursor.epoch == here.epoch and cursor.seq > here.seq:
            async with use(pool) as connection:
                end = await events.position(connection)
            here = Cursor(end.epoch, end.head)
        return cursor.epoch == here.epoch and cursor.seq <= here.seq

    async def _session(self, connection: DedicatedConnection) -> None:
        await connection.add_listener("realtime", self._notified)
        checked, fresh = -inf, True
        try:
            while True:
                if time.monotonic() - checked > POLL:
                    await self._check_end_of_log(connection)
                    checked = time.monotonic()
                await self._catch_up(connection)
                self._expect_all(fresh)
                fresh = False
                self._connected = True
                self._connection.healthy()
                await self._connection.wait(POLL)
        finally:
            self._connected = False

    def _notified(self, _connection: object, _pid: int, _channel: str, head: object) -> None:
        """Listener: the log now ends at `head`."""
        if self._at is None or self._at.seq < int(str(head)):
            self._connection.wake()

    async def _check_end_of_log(self, connection: DedicatedConnection) -> None:
        """Reads where the log ends. At the first start, and if the database was restored from a
        backup, continues from there.
        """
        here = self._at
        async with self._connection.query_timeout():
            end = await events.position(connection)
        self._end = end.head
        self._clock_offset = end.now - datetime.now(UTC)
        if here and here.epoch == end.epoch and here.seq <= end.head:
            return
        async with self._connection.query_timeout():
            last_page = await events.after(connection, end.head - end.head % SIZE, SIZE)
        self._resync(Cursor(end.epoch, end.head), frames.Reset.EPOCH)
        for event in last_page:
            self.pages.add(event)

    async def _catch_up(self, connection: DedicatedConnection) -> None:
        """Delivers all events that have not been delivered yet."""
        full = True
        while full and self._at:
            async with self._connection.query_timeout():
                batch = await events.after(connection, self._at.seq, BATCH)
            full = len(batch) == BATCH
            if batch and batch[0].seq != self._at.seq + 1:
                self._resync(Cursor(self._at.epoch, batch[0].seq - 1), frames.Reset.TOO_OLD)
            await self._deliver_all(batch, self._at.epoch)

    def _expect_all(self, fresh: bool) -> None:
        """Raises events.EventsMissing where the log is known to go on behind what was read from
        it. What a fresh connection does not see either is gone: all streams get a reset.
        """
        if self._at is None or self._at.seq >= self._end:
            return
        if not fresh:
            raise events.EventsMissing
        self._resync(Cursor(self._at.epoch, self._end), frames.Reset.TOO_OLD)

    async def _deliver_all(self, batch: Sequence[Event], epoch: str) -> None:
        deliveries = 0
        for event in batch:
            at = Cursor(epoch, event.seq)
            self.pages.add(event)
            for subscriber in self._subscribers.get(event.topic, ()):
                subscriber(event)
            deliveries += self._deliver(event, at)
            self._at = at
            metrics.EVENTS.add(event.kind)
            metrics.SEQUENCED.observe((event.sequenced_at - event.occurred_at).total_seconds())
            if deliveries >= YIELD_EVERY:
                deliveries = 0
                await asyncio.sleep(0)

    def _deliver(self, event: Event, at: Cursor) -> int:
        streams = self.streams.subscribed_to(event)
        if streams:
            queued = QueuedEvent.of(event, frames.event(at, event, self.now()))
            for stream in streams:
                if stream.since.seq < event.seq:
                    stream.push(queued)
        return len(streams)

    def _resync(self, to: Cursor, why: frames.Reset) -> None:
        """Continues at another place of the log, and sends a reset to all open streams."""
        self._at = to
        self.pages.forget()
        for subscriber in chain.from_iterable(self._subscribers.values()):
            subscriber(None)
        self.streams.resync(to, QueuedEvent(frames.reset(to, why), self.now().timestamp()))
