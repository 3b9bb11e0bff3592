"""What a client of the API can rely on when it watches: from the first frame to `bye`."""

import asyncio
import gc
import random
import socket
from urllib.parse import quote

import httpx2
import pytest
from fastapi import Request
from uuid_utils.compat import uuid7

from api.app import create_app
from api.http.server import listening, server_config
from domain.booking import Verb
from realtime import frames
from tests.realtime.listening import (
    assert_each_once_in_order,
    committed,
    settled,
    until,
)
from tests.realtime.server import Client, serving
from tests.realtime.traffic import churn, wish
from tests.support import AMARA, ANA, change, hold

EVENTS = "/api/events"
BOOKINGS = "/api/events?topics=appointments"

NO_TOPICS = [
    "weather",
    "",
    "appointments,weather",
    "availability:nobody",
    "appointments:*",
    f"appointments:{ANA}",
    "\x00",
    "x" * 4001,
    ",".join(f"availability:{uuid7()}" for _ in range(60)),
]
NO_CURSORS = [
    "foo",
    ":",
    "1",
    "{epoch}:",
    "{epoch}:-1",
    "{epoch}:1.5",
    "{epoch}:99999999",
    "{epoch}:" + "9" * 40,
    "{epoch}:\u0661",
    "{epoch}:1\n",
    "other:1",
    "x" * 5000,
    "' or 1=1 --",
    "\x00",
]


async def test_a_stream_begins_with_ready_and_where_it_is_and_then_brings_what_happens(
    api, stream, as_, pool
):
    await hold(pool, wish(0))
    head = await settled(pool, api.hub)
    client = await stream(BOOKINGS, as_("admin"))
    epoch = await pool.fetchval("select epoch from realtime_epoch")
    await until(lambda: client.frames[0].name == "ready")
    assert client.raw.startswith("retry: ")

    command = wish(1)
    await hold(pool, command)
    await until(lambda: client.events)
    event = client.events[0]
    assert (event.name, event.id) == ("appointment.held", f"{epoch}:{head + 1}")
    assert event.data["entity_id"] == event.data["id"] == str(command.id)
    assert event.data["status"] == "held"
    assert event.data["starts_at"] == command.starts_at.isoformat().replace("+00:00", "Z")
    assert {"seq", "kind", "version", "occurred_at", "server_time"} <= set(event.data)


async def test_streams_are_not_cached_buffered_or_compressed(stream, as_):
    client = await stream(EVENTS, as_("patient", "ana") | {"Accept-Encoding": "gzip"})
    headers = client.response.headers
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in headers


async def test_a_bookings_stream_begins_with_its_state_and_brings_its_events_alone(
    api, stream, http, as_, pool
):
    mine, other = wish(0), wish(17)
    await hold(pool, mine)
    await hold(pool, other)
    await settled(pool, api.hub)
    headers = as_("admin")
    path = f"/api/appointments/{mine.id}"
    client = await stream(f"{path}/events", headers)
    assert client.names() == ["snapshot"]
    shown, got = client.frames[0].data, (await http.get(path, headers=headers)).json()
    for passing in ("server_time", "expires_in_seconds"):
        assert passing in shown
        shown.pop(passing), got.pop(passing)
    assert shown == got

    await change(pool, other.id, Verb.CANCEL)
    await change(pool, mine.id, Verb.CONFIRM)
    await change(pool, mine.id, Verb.CANCEL)
    await until(lambda: len(client.events) == 2)
    assert [frame.change for frame in client.events] == [(str(mine.id), 2), (str(mine.id), 3)]
    assert client.names() == ["snapshot", "appointment.booked", "appointment.cancelled"]


async def test_a_bookings_stream_that_is_resumed_brings_the_missed_events_too(
    api, stream, as_, pool
):
    command = wish(0)
    await hold(pool, command)
    await settled(pool, api.hub)
    client = await stream(f"/api/appointments/{command.id}/events", as_("admin"))
    await client.drop()
    await change(pool, command.id, Verb.CONFIRM)
    await change(pool, command.id, Verb.CANCEL)
    await settled(pool, api.hub)
    await client.open()
    await until(lambda: len(client.events) == 2)
    assert client.frames[1].name == "snapshot"
    assert client.frames[1].data["status"] == "cancelled"
    assert [frame.data["version"] for frame in client.events] == [2, 3]


async def test_a_foreign_booking_looks_like_none(http, as_, pool):
    command = wish(1)
    assert command.patient_id != ANA
    await hold(pool, command)
    for id in (command.id, uuid7()):
        answer = await http.get(f"/api/appointments/{id}/events", headers=as_("patient", "ana"))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("topics", NO_TOPICS)
async def test_an_unknown_topic_is_refused(http, as_, topics):
    answer = await http.get(EVENTS, params={"topics": topics}, headers=as_("patient", "ana"))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_a_stream_needs_a_caller(http):
    answer = await http.get(EVENTS)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("cursor", NO_CURSORS)
async def test_unknown_cursor_resets_the_stream(api, stream, as_, pool, cursor):
    await hold(pool, wish(0))
    head = await settled(pool, api.hub)
    epoch = await pool.fetchval("select epoch from realtime_epoch")
    given = cursor.format(epoch=epoch)
    clients = [await stream(f"{BOOKINGS}&cursor={quote(given)}", as_("admin"))]
    if given.isascii() and given.isprintable():
        clients.append(await stream(BOOKINGS, as_("admin"), **{"Last-Event-ID": given}))
    for client in clients:
        await until(lambda client=client: len(client.frames) == 2)
        assert client.names() == ["reset", "ready"]
        assert client.frames[0].data == {"reason": "unknown_cursor"}
        assert client.last_id == f"{epoch}:{head}"

    await hold(pool, wish(1))
    for client in clients:
        await until(lambda client=client: client.events)
        assert client.seqs == [head + 1]


async def test_a_cursor_that_is_too_old_means_reset(api, stream, as_, pool):
    for number in range(3):
        await hold(pool, wish(number))
    head = await settled(pool, api.hub)
    epoch = await pool.fetchval("select epoch from realtime_epoch")
    await pool.execute("delete from realtime_events where seq <= 3")
    api.hub.pages.forget()
    old = await stream(f"{EVENTS}?cursor={epoch}:2", as_("admin"))
    await until(lambda: "reset" in old.names())
    assert old.frames[-1].data == {"reason": "too_old"}
    assert old.frames[-1].id == f"{epoch}:{head}"
    assert not old.events
    oldest = await stream(f"{EVENTS}?cursor={epoch}:3", as_("admin"))
    await until(lambda: len(oldest.events) == head - 3)
    assert "reset" not in oldest.names()


async def test_a_list_and_the_stream_from_its_cursor_leave_no_gap(api, stream, http, as_, pool):
    headers = as_("admin")
    traffic = asyncio.create_task(churn(pool, range(60)))
    await asyncio.sleep(0.1)
    listed = await http.get("/api/appointments?limit=200", headers=headers)
    client = await stream(f"{BOOKINGS}&cursor={listed.headers['Event-Cursor']}", headers)
    await traffic
    await settled(pool, api.hub)
    last = await pool.fetchval("select max(seq) from realtime_events where topic = 'appointments'")
    await until(lambda: client.last_id.endswith(f":{last}"))
    versions = {item["id"]: item["version"] for item in listed.json()["items"]}
    for frame in client.events:
        id, version = frame.change
        if version > versions.get(id, 0):
            assert version == versions.get(id, 0) + 1, "a version is missing"
            versions[id] = version
    now = await pool.fetch("select id::text, version from appointments")
    assert versions == dict(tuple(row) for row in now)


async def test_a_client_that_is_dropped_at_random_misses_nothing_and_gets_nothing_twice(
    api, stream, as_, pool
):
    client = await stream(BOOKINGS, as_("admin"))
    traffic = asyncio.create_task(churn(pool, range(150)))
    drops = 0
    while not traffic.done() or drops <= 10:
        await asyncio.sleep(random.uniform(0, 0.1))
        await client.drop()
        drops += 1
        await asyncio.sleep(random.uniform(0, 0.05))
        await client.open()
    await traffic
    await settled(pool, api.hub)
    changes = await committed(pool)
    await until(lambda: len(client.events) >= len(changes))
    assert "reset" not in client.names()
    assert_each_once_in_order([frame.change for frame in client.events], changes)


async def test_an_idle_stream_has_a_heartbeat(stream, as_, monkeypatch):
    monkeypatch.setattr(frames, "HEARTBEAT_SECONDS", 0.05)
    client = await stream(EVENTS, as_("patient", "ana"))
    await until(lambda: client.raw.count(": hb\n") > 2)


async def test_open_streams_keep_nothing_of_their_requests(api, stream, as_):
    before = requests()  # of other tests in this process
    for _ in range(5):
        await stream(EVENTS, as_("admin"))
    assert [left for left in requests() if left not in before] == []


def requests() -> list[Request]:
    """Those that something keeps. By their type, as not every object says its class."""
    gc.collect()
    return [each for each in gc.get_objects() if issubclass(type(each), Request)]


async def test_open_streams_hold_no_connection_of_the_pool(api, stream, as_, pool):
    for _ in range(20):
        await stream(EVENTS, as_("admin"))
    own = api.app.state.app_state.pool
    await until(lambda: own.get_idle_size() == own.get_size())


async def test_a_stream_is_forgotten_when_its_client_goes(api, stream, as_):
    client = await stream(EVENTS, as_("admin"))
    assert api.hub.health.streams == 1
    await client.drop()
    await until(lambda: api.hub.health.streams == 0)


async def test_nobody_opens_more_streams_than_they_may(settings, as_, pool):
    limits = {"rate_limits": True, "streams_per_caller": 2, "streams": 3}
    few = settings.model_copy(update=limits)
    async with serving(few) as api, httpx2.AsyncClient(base_url=api.url) as http:
        ana = [await Client(http, EVENTS, as_("patient", "ana")).open() for _ in range(2)]
        refused = await http.get(EVENTS, headers=as_("patient", "ana"))
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        ben = await Client(http, EVENTS, as_("patient", "ben")).open()
        full = await http.get(EVENTS, headers=as_("admin"))
        assert (full.status_code, full.json()["code"]) == (503, "unavailable")
        assert refused.headers["Retry-After"]
        assert full.headers["Retry-After"]

        await ana[0].drop()
        await until(lambda: api.hub.health.streams == 2)
        again = await Client(http, EVENTS, as_("patient", "ana")).open()
        assert again.names() == ben.names() == ["ready"]
        for client in (ana[1], again, ben):
            await client.drop()


def test_connections_wait_neither_long_nor_for_much_for_who_does_not_read(settings):
    config = server_config(create_app(settings), settings.model_copy(update={"port": 0}))
    with listening(config) as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as one:
            assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
            assert one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * 32 * 1024


async def test_a_reader_who_asked_for_more_behind_a_stream_is_missed_when_gone(api, as_, pool):
    headers = "".join(f"{name}: {value}\r\n" for name, value in as_("admin").items())
    _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(f"GET {EVENTS} HTTP/1.1\r\nHost: here\r\n{headers}\r\n".encode() * 3)
    await until(lambda: api.hub.health.streams == 1)
    writer.transport.abort()
    for n in range(3):  # only who writes learns that nobody reads
        await hold(pool, wish(n))
        await settled(pool, api.hub)
    await until(lambda: api.hub.health.streams == 0)


async def test_a_stream_ends_with_its_token_and_says_so(stream, as_, streams_outlive_tokens):
    client = await stream(EVENTS, as_("admin"))
    await until(lambda: client.ended)
    assert client.names() == ["ready", "expired"]
    assert client.frames[-1].retry


async def test_a_stream_ends_when_its_reader_has_another_role(api, stream, as_, pool):
    amara, lena = [await stream(EVENTS, as_("dentist", name)) for name in ("amara", "lena")]
    async with asyncio.timeout(5):
        await pool.execute("update profiles set role = 'patient' where id = $1", AMARA)
        api.app.state.app_state.relay.wake()
        await until(lambda: amara.ended)
    assert amara.names()[-1] == "revoked"
    assert not lena.ended


async def test_on_shutdown_every_stream_says_bye_and_the_server_ends_in_time(api, stream, as_):
    clients = [await stream(EVENTS, as_("admin")) for _ in range(30)]
    async with asyncio.timeout(5):
        await api.stop()
    for client in clients:
        await until(lambda client=client: client.ended)
        assert client.names() == ["ready", "bye"]
    waits = [client.frames[-1].retry for client in clients]
    assert max(waits) - min(waits) > 1000, "they would all come back at once"


async def test_before_the_log_is_reached_a_stream_is_refused_and_may_be_tried_again(api, http, as_):
    await api.hub._connection.stop()
    api.hub._at = None
    answer = await http.get(EVENTS, headers=as_("admin"))
    await api.hub.start()
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]
