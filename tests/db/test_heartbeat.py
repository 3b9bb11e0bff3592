"""Which workers run is told by their heartbeats, whatever their connections are called."""

from datetime import timedelta
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from db import heartbeat
from db.heartbeat import HEARTBEAT_INTERVAL, HEARTBEAT_TIMEOUT, Heartbeat
from tests.workflows.heard import eventually

CHECKOUT = Path(__file__).resolve().parents[2]


async def age(pool, seconds: float) -> None:
    await pool.execute(
        "update worker_heartbeats set beat_at = beat_at - $1::interval", timedelta(seconds=seconds)
    )


async def workers(pool) -> int:
    async with pool.acquire() as connection:
        return await heartbeat.workers(connection)


async def counted(pool, number: int) -> None:
    async def so() -> bool:
        return await workers(pool) == number

    await eventually(so)


async def test_each_running_worker_is_counted_and_a_stopped_one_is_not(pool):
    one, other = Heartbeat(pool), Heartbeat(pool)
    await one.start()
    await other.start()
    await counted(pool, 2)
    await one.stop()
    assert await workers(pool) == 1
    await other.stop()
    assert await workers(pool) == 0


@pytest.mark.parametrize(
    ("seconds", "number"),
    [(HEARTBEAT_INTERVAL, 1), (HEARTBEAT_TIMEOUT - 1, 1), (HEARTBEAT_TIMEOUT, 0)],
)
async def test_worker_without_heartbeat_counts_as_gone_after_the_silence(pool, seconds, number):
    async with pool.acquire() as connection:
        await heartbeat.beat(connection, uuid7())
    await age(pool, seconds)
    assert await workers(pool) == number


async def test_heartbeat_returns_after_its_row_was_lost(pool, monkeypatch):
    monkeypatch.setattr(heartbeat, "HEARTBEAT_INTERVAL", 0.01)
    running = Heartbeat(pool)
    await running.start()
    await counted(pool, 1)
    await pool.execute("truncate worker_heartbeats")
    await counted(pool, 1)
    await running.stop()


async def test_rows_of_killed_workers_are_deleted(pool):
    async with pool.acquire() as connection:
        for _ in range(3):
            await heartbeat.beat(connection, uuid7())
        await age(pool, 3601)
        await heartbeat.beat(connection, uuid7())
    assert await pool.fetchval("select count(*) from worker_heartbeats") == 1


def test_nothing_reads_application_name():
    """Poolers rename connections: the name is there for people who look at pg_stat_activity."""
    readers = [
        str(path.relative_to(CHECKOUT))
        for folder in ("activities", "api", "db", "embedded", "migrations", "realtime", "workflows")
        for path in (CHECKOUT / folder).rglob("*.*")
        if path.suffix in {".py", ".sql"} and "application_name" in path.read_text()
    ]
    assert readers == ["db/pool.py"]  # which sets it


async def test_heartbeat_goes_on_after_a_bug_which_is_logged_without_its_text(
    pool, monkeypatch, caplog
):
    bugs = [KeyError("Ana Torres")]

    async def beats(connection, worker_id):
        if bugs:
            raise bugs.pop()
        await beat(connection, worker_id)

    beat = heartbeat.beat
    monkeypatch.setattr(heartbeat, "HEARTBEAT_INTERVAL", 0.01)
    monkeypatch.setattr(heartbeat, "beat", beats)
    running = Heartbeat(pool)
    await running.start()
    await counted(pool, 1)
    await running.stop()
    assert "KeyError" in caplog.text
    assert "Ana" not in caplog.text
