import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from chairtime_client.position import ReaderPosition
from tests.acceptance.premises import Part
from tests.realtime.faults.drill import RECORD_VERSIONS, Drill
from tests.realtime.processes import leads, process, running
from tests.support import HANG


@pytest.fixture(autouse=True)
def told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge, and not the client, shall see whatever comes twice."""
    monkeypatch.setattr(ReaderPosition, "_had", lambda *_: False)


@pytest.fixture
async def drill(pool, settings) -> Drill:
    await pool.execute(RECORD_VERSIONS)
    return Drill(pool, settings)


@pytest.fixture
async def pair(settings, leader: Callable[..., Awaitable[Part]]) -> AsyncIterator[tuple[Part, ...]]:
    """Two API processes: first the one whose relay leads."""
    parts = process(settings, "one"), process(settings, "two")
    async with running(*parts):
        first = await leader(*parts)
        yield first, parts[1 - parts.index(first)]


@pytest.fixture
def leader() -> Callable[..., Awaitable[Part]]:
    async def leader(*parts: Part) -> Part:
        """The one of these that leads, once one does."""
        async with asyncio.timeout(HANG):
            for part in itertools.cycle(parts):
                if await leads(part):
                    return part
                await asyncio.sleep(0.02)
        raise AssertionError("a cycle has no end")

    return leader
