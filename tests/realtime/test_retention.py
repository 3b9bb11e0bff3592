"""The log keeps what is young enough, drops the rest a partition at a time, and always has room."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from time import perf_counter
from uuid import uuid4

import asyncpg
import pytest

from db import events, outbox
from db.pool import Pool, connect
from domain.events import Cursor
from realtime import upkeep
from realtime.relay import Relay
from tests.realtime.conftest import running
from tests.realtime.listening import ADMIN, sequenced, settled, until
from tests.support import AMARA, HANG

DAY = timedelta(hours=24)


async def happen(pool: Pool, count: int) -> None:
    """So many committed events."""
    await pool.execute(
        """
        insert into outbox (topic, kind, entity_id, payload)
        select 'availability', 'slot.free', $1,
               jsonb_build_object('state', 'free', 'dentist_id', $1::uuid, 'starts_at', now(),
                                  'ends_at', now())
          from generate_series(1, $2)
        """,
        AMARA,
        count,
    )


async def numbered(pool: Pool, count: int) -> None:
    """So many events more, in the log."""
    await happen(pool, count)
    async with pool.acquire() as connection:
        while await outbox.relay(connection, 500):
            pass


async def aged(pool: Pool, last: int, age: timedelta) -> None:
    """As if the events up to this one had come into the log that long ago."""
    await pool.execute(
        """
        update realtime_events set sequenced_at = clock_timestamp() - $2::interval where seq <= $1
        """,
        last,
        age,
    )


async def roll(pool: Pool) -> int:
    async with pool.acquire() as connection:
        return await outbox.roll(connection, upkeep.AHEAD, DAY)


async def kept(pool: Pool) -> list[int]:
    return [row["seq"] for row in await pool.fetch("select seq from realtime_events order by seq")]


async def lasts(pool: Pool) -> list[int]:
    """The last number of each partition but the newest."""
    rows = await pool.fetch("select last from realtime_partitions where last > 0 order by first")
    return [row["last"] for row in rows]


async def test_numbers_run_on_over_as_many_partitions_as_they_need(pool):
    await numbered(pool, 7_300)
    assert await kept(pool) == list(range(1, 7_301))
    assert len(await lasts(pool)) >= 2
    room, newest = await pool.fetchrow(
        "select partitioned_to, (select max(first) from realtime_partitions) from realtime_epoch"
    )
    assert room >= newest > 1_000


async def test_under_load_partitions_grow_but_never_more_than_fourfold(pool):
    await numbered(pool, 25_000)
    ends = [0, *await lasts(pool)]
    sizes = [b - a for a, b in pairwise(ends)]
    assert sizes[0] == 1_000
    assert max(sizes) > 4_000
    assert all(after <= 4 * before for before, after in pairwise(sizes))


async def test_what_is_older_than_a_day_is_dropped_and_nothing_younger(pool):
    await numbered(pool, 7_300)
    first, second, *_ = await lasts(pool)
    assert await roll(pool) == 0
    await aged(pool, second - 1, DAY)
    assert await roll(pool) == 1
    assert await kept(pool) == list(range(first + 1, 7_301))
    await numbered(pool, 10)
    assert await kept(pool) == list(range(first + 1, 7_311))


async def test_the_numbers_run_on_when_everything_before_them_is_dropped(pool):
    await numbered(pool, 6_000)
    await aged(pool, 6_000, DAY)
    await roll(pool)
    left = await kept(pool)
    assert not left or left == list(range(left[0], 6_001))
    async with pool.acquire() as connection:
        assert await events.oldest(connection) == (left[0] if left else 6_001)
    await numbered(pool, 1)
    assert (await kept(pool))[-1] == 6_001


async def test_a_reader_who_stayed_away_for_too_long_is_told_and_others_resume(
    pool, relay, hub, listen
):
    await happen(pool, 3_000)
    head = await settled(pool, hub)
    first, *_ = await lasts(pool)
    await aged(pool, first, DAY)
    await roll(pool)
    hub.pages.forget()  # as in a process that has not seen them
    epoch = hub.at.epoch
    late = listen(ADMIN, "availability", at=Cursor(epoch, first - 1))
    in_time = listen(ADMIN, "availability", at=Cursor(epoch, first))
    await until(lambda: late.names() == ["reset"] and len(in_time.seqs) == head - first)
    assert late.frames[0].data == {"reason": "too_old"}
    assert in_time.seqs == list(range(first + 1, head + 1))


async def test_what_a_reader_is_busy_with_is_dropped_another_time_and_nobody_waits(dsn, pool):
    await numbered(pool, 6_000)
    await aged(pool, 6_000, DAY)
    reader = await connect(dsn, "test")
    async with reader.transaction():
        await events.after(reader, 0, 10)
        began = perf_counter()
        dropped, _ = await asyncio.gather(roll(pool), numbered(pool, 600))
        assert perf_counter() - began < HANG
        assert dropped == 0
        assert len(await events.after(reader, 0, 10)) == 10
    await reader.close()
    assert await roll(pool) > 0
    assert (await kept(pool))[-1] == 6_600


async def test_a_batch_larger_than_what_is_left_finds_room(pool):
    await happen(pool, 4_321)
    async with pool.acquire() as connection:
        assert await outbox.relay(connection, 10_000) == 4_321
    assert await kept(pool) == list(range(1, 4_322))


@pytest.fixture
async def clerk(postgres, pool):
    """A connection of somebody who may relay, and owns nothing."""
    name = f"clerk_{uuid4().hex[:8]}"
    database = await pool.fetchval("select current_database()")
    connection = await connect(postgres.superuser_dsn(database), "test")
    await connection.execute(
        f"""
        create role {name} login bypassrls;
        grant usage on schema chairtime to {name};
        grant select, insert, update, delete on outbox, realtime_events, realtime_epoch to {name};
        grant select, insert, update, delete on chair_changes to {name};
        grant execute on function relay_batch, realtime_roll to {name};
        grant execute on function has_chair_changes, publish_chair_changes to {name};
        """
    )
    await connection.execute(f"set role {name}")
    yield connection
    await connection.execute(f"reset role; drop owned by {name}; drop role {name}")
    await connection.close()


async def test_who_relays_need_not_own_the_log(pool, clerk):
    await happen(pool, 6_000)
    while await outbox.relay(clerk, 500):
        pass
    await aged(pool, 6_000, DAY)
    assert await outbox.roll(clerk, upkeep.AHEAD, DAY) > 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await clerk.execute("drop table realtime_events")


async def test_a_definer_s_function_looks_for_names_in_its_own_schemas_alone(pool):
    open_to_all = await pool.fetch(
        """
        select proname from pg_proc where prosecdef and pronamespace = 'chairtime'::regnamespace
           and (proconfig is null or not 'search_path=chairtime, pg_temp' = any(proconfig)
                or has_function_privilege('public', oid, 'execute'))
        """
    )
    assert open_to_all == []


async def test_the_leader_drops_what_is_too_old_by_itself(dsn, pool, monkeypatch):
    monkeypatch.setattr(upkeep, "PERIOD", 0.0)
    await numbered(pool, 6_000)
    await aged(pool, 6_000, timedelta(hours=3))
    relay = Relay(dsn, timedelta(hours=2))
    async with running(relay), asyncio.timeout(10):
        while await pool.fetchval("select exists (select from realtime_events where seq = 1)"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_the_outbox_stays_small_under_load(pool, relay):
    for _ in range(100):
        await happen(pool, 500)
        assert relay.wake()
        await sequenced(pool)
    size = await pool.fetchval("select pg_total_relation_size('outbox')")
    assert size < 6_000_000
