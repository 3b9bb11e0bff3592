"""The Python client against the real stack: whatever breaks, it goes on from where it was."""

import asyncio
import time
from collections.abc import Callable

import pytest
from uuid_utils.compat import uuid7

from api.auth import development
from chairtime_client import Event, Ready, Refused, Reset, Snapshot, booking_events, events
from domain.booking import Verb
from realtime import frames
from tests.realtime.balancer import Balancer
from tests.realtime.listening import assert_each_once_in_order, committed, settled, until
from tests.realtime.processes import process, running
from tests.realtime.reading import Reading
from tests.realtime.server import serving
from tests.realtime.traffic import churn, wish
from tests.support import HANG, change, hold

BOOKINGS = ["appointments"]


@pytest.fixture
def token(settings) -> Callable[..., str]:
    def token(role: str = "admin", name: str | None = None) -> str:
        return development.token(settings, role, name)

    return token


@pytest.fixture
async def way(api):
    async with Balancer(api.port) as way:
        yield way


async def test_it_begins_with_ready_and_brings_what_happens(api, pool, token):
    async with Reading(events(api.url, token())) as reader:
        command = wish(0)
        await hold(pool, command)
        await until(lambda: len(reader.events) == 2)
    assert isinstance(reader.items[0], Ready)
    held = reader.events[0]
    assert (held.kind, held.entity_id, held.version) == ("appointment.held", str(command.id), 1)
    assert held.data["status"] == "held"


async def test_from_the_cursor_of_a_list_and_of_one_topic(api, pool, token):
    epoch = await pool.fetchval("select epoch from realtime_epoch")
    await hold(pool, wish(0))
    await settled(pool, api.hub)
    stream = events(api.url, token(), topics=BOOKINGS, cursor=f"{epoch}:0")
    async with Reading(stream) as reader:
        await until(lambda: reader.events)
    assert [type(item) for item in reader.items] == [Ready, Event]


async def test_who_leaves_is_gone_for_the_server_too(api, token):
    async with Reading(events(api.url, token())):
        assert api.hub.health.streams == 1
    await until(lambda: api.hub.health.streams == 0)


async def test_it_resumes_when_its_api_process_is_killed(settings, pool, token):
    one, two = process(settings, "client one"), process(settings, "client two")
    async with running(one, two), Balancer(one.port, two.port) as way:
        async with Reading(events(way.url, token(), topics=BOOKINGS)) as reader:
            await churn(pool, range(20))
            one.kill()
            await churn(pool, range(20, 40))
            await one.start()
            two.kill()
            await churn(pool, range(40, 60))
            changes = await committed(pool)
            await until(lambda: len(reader.changes) >= len(changes), HANG)
    assert reader.connections > 1
    assert_each_once_in_order(reader.changes, changes)
    assert not reader.resets


async def test_it_resumes_when_the_connection_breaks_within_a_frame(way, pool, token, monkeypatch):
    monkeypatch.setattr(frames, "RETRY", (20, 50))
    marks = [b"event: appo", b'"entity_id": "0', b"\nid: ", b"\ndata: {", b"}\n"]
    async with Reading(events(way.url, token(), topics=BOOKINGS)) as reader:
        for n, mark in enumerate(marks):
            way.cut_after(mark)
            await churn(pool, range(20 * n, 20 * n + 20))
            await until(lambda n=n: way.served == n + 2)
        changes = await committed(pool)
        await until(lambda: len(reader.changes) >= len(changes))
    assert_each_once_in_order(reader.changes, changes)
    assert not reader.resets


async def test_it_waits_as_long_as_it_was_told(way, token, monkeypatch):
    monkeypatch.setattr(frames, "RETRY", (700, 700))
    async with Reading(events(way.url, token())) as reader:
        way.cut()
        began = time.monotonic()
        await until(lambda: reader.connections == 2)
    assert 0.7 <= time.monotonic() - began < HANG


async def test_it_follows_a_farewell_to_another_process(settings, pool, token, monkeypatch):
    monkeypatch.setattr(frames, "RETRY", (60_000, 60_000))
    monkeypatch.setitem(frames.RETRY_AFTER, frames.Ending.BYE, (100, 100))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    async with serving(settings) as one, serving(settings) as two:
        async with Balancer(one.port, two.port) as way:
            async with Reading(events(way.url, token(), topics=BOOKINGS)) as reader:
                here, there = (one, two) if one.hub.health.streams else (two, one)
                traffic = asyncio.create_task(churn(pool, range(40)))
                await until(lambda: reader.events)
                await here.stop()
                await traffic
                await until(lambda: there.hub.health.streams == 1)
                await hold(pool, wish(40))
                changes = await committed(pool)
                await until(lambda: len(reader.changes) >= len(changes))
    assert reader.connections == 2
    assert_each_once_in_order(reader.changes, changes)


async def test_heartbeats_keep_it_and_their_absence_makes_it_come_back(
    way, pool, token, monkeypatch
):
    monkeypatch.setattr(frames, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(frames, "RETRY", (20, 50))
    quiet = 3.0
    async with Reading(
        events(way.url, token(), topics=BOOKINGS, heartbeat_timeout=quiet)
    ) as reader:
        with pytest.raises(TimeoutError):
            await until(lambda: way.served > 1, 2 * quiet)
        way.swallow()
        await hold(pool, wish(0))
        await until(lambda: reader.events, HANG)
    assert reader.connections == 2


async def test_a_cursor_of_another_life_is_a_reset_and_then_all_goes_on(api, pool, token):
    async with Reading(events(api.url, token(), topics=BOOKINGS, cursor="other:1")) as reader:
        await hold(pool, wish(0))
        await until(lambda: reader.events)
    assert [type(item) for item in reader.items] == [Reset, Ready, Event]
    assert reader.resets == ["unknown_cursor"]


async def test_a_restored_database_is_a_reset_in_the_middle(api, pool, token):
    async with Reading(events(api.url, token(), topics=BOOKINGS)) as reader:
        await pool.execute("update realtime_epoch set epoch = 'restored'")
        await until(lambda: reader.resets == ["epoch"])
        await hold(pool, wish(0))
        await until(lambda: reader.events)
        assert reader.cursor.startswith("restored:")


async def test_it_comes_back_to_a_server_that_is_not_ready_yet(api, token, monkeypatch):
    reached, api.hub._at = api.hub._at, None
    reader = Reading(events(api.url, token()))
    entered = asyncio.create_task(reader.__aenter__())
    with pytest.raises(TimeoutError):
        await until(lambda: reader.items, 0.5)
    api.hub._at = reached
    await entered
    await reader.__aexit__()
    assert reader.connections == 1


async def test_a_booking_begins_with_its_state_also_after_a_cut(way, api, pool, token, monkeypatch):
    monkeypatch.setattr(frames, "RETRY", (20, 50))
    command = wish(0)
    await hold(pool, command)
    await settled(pool, api.hub)
    async with Reading(booking_events(way.url, token(), str(command.id))) as reader:
        await change(pool, command.id, Verb.CONFIRM)
        await until(lambda: reader.events)
        way.cut()
        await change(pool, command.id, Verb.CANCEL)
        await until(lambda: len(reader.events) == 2)
    snapshots = [item.booking["status"] for item in reader.items if isinstance(item, Snapshot)]
    assert snapshots[0] == "held"
    assert len(snapshots) == 2
    assert [event.version for event in reader.events] == [2, 3]
    assert not reader.resets


async def test_a_fixed_token_that_is_refused_ends_it(api):
    with pytest.raises(Refused) as refused:
        await anext(events(api.url, "no token"))
    assert (refused.value.status, refused.value.code) == (401, "unauthenticated")


async def test_a_token_is_asked_for_once_more_and_then_it_gives_up(api):
    asked = []

    async def stale() -> str:
        asked.append(1)
        return "no token"

    with pytest.raises(Refused):
        await anext(events(api.url, stale))
    assert len(asked) == 2


async def test_a_fresh_token_lets_it_in_each_time_that_the_old_one_is_over(way, token, monkeypatch):
    monkeypatch.setattr(frames, "RETRY", (20, 50))
    tokens = ["old", token(), "old", token(), "old", token()]

    async def fetch() -> str:
        return tokens.pop(0)

    async with Reading(events(way.url, fetch)) as reader:
        for n in (2, 3):
            way.cut()
            await until(lambda n=n: reader.connections == n)
    assert not tokens


async def test_what_will_not_pass_ends_it(api, pool, token):
    command = wish(1)
    await hold(pool, command)
    for stream, status, code in (
        (events(api.url, token(), topics=["weather"]), 422, "validation_failed"),
        (booking_events(api.url, token("patient", "ana"), str(command.id)), 404, "not_found"),
        (booking_events(api.url, token(), str(uuid7())), 404, "not_found"),
    ):
        with pytest.raises(Refused) as refused:
            await anext(stream)
        assert (refused.value.status, refused.value.code) == (status, code)
