"""Events lost by a reader that polls a table for `id > last`, and by our log, from the same
transactions.
"""

import asyncio
import random

import asyncpg
from uuid_utils.compat import uuid7

from benchmarks import changes
from benchmarks.bench import Bench
from benchmarks.figures import Result, Target
from realtime.waker import RelayWaker

NAME = "tailing"
ABOUT = "share of committed events that a reader never sees: `id > last`, and our log"
WRITERS = 16
EACH = (300, 100)
"""Transactions per writer."""
LONGEST = 0.02
"""Longest time in seconds that a transaction stays open after its insert."""

TABLE = """
create table bench_tail (id bigint generated always as identity primary key);
grant all on bench_tail to chairtime;
alter table bench_tail disable row level security;
"""

AFTER = "select id from bench_tail where id > $1 order by id"


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    await bench.admin.execute(TABLE)
    for _ in range(bench.plan.repetitions):
        await bench.clean()
        await bench.admin.execute("truncate bench_tail")
        first = await bench.admin.fetchval("select head from realtime_epoch")
        done = asyncio.Event()
        tailer = asyncio.create_task(_tail(bench.system.dsn, done))
        count = bench.plan.count(*EACH)
        await asyncio.gather(*(_write(bench, seed, count) for seed in range(WRITERS)))
        await changes.settled(bench.admin)
        done.set()
        committed, seen = WRITERS * count, await tailer
        last = await bench.admin.fetchval("select head from realtime_epoch")
        stored = await bench.admin.fetchval(
            "select count(*) from realtime_events where seq > $1", first
        )
        result.row("tailing by id").add(lost_percent=100 * (committed - seen) / committed)
        row = result.row("our log", Target("lost_percent", "≤", 0), Target("gaps", "≤", 0))
        lost = 100 * (committed - stored) / committed
        row.add(lost_percent=lost, gaps=last - first - stored)
    await bench.admin.execute("drop table bench_tail")
    await bench.clean()
    return result


async def _write(bench: Bench, seed: int, count: int) -> None:
    dice, waker = random.Random(seed), RelayWaker(bench.pool)
    await waker.start()
    for number in range(count):
        async with bench.pool.acquire() as connection, connection.transaction():
            await connection.execute("insert into bench_tail default values")
            await connection.execute(changes.INSERT, uuid7(), [], {"number": number})
            await asyncio.sleep(dice.random() * LONGEST)
        waker.wake()
    await waker.stop()


async def _tail(dsn: str, done: asyncio.Event) -> int:
    """The number of rows that a reader sees by asking for ids after the last one seen."""
    connection = await asyncpg.connect(dsn)
    seen, last = 0, 0
    try:
        while True:
            ended = done.is_set()
            rows = await connection.fetch(
                "select id from bench_tail where id > $1 order by id", last
            )
            seen, last = seen + len(rows), rows[-1]["id"] if rows else last
            if ended:
                return seen
            await asyncio.sleep(0.005)
    finally:
        await connection.close()
