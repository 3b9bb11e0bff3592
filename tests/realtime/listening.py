"""Those who read, what they got, and what there was to get."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from typing import NamedTuple

from db.pool import Pool
from domain.actors import Actor, Role
from domain.events import Cursor, Reader
from realtime.following import follow
from realtime.hub import Hub
from tests.support import HANG

ADMIN = Actor(Role.ADMIN)


class Frame(NamedTuple):
    name: str
    id: str | None
    data: dict
    retry: int | None = None

    @property
    def change(self) -> tuple[str, int]:
        """Which version of which booking it tells."""
        return self.data["entity_id"], self.data["version"]


def parse(block: str) -> Frame | None:
    """One frame of a stream, or None for a comment and a lone `retry`."""
    fields: dict[str, str] = {}
    for line in block.splitlines():
        name, _, value = line.partition(":")
        fields[name] = value.removeprefix(" ")
    if "event" not in fields:
        return None
    retry = int(fields["retry"]) if "retry" in fields else None
    return Frame(fields["event"], fields.get("id"), json.loads(fields["data"]), retry)


def frames(text: bytes) -> list[Frame]:
    found = (parse(block) for block in text.decode().split("\n\n"))
    return [frame for frame in found if frame]


class Listener:
    """Follows topics through the hub, as a stream does, without a socket."""

    def __init__(
        self, hub: Hub, pool: Pool, actor: Actor, topics: tuple[str, ...], at: Cursor | None
    ) -> None:
        self.frames: list[Frame] = []
        self.cut = False
        self._reads = asyncio.Event()
        self._reads.set()
        self._chunks = follow(
            hub, pool, Reader(actor, frozenset(topics)), at or hub.at, b"", self._cut
        )
        self.task = asyncio.create_task(self._read())

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def pause(self) -> None:
        """Reads no more, like a client whose socket is full."""
        self._reads.clear()

    def go_on(self) -> None:
        self._reads.set()

    @property
    def events(self) -> list[Frame]:
        return [frame for frame in self.frames if "seq" in frame.data]

    @property
    def seqs(self) -> list[int]:
        return [frame.data["seq"] for frame in self.events]

    def names(self) -> list[str]:
        return [frame.name for frame in self.frames]

    async def _read(self) -> None:
        async with aclosing(self._chunks) as chunks:
            async for chunk in chunks:
                self.frames += frames(chunk)
                await self._reads.wait()

    def _cut(self) -> None:
        self.cut = True
        self.task.cancel()


async def until(condition: Callable[[], object], seconds: float = HANG) -> None:
    """Waits for a condition of this process; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - of whatever kind, so there is no event to wait for
            await asyncio.sleep(0.005)


async def committed(pool: Pool) -> set[tuple[str, int]]:
    """Every change of a booking that there is: its id and version."""
    rows = await pool.fetch("select appointment_id::text, version from appointment_transitions")
    return {(id, version) for id, version in rows}


async def logged(pool: Pool) -> list[tuple[str, int]]:
    """Every change of a booking in the log, in its order."""
    rows = await pool.fetch(
        """
        select entity_id::text, version from realtime_events
         where topic = 'appointments' order by seq
        """
    )
    return [(id, version) for id, version in rows]


async def sequenced(pool: Pool, seconds: float = 10) -> int:
    """Waits until nothing is left in the outbox; the head of the log then."""
    async with asyncio.timeout(seconds):
        while await pool.fetchval("select exists (select from outbox)"):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return await pool.fetchval("select head from realtime_epoch")


async def settled(pool: Pool, hub: Hub) -> int:
    """The end of the log, once all of it has been handed out."""
    head = await sequenced(pool)
    await until(lambda: hub.health.head == head)
    return head


def assert_each_once_in_order(
    delivered: list[tuple[str, int]], expected: set[tuple[str, int]]
) -> None:
    """No change is missing, none comes twice, and a booking's versions rise."""
    assert len(delivered) == len(set(delivered)), "a change came twice"
    assert set(delivered) == expected
    last: dict[str, int] = {}
    for id, version in delivered:
        assert version > last.get(id, 0), "a booking's changes came out of order"
        last[id] = version
