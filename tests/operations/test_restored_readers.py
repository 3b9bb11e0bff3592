"""Rows are restored from a dump while readers hold cursors from after it: they are told to reload,
and none continues with events that it takes for its own.
"""

import contextlib
from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest

from db import outbox
from db.pool import connect
from tests.operations import backups
from tests.operations.command import chairtime
from tests.realtime.listening import until
from tests.realtime.server import Client, serving
from tests.realtime.test_retention import happen

EVENTS = "/api/events?topics=availability"
LOG = "/api/events/log"


@pytest.fixture(autouse=True)
def without_temporal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")


@contextlib.asynccontextmanager
async def served(settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(settings) as api:
        async with httpx2.AsyncClient(base_url=api.url, timeout=10) as http:
            yield http


async def log_ends_at(dsn: str, head: int) -> None:
    """Commits events until the log has this many."""
    connection = await connect(dsn, "test")
    try:
        now = await connection.fetchval("select head from realtime_epoch")
        await happen(connection, head - now)
        while await connection.fetchval("select head from realtime_epoch") < head:
            await outbox.relay(connection, 500)
    finally:
        await connection.close()


async def epoch_of(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval("select epoch from chairtime.realtime_epoch")
    finally:
        await connection.close()


async def test_reader_from_before_a_restore_reloads_though_the_numbers_have_caught_up(
    postgres, dsn, settings, as_, tmp_path
):
    await log_ends_at(dsn, 3)
    await backups.dump(dsn, tmp_path / "dump")
    before = await epoch_of(dsn)
    async with served(settings) as http:
        reader = await Client(http, EVENTS, as_("admin")).open()
        await log_ends_at(dsn, 8)
        await until(lambda: reader.seqs == [4, 5, 6, 7, 8])
        await reader.drop()
        cursor = reader.last_id
    assert cursor == f"{before}:8"

    await backups.restore(dsn, postgres.superuser_dsn(), tmp_path / "dump")
    assert await epoch_of(dsn) == before  # so that without the command nobody would notice
    _, printed = await chairtime("restored", dsn=dsn)
    assert f"New event epoch {await epoch_of(dsn)}" in printed
    assert await epoch_of(dsn) != before

    await log_ends_at(dsn, 20)
    async with served(settings) as http:
        page = (await http.get(LOG, params={"after": cursor}, headers=as_("admin"))).json()
        assert (page["items"], page["reset"]) == ([], "unknown_cursor")
        again = Client(http, EVENTS, as_("admin"))
        again.last_id = cursor
        await again.open()
        assert again.names()[0] == "reset"
        await log_ends_at(dsn, 22)
        await until(lambda: again.seqs == [21, 22])
        await again.drop()


async def test_open_stream_is_reset_by_the_command(dsn, settings, as_):
    async with served(settings) as http:
        reader = await Client(http, EVENTS, as_("admin")).open()
        await log_ends_at(dsn, 4)
        await until(lambda: reader.seqs == [1, 2, 3, 4])
        await chairtime("restored", dsn=dsn)
        await until(lambda: "reset" in reader.names())
        await log_ends_at(dsn, 6)
        await until(lambda: reader.seqs == [1, 2, 3, 4, 5, 6])
        assert reader.last_id == f"{await epoch_of(dsn)}:6"
        await reader.drop()
