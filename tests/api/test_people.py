"""Account status is cached, and no process uses an entry that has changed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2
import pytest

from api.app import create_app
from db import account_status
from domain.actors import Actor, Role
from tests.api.asgi import scope
from tests.realtime.listening import until
from tests.support import ANA, HANG, counting, rewrite

ME, ANAS = "/api/profiles/me", f"/api/profiles/{ANA}"
AS_ANA = Actor(Role.PATIENT, ANA)


@pytest.fixture
async def two(
    settings, monkeypatch
) -> AsyncIterator[tuple[httpx2.AsyncClient, httpx2.AsyncClient]]:
    """Two APIs over one database, whose hubs follow the log."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    async with running(settings) as one, running(settings) as other:
        yield one, other


@asynccontextmanager
async def running(settings) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(settings)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://chairtime") as client,
    ):
        client.app = app
        await until(lambda: app.state.app_state.hub.health.connected)
        await until(
            lambda: not app.state.app_state.accounts._checks
        )  # what a new hub did not hear of
        yield client


@pytest.fixture
def reads(monkeypatch) -> list[Actor]:
    """Whose row was read from Postgres."""
    read: list[Actor] = []
    real = account_status.get_or_create

    async def counted(connection, actor):
        read.append(actor)
        return await real(connection, actor)

    monkeypatch.setattr(account_status, "get_or_create", counted)
    return read


async def test_a_row_is_read_once(two, as_, reads):
    for _ in range(5):
        assert (await two[0].get(ME, headers=as_("patient", "ana"))).status_code == 200
    assert len(reads) == 1


async def test_a_change_is_visible_in_every_process(two, as_):
    one, other = two
    ana, admin = as_("patient", "ana"), as_("admin")
    for active in (False, True) * 5:
        before = 200 if not active else 403
        for api in two:
            assert (await api.get(ME, headers=ana)).status_code == before
        await one.put(ANAS, json={"active": active}, headers=admin)
        changed = time.monotonic()
        assert (await one.get(ME, headers=ana)).status_code != before  # one's own write, at once
        while (await other.get(ME, headers=ana)).status_code == before:
            assert time.monotonic() - changed < HANG
            await asyncio.sleep(0)  # a refusal from memory waits for nothing


async def test_what_was_read_before_a_change_is_not_remembered_after_it(two, as_, monkeypatch):
    """The reader is slow: between its read and its answer the row is switched off and told of."""
    one, other = two
    read, go_on = asyncio.Event(), asyncio.Event()
    real = account_status.get_or_create

    async def slow(connection, actor):
        found = await real(connection, actor)
        if actor == AS_ANA and not go_on.is_set():
            read.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(account_status, "get_or_create", slow)
    asking = asyncio.create_task(other.get(ME, headers=as_("patient", "ana")))
    await read.wait()
    await one.put(ANAS, json={"active": False}, headers=as_("admin"))
    await until(lambda: other.app.state.app_state.hub.at.seq >= 1)
    go_on.set()
    await asking
    assert (await other.get(ME, headers=as_("patient", "ana"))).status_code == 403


async def test_the_streams_of_who_is_switched_off_end(two, as_, pool):
    one, other = two
    hub = other.app.state.app_state.hub
    ends = asyncio.create_task(_stream(other.app, as_("patient", "ana")))
    await until(lambda: hub.health.streams)
    await one.put(ANAS, json={"active": False}, headers=as_("admin"))
    async with asyncio.timeout(5):
        assert b"event: revoked" in await ends


@pytest.mark.parametrize("loss", ["active = false", "role = 'agent'"])
async def test_streams_end_though_the_event_that_took_the_role_was_not_heard(
    settings, as_, pool, loss
):
    """As after a restore, or where the log was cut before it was read."""
    async with running(settings) as api:
        hub = api.app.state.app_state.hub
        ends = asyncio.create_task(_stream(api.app, as_("patient", "ana")))
        stays = asyncio.create_task(_stream(api.app, as_("patient", "ben")))
        await until(lambda: hub.health.streams == 2)
        await rewrite(pool, f"update profiles set {loss} where id = $1", ANA)
        await pool.execute("update realtime_epoch set epoch = 'restored'")
        async with asyncio.timeout(HANG):
            assert b"event: revoked" in await ends
        assert not stays.done()
        stays.cancel()


async def _stream(app, headers) -> bytes:
    """All that a reader gets until the stream ends."""
    body = b""

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        nonlocal body
        body += message.get("body", b"")

    request = httpx2.Request("GET", "http://chairtime/api/events", headers=headers)
    await app(scope(request), receive, send)
    return body


async def test_newcomers_are_read_once_each_however_many_come_at_once(settings, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    reads = counting(monkeypatch, account_status, "get_or_create")
    crowd = [Actor(Role.PATIENT, uuid4()) for _ in range(40)]
    async with running(settings) as api:
        parts = api.app.state.app_state
        start = parts.hub.health.head
        await asyncio.gather(*map(parts.accounts.status, crowd))
        parts.committed()
        await until(lambda: parts.hub.health.head >= start + len(crowd))
        await asyncio.gather(*map(parts.accounts.status, crowd))
    assert len(reads) == len(crowd)
