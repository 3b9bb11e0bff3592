"""A reader of an event stream, over HTTP."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2

from tests.acceptance.clinic import Clinic
from tests.acceptance.premises import Part
from tests.workflows.desk import until

NO_EVENTS = frozenset({"ready", "snapshot", "bye", "reset", ""})


@dataclass
class Frame:
    event: str = ""
    id: str = ""
    retry: int | None = None
    data: Any = None


@dataclass
class Listener:
    """`async with Listener(clinic, api, path, role, name)`: reads in the background, from `ready`
    or `snapshot` on.
    """

    clinic: Clinic
    api: Part
    path: str
    role: str = "admin"
    name: str = "admin"
    last_event_id: str | None = None
    frames: list[Frame] = field(default_factory=list)
    broken: bool = False
    """Whether the connection ended without a word."""

    @property
    def events(self) -> list[Frame]:
        return [frame for frame in self.frames if frame.event not in NO_EVENTS]

    @property
    def seqs(self) -> list[int]:
        return [frame.data["seq"] for frame in self.events]

    @property
    def kinds(self) -> list[str]:
        return [frame.event for frame in self.events]

    @property
    def last_id(self) -> str:
        """Where to go on after this stream."""
        return [frame.id for frame in self.frames if frame.id][-1]

    @property
    def ended(self) -> bool:
        return self._reading.done()

    async def hears(self, true: Callable[[Self], bool], seconds: float = 15) -> None:
        async def heard() -> bool:
            return true(self)

        await until(heard, seconds)

    async def __aenter__(self) -> Self:
        self._reading = asyncio.create_task(self._read())
        await self.hears(lambda it: it.ended or any(frame.id for frame in it.frames))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading

    async def _read(self) -> None:
        headers = {"Authorization": f"Bearer {self.clinic.token(self.role, self.name)}"}
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id
        url = self.api.url + self.path
        try:
            async with self.clinic.http.stream("GET", url, headers=headers) as answer:
                assert answer.status_code == 200
                async for frame in _frames(answer.aiter_lines()):
                    self.frames.append(frame)
        except httpx2.TransportError:
            self.broken = True


async def _frames(lines: AsyncIterator[str]) -> AsyncIterator[Frame]:
    frame = Frame()
    async for line in lines:
        name, _, value = line.partition(": ")
        if not line:
            yield frame
            frame = Frame()
        elif name == "data":
            frame.data = json.loads(value)
        elif name == "retry":
            frame.retry = int(value)
        elif name in ("event", "id"):
            setattr(frame, name, value)
