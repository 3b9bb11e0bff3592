"""Readers vanish, stand still and lie while bookings come and go: each is told all that is due, in
order, and nothing else, and they are no harm to the others.
"""

import asyncio
from contextlib import AsyncExitStack

from uuid_utils.compat import uuid7

from tests.realtime.faults.drill import EVERYONE, Seat
from tests.realtime.faults.raw import Raw
from tests.realtime.history import Change
from tests.realtime.listening import sequenced
from tests.support import HANG

CROWD = 500
FLOOD = 4000
"""Events of 10 kB: more than all buffers and queues between a process and a reader take."""

EDITED = """
    insert into outbox (topic, kind, entity_id, version, audience, payload)
    select 'appointments', 'appointment.edited', $1, n, '{}',
           jsonb_build_object('x', repeat('x', 10000))
      from generate_series($2::int, $3::int) n
"""

FORGED = [
    "nothing",
    ":",
    "{epoch}:",
    "{epoch}:-1",
    "{epoch}:{beyond}",
    "{epoch}:" + "9" * 18,
    "{epoch}:" + "9" * 5000,
    "another:1",
    "x" * 20_000,
    "' or 1=1 --",
]


async def test_five_hundred_readers_reconnect_at_once(drill, pair):
    crowd = []
    for n in range(CROWD):
        seat = Seat("patient", f"one of many {n}", frozenset({"availability"}))
        crowd.append(Raw(pair[n % 2].port, seat.path, drill.token(seat)))
        drill.judges(lambda it=crowd[-1], seat=seat: it.as_judged(seat.name, *seat.topics))
    async with drill.watched(*(part.url for part in pair)):
        for n in range(0, CROWD, 50):
            await asyncio.gather(*(reader.open() for reader in crowd[n : n + 50]))
        async with drill.load.running() as load:
            await load.goes_on(10)
            for reader in crowd:
                reader.drop()
            await load.goes_on(10)
            await asyncio.gather(*(reader.open() for reader in crowd))
            await load.goes_on(10)
        await drill.settles()
        for reader in crowd:
            reader.drop()
    assert drill.connections == {1}


async def test_reader_that_stops_reading_is_cut_off_and_resumes_without_loss(drill, pair):
    admin = Seat("admin", "admin", frozenset({"appointments"}))
    stuck = Raw(pair[0].port, admin.path, drill.token(admin))
    drill.judges(lambda: stuck.as_judged(admin.name, *admin.topics))
    others = EVERYONE[1:]  # who are not told of the flood
    async with drill.watched(*(part.url for part in pair), seats=others):
        await stuck.open()
        async with drill.load.running() as load:
            await load.goes_on(10)
            stuck.stop_reading()
            edited = uuid7()
            for first in range(1, FLOOD + 1, 100):
                await drill.pool.execute(EDITED, edited, first, first + 99)
                await load.goes_on(1)
            kind, names = "appointment.edited", frozenset({admin.name})
            drill.more += [
                Change("appointments", str(edited), n, kind, names) for n in range(1, FLOOD + 1)
            ]
            await sequenced(drill.pool, HANG)
            stuck.read_on()
            await asyncio.wait_for(stuck.lost.wait(), HANG)
            await stuck.open()
            await load.goes_on(10)
        await drill.settles()
        stuck.drop()
    assert drill.connections == {1}


async def test_invalid_cursor_causes_a_reset_and_then_all_events(drill, pair):
    ana = Seat("patient", "ana", frozenset({"appointments"}))
    async with AsyncExitStack() as open_:
        async with drill.load.running() as load:
            await load.goes_on(10)
            at = await drill.pool.fetchrow("select epoch, head from realtime_epoch")
            cursors = [
                place.format(epoch=at["epoch"], beyond=at["head"] + 10**6) for place in FORGED
            ]
            seats = [ana] * len(cursors)
            urls = [part.url for part in pair]
            await open_.enter_async_context(drill.watched(*urls, seats=seats, cursors=cursors))
            await load.goes_on()
        await drill.settles("unknown_cursor")


async def test_foreign_cursor_shows_no_foreign_event(drill, pair):
    leader, other = pair
    admin, ana = EVERYONE[0], Seat("patient", "ana", frozenset({"appointments", "availability"}))
    async with AsyncExitStack() as open_:
        await open_.enter_async_context(drill.watched(leader.url, seats=[admin]))
        begin = drill.readings[0].cursor
        async with drill.load.running() as load:
            await load.goes_on()
            theirs = drill.watched(other.url, seats=[ana], cursors=[begin])
            await open_.enter_async_context(theirs)
            await load.goes_on()
        await drill.settles()
