"""Rows are remembered, in memory or in Redis, and no process believes one that has changed."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr
from redis import Redis

from api.app import create_app
from api.auth import accounts
from db import account_status
from domain.actors import Actor, Role
from domain.people import AccountStatus
from embedded import ports
from embedded.process import Command, Process, wait_until
from tests import optional
from tests.api.asgi import scope
from tests.realtime.listening import until
from tests.support import ANA, HANG, counting, rewrite

ME, ANAS = "/api/profiles/me", f"/api/profiles/{ANA}"
AS_ANA = Actor(Role.PATIENT, ANA)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    binary = optional.needed("redis-server")
    port, home = ports.any_free(), tmp_path_factory.mktemp("redis")
    argv = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(home)]
    process = Process(Command(argv, {}), home / "redis.log")
    wait_until(lambda: _answers(port), process, 20)
    yield f"redis://127.0.0.1:{port}/0"
    process.stop()


@pytest.fixture
def redis(server: str) -> str:
    """The address of an empty Redis."""
    with Redis.from_url(server) as connection:
        connection.flushall()
    return server


@pytest.fixture(
    params=["memory", pytest.param("redis", marks=pytest.mark.optional("redis-server"))]
)
def cached(request, settings):
    """Settings whose processes remember rows each for itself, or together."""
    if request.param == "memory":
        return settings
    url = request.getfixturevalue("redis")
    return settings.model_copy(update={"cache_url": SecretStr(url)})


@pytest.fixture
async def two(cached, monkeypatch) -> AsyncIterator[tuple[httpx2.AsyncClient, httpx2.AsyncClient]]:
    """Two APIs over one database, whose hubs follow the log."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    async with running(cached) as one, running(cached) as other:
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
        await until(lambda: app.state.parts.hub.health.connected)
        await until(lambda: not app.state.parts.accounts._tasks)  # what a new hub did not hear of
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
    await until(lambda: other.app.state.parts.hub.at.seq >= 1)
    go_on.set()
    await asking
    assert (await other.get(ME, headers=as_("patient", "ana"))).status_code == 403


async def test_when_redis_is_away_rows_are_read_from_postgres(settings, as_, monkeypatch, reads):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    away = SecretStr(f"redis://127.0.0.1:{ports.any_free()}/0")
    async with running(settings.model_copy(update={"cache_url": away})) as api:
        for _ in range(2):
            assert (await api.get(ME, headers=as_("patient", "ana"))).status_code == 200
        await api.put(ANAS, json={"active": False}, headers=as_("admin"))
        assert (await api.get(ME, headers=as_("patient", "ana"))).status_code == 403
    assert reads.count(AS_ANA) == 3


@pytest.mark.optional("redis-server")
async def test_nothing_personal_is_kept_and_nothing_that_runs(redis, settings, as_, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    shared = settings.model_copy(update={"cache_url": SecretStr(redis)})
    async with running(shared) as api:
        await api.put(ME, json={"full_name": "Zyxania"}, headers=as_("patient", "ana"))
        parts = api.app.state.parts
        await until(lambda: parts.hub.at.seq >= 1 and not parts.accounts._tasks)
        await api.get(ME, headers=as_("patient", "ana"))
        raw = parts.accounts._cache
        kept = {key: await raw.get_raw(key) async for key in raw.scan("*")}
    assert f"account_status:{ANA}" in kept
    assert all(bytes(value).isdigit() for value in kept.values())


@pytest.mark.parametrize("role", accounts.ROLES)
@pytest.mark.parametrize("active", [True, False])
def test_what_is_kept_is_what_was_read(role, active):
    status = AccountStatus(role, active)
    assert accounts._unpacked(accounts._packed(status)) == status
    for nonsense in (None, -1, 8, "7", b"7", 1.0):
        assert accounts._unpacked(nonsense) is None


async def test_the_streams_of_who_is_switched_off_end(two, as_, pool):
    one, other = two
    hub = other.app.state.parts.hub
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
        hub = api.app.state.parts.hub
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


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


async def test_newcomers_are_read_once_each_however_many_come_at_once(settings, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    reads = counting(monkeypatch, account_status, "get_or_create")
    crowd = [Actor(Role.PATIENT, uuid4()) for _ in range(40)]
    async with running(settings) as api:
        parts = api.app.state.parts
        start = parts.hub.health.head
        await asyncio.gather(*map(parts.accounts.status, crowd))
        parts.committed()
        await until(lambda: parts.hub.health.head >= start + len(crowd))
        await asyncio.gather(*map(parts.accounts.status, crowd))
    assert len(reads) == len(crowd)
