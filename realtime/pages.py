"""The log in this process's memory, a page at a time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from domain.events import Event

SIZE = 500
"""Numbers of a page: those from a multiple of it on, without itself."""

KEPT = 40
"""Pages that are remembered; an event takes about 1.5 KB."""

REACH = SIZE * (KEPT - 2)
"""Who is further behind than this is better served by a query for what is theirs."""

Load = Callable[[int, int], Awaitable[list[Event]]]
"""Reads the log after one number, up to and with another, in order."""


class Pages:
    """New events are put in as they come; older pages are read once, however many ask for them. So
    a crowd that comes back costs a query per page at most, and mostly none.
    """

    def __init__(self) -> None:
        self._pages: OrderedDict[int, list[Event]] = OrderedDict()
        self._reading: dict[tuple[int, int], asyncio.Task[list[Event]]] = {}

    def add(self, event: Event) -> None:
        """To be called with each event, in order. A page is kept from its first event on."""
        page, place = divmod(event.seq - 1, SIZE)
        if place == 0:
            self._keep(page, [])
        if len(self._pages.get(page, ())) == place:
            self._pages[page].append(event)
            self._pages.move_to_end(page)

    def forget(self) -> None:
        """The log is another one, or events were passed over."""
        self._pages.clear()
        self._reading.clear()

    async def after(self, seq: int, until: int, load: Load) -> list[Event]:
        """What comes after `seq`, to the end of its page, or up to `until`, which is in the log.
        Where the first is not `seq + 1`, the log does not reach back that far.
        """
        page, place = divmod(seq, SIZE)
        end = min(until, (page + 1) * SIZE)
        if page in self._pages:
            self._pages.move_to_end(page)
            return self._pages[page][place : end - page * SIZE]
        found = await self._read(page, end, load)
        return [event for event in found if event.seq > seq]

    async def _read(self, page: int, end: int, load: Load) -> list[Event]:
        """Whoever asks while it is read gets the same; the reading outlives who asked first."""
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
