"""The hub: reads the event log as it grows, once per process, and delivers it to the streams."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from math import inf
from uuid import UUID

from db import events
from db.pool import Pool, Unavailable, use
from db.reconnecting import DedicatedConnection, ReconnectingConnection
from domain.actors import Actor
from domain.events import Cursor, Event, Reader
from realtime import frames, metrics
from realtime.audience import Audience
from realtime.pages import SIZE, Pages
from realtime.stream import QueuedEvent, Stream

Subscriber = Callable[[Event | None], None]

BATCH = 500
POLL = 0.5
"""Seconds until the hub looks at the log without a notification."""

REPLAYS = 4
"""Readers who catch up at a time, so that a crowd that reconnects leaves connections to bookings.
"""

YIELD_EVERY = 500
"""Deliveries after which other tasks of this process run."""


@dataclass(frozen=True, slots=True)
class HubHealth:
    connected: bool
    """Without a connection the streams stay open, and catch up when it is back."""
    head: int
    """The last number handed out."""
    streams: int
    error: str | None
    """Why there is no connection: the name of an exception."""


class NotReady(Unavailable):
    """The log has not been reached since this process started, or the process is ending."""


class Hub:
    """Each event of the log reaches each open stream that wants it, once and in order. A stream
    whose reader is too slow for that ends, and the reader resumes.
    """

    def __init__(self, dsn: str) -> None:
        self._connection = ReconnectingConnection(dsn, "hub", self._session)
        self._audience = Audience()
        self._at: Cursor | None = None
        self._ahead = timedelta()
        self._connected = False
        self._closing = False
        self._subscribers: dict[str, list[Subscriber]] = defaultdict(list)
        self.replays = asyncio.Semaphore(REPLAYS)
        self.pages = Pages()

    @property
    def health(self) -> HubHealth:
        head = self._at.seq if self._at else 0
        return HubHealth(self._connected, head, len(self._audience), self._connection.error)

    @property
    def at(self) -> Cursor:
        """Where the open streams are. Raises NotReady."""
        if self._at is None or self._closing:
            raise NotReady("the event log cannot be read")
        return self._at

    def now(self) -> datetime:
        """The database's clock, as far as this process can tell."""
        return datetime.now(UTC) + self._ahead

    def subscribe(self, topic: str, subscriber: Subscriber) -> None:
        """Calls `subscriber` in this process with each event of a topic, before any stream gets it;
        and with null where events may have been missed.
        """
        self._subscribers[topic].append(subscriber)

    def following(self, person: UUID | None) -> int:
        """How many of the open streams are this person's."""
        return self._audience.of_person(person)

    @property
    def staff_streams(self) -> int:
        """How many of the open streams are of staff."""
        return self._audience.of_staff

    @property
    def readers(self) -> set[Actor]:
        """Whose streams are open, in which roles."""
        return self._audience.readers()

    def revoke(self, person: UUID, role: str | None) -> None:
        """Ends a person's streams that were opened under another role; all where it is null."""
        self._audience.revoke(person, role)

    async def start(self) -> None:
        await self._connection.start()

    async def stop(self) -> None:
        await self.close()
        await self._connection.stop()

    async def close(self) -> None:
        """Every stream says `bye` and ends, within seconds; no other is opened."""
        self._closing = True
        await self._audience.dismiss()

    def open(
        self, reader: Reader, at: Cursor, cut: Callable[[], None]
    ) -> AbstractContextManager[Stream]:
        """A stream for a reader who is at `at`, for as long as the context lasts. Its `since` says
        up to where the log must be read. `cut` must end a write that hangs.
        """
        here = self._at or at
        ahead = at.epoch == here.epoch and at.seq > here.seq
        return self._audience.join(reader, at if ahead else here, cut)

    async def known(self, cursor: Cursor, pool: Pool) -> bool:
        """Whether a stream can go on from there: in this epoch, and not beyond the end of the log,
        which may be further than this process has read. Raises NotReady.
        """
        here = self.at
        if cursor.epoch == here.epoch and cursor.seq > here.seq:
            async with use(pool) as connection:
                end = await events.position(connection)
            here = Cursor(end.epoch, end.head)
        return cursor.epoch == here.epoch and cursor.seq <= here.seq

    async def _session(self, connection: DedicatedConnection) -> None:
        await connection.add_listener("realtime", self._notified)
        located = -inf
        try:
            while True:
                if time.monotonic() - located > POLL:
                    await self._locate(connection)
                    located = time.monotonic()
                await self._catch_up(connection)
                self._connected = True
                self._connection.healthy()
                await self._connection.wait(POLL)
        finally:
            self._connected = False

    def _notified(self, _connection: object, _pid: int, _channel: str, head: object) -> None:
        """The log has grown up to `head`."""
        if self._at is None or self._at.seq < int(str(head)):
            self._connection.wake()

    async def _locate(self, connection: DedicatedConnection) -> None:
        """Where to go on; notices when the log is another one than before."""
        here = self._at
        async with self._connection.query_timeout():
            end = await events.position(connection)
        self._ahead = end.now - datetime.now(UTC)
        if here and here.epoch == end.epoch and here.seq <= end.head:
            return
        async with self._connection.query_timeout():
            begun = await events.after(connection, end.head - end.head % SIZE, SIZE)
        self._resync(Cursor(end.epoch, end.head), frames.Reset.EPOCH)
        for event in begun:
            self.pages.add(event)

    async def _catch_up(self, connection: DedicatedConnection) -> None:
        """Delivers all that the log has beyond what was delivered."""
        full = True
        while full and self._at:
            async with self._connection.query_timeout():
                batch = await events.after(connection, self._at.seq, BATCH)
            full = len(batch) == BATCH
            if batch and batch[0].seq != self._at.seq + 1:
                self._resync(Cursor(self._at.epoch, batch[0].seq - 1), frames.Reset.TOO_OLD)
            await self._deliver_all(batch, self._at.epoch)

    async def _deliver_all(self, batch: Sequence[Event], epoch: str) -> None:
        deliveries = 0
        for event in batch:
            at = Cursor(epoch, event.seq)
            self.pages.add(event)
            for subscriber in self._subscribers.get(event.topic, ()):
                subscriber(event)
            deliveries += self._deliver(event, at)
            self._at = at
            metrics.SEQUENCED.observe((event.sequenced_at - event.occurred_at).total_seconds())
            if deliveries >= YIELD_EVERY:
                deliveries = 0
                await asyncio.sleep(0)

    def _deliver(self, event: Event, at: Cursor) -> int:
        streams = self._audience.of(event)
        if streams:
            queued = QueuedEvent.of(event, frames.event(at, event, self.now()))
            for stream in streams:
                if stream.since.seq < event.seq:
                    stream.push(queued)
        return len(streams)

    def _resync(self, to: Cursor, why: frames.Reset) -> None:
        """Goes on at another place of the log. Open streams are told that they missed events."""
        self._at = to
        self.pages.forget()
        for subscriber in chain.from_iterable(self._subscribers.values()):
            subscriber(None)
        self._audience.resync(to, QueuedEvent(frames.reset(to, why), self.now().timestamp()))
