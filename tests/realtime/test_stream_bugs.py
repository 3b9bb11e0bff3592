"""A bug while a stream is open is logged under its request id, without what its text says."""

import asyncio
import logging
from contextlib import suppress

import asyncpg
import httpx2
import pytest

from db.pool import Unavailable, create_pool, use
from db.reconnecting import ReconnectingConnection
from realtime import following
from tests.realtime.conftest import running
from tests.realtime.listening import until
from tests.realtime.proxy import proxy
from tests.realtime.server import Client
from tests.realtime.traffic import wish
from tests.support import hold

SECRET = "Ana Torres, +49 30 1234567"
"""What the text of an error may carry."""

BUGS = [
    KeyError(SECRET),
    TimeoutError(SECRET),
    ConnectionResetError(SECRET),
    asyncpg.CheckViolationError(SECRET),
    asyncpg.InterfaceError(SECRET),
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: type(bug).__name__)
async def test_a_bug_in_an_open_stream_is_logged_under_its_request_id(
    api, http, as_, pool, monkeypatch, caplog, bug
):
    async def fails(*_):
        raise bug

    headers = as_("admin") | {"X-Request-ID": "stream-7"}
    client = await Client(http, "/api/events", headers).open()
    monkeypatch.setattr(following, "_permitted", fails)
    await hold(pool, wish(0))
    await until(lambda: client.ended)
    with pytest.raises(httpx2.RemoteProtocolError):  # cut off, and not ended as if it were complete
        await client.drop()
    [message] = [text for text in logged(caplog) if "returned without" not in text]
    assert "stream-7" in message
    assert type(bug).__name__ in message
    assert "test_stream_bugs.py" in message
    assert SECRET not in caplog.text
    assert api.hub.health.streams == 0


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: type(bug).__name__)
async def test_a_bug_behind_the_streams_is_logged_without_its_text(dsn, caplog, bug):
    async def works(_):
        raise bug

    part = ReconnectingConnection(dsn, "part", works)
    async with running(part):
        await until(lambda: caplog.records)
    assert type(bug).__name__ in caplog.text
    assert SECRET not in caplog.text
    assert isinstance(bug, TimeoutError) or "test_stream_bugs.py" in caplog.text


async def test_a_connection_that_is_lost_is_logged_as_an_outage(dsn, caplog):
    async def works(connection):
        with suppress(asyncpg.PostgresError):
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")
        await connection.execute("select 1")  # which the driver calls a misuse

    async with running(ReconnectingConnection(dsn, "part", works)):
        await until(lambda: caplog.records)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def used_after_its_end(connection, pool, way) -> None:
    """Queries between the last message of an ended session and the end of its stream."""
    await connection.fetchval("select 1")
    way.ended.clear()
    way.ends_pass.clear()
    await pool.execute("select pg_terminate_backend($1)", connection.get_server_pid())
    await way.ended.wait()
    for _ in range(100):
        await asyncio.sleep(0)
    try:
        await connection.fetchval("select 1")
    except asyncpg.InternalClientError:
        asyncio.get_running_loop().call_soon(way.ends_pass.set)
        raise


@pytest.mark.parametrize("grouped", [False, True])
async def test_a_session_that_postgres_ended_is_an_outage_though_its_end_is_late(
    dsn, pool, caplog, grouped
):
    async def works(connection):
        if not grouped:
            await used_after_its_end(connection, pool, way)
        async with asyncio.TaskGroup() as group:
            group.create_task(used_after_its_end(connection, pool, way))

    async with proxy(dsn) as way, running(ReconnectingConnection(way.dsn, "part", works)):
        await until(lambda: caplog.records)
    assert [record.getMessage() for record in caplog.records] == ["part: InternalClientError"]


async def test_a_pooled_session_that_postgres_ended_is_an_outage_though_its_end_is_late(dsn, pool):
    async with proxy(dsn) as way, await create_pool(way.dsn, 1) as proxied:
        with pytest.raises(Unavailable):
            async with use(proxied) as connection:
                await used_after_its_end(connection, pool, way)


async def test_an_outage_in_a_task_group_is_logged_as_an_outage(dsn, caplog):
    async def works(_):
        raise ExceptionGroup(SECRET, [asyncpg.AdminShutdownError(SECRET)])

    async with running(ReconnectingConnection(dsn, "part", works)):
        await until(lambda: caplog.records)
    assert [record.getMessage() for record in caplog.records] == ["part: AdminShutdownError"]


async def test_a_bug_during_an_outage_is_logged_too(dsn, caplog):
    errors = iter([asyncpg.AdminShutdownError(SECRET), KeyError(SECRET)])

    async def works(_):
        raise next(errors, asyncpg.AdminShutdownError(SECRET))

    async with running(ReconnectingConnection(dsn, "part", works)):
        await until(lambda: logged(caplog))
    assert "KeyError" in caplog.text
    assert SECRET not in caplog.text


def logged(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
