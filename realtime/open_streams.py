"""The open event streams of this process, indexed by what they subscribe to."""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

from domain.actors import VISITOR, Actor
from domain.events import Cursor, Event, Reader
from realtime import metrics
from realtime.frames import Ending
from realtime.stream import DRAIN_TIMEOUT, QueuedEvent, Stream

TICK = 0.5
"""Seconds between two checks of the timers of all streams."""

REMEMBERED = 10_000
"""Recent changes of rights that are remembered, for streams that are being opened."""

Rights = tuple[str | None, frozenset[UUID]]
"""Role and, of a receptionist, clinics."""


class OpenStreams:
    """A stream is listed while the context of its `join` lasts. The cost of an event depends on the
    number of its subscribers, not on the number of open streams.
    """

    def __init__(self) -> None:
        self._streams: set[Stream] = set()
        self._by_address: dict[str, set[Stream]] = defaultdict(set)
        self._left = asyncio.Event()
        self._all_ended = False
        self._ticking = False
        self._by_person: Counter[UUID | None] = Counter()
        self.of_staff = 0
        """Number of open streams of staff."""
        self._by_source: Counter[str] = Counter()
        self._rights: dict[UUID | None, Rights] = {}

    def __len__(self) -> int:
        return len(self._streams)

    @contextmanager
    def join(self, reader: Reader, since: Cursor, cut: Callable[[], None]) -> Iterator[Stream]:
        stream = Stream(reader, since, cut)
        if self._all_ended:
            stream.end(Ending.BYE)
        self._check_rights(stream)
        self._streams.add(stream)
        self._by_person[reader.actor.id] += 1
        self.of_staff += reader.actor.is_staff
        if reader.source:
            self._by_source[reader.source] += 1
        for address in reader.addresses():
            self._by_address[address].add(stream)
        metrics.STREAMS.inc()
        if not self._ticking:
            self._tick()
        try:
            yield stream
        finally:
            self._leave(stream)

    def subscribed_to(self, event: Event) -> Collection[Stream]:
        """The streams that get this event."""
        found = [self._by_address[a] for a in event.addresses() if a in self._by_address]
        return [stream for stream in set().union(*found) if stream.reader.wants(event)]

    def of_person(self, id: UUID | None) -> int:
        return self._by_person[id]

    def of_source(self, source: str) -> int:
        """Number of open streams of visitors from a network address."""
        return self._by_source[source]

    @property
    def of_visitors(self) -> int:
        """Number of open streams without a token."""
        return self._by_person[VISITOR.id]

    def readers(self) -> set[Actor]:
        return {stream.reader.actor for stream in self._streams}

    def all(self) -> Collection[Stream]:
        return tuple(self._streams)

    def revoke(
        self, person: UUID, role: str | None, clinic_ids: frozenset[UUID] = frozenset()
    ) -> None:
        """Ends the streams of a person that were opened under another role than `role` (null: all
        of them) or for other clinics, including streams that are being opened.
        """
        self._rights.pop(person, None)
        self._rights[person] = role, clinic_ids
        if len(self._rights) > REMEMBERED:
            del self._rights[next(iter(self._rights))]
        for stream in self._streams:
            self._check_rights(stream)

    def resync(self, to: Cursor, reset: QueuedEvent) -> None:
        """Sends `reset` to all streams, which continue after `to`. Remembered rights are dropped,
        as changes may have been missed.
        """
        self._rights.clear()
        for stream in self._streams:
            stream.since = to
            stream.push(reset)

    async def end_all(self) -> None:
        """Ends every stream with `bye`, and cuts those still open after DRAIN_TIMEOUT seconds."""
        self._all_ended = True
        for stream in self.all():
            stream.end(Ending.BYE)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT):
                while self._streams:
                    self._left.clear()
                    await self._left.wait()
        for stream in self.all():
            stream.cut()

    def _check_rights(self, stream: Stream) -> None:
        reader = stream.reader
        present = reader.actor.role, reader.clinic_ids
        if self._rights.get(reader.actor.id, present) != present:
            stream.end(Ending.REVOKED)

    def _tick(self) -> None:
        """Checks all timers, and schedules itself again while streams are open."""
        loop = asyncio.get_running_loop()
        for stream in self._streams:
            stream.tick(loop.time())
        self._ticking = bool(self._streams)
        if self._ticking:
            loop.call_later(TICK, self._tick)

    def _leave(self, stream: Stream) -> None:
        self._streams.discard(stream)
        self._by_person[stream.reader.actor.id] -= 1
        self.of_staff -= stream.reader.actor.is_staff
        if not self._by_person[stream.reader.actor.id]:
            del self._by_person[stream.reader.actor.id]
        if source := stream.reader.source:
            self._by_source[source] -= 1
            if not self._by_source[source]:
                del self._by_source[source]
        for address in stream.reader.addresses():
            self._by_address[address].discard(stream)
            if not self._by_address[address]:
                del self._by_address[address]
        metrics.STREAMS.dec()
        self._left.set()
