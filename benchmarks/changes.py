"""Committed changes as the triggers leave them, without the bookings: what the pipeline behind them
can do, Postgres would not write bookings fast enough to show.
"""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from benchmarks.load import arrivals
from db.pool import Pool
from realtime.waker import RelayWaker

INSERT = """
insert into outbox (topic, kind, entity_id, version, audience, payload)
values ('appointments', 'appointment.booked', $1, 1, $2, $3)
"""
SIZE = 400
"""Characters of a payload, as of a booking's."""


async def commit(pool: Pool, audience: Sequence[UUID], rate: float, count: int) -> dict[int, float]:
    """Commits `count` events at this rate, each of one transaction, to one reader of the audience
    after the other; when each commit was acknowledged, by its number.
    """
    committed: dict[int, float] = {}
    waker = RelayWaker(pool)
    await waker.start()

    async def change(number: int) -> None:
        payload = {"number": number, "filler": "x" * SIZE}
        who = [audience[number % len(audience)]]
        async with pool.acquire() as connection:
            await connection.execute(INSERT, uuid7(), who, payload)
        committed[number] = time.time()
        waker.wake()

    try:
        failed = [e for e in await arrivals(rate, range(count), change) if e is not None]
        assert not failed, failed[:3]
    finally:
        await waker.stop()
    return committed


async def settled(connection: asyncpg.Connection) -> None:
    """Returns once the outbox is empty."""
    while await connection.fetchval("select exists (select from outbox)"):  # noqa: ASYNC110 - SQL
        await asyncio.sleep(0.05)
