"""The hub: reads the log as it grows, once per process, and hands it to the streams."""

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
from db.pool import Pool, use
from db.reconnecting import Connection, ReconnectingConnection
from domain.events import Cursor, Event, Reader
from realtime import frames, metrics
from realtime.audience import Audience
from realtime.pages import SIZE, Pages
from realtime.stream import Stream, Told

Hearer = Callable[[Event | None], None]

BATCH = 500
POLL = 0.5
"""Seconds until the hub looks at the log without being told."""

MOMENT = 0.005
"""Seconds in which the relay of this process hands over what it has put into the log."""

REPLAYS = 4
"""Readers who catch up at a time: a crowd that comes back leaves the pool to those who book."""

TURN = 500
"""Deliveries after which the others of this process have their turn."""


@dataclass(frozen=True, slots=True)
class Health:
    connected: bool
    """Without a connection the streams stay open, and catch up when it is back."""
    head: int
    """The last number handed out."""
    streams: int
    error: str | None
    """Why there is no connection: the name of an exception."""


class NotReady(ConnectionError):
    """The log has not been reached since this process started, or the process is ending."""


class Hub:
    """Each event of the log reaches each open stream that wants it, once and in order. A stream
    whose reader is too slow for that ends, and the reader resumes.
    """

    def __init__(self, dsn: str) -> None:
        self._connection = ReconnectingConnection(dsn, "hub", self._session)
        self._audience = Audience()
        self._at: Cursor | None = None
        self._handing_out = asyncio.Lock()
        self._ahead = timedelta()
        self._fed = False
        self._connected = False
        self._closing = False
        self._hearers: dict[str, list[Hearer]] = defaultdict(list)
        self.replays = asyncio.Semaphore(REPLAYS)
        self.pages = Pages()

    @property
    def health(self) -> Health:
        head = self._at.seq if self._at else 0
        return Health(self._connected, head, len(self._audience), self._connection.error)

    @property
    def at(self) -> Cursor:
        """Where the open streams are. Raises NotReady, which is one of db.pool.UNAVAILABLE."""
        if self._at is None or self._closing:
            raise NotReady("the event log cannot be read")
        return self._at

    def now(self) -> datetime:
        """The database's clock, as far as this process can tell."""
        return datetime.now(UTC) + self._ahead

    def hear(self, topic: str, hearer: Hearer) -> None:
        """Calls `hearer` in this process with each event of a topic, before any stream gets it; and
        with null where events may have been passed over.
        """
        self._hearers[topic].append(hearer)

    async def take(self, epoch: str, batch: Sequence[Event]) -> None:
        """Hands out what this process itself has just put into the log. What does not follow on
        what was handed out last is left alone, as the log will be read.
        """
        async with self._handing_out:
            if batch and self._at == Cursor(epoch, batch[0].seq - 1):
                await self._hand_out(batch, epoch)
                self._fed = True

    def following(self, person: UUID | None) -> int:
        """How many of the open streams are this person's."""
        return self._audience.of_person(person)

    def part(self, person: UUID, role: str | None) -> None:
        """Ends a person's streams that were opened under another role; all where it is null."""
        self._audience.part(person, role)

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

    async def _session(self, connection: Connection) -> None:
        await connection.add_listener("realtime", self._rung)
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

    def _rung(self, _connection: object, _pid: int, _channel: str, head: object) -> None:
        """The log has grown up to `head`: by the relay of this process, which then hands it over in
        a moment, or by another one's.
        """
        if self._fed:
            asyncio.get_running_loop().call_later(MOMENT, self._wake_before, int(str(head)))
        else:
            self._wake_before(int(str(head)))

    def _wake_before(self, head: int) -> None:
        if self._at is None or self._at.seq < head:
            self._connection.wake()

    async def _locate(self, connection: Connection) -> None:
        """Where to go on; notices when the log is another one than before."""
        here = self._at
        async with self._connection.query_timeout():
            end = await events.position(connection)
        self._ahead = end.now - datetime.now(UTC)
        if here and here.epoch == end.epoch and here.seq <= end.head:
            return
        async with self._connection.query_timeout():
            begun = await events.after(connection, end.head - end.head % SIZE, SIZE)
        async with self._handing_out:
            self._jump(Cursor(end.epoch, end.head), frames.Reset.EPOCH)
            for event in begun:
                self.pages.add(event)

    async def _catch_up(self, connection: Connection) -> None:
        """Hands out all that the log has beyond what was handed out, here or by `take`."""
        full = True
        while full and self._at:
            async with self._connection.query_timeout():
                batch = await events.after(connection, self._at.seq, BATCH)
            full = len(batch) == BATCH
            async with self._handing_out:
                at = self._at
                fresh = [event for event in batch if event.seq > at.seq]
                if fresh and fresh[0].seq != at.seq + 1:
                    self._jump(Cursor(at.epoch, fresh[0].seq - 1), frames.Reset.TOO_OLD)
                await self._hand_out(fresh, at.epoch)
                self._fed = self._fed and not fresh

    async def _hand_out(self, batch: Sequence[Event], epoch: str) -> None:
        deliveries = 0
        for event in batch:
            at = Cursor(epoch, event.seq)
            self.pages.add(event)
            for hearer in self._hearers.get(event.topic, ()):
                hearer(event)
            deliveries += self._deliver(event, at)
            self._at = at
            metrics.SEQUENCED.observe((event.sequenced_at - event.occurred_at).total_seconds())
            if deliveries >= TURN:
                deliveries = 0
                await asyncio.sleep(0)

    def _deliver(self, event: Event, at: Cursor) -> int:
        streams = self._audience.of(event)
        if streams:
            told = Told.of(event, frames.event(at, event, self.now()))
            for stream in streams:
                if stream.since.seq < event.seq:
                    stream.push(told)
        return len(streams)

    def _jump(self, to: Cursor, why: frames.Reset) -> None:
        """Goes on elsewhere: open streams are told that what they have does not join up with it."""
        self._at = to
        self.pages.forget()
        for hearer in chain.from_iterable(self._hearers.values()):
            hearer(None)
        self._audience.jump(to, Told(frames.reset(to, why), self.now().timestamp()))
