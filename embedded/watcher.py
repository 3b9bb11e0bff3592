"""Whoever waits, in the story, for what the event stream must bring."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from chairtime_client import Event, Item, Ready, Refused, Reset


class NotAsPromised(Exception):
    """The system did something else than it says it does."""


class Watcher:
    """Reads a stream from the moment it is entered; `show` gets every event as it arrives."""

    def __init__(self, stream: AsyncGenerator[Item, None], show: Callable[[Event], None]) -> None:
        self._stream = stream
        self._show = show
        self._heard: list[Event] = []
        self._ready = False
        self._broken: NotAsPromised | None = None
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def watching(self, within: float) -> AsyncIterator[None]:
        """Entered once the stream is ready. Raises NotAsPromised if that takes too long."""
        following = asyncio.create_task(self._follow(), name="watcher")
        try:
            await self._until(lambda: self._ready, "`ready`", within)
            yield
        finally:
            following.cancel()
            await asyncio.wait([following])

    async def wait_for(self, kind: str, entity_id: str, within: float = 5.0) -> Event:
        """The event of this kind about this entity, heard already or within so many seconds.
        Raises NotAsPromised.
        """

        def found() -> Event | None:
            ours = (e for e in self._heard if (e.kind, e.entity_id) == (kind, entity_id))
            return next(ours, None)

        await self._until(lambda: found() is not None, f"`{kind}`", within)
        return found() or self._heard[-1]

    async def _until(self, true: Callable[[], bool], what: str, within: float) -> None:
        try:
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(lambda: true() or self._broken)
        except TimeoutError:
            raise NotAsPromised(f"the stream did not bring {what} within {within:.0f} s") from None
        if self._broken:
            raise self._broken

    async def _follow(self) -> None:
        try:
            async with contextlib.aclosing(self._stream) as items:
                async for item in items:
                    self._take(item)
                    await self._tell()
        except Refused as refused:
            self._broken = NotAsPromised(f"the event stream answers {refused}")
            await self._tell()

    def _take(self, item: Item) -> None:
        match item:
            case Ready():
                self._ready = True
            case Reset():
                self._broken = NotAsPromised(f"the stream lost its place: {item.reason}")
            case Event():
                self._show(item)
                self._heard.append(item)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
