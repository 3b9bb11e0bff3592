"""Whoever is not known is counted by address before anything is done for them, and what they may
have costs little.
"""

import asyncio
import re
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api.auth import security, tokens
from api.events import tickets
from api.http.limits import GUESSES
from api.openapi import document
from db import clinics, migrate
from db import tickets as tickets_db
from tests.realtime.listening import until
from tests.realtime.server import Client, serving
from tests.security.wire import get, request, wire
from tests.support import AMARA, ANA, counting, monday

EVENTS = "/api/events"
FEW = {"rate_limit_failures": 3, "rate_limit_public": 5}
JSON = {"Content_Type": "application/json"}

UNKNOWN_CALLS = {
    "no token": request("GET", "/api/appointments"),
    "not a bearer": request("GET", "/api/appointments", Authorization="Basic YTpi"),
    "two tokens": request("GET", "/api/appointments", Authorization="a\r\nAuthorization: b"),
    "a forged token": request("GET", "/api/appointments", Authorization="Bearer x.y.z"),
    "a ticket where none counts": request("GET", "/api/appointments?ticket=guessed"),
    "a ticket in another method": request("POST", f"{EVENTS}?ticket=guessed"),
    "a guessed ticket": request("GET", f"{EVENTS}?ticket=guessed"),
    "malformed json": request("POST", "/api/appointments", b"{no", Content_Length="3", **JSON),
    "no json": request("POST", "/api/appointments", b"abc", Content_Length="3"),
    "a wrong path": request("GET", "/api/nothing"),
    "a wrong method": request("PATCH", "/api/appointments"),
    "too large": request(
        "POST", "/api/appointments", b"a" * 70_000, Content_Length="70000", **JSON
    ),
}


pytestmark = pytest.mark.usefixtures("limits_of_one_minute")


@pytest.fixture
def settings(settings):
    return settings.model_copy(update=FEW)


@pytest.mark.parametrize("call", UNKNOWN_CALLS)
async def test_every_unauthenticated_request_counts_against_its_address(api, call):
    answers = []
    for _ in range(5):
        async with wire(api.port) as one:
            one.send(UNKNOWN_CALLS[call])
            answer = await one.answer()
            assert answer is not None
            answers.append(answer.status)
    assert 429 not in answers[:3]
    assert set(answers[:3]) <= {400, 401, 404, 405, 413, 422}
    assert answers[3:] == [429, 429]


async def test_a_body_is_not_read_for_an_address_that_is_refused(api):
    for _ in range(3):
        assert (await get(api.port, "/api/appointments")).status == 401
    async with wire(api.port) as slow:
        slow.send(request("POST", "/api/appointments", b"{", Content_Length="100", **JSON))
        answer = await slow.answer()
        assert answer is not None
        assert answer.status == 429


async def test_tokens_and_tickets_are_not_verified_without_end(api, monkeypatch):
    parsed, looked_up = (
        counting(monkeypatch, tokens, "header"),
        counting(monkeypatch, tickets_db, "find"),
    )
    for n in range(GUESSES * 3 + 10):
        await get(api.port, "/api/appointments", Authorization=f"Bearer x.y.{n}")
    assert len(parsed) <= GUESSES * 3
    assert (await get(api.port, f"{EVENTS}?ticket=guessed")).status == 429
    assert not looked_up


@pytest.mark.parametrize(
    "path",
    [
        "/nothing/events?ticket=guessed",
        "/api/nothing/events?ticket=guessed",
        "/api/profiles/dentists/events?ticket=guessed",
        f"{EVENTS}?ticket={'a' * 200}",
        f"{EVENTS}?ticket=guessed&ticket=again",
        f"{EVENTS}?ticket=guessed&unknown=1",
    ],
)
async def test_a_request_with_a_ticket_is_counted_whatever_it_is_refused_for(api, path):
    answers = [(await get(api.port, path)).status for _ in range(7)]
    assert 429 not in answers[:3]
    assert set(answers[:3]) <= {400, 401, 404, 422}
    assert answers[-1] == 429
    assert (await get(api.port, path, "127.0.0.2")).status == answers[0]


@pytest.mark.parametrize(
    ("path", "status"), [("/api/profiles/dentists", 200), ("/api/appointments", 503)]
)
async def test_tokens_that_cannot_be_verified_now_are_counted_as_public_requests(
    settings, path, status
):
    without_keys = settings.model_copy(
        update={"jwt_issuer": "https://issuer.example", "jwks_url": "http://127.0.0.1:1/jwks.json"}
    )
    key = ec.generate_private_key(ec.SECP256R1())
    async with serving(without_keys) as api:
        answers = []
        for n in range(7):
            token = jwt.encode({"sub": str(n)}, key, "ES256", headers={"kid": "unknown"})
            answers.append((await get(api.port, path, Authorization=f"Bearer {token}")).status)
        assert answers == [status] * 5 + [429] * 2
        assert (await get(api.port, "/livez")).status == 200


async def test_who_shares_an_address_with_failures_is_let_in(api, http, as_):
    """Known tokens however many failures there are; new ones until too many were wrong."""
    ana, ben, amara = as_("patient", "ana"), as_("patient", "ben"), as_("dentist", "amara")
    assert (await http.get("/api/profiles/me", headers=ana)).status_code == 200
    for _ in range(10):
        await http.get("/api/appointments")
    assert (await http.get("/api/profiles/me", headers=ben)).status_code == 200
    for n in range(GUESSES * 3):
        await http.get("/api/appointments", headers={"Authorization": f"Bearer x.y.{n}"})
    assert (await http.get("/api/profiles/me", headers=amara)).status_code == 429
    for known in (ana, ben):
        assert (await http.get("/api/profiles/me", headers=known)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/profiles/dentists", f"/api/profiles/dentists/{AMARA}", "/health", "/version"]
)
async def test_what_needs_no_token_is_limited_by_address(api, http, as_, path):
    answers = [(await get(api.port, path)).status for _ in range(7)]
    assert answers == [200] * 5 + [429] * 2
    assert (await get(api.port, path, "127.0.0.2")).status == 200
    assert (await http.get(path, headers=as_("admin"))).status_code == 200


async def test_probes_are_answered_whatever_their_address_has_done(api):
    for _ in range(10):
        await get(api.port, "/api/profiles/dentists")
        await get(api.port, "/api/appointments")
    for _ in range(10):
        assert (await get(api.port, "/livez")).status == 200
        assert (await get(api.port, "/readyz")).status == 200


async def test_a_crowd_without_tokens_takes_no_connection_from_those_who_have_one(
    api, http, monkeypatch
):
    monkeypatch.setattr(api.app.state.limits, "count", _let_in)
    monkeypatch.setattr(api.app.state.app_state.directory, "_seconds", 60)
    read = counting(monkeypatch, clinics, "dentists")
    paths = ["/api/profiles/dentists", f"/api/profiles/dentists/{AMARA}", "/readyz", "/health"]
    for path in paths:
        assert (await http.get(path)).status_code == 200
    async with AsyncExitStack() as used:
        pool = api.app.state.app_state.pool
        for _ in range(pool.get_max_size()):
            await used.enter_async_context(pool.acquire())
        answers = await asyncio.gather(*(http.get(path) for path in paths * 10))
    assert {answer.status_code for answer in answers} == {200}
    assert len(read) == 1


async def test_concurrent_public_requests_share_one_query(api, http, monkeypatch):
    monkeypatch.setattr(api.app.state.limits, "count", _let_in)
    read = counting(monkeypatch, clinics, "dentists")
    async with api.app.state.app_state.pool.acquire() as connection, connection.transaction():
        await connection.execute("lock table dentists in access exclusive mode")
        calls = [asyncio.create_task(http.get("/api/profiles/dentists")) for _ in range(20)]
        await until(lambda: read)
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200}
    assert len(read) == 1


async def test_the_openapi_document_is_written_once(api, monkeypatch):
    written = counting(monkeypatch, document, "to_json")
    documents = {(await get(api.port, "/openapi.json")).body for _ in range(3)}
    assert (len(documents), len(written)) == (1, 1)
    assert b'"openapi":' in documents.pop()


async def _let_in(*_: object) -> None:
    return None


async def test_probes_need_neither_the_pool_nor_a_file(api, monkeypatch):
    monkeypatch.setattr(migrate, "read", lambda *_: pytest.fail("migrations are read at the start"))
    async with AsyncExitStack() as used:
        pool = api.app.state.app_state.pool
        for _ in range(pool.get_max_size()):
            await used.enter_async_context(pool.acquire())
        assert (await get(api.port, "/readyz")).status == 200
        assert b'"database":"ok"' in (await get(api.port, "/health")).body


async def test_a_schema_that_lacks_a_migration_is_not_ready(api, pool):
    await pool.execute(
        "delete from schema_migrations where version = (select max(version) from schema_migrations)"
    )
    answer = await get(api.port, "/readyz")
    assert (answer.status, b"migrations" in answer.body) == (503, True)


@pytest.mark.parametrize(("days", "shown"), [(50, True), (70, False)])
async def test_public_search_is_limited_to_60_days(api, pool, days, shown):
    await pool.execute("update appointment_types set horizon = '400 days'")
    await pool.execute(
        "update weekly_hours set valid_from = $1, valid_to = null",
        (monday(9) + timedelta(days=days - 7)).date(),
    )
    body = (await get(api.port, "/api/profiles/dentists")).body
    assert (b"next_free_at" in body) == shown


async def test_places_for_streams_are_kept_for_staff(settings, as_):
    settings = settings.model_copy(update={"streams": 10})
    async with serving(settings) as api, AsyncExitStack() as ended:
        http = await ended.enter_async_context(httpx2.AsyncClient(base_url=api.url))

        async def opened(role: str, name: str) -> Client:
            client = await Client(http, EVENTS, as_(role, name)).open()
            ended.push_async_callback(client.drop)
            return client

        patients = [await opened("patient", f"patient-{n}") for n in range(8)]
        assert {client.response.status_code for client in patients} == {200}
        full = await http.get(EVENTS, headers=as_("patient", "one-more"))
        assert (full.status_code, full.json()["code"]) == (503, "unavailable")
        for role, name in (("admin", None), ("dentist", "amara")):
            assert (await opened(role, name)).response.status_code == 200
        assert (await http.get(EVENTS, headers=as_("admin"))).status_code == 503
        await patients[0].drop()
        await until(lambda: api.hub.health.streams == 9)
        assert (await opened("patient", "one-more")).response.status_code == 200


@pytest.mark.parametrize(
    ("refused_by", "status"),
    [
        ("another topic", 403),
        ("no topic", 422),
        ("an appointment", 403),
        ("all places taken", 503),
        ("own places taken", 429),
        ("lost rights", 403),
    ],
)
async def test_a_ticket_is_spent_by_the_stream_that_it_opens_and_by_nothing_else(
    api, http, stream, as_, pool, refused_by, status, monkeypatch
):
    ana = as_("patient", "ana")
    bought = await http.post("/api/events/tickets", json={"topics": ["availability"]}, headers=ana)
    shown = f"ticket={bought.json()['ticket']}"
    parts = api.app.state.app_state
    query = ""
    with monkeypatch.context() as for_now:
        match refused_by:
            case "another topic":
                query = "&topics=appointments"
            case "no topic":
                query = "&topics=weather"
            case "all places taken":
                for_now.setattr(
                    parts.settings, "__dict__", parts.settings.__dict__ | {"streams": 0}
                )
            case "own places taken":
                less = parts.settings.__dict__ | {"streams_per_caller": 0}
                for_now.setattr(parts.settings, "__dict__", less)
            case "lost rights":
                for_now.setattr(tickets.context, "check_access", _unwelcome)
        path = f"/api/appointments/{ANA}/events" if refused_by == "an appointment" else EVENTS
        refused = await http.get(f"{path}?{shown}{query}")
        assert refused.status_code == status
    assert (await stream(f"{EVENTS}?{shown}", {})).names() == ["ready"]
    assert (await http.get(f"{EVENTS}?{shown}")).status_code == 401


async def _unwelcome(*_: object) -> None:
    raise security.Problem("forbidden", "Not now.")


@pytest.mark.parametrize(
    "forwarded",
    ["not-an-address-{n}", "300.1.1.{n}", "10.0.0.{n}.example", "::{n}::", "unknown", "", "{n}"],
)
async def test_a_forwarded_address_that_is_none_counts_as_the_proxys(settings, forwarded):
    behind = settings.model_copy(update={"trusted_proxies": ("127.0.0.1",)})
    async with serving(behind) as api:
        answers = []
        for n in range(5):
            named = forwarded.format(n=n)
            answers.append(await get(api.port, "/api/appointments", X_Forwarded_For=named))
        assert [answer.status for answer in answers] == [401] * 3 + [429] * 2
        other = await get(api.port, "/api/appointments", X_Forwarded_For="203.0.113.9")
        assert other.status == 401


async def test_a_proxy_is_trusted_by_its_ipv4_address_on_a_socket_for_ipv6(settings):
    behind = settings.model_copy(
        update={
            "host": "::ffff:127.0.0.1",
            "trusted_proxies": ("127.0.0.1",),
            "connections_per_address": 2,
        }
    )
    async with serving(behind) as api, AsyncExitStack() as opened:
        for _ in range(3):
            await opened.enter_async_context(wire(api.port))
        for n in range(5):
            named = f"203.0.113.{n}"
            answer = await get(api.port, "/api/appointments", X_Forwarded_For=named)
            assert answer.status == 401


async def test_behind_a_proxy_the_forwarded_address_has_its_own_places(settings, as_):
    behind = settings.model_copy(
        update={"trusted_proxies": ("127.0.0.1",), "connections_per_address": 2}
    )
    async with serving(behind) as api, AsyncExitStack() as opened:
        for _ in range(4):  # of the proxy itself, as many as it likes
            await opened.enter_async_context(wire(api.port))
        for name in ("ana", "ben"):
            one = await opened.enter_async_context(wire(api.port))
            mine = {"X_Forwarded_For": "203.0.113.9"}
            one.send(request("GET", EVENTS, **as_("patient", name), **mine))
        await until(lambda: api.hub.health.streams == 2)
        refused = await get(api.port, "/version", X_Forwarded_For="203.0.113.9")
        assert (refused.status, refused.code) == (429, "rate_limited")
        assert re.fullmatch(r"\d+", refused.headers["retry-after"])
        assert (await get(api.port, "/version", X_Forwarded_For="203.0.113.10")).status == 200
