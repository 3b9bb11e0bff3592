"""Postgres, and the way to it, fail while bookings come and go: each reader is told all that is
due, in order, and nothing else.
"""

import asyncio
import time

import asyncpg
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from db import demo
from db.demo import person_id
from db.migrate import migrate
from db.pool import connect, create_pool
from domain.appointments import Change, Via
from domain.booking import Verb
from embedded import stack
from services import booking
from tests.realtime.faults.drill import EVERYONE, RECORD_VERSIONS, Drill
from tests.realtime.listening import until
from tests.realtime.processes import process, running
from tests.realtime.proxy import proxy
from tests.support import HANG, hold, monday, patient, request

LOSES_NOTHING = {"fsync": "off", "full_page_writes": "off"}
"""What is committed survives a kill -9 of Postgres, though not one of the machine."""

HELD_OPEN = 5.0
"""Seconds."""

END = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
     where datname = current_database() and application_name = $1
"""


async def test_ended_hub_and_relay_connections_lose_no_event(drill, pair, postgres):
    database = await drill.pool.fetchval("select current_database()")
    superuser = await asyncpg.connect(postgres.superuser_dsn(database))
    async with drill.watched(*(part.url for part in pair)):
        ended = 0
        async with drill.load.running() as load:
            for name in ("chairtime hub", "chairtime relay") * 3:
                await load.goes_on(10)
                ended += await superuser.fetchval(END, name)
            await load.goes_on()
        await drill.settles()
    await superuser.close()
    assert ended >= 6
    assert drill.connections == {1}


async def test_silent_network_to_postgres_loses_no_event(drill, settings, dsn):
    async with proxy(dsn) as network:
        part = process(settings, "behind", network.dsn)
        async with running(part), drill.watched(part.url):
            async with drill.load.running() as load:
                await load.goes_on()
                network.swallow()
                await load.goes_on()
            await drill.settles()
    assert drill.connections == {1}


async def test_postgres_restarts_lose_no_event(settings):
    with stack.postgres(LOSES_NOTHING) as server:
        dsn = server.dsn()
        await _furnish(dsn)
        own = settings.model_copy(update={"database_url": SecretStr(dsn)})
        parts = process(own, "one"), process(own, "two")
        async with await create_pool(dsn, 8) as pool, running(*parts):
            await pool.execute(RECORD_VERSIONS)
            drill = Drill(pool, own)
            async with drill.watched(*(part.url for part in parts)):
                async with drill.load.running() as load:
                    for away in (server.stop, server.kill):
                        await load.goes_on()
                        await asyncio.to_thread(away)
                        await asyncio.to_thread(server.start)
                    await load.goes_on()
                await drill.settles()


async def test_open_transaction_delays_only_its_own_events(drill, pair, dsn):
    late = request(monday(13), appointment_type="consultation", limits=None)
    concerned = (person_id("admin", "admin"), late.patient_id, late.dentist_id)
    async with drill.watched(*(part.url for part in pair)):
        told = [r for s, r in zip(EVERYONE, drill.readings, strict=True) if s.id in concerned]
        async with drill.load.running() as load:
            await load.goes_on()
            await hold(drill.pool, late)
            connection = await connect(dsn, "late")
            async with connection.transaction():
                confirm = Change(late.id, Verb.CONFIRM, uuid7())
                await booking.change(connection, confirm, patient(late.patient_id), Via.API)
                began, before = time.monotonic(), len(told[0].waits)
                while time.monotonic() - began < HELD_OPEN:
                    await load.goes_on()
                waits = told[0].waits[before:]
                assert all((str(late.id), 2) not in reading.changes for reading in told)
            committed = time.monotonic()
            await connection.close()
            for reading in told:
                await until(lambda r=reading: (str(late.id), 2) in r.changes)
            assert time.monotonic() - committed < HANG
        await drill.settles()
    assert len(waits) > 100
    assert max(waits) < HANG


async def _furnish(dsn: str) -> None:
    await migrate(dsn)
    connection = await connect(dsn, "template")
    await demo.load(connection)
    await connection.execute("delete from outbox")
    await connection.close()
