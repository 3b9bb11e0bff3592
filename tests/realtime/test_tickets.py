"""A ticket opens one stream, once, for who bought it and what it was bought for."""

import asyncio
import logging
from datetime import timedelta

import httpx2
import prometheus_client
import pytest
from uuid_utils.compat import uuid7

from api.auth import development
from api.events import tickets
from api.http.server import server_config
from domain.booking import Verb
from tests.realtime.listening import settled, until
from tests.realtime.server import serving
from tests.realtime.traffic import wish
from tests.support import ANA, change, hold

EVENTS = "/api/events"
NOBODY: dict[str, str] = {}


@pytest.fixture
def buy(http):
    async def buy(headers, **wanted) -> str:
        answer = await http.post("/api/events/tickets", json=wanted, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["ticket"]

    return buy


@pytest.fixture
async def visit(api, pool) -> str:
    """A booking of Ana's, whose story so far has been told."""
    number = next(n for n in range(48) if wish(n).patient_id == ANA)
    command = wish(number)
    await hold(pool, command)
    await settled(pool, api.hub)
    return str(command.id)


async def test_a_ticket_opens_the_streams_of_its_topics_without_a_header(
    stream, as_, buy, pool, visit
):
    ana = as_("patient", "ana")
    all_of_it = await stream(f"{EVENTS}?ticket={await buy(ana)}", NOBODY)
    some = await stream(f"{EVENTS}?ticket={await buy(ana, topics=['appointments'])}", NOBODY)
    one = f"/api/appointments/{visit}/events?ticket={await buy(ana, appointment_id=visit)}"
    one = await stream(one, NOBODY)
    await change(pool, visit, Verb.CONFIRM)
    await change(pool, visit, Verb.CANCEL)
    await until(lambda: len(some.events) == len(one.events) == 2)
    await until(lambda: "appointment.cancelled" in all_of_it.names())
    told = ["appointment.booked", "appointment.cancelled"]
    assert one.names() == ["snapshot", *told]
    assert some.names()[1:] == told
    assert set(told) < set(all_of_it.names())


async def test_used_ticket_is_refused(http, stream, as_, buy):
    path = f"{EVENTS}?ticket={await buy(as_('patient', 'ana'))}"
    assert (await stream(path, NOBODY)).names() == ["ready"]
    for headers in (NOBODY, as_("admin")):
        answer = await http.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_concurrent_uses_of_a_ticket_open_one_stream(stream, as_, buy):
    path = f"{EVENTS}?ticket={await buy(as_('patient', 'ana'))}"
    clients = await asyncio.gather(*(stream(path, NOBODY) for _ in range(8)))
    assert sorted(client.response.status_code for client in clients) == [200] + [401] * 7


async def test_a_ticket_counts_at_every_process(settings, stream, as_, buy, http):
    path = f"{EVENTS}?ticket={await buy(as_('patient', 'ana'))}"
    async with serving(settings) as other:
        client = await stream(f"{other.url}{path}", NOBODY)
        assert client.response.status_code == 200
        assert (await http.get(path)).status_code == 401
        await client.drop()


async def test_a_ticket_is_for_its_topics_alone(http, as_, buy, visit):
    ana = as_("patient", "ana")
    for wanted, path in (
        ({"topics": ["availability"]}, f"{EVENTS}?topics=appointments"),
        ({"topics": ["availability"]}, f"{EVENTS}?topics=availability,profiles"),
        ({"topics": ["appointments"]}, f"/api/appointments/{visit}/events?"),
        ({"appointment_id": visit}, f"/api/appointments/{uuid7()}/events?"),
        ({"appointment_id": visit}, f"{EVENTS}?topics=appointments"),
    ):
        answer = await http.get(f"{path}&ticket={await buy(ana, **wanted)}")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path


@pytest.mark.parametrize(
    "wanted",
    [
        {"topics": []},
        {"topics": ["weather"]},
        {"topics": [f"appointments:{ANA}"]},
        {"topics": ["availability"], "appointment_id": str(ANA)},
        {"topics": "availability"},
    ],
)
async def test_there_are_no_tickets_for_what_is_no_topic(http, as_, wanted):
    answer = await http.post("/api/events/tickets", json=wanted, headers=as_("patient", "ana"))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_a_ticket_that_is_too_old_is_none_and_is_swept_out(http, as_, buy, pool, monkeypatch):
    monkeypatch.setattr(tickets, "LASTS", timedelta(seconds=-1))
    old = [await buy(as_("patient", "ana")) for _ in range(3)]
    for ticket in [*old, "nonsense", "", "\x00", "x" * 50]:
        answer = await http.get(EVENTS, params={"ticket": ticket})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert await pool.fetchval("select count(*) from stream_tickets") == 1


async def test_a_ticket_lasts_for_a_minute_and_no_longer_than_its_token(http, as_, settings, pool):
    short = {"Authorization": f"Bearer {development.token(settings, 'patient', 'ana', 20)}"}
    for headers, seconds in ((as_("patient", "ana"), 60), (short, 25)):
        await http.post("/api/events/tickets", json={}, headers=headers)
        lasts = await pool.fetchval(
            "select extract(epoch from max(expires_at) - clock_timestamp()) from stream_tickets"
        )
        assert seconds - 6 < lasts <= seconds
        await pool.execute("delete from stream_tickets")


async def test_the_stream_of_a_ticket_ends_with_the_token_that_bought_it(
    stream, as_, buy, streams_outlive_tokens
):
    ticket = await buy(as_("patient", "ana"))
    client = await stream(f"{EVENTS}?ticket={ticket}", NOBODY)
    await until(lambda: client.ended)
    assert client.names() == ["ready", "expired"]


async def test_a_ticket_is_worth_nothing_once_its_owner_s_rights_are_gone(http, as_, buy, pool):
    ticket = await buy(as_("patient", "ana"))
    await http.put(f"/api/profiles/{ANA}", json={"active": False}, headers=as_("admin"))
    answer = await http.get(f"{EVENTS}?ticket={ticket}")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_ticket_is_written_nowhere(api, http, stream, as_, buy, pool, settings, caplog):
    caplog.set_level(logging.DEBUG)
    ticket = await buy(as_("patient", "ana"))
    await stream(f"{EVENTS}?ticket={ticket}", NOBODY)
    refused = await http.get(f"{EVENTS}?ticket={ticket}")
    spoilt = await http.get(f"{EVENTS}?topics=weather&ticket={await buy(as_('admin'))}")
    another = await buy(as_("admin"))
    rows = await pool.fetch("select s::text from stream_tickets s")
    told = [refused.text, spoilt.text, str(rows)]
    told += [record.getMessage() for record in caplog.records if record.name != "httpx2"]
    told += [prometheus_client.generate_latest().decode()]
    for text in told:
        assert ticket not in text
        assert another not in text
    assert not server_config(api.app, settings).access_log


async def test_buying_and_guessing_are_limited(settings, as_, limits_of_one_minute):
    strict = {"rate_limits": True, "rate_limit_writes": 3, "rate_limit_failures": 3}
    async with (
        serving(settings.model_copy(update=strict)) as api,
        httpx2.AsyncClient(base_url=api.url) as http,
    ):
        for path, method, headers in (
            ("/api/events/tickets", "POST", as_("patient", "ana")),
            (f"{EVENTS}?ticket=guessed", "GET", NOBODY),
        ):
            json = {} if method == "POST" else None
            answers = [
                await http.request(method, path, json=json, headers=headers) for _ in range(4)
            ]
            assert answers[-1].status_code == 429
            assert {answer.status_code for answer in answers[:-1]} <= {201, 401}
