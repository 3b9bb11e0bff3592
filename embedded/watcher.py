"""Follows the event stream, as small as a reader can be that misses nothing."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

PATH = "/api/events?topics=appointments,availability"
CUT = (httpx2.TransportError, httpx2.StreamError)
"""The connection is gone; what came last says where to go on."""

SILENCE = 40.0
"""Seconds without a byte after which a stream counts as cut: more than two heartbeats."""


class NotAsPromised(Exception):
    """The system did something else than it says it does."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One event as it came."""

    kind: str
    data: dict[str, Any]
    arrived_at: datetime

    @property
    def occurred_at(self) -> datetime:
        return datetime.fromisoformat(self.data["occurred_at"])

    @property
    def latency(self) -> timedelta:
        """From the change in Postgres to here; needs clocks that agree, as on one machine."""
        return self.arrived_at - self.occurred_at


class Watcher:
    """Follows all events from the moment it is entered, and comes back after each cut.

    `show` gets every event as it arrives.
    """

    def __init__(
        self, client: httpx2.AsyncClient, headers: dict[str, str], show: Callable[[Frame], None]
    ) -> None:
        self._client = client
        self._headers = headers
        self._show = show
        self._heard: list[Frame] = []
        self._ready = False
        self._broken: NotAsPromised | None = None
        self._changed = asyncio.Condition()
        self._last_id = ""
        self._retry = 1.0

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

    async def wait_for(self, kind: str, entity_id: str, within: float = 5.0) -> Frame:
        """The event of this kind about this entity, heard already or within so many seconds.
        Raises NotAsPromised.
        """

        def found() -> Frame | None:
            ours = (f for f in self._heard if f.kind == kind and f.data["entity_id"] == entity_id)
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
        while not self._broken:
            try:
                await self._read()
            except NotAsPromised as broken:
                self._broken = broken
                await self._tell()
            except CUT:
                pass
            await asyncio.sleep(self._retry)

    async def _read(self) -> None:
        resume = {"Last-Event-ID": self._last_id} if self._last_id else {}
        patience = httpx2.Timeout(5.0, read=SILENCE)
        async with self._client.stream(
            "GET", PATH, headers=self._headers | resume, timeout=patience
        ) as response:
            if response.status_code >= 500:
                return  # not ready; it may be the next time
            if response.status_code != 200:
                raise NotAsPromised(f"GET {PATH} answers {response.status_code}")
            fields: dict[str, str] = {}
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name:  # a comment has none
                    fields[name] = value
                elif not line:
                    await self._take(fields)
                    fields = {}

    async def _take(self, fields: dict[str, str]) -> None:
        """What a blank line ends."""
        if "retry" in fields:
            self._retry = int(fields["retry"]) / 1000
        self._last_id = fields.get("id", self._last_id)
        kind = fields.get("event", "")
        if kind == "reset":
            raise NotAsPromised(f"the stream lost its place: {fields.get('data')}")

        if kind == "ready":
            self._ready = True
        elif "." in kind:
            frame = Frame(kind, json.loads(fields["data"]), datetime.now(UTC))
            self._show(frame)
            self._heard.append(frame)
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
