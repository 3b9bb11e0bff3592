"""Readers of the event stream who reconnect with Last-Event-ID, and note what they heard."""

import asyncio

from chairtime_client.following import events
from chairtime_client.position import Event, Ready, Reset
from tests.faults.delivery import BOARD, BOOKINGS
from tests.faults.history import Reader

HEARTBEAT_TIMEOUT = 20.0
"""Seconds without data after which a reader connects again."""

TOPICS = ((BOOKINGS,), (BOARD,), (BOOKINGS, BOARD))


async def follow(reader: Reader, url: str, token: str) -> None:
    """Reads until cancelled. The client library connects again, with the last event's id."""
    stream = events(url, token, topics=reader.topics, heartbeat_timeout=HEARTBEAT_TIMEOUT)
    async for item in stream:
        if isinstance(item, Ready) and reader.after is None:
            reader.after = int(item.cursor.rpartition(":")[2])
        elif isinstance(item, Reset):
            reader.resets.append(item.reason)
        elif isinstance(item, Event):
            reader.heard.append(item.seq)


async def ready(readers: list[Reader]) -> None:
    """Returns once each hears what happens from now on."""
    async with asyncio.timeout(60):
        while any(reader.after is None for reader in readers):  # noqa: ASYNC110 - other tasks set it
            await asyncio.sleep(0.05)
