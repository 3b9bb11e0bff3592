"""A reader who follows events as a client's program would, by the client's own package."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from chairtime_client import Event, Item, Ready, Reset, Snapshot
from chairtime_client.position import GAP
from tests.realtime import history
from tests.realtime.listening import until

Lists = Mapping[tuple[str, str], int | str]


class Reading:
    """`async with Reading(events(…)) as reader`: collects whatever comes, from its beginning."""

    def __init__(
        self,
        items: AsyncGenerator[Item, None],
        load: Callable[[], Awaitable[Lists]] | None = None,
    ) -> None:
        """`load` is what a reader does when it is told to load again."""
        self.items: list[Item] = []
        self.waits: list[float] = []
        """Seconds from each change to here."""
        self._loads: dict[int, Lists] = {}
        self._load = load
        self._source = items

    @property
    def events(self) -> list[Event]:
        return [item for item in self.items if isinstance(item, Event)]

    @property
    def changes(self) -> list[tuple[str, int]]:
        """Which version of which booking."""
        told = (event for event in self.events if event.kind.startswith("appointment."))
        return [(event.entity_id, event.version or 0) for event in told]

    @property
    def seqs(self) -> list[int]:
        return [event.seq for event in self.events]

    @property
    def resets(self) -> list[str]:
        return [item.reason for item in self.items if isinstance(item, Reset)]

    @property
    def connections(self) -> int:
        return sum(isinstance(item, Ready | Snapshot) for item in self.items)

    @property
    def cursor(self) -> str:
        return self.items[-1].cursor

    def as_judged(self, name: str, *topics: str) -> history.Reader:
        """What it went through, for the judge."""
        return history.Reader(name, frozenset(topics), tuple(self._steps()))

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._read())
        await until(lambda: self.connections or self._task.done())
        if self._task.done():
            await self._task
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _read(self) -> None:
        async with contextlib.aclosing(self._source) as items:
            async for item in items:
                self.items.append(item)
                if isinstance(item, Event):
                    self.waits.append((datetime.now(UTC) - item.occurred_at).total_seconds())
                if isinstance(item, Reset) and item.reason != GAP and self._load:
                    self._loads[len(self.items)] = await self._load()

    def _steps(self) -> Iterator[history.Step]:
        told_to_begin = False
        for n, item in enumerate(self.items, 1):
            if isinstance(item, Ready | Snapshot) and not told_to_begin:
                yield history.Opened()
            told_to_begin = False
            match item:
                case Reset() if item.reason != GAP:  # which the judge finds by itself
                    if item.reason == "unknown_cursor":  # comes before the word that begins
                        told_to_begin = True
                        yield history.Opened()
                    yield history.Reset(item.cursor.partition(":")[0])
                    if n in self._loads:
                        yield history.Loaded(self._loads[n])
                case Event():
                    yield told(item.cursor, item.kind, item.data)


def told(cursor: str, kind: str, data: Mapping[str, Any]) -> history.Told:
    """An event as the judge of histories knows it."""
    epoch, _, seq = cursor.partition(":")
    if kind.startswith("slot."):
        starts_at = datetime.fromisoformat(data["starts_at"])
        slot = slot_of(data["dentist_id"], starts_at)
        return history.Told(epoch, int(seq), "availability", slot, None, kind)
    version = data["version"]
    return history.Told(epoch, int(seq), "appointments", data["entity_id"], version, kind)


def slot_of(dentist: UUID | str, starts_at: datetime) -> str:
    """A slot of the board, by its dentist and begin."""
    return f"{dentist} {starts_at.astimezone(UTC).isoformat()}"
