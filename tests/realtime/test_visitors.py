"""Streams without a token: the board, for everybody, and nothing else."""

from datetime import datetime

import httpx2
import pytest

from api.events.response import STAFF_SHARE, VISITORS_SHARE
from tests.realtime.listening import settled, until
from tests.realtime.server import Client, serving
from tests.realtime.traffic import churn, wish
from tests.support import AMARA, ANA, LENA, hold

BOARD = "/api/events?topics=availability"
PRIVATE = [
    "",
    "?topics=",
    "?topics=appointments",
    "?topics=profiles",
    "?topics=availability,appointments",
    "?topics=availability&topics=profiles",
    f"?topics=availability,appointments:{ANA}",
    "?topics=Availability",
    "?topics=weather",
    "?ticket=",
    "?ticket=x&topics=availability",
]
TOKENS = [
    {"Authorization": "Bearer x"},
    {"Authorization": "Bearer"},
    {"Authorization": "Basic eDp4"},
    {"Authorization": ""},
]


async def test_a_visitor_sees_slots_being_held_and_freed(api, stream, pool):
    every = await stream(BOARD, {})
    amara = await stream(f"/api/events?topics=availability:{AMARA}", {})
    lena = await stream(f"/api/events?topics=availability:{LENA}", {})
    command = wish(1)
    await hold(pool, command)
    await settled(pool, api.hub)
    await until(lambda: every.events and amara.events)
    for client in (every, amara):
        assert client.names() == ["ready", "slot.held"]
        assert client.events[0].data["dentist_id"] == str(AMARA)
    assert lena.names() == ["ready"]


async def test_who_reloads_after_an_event_sees_its_change(api, http, stream, pool):
    """Although answers to visitors are cached for a while."""
    command = wish(1)
    path = (
        f"/api/availability/{command.dentist_id}/slots?include=all&date={{}}&appointment_type={{}}"
    )
    path = path.format(command.starts_at.date(), command.appointment_type)
    client = await stream(BOARD, {})

    async def state() -> str:
        slots = (await http.get(path)).json()
        return next(
            slot["state"]
            for slot in slots
            if datetime.fromisoformat(slot["starts_at"]) == command.starts_at
        )

    assert await state() == "free"
    await hold(pool, command)
    await settled(pool, api.hub)
    await until(lambda: client.events)
    assert await state() == "held"


@pytest.mark.parametrize("query", PRIVATE)
async def test_all_other_topics_need_a_token(api, http, query):
    answer = await http.get(f"/api/events{query}")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert api.hub.health.streams == 0


@pytest.mark.parametrize("headers", TOKENS)
async def test_a_wrong_token_is_refused_and_never_ignored(http, headers):
    answer = await http.get(BOARD, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_two_tokens_are_refused(http, as_):
    token = as_("patient", "ana")["Authorization"]
    answer = await http.get(BOARD, headers=[("Authorization", token), ("Authorization", token)])
    assert answer.status_code == 401


async def test_an_account_that_was_stopped_gets_no_stream(http, as_, pool):
    await pool.execute("update profiles set active = false where id = $1", AMARA)
    answer = await http.get(BOARD, headers=as_("dentist", "amara"))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_an_unknown_dentist_id_is_refused_in_plain_words(http):
    answer = await http.get("/api/events?topics=availability:nobody")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_a_booking_cannot_be_followed_without_a_token(api, http, stream, pool):
    command = wish(1)
    await hold(pool, command)
    head = await settled(pool, api.hub)
    answer = await http.get(f"/api/appointments/{command.id}/events")
    assert answer.status_code == 401
    epoch = await pool.fetchval("select epoch from realtime_epoch")
    path = f"/api/events?topics=availability:{command.id}&cursor={epoch}:{head - 2}"
    client = await stream(path, {})
    await settled(pool, api.hub)
    assert client.names() == ["ready"]


@pytest.mark.parametrize("reach", [10_000, 3])
async def test_a_visitor_who_comes_back_misses_nothing_and_sees_no_booking(
    api, stream, pool, monkeypatch, reach
):
    """From memory, and from the log."""
    monkeypatch.setattr("realtime.replay.REACH", reach)
    epoch = await pool.fetchval("select epoch from realtime_epoch")
    client = await stream(BOARD, {}, **{"Last-Event-ID": f"{epoch}:0"})
    await client.drop()
    await churn(pool, range(8))
    await settled(pool, api.hub)
    await client.open()
    board = "select seq from realtime_events where topic = 'availability' order by seq"
    seqs = [row["seq"] for row in await pool.fetch(board)]
    assert len(seqs) > reach % 100
    await until(lambda: len(client.seqs) >= len(seqs))
    assert client.seqs == seqs
    assert not [name for name in client.names() if name.startswith(("appointment", "profile"))]
    assert "patient" not in client.raw


async def test_a_visitors_stream_outlives_every_token_and_ends_with_bye(
    api, stream, streams_outlive_tokens
):
    client = await stream(BOARD, {})
    await api.stop()
    await until(lambda: client.ended)
    assert client.names() == ["ready", "bye"]


async def test_visitors_streams_are_counted_by_address(settings, as_):
    limits = {"rate_limits": True, "streams_per_caller": 2, "trusted_proxies": ["127.0.0.1"]}
    few = settings.model_copy(update=limits)
    async with serving(few) as api, httpx2.AsyncClient(base_url=api.url) as http:
        one, other = ({"X-Forwarded-For": f"192.0.2.{n}"} for n in (1, 2))
        opened = [await Client(http, BOARD, one).open() for _ in range(2)]
        refused = await http.get(BOARD, headers=one)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert "address" in refused.json()["detail"]
        opened.append(await Client(http, BOARD, other).open())
        opened.append(await Client(http, BOARD, one | as_("patient", "ana")).open())
        await opened[0].drop()
        await until(lambda: api.hub.streams.of_source("192.0.2.1") == 1)
        opened.append(await Client(http, BOARD, one).open())
        assert opened[-1].names() == ["ready"]
        for client in opened:
            await client.drop()
        await until(lambda: not api.hub.streams.of_visitors)
        assert not api.hub.streams._by_source


async def test_visitors_cannot_take_the_streams_of_patients_and_staff(settings, as_):
    assert VISITORS_SHARE < STAFF_SHARE
    few = settings.model_copy(update={"streams": 20})
    async with serving(few) as api, httpx2.AsyncClient(base_url=api.url) as http:
        opened = [await Client(http, BOARD, {}).open() for _ in range(2)]
        full = await http.get(BOARD)
        assert (full.status_code, full.json()["code"]) == (503, "unavailable")
        assert full.headers["Retry-After"]
        for caller in (("patient", "ana"), ("admin",)):
            opened.append(await Client(http, BOARD, as_(*caller)).open())
            assert opened[-1].names() == ["ready"]
        for client in opened:
            await client.drop()


async def test_streams_and_refusals_without_a_token_count_against_the_address(
    settings, limits_of_one_minute
):
    limits = {"rate_limits": True, "rate_limit_public": 2, "rate_limit_failures": 1}
    few = settings.model_copy(update=limits)
    async with serving(few) as api, httpx2.AsyncClient(base_url=api.url) as http:
        for _ in range(2):
            await (await Client(http, BOARD, {}).open()).drop()
        assert (await http.get(BOARD)).status_code == 429
        assert (await http.get("/api/events?topics=profiles")).status_code == 401
        assert (await http.get("/api/events?topics=profiles")).status_code == 429
