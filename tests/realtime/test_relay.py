"""One leads, whatever happens to it; each event gets one number."""

import asyncio

import pytest

from db import demo
from db.migrate import migrate
from db.pool import connect, create_pool
from embedded import stack
from realtime import line, relay
from realtime.bell import Bell
from realtime.hub import Hub
from realtime.relay import Relay
from tests.realtime.conftest import running
from tests.realtime.listening import (
    assert_each_once_in_order,
    committed,
    logged,
    sequenced,
    until,
)
from tests.realtime.proxy import proxy
from tests.realtime.traffic import churn, wish
from tests.support import hold

NEVER = 3600.0

END_THE_LEADER = """
    select count(pg_terminate_backend(l.pid))
      from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted
       and a.datname = current_database() and a.application_name = 'chairtime relay'
"""


async def assert_dense(pool) -> None:
    seqs = [row["seq"] for row in await pool.fetch("select seq from realtime_events order by seq")]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_one_of_two_leads_and_the_other_knows_that_it_does_not(dsn, relay):
    other = Relay(dsn)
    async with running(other):
        await until(lambda: other.health.connected)
        assert not other.health.leader
        assert relay.wake()
        assert not other.wake()


async def test_a_leader_that_stops_is_followed_within_two_seconds(dsn, relay):
    other = Relay(dsn)
    async with running(other):
        await until(lambda: other.health.connected)
        await relay.stop()
        await until(lambda: other.health.leader, 2)


async def test_when_the_leaders_connection_is_ended_no_number_is_missing_and_none_comes_twice(
    dsn, pool, relay
):
    other = Relay(dsn)
    async with running(other):
        traffic = asyncio.create_task(churn(pool, range(120)))
        ended = 0
        while not traffic.done():
            ended += await pool.fetchval(END_THE_LEADER)
            await asyncio.sleep(0.1)
        await traffic
        assert ended > 3
        await sequenced(pool)
    await assert_dense(pool)
    assert_each_once_in_order(await logged(pool), await committed(pool))


async def test_a_leader_whose_network_goes_silent_is_deposed(dsn, pool, monkeypatch):
    monkeypatch.setattr(relay, "SILENCE", 0.5)
    monkeypatch.setattr(relay, "POLL", 0.1)
    async with proxy(dsn) as network:
        behind, direct = Relay(network.dsn), Relay(dsn)
        async with running(behind):
            await until(lambda: behind.health.leader)
            async with running(direct):
                await until(lambda: direct.health.connected)
                network.swallow()
                await hold(pool, wish(0))
                await sequenced(pool)
                await until(lambda: direct.health.connected and behind.health.connected)
                assert direct.health.leader != behind.health.leader


async def test_a_wake_and_a_bell_are_heard_at_once(dsn, pool, monkeypatch):
    monkeypatch.setattr(relay, "POLL", NEVER)
    leader, bell = Relay(dsn), Bell(pool)
    async with running(leader, bell):
        await until(lambda: leader.health.leader)
        await hold(pool, wish(0))
        assert leader.wake()
        assert await sequenced(pool) == 2
        await hold(pool, wish(1))
        bell.ring()
        assert await sequenced(pool) == 4


async def test_what_nobody_rang_for_is_found_within_a_second(pool, relay):
    await hold(pool, wish(0))
    assert await sequenced(pool, 2) == 2


async def test_many_rings_are_few_notifications(dsn, pool):
    heard = []
    listener = await connect(dsn, "test")
    await listener.add_listener("outbox", lambda *_: heard.append(1))
    bell = Bell(pool)
    async with running(bell):
        for _ in range(1000):
            bell.ring()
        await until(lambda: heard)
        await listener.fetchval("select 1")
    await listener.close()
    assert len(heard) <= 2


async def test_a_bell_without_a_database_disturbs_nobody(caplog):
    async with await create_pool("postgresql://nobody@127.0.0.1:1/nothing", 2) as pool:
        bell = Bell(pool)
        async with running(bell):
            for _ in range(3):
                bell.ring()
                await asyncio.sleep(0.02)
    assert len(caplog.records) == 1


async def test_a_follower_sees_how_much_waits(dsn, pool, monkeypatch):
    monkeypatch.setattr(relay, "POLL", 0.05)
    hanging = await connect(dsn, "test")
    await hanging.execute("select pg_advisory_lock($1)", relay.events.LEADER)
    follower = Relay(dsn)
    async with running(follower):
        await hold(pool, wish(0))
        await until(lambda: follower.health.outbox_depth == 2)
        assert follower.health.outbox_oldest_seconds > 0
    await hanging.close()


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_after_an_outage_of_postgres_all_goes_on_without_a_restart(how, monkeypatch):
    monkeypatch.setattr(line, "BACK_OFF", (0.05, 0.2))
    with stack.postgres({}) as server:
        dsn = server.dsn()
        await migrate(dsn)
        connection = await connect(dsn, "test")
        await demo.load(connection)
        await connection.execute("delete from outbox")
        await connection.close()
        first, hub = Relay(dsn), Hub(dsn)
        async with running(first, hub):
            await until(lambda: first.health.leader and hub.health.connected)
            async with await create_pool(dsn, 4) as pool:
                await hold(pool, wish(0))
                await sequenced(pool)
            await asyncio.to_thread(getattr(server, how))
            await until(lambda: first.health.error and hub.health.error)
            assert not first.wake()
            assert not hub.health.connected

            await asyncio.to_thread(server.start)
            await until(lambda: first.health.leader and hub.health.connected)
            async with await create_pool(dsn, 4) as pool:
                await hold(pool, wish(1))
                assert first.wake()
                await until(lambda: hub.health.head == 4)
                assert_each_once_in_order(await logged(pool), await committed(pool))
