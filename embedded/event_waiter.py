"""Waits for expected events of the event stream."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from chairtime_client import Event, Item, Ready, Refused, Reset


class UnexpectedBehaviour(Exception):
    """The system did not behave as documented."""


class EventWaiter:
    """Reads a stream while `listening`; calls `show` with every event as it arrives."""

    def __init__(self, stream: AsyncGenerator[Item, None], show: Callable[[Event], None]) -> None:
        self._stream = stream
        self._show = show
        self._received: list[Event] = []
        self._ready = False
        self._broken: UnexpectedBehaviour | None = None
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def listening(self, within: float) -> AsyncIterator[None]:
        """Entered once the stream is ready. Raises UnexpectedBehaviour after `within` seconds."""
        following = asyncio.create_task(self._follow(), name="event waiter")
        try:
            await self._until(lambda: self._ready, "`ready`", within)
            yield
        finally:
            following.cancel()
            await asyncio.wait([following])

    async def wait_for(self, kind: str, entity_id: str, within: float = 5.0) -> Event:
        """The event of this kind about this entity, received already or within so many seconds.
        Raises UnexpectedBehaviour.
        """

        def found() -> Event | None:
            ours = (e for e in self._received if (e.kind, e.entity_id) == (kind, entity_id))
            return next(ours, None)

        await self._until(lambda: found() is not None, f"`{kind}`", within)
        return found() or self._received[-1]

    async def _until(self, true: Callable[[], bool], what: str, within: float) -> None:
        try:
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(lambda: true() or self._broken)
        except TimeoutError:
            raise UnexpectedBehaviour(f"no {what} on the stream within {within:.0f} s") from None
        if self._broken:
            raise self._broken

    async def _follow(self) -> None:
        try:
            async with contextlib.aclosing(self._stream) as items:
                async for item in items:
                    self._take(item)
                    await self._notify()
        except Refused as refused:
            self._broken = UnexpectedBehaviour(f"the event stream answers {refused}")
            await self._notify()

    def _take(self, item: Item) -> None:
        match item:
            case Ready():
                self._ready = True
            case Reset():
                self._broken = UnexpectedBehaviour(f"the stream was reset: {item.reason}")
            case Event():
                self._show(item)
                self._received.append(item)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
