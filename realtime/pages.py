"""In-memory cache of the event log, by pages."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from domain.events import Event

SIZE = 500
"""Events per page; page n has the sequence numbers n * SIZE + 1 to (n + 1) * SIZE."""

KEPT = 40
"""Pages that are cached; an event takes about 1.5 KB."""

REACH = SIZE * (KEPT - 2)
"""Readers further behind than this are served by a query for their own events instead."""

Load = Callable[[int, int], Awaitable[list[Event]]]
"""Reads the events after one sequence number up to another (inclusive), in order."""


class Pages:
    """New events are added as they arrive. Older pages are read once for all concurrent readers, so
    that many reconnecting readers cost at most one query per page.
    """

    def __init__(self) -> None:
        self._pages: OrderedDict[int, list[Event]] = OrderedDict()
        self._reading: dict[tuple[int, int], asyncio.Task[list[Event]]] = {}

    def add(self, event: Event) -> None:
        """Adds a new event; to be called in order. A page is cached if its first
        event was added.
        """
        page, place = divmod(event.seq - 1, SIZE)
        if place == 0:
            self._keep(page, [])
        if len(self._pages.get(page, ())) == place:
            self._pages[page].append(event)
            self._pages.move_to_end(page)

    def forget(self) -> None:
        """Clears the cache, when the log was replaced or events were skipped."""
        self._pages.clear()
        self._reading.clear()

    async def after(self, seq: int, until: int, load: Load) -> list[Event]:
        """The events after `seq` to the end of its page, at most up to `until`, which must be in
        the log. If the first is not `seq + 1`, the log no longer has the events in between.
        """
        page, place = divmod(seq, SIZE)
        end = min(until, (page + 1) * SIZE)
        if page in self._pages:
            self._pages.move_to_end(page)
            return self._pages[page][place : end - page * SIZE]
        found = await self._read(page, end, load)
        return [event for event in found if event.seq > seq]

    async def _read(self, page: int, end: int, load: Load) -> list[Event]:
        """Reads a page once for all concurrent callers; cancelling one caller does
        not cancel it.
        """
        key = (page, end)
        if key not in self._reading:
            self._reading[key] = asyncio.create_task(self._load(key, load))
        return await asyncio.shield(self._reading[key])

    async def _load(self, key: tuple[int, int], load: Load) -> list[Event]:
        page, end = key
        try:
            found = await load(page * SIZE, end)
            if len(found) == SIZE and self._reading.get(key) is asyncio.current_task():
                self._keep(page, found)
            return found
        finally:
            self._reading.pop(key, None)

    def _keep(self, page: int, found: list[Event]) -> None:
        self._pages[page] = found
        while len(self._pages) > KEPT:
            self._pages.popitem(last=False)
