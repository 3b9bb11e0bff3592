"""A reader who follows events as a client's program would, by the client's own package."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Self

from chairtime_client import Event, Item, Ready, Reset, Snapshot
from tests.realtime.listening import until


class Reading:
    """`async with Reading(events(…)) as reader`: collects whatever comes, from its beginning."""

    def __init__(self, items: AsyncGenerator[Item, None]) -> None:
        self.items: list[Item] = []
        self._source = items
        self._may_read = asyncio.Event()
        self._may_read.set()

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

    def pause(self) -> None:
        """Takes no more items, so that its socket fills."""
        self._may_read.clear()

    def go_on(self) -> None:
        self._may_read.set()

    async def reaches(self, seq: int, seconds: float = 15) -> None:
        await until(lambda: int(self.cursor.rpartition(":")[2]) >= seq, seconds)

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
                await self._may_read.wait()
