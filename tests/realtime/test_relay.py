"""One leads, whatever happens to it; each event gets one number."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from uuid import uuid4

import pytest

from db import demo, leadership, reconnecting
from db.migrate import migrate
from db.pool import connect, create_pool
from domain.appointments import Via
from embedded import stack
from realtime import relay as relay_module
from realtime.hub import Hub
from realtime.relay import Relay
from realtime.waker import RelayWaker
from services import booking
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
from tests.support import HANG, hold, patient

NEVER = 3600.0

END_THE_LEADER = """
    select count(pg_terminate_backend(l.pid))
      from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted
       and a.datname = current_database() and a.application_name = 'chairtime relay'
"""


LEADERS = END_THE_LEADER.replace("pg_terminate_backend(l.pid)", "*")

ALONE = """
import asyncio, sys
from realtime.relay import Relay

async def main():
    await Relay(sys.argv[1]).start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


@asynccontextmanager
async def elsewhere(dsn: str) -> AsyncIterator[Process]:
    """A relay in a process of its own, which leads."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ALONE, dsn)
    try:
        async with await create_pool(dsn, 1) as pool, asyncio.timeout(20):
            while not await pool.fetchval(LEADERS):  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.02)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def told(pool) -> None:
    """Something happens, nobody rings, and it gets its number."""
    what = uuid4()
    await pool.execute(
        "insert into outbox (topic, kind, entity_id, payload) values ('test', 'test', $1, '{}')",
        what,
    )
    async with asyncio.timeout(20):
        while not await pool.fetchval(  # noqa: ASYNC110 - of whichever process
            "select exists (select from realtime_events where entity_id = $1)", what
        ):
            await asyncio.sleep(0.005)


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


async def test_a_leader_that_stops_is_followed_at_once(dsn, relay, monkeypatch):
    monkeypatch.setattr(relay_module, "POLL", NEVER)
    other = Relay(dsn)
    async with running(other):
        await until(lambda: other.health.connected)
        began = perf_counter()
        await relay.stop()
        await until(lambda: other.health.leader)
        assert perf_counter() - began < HANG


@pytest.mark.parametrize("fault", ["killed", "stopped", "cut", "silent"])
async def test_another_process_takes_over_from_a_failed_leader_and_no_number_is_lost(
    dsn, pool, fault
):
    async with proxy(dsn) as network, elsewhere(network.dsn) as leader:
        async with running(Relay(dsn)):
            traffic = asyncio.create_task(churn(pool, range(60)))
            await until(lambda: traffic.done() or pool.get_idle_size() < pool.get_size())
            began = perf_counter()
            match fault:
                case "killed":
                    leader.kill()
                case "stopped":
                    leader.send_signal(signal.SIGSTOP)
                case "cut":
                    assert await pool.fetchval(END_THE_LEADER) == 1
                case "silent":
                    network.swallow()
            await told(pool)
            assert perf_counter() - began < HANG
            await traffic
            if fault == "stopped":
                leader.send_signal(signal.SIGCONT)  # it believes that it leads
            await told(pool)
            await sequenced(pool)
    await assert_dense(pool)
    assert_each_once_in_order(await logged(pool), await committed(pool))


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


@pytest.mark.parametrize("amid", [0.0, 0.001, 0.003, 0.1])
async def test_a_leader_whose_network_goes_silent_finds_another_way_by_itself(dsn, pool, amid):
    """Whatever it was just asking: its first questions take some milliseconds."""
    async with proxy(dsn) as network:
        alone = Relay(network.dsn)
        async with running(alone):
            await until(lambda: alone.health.leader)
            await asyncio.sleep(amid)
            network.swallow()
            began = perf_counter()
            await told(pool)
            assert perf_counter() - began < HANG


async def test_a_follower_whose_query_takes_long_does_not_give_up_for_ever(dsn, pool, monkeypatch):
    """Postgres may be slow rather than away: with each failure there is more patience."""
    monkeypatch.setattr(reconnecting, "QUERY_TIMEOUT", 0.02)
    monkeypatch.setattr(reconnecting, "BACK_OFF", (0.01, 0.02))
    source = await pool.fetchval("select pg_get_functiondef('relay_batch'::regproc)")
    await pool.execute(source.replace("begin\n", "begin\n    perform pg_sleep(0.3);\n", 1))
    slow = Relay(dsn)
    async with running(slow):
        await told(pool)


async def test_a_transaction_that_stays_open_delays_nobody_else(pool, relay):
    late, others = wish(0), [wish(number) for number in (17, 18, 32, 33)]
    async with pool.acquire() as connection, connection.transaction():
        await booking.hold(connection, late, patient(late.patient_id), Via.API)
        opened = perf_counter()
        for other in others:
            await hold(pool, other)
            relay.wake()
            began = perf_counter()
            await sequenced(pool)
            assert perf_counter() - began < HANG
        assert {id for id, _ in await logged(pool)} == {str(other.id) for other in others}
        while perf_counter() - opened < 5:
            await told(pool)
    await sequenced(pool)
    assert_each_once_in_order(await logged(pool), await committed(pool))


async def test_wake_and_notification_start_the_relay_at_once(dsn, pool, monkeypatch):
    monkeypatch.setattr(relay_module, "POLL", NEVER)
    leader, waker = Relay(dsn), RelayWaker(pool)
    async with running(leader, waker):
        await until(lambda: leader.health.leader)
        await hold(pool, wish(0))
        assert leader.wake()
        assert await sequenced(pool) == 2
        await hold(pool, wish(1))
        waker.wake()
        assert await sequenced(pool) == 4


async def test_relay_finds_events_without_notification(pool, relay):
    await hold(pool, wish(0))
    assert await sequenced(pool, 2) == 2


async def test_many_wakes_are_few_notifications(dsn, pool):
    heard = []
    listener = await connect(dsn, "test")
    await listener.add_listener("outbox", lambda *_: heard.append(1))
    waker = RelayWaker(pool)
    async with running(waker):
        for _ in range(1000):
            waker.wake()
        await until(lambda: heard)
        await listener.fetchval("select 1")
    await listener.close()
    assert len(heard) <= 2


async def test_wake_without_database_raises_nothing(caplog):
    async with await create_pool("postgresql://nobody@127.0.0.1:1/nothing", 2) as pool:
        waker = RelayWaker(pool)
        async with running(waker):
            for _ in range(3):
                waker.wake()
                await asyncio.sleep(0.02)
    assert len(caplog.records) == 1


async def test_a_follower_sees_how_much_waits(dsn, pool, monkeypatch):
    monkeypatch.setattr(relay_module, "POLL", 0.05)
    hanging = await connect(dsn, "test")
    await hanging.execute("select pg_advisory_lock($1)", leadership.RELAY)
    follower = Relay(dsn)
    async with running(follower):
        await hold(pool, wish(0))
        await until(lambda: follower.health.outbox_depth == 2)
        assert follower.health.outbox_oldest_seconds > 0
    await hanging.close()


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_after_an_outage_of_postgres_all_goes_on_without_a_restart(how, monkeypatch):
    monkeypatch.setattr(reconnecting, "BACK_OFF", (0.05, 0.2))
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
