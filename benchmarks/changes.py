"""Commits outbox rows without bookings, at rates that bookings would not reach."""

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
"""Characters of a payload, about as many as for a booking."""


async def commit(pool: Pool, audience: Sequence[UUID], rate: float, count: int) -> dict[int, float]:
    """Commits `count` events at this rate, each in its own transaction and for the next reader in
    the audience. Returns when each commit was acknowledged, by the event's number.
    """
    committed: dict[int, float] = {}
    waker = RelayWaker(pool)
    await waker.start()

    async def change(number: int) -> None:
        who = [audience[number % len(audience)]]
        payload = {"number": number, "patient_id": str(who[0]), "filler": "x" * SIZE}
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
