"""Waits for expected events of the event stream."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from chairtime_client import Event, Item, Ready, Refused, Reset


class UnexpectedBehaviour(Exception):
    """The system did not behave as documented."""


class EventWaiter:
    """Reads a stream while `listening`; calls `show` with every event as it arrives."""

    def __init__(self, stream: AsyncGenerator[Item, None], show: Callable[[Event], None]) -> None:
        self._stream = stream
        self._show = show
        self._received: defaultdict[object, asyncio.Future[Any]] = defaultdict(asyncio.Future)
        """What was received or is awaited: `ready`, and events by kind and entity."""

    @contextlib.asynccontextmanager
    async def listening(self, within: float) -> AsyncIterator[None]:
        """Entered once the stream is ready. Raises UnexpectedBehaviour after `within` seconds."""
        self._reading = asyncio.create_task(self._read(), name="event waiter")
        try:
            await self._wait("ready", "`ready`", within)
            yield
        finally:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def wait_for(self, kind: str, entity_id: str, within: float = 5.0) -> Event:
        """The event of this kind about this entity, received already or within so many seconds.
        Raises UnexpectedBehaviour.
        """
        event: Event = await self._wait((kind, entity_id), f"`{kind}`", within)
        return event

    async def _wait(self, key: object, what: str, within: float) -> Any:
        awaited = self._received[key]
        done, _ = await asyncio.wait(
            [awaited, self._reading], timeout=within, return_when=asyncio.FIRST_COMPLETED
        )
        if awaited in done:
            return awaited.result()
        if done:
            self._reading.result()
        raise UnexpectedBehaviour(f"no {what} on the stream within {within:.0f} s")

    async def _read(self) -> None:
        try:
            async with contextlib.aclosing(self._stream) as items:
                async for item in items:
                    self._take(item)
        except Refused as refused:
            raise UnexpectedBehaviour(f"the event stream answers {refused}") from None

    def _take(self, item: Item) -> None:
        match item:
            case Ready():
                self._receive("ready", item)
            case Reset():
                raise UnexpectedBehaviour(f"the stream was reset: {item.reason}")
            case Event():
                self._show(item)
                self._receive((item.kind, item.entity_id), item)

    def _receive(self, key: object, item: Item) -> None:
        if not self._received[key].done():
            self._received[key].set_result(item)
