"""Connections work the same directly and through a session pooler, and their number is bounded."""

import asyncio
import contextlib
import shutil
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from api.app import create_app
from db.pool import UNAVAILABLE, connect, create_pool
from domain.booking import Outcome
from embedded import paths
from settings import DEDICATED_CONNECTIONS
from tests.pooler import pgbouncer
from tests.support import HANG, hold, monday, request

EVERY_POOLER_TAKES = {"user", "database", "client_encoding", "application_name"}
SSL_REQUEST = 80877103


@pytest.fixture
def directory() -> Iterator[Path]:
    path = paths.temporary()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.parametrize("kind", ["pooled", "dedicated"])
async def test_connecting_sends_no_parameter_that_poolers_refuse(kind):
    sent: set[str] = set()

    async def server(reader, writer) -> None:
        while True:
            (length, code) = struct.unpack("!II", await reader.readexactly(8))
            body = await reader.readexactly(length - 8)
            if code != SSL_REQUEST:
                break
            writer.write(b"N")
        words = body.rstrip(b"\0").decode().split("\0")
        sent.update(words[::2])
        writer.close()

    async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        dsn = f"postgresql://someone:secret@127.0.0.1:{port}/chairtime"
        with contextlib.suppress(*UNAVAILABLE):
            if kind == "pooled":
                async with await create_pool(dsn, 1) as pool:
                    await pool.fetchval("select 1")
            else:
                await connect(dsn, "test")
    assert {"user", "database"} <= sent <= EVERY_POOLER_TAKES


@pytest.mark.optional("pgbouncer")
async def test_bookings_and_notifications_work_through_a_session_pooler(postgres, pool, directory):
    database = await pool.fetchval("select current_database()")
    with pgbouncer(postgres, directory, "session") as port:
        dsn = f"postgresql://chairtime@127.0.0.1:{port}/{database}"
        heard = asyncio.Event()
        listener = await connect(dsn, "test")
        await listener.add_listener("realtime", lambda *_: heard.set())
        async with await create_pool(dsn, 2) as pooled:
            result = await hold(pooled, request(monday(9)))
            assert result.outcome is Outcome.DONE
            path = await pooled.fetchval("show search_path")
            assert path == "chairtime, pg_temp"
            await pooled.execute("notify realtime, '1'")
            async with asyncio.timeout(10):
                await heard.wait()
        await listener.close()


async def test_api_process_stays_within_its_connection_limit(settings, dsn, pool, as_, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    owner = SecretStr(dsn)  # who sees what kind of connections its others are
    small = settings.model_copy(update={"database_pool_size": 3, "database_url": owner})
    app = create_app(small)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    seen = []

    async def count() -> None:
        while True:
            seen.append(
                await pool.fetchval(
                    """
                    select count(*) from pg_stat_activity
                     where datname = current_database() and backend_type = 'client backend'
                       and pid <> all($1)
                    """,
                    [pid],
                )
            )
            await asyncio.sleep(0)

    pid = await pool.fetchval("select pg_backend_pid()")
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://chairtime") as client,
    ):
        counting = asyncio.create_task(count())
        get = partial(client.get, "/api/appointments", headers=as_("admin"))
        async with asyncio.timeout(HANG):
            while max(seen, default=0) <= 3:
                await asyncio.gather(*(get() for _ in range(40)))
        for _ in range(5):
            await asyncio.gather(*(get() for _ in range(40)))
        counting.cancel()
    assert 3 < max(seen) <= 3 + DEDICATED_CONNECTIONS
