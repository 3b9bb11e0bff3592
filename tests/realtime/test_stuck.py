"""Some readers stand still: the others get everything, nothing piles up, and those miss nothing."""

import asyncio
from collections.abc import Iterator

from uuid_utils.compat import uuid7

from realtime import stream
from realtime.stream import Stream
from tests.realtime.faults.raw import Raw
from tests.realtime.history import Told
from tests.realtime.listening import sequenced, until
from tests.support import HANG

READERS, STUCK = 40, 2
LIMIT = 200
EVENTS, AT_ONCE = 1500, 50

EDITED = """
    insert into outbox (topic, kind, entity_id, version, audience, payload)
    select 'appointments', 'appointment.edited', $1, n, '{}',
           jsonb_build_object('x', repeat('x', 2000))
      from generate_series($2::int, $3::int) n
"""


async def test_stuck_readers_neither_slow_others_nor_miss_events(api, as_, pool, monkeypatch):
    monkeypatch.setattr(stream, "LIMIT", LIMIT)
    token = as_("admin")["Authorization"].removeprefix("Bearer ")
    readers = [Raw(api.port, "/api/events?topics=appointments", token) for _ in range(READERS)]
    await asyncio.gather(*(reader.open() for reader in readers))
    stuck, others = readers[:STUCK], readers[STUCK:]
    for reader in stuck:
        reader.stop_reading()

    edited, most = uuid7(), 0
    for first in range(1, EVENTS + 1, AT_ONCE):
        await pool.execute(EDITED, edited, first, first + AT_ONCE - 1)
        api.app.state.app_state.relay.wake()
        until_here = list(range(1, first + AT_ONCE))
        await until(lambda seqs=until_here: all(told(r) == seqs for r in others), HANG)
        most = max([most, *map(waiting, streams(api))])
    assert LIMIT / 2 < most <= LIMIT
    await until(lambda: api.hub.health.streams == len(others))
    assert sum(map(waiting, streams(api))) == 0

    for reader in stuck:
        reader.read_on()
        await asyncio.wait_for(reader.lost.wait(), HANG)
        assert len(told(reader)) < EVENTS
        await reader.open()
    head = await sequenced(pool)
    await until(lambda: all(told(reader)[-1:] == [head] for reader in stuck))
    assert [told(reader) for reader in stuck] == [list(range(1, EVENTS + 1))] * STUCK
    for reader in readers:
        reader.drop()


def told(reader: Raw) -> list[int]:
    return [step.seq for step in reader.steps if isinstance(step, Told)]


def streams(api) -> Iterator[Stream]:
    return iter(api.hub.streams.all())


def waiting(one: Stream) -> int:
    """What is kept for a reader."""
    return len(one._pending)
