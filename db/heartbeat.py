"""Worker heartbeats: each worker process updates its row while it runs."""

import asyncio
import contextlib
import logging
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from db.pool import Connection, Pool, Unavailable, use
from db.tracebacks import without_texts

HEARTBEAT_INTERVAL = 5.0
"""Seconds between two heartbeats, and before the next attempt after a failed one."""

HEARTBEAT_TIMEOUT = 15.0
"""Seconds without a heartbeat after which a worker counts as gone."""

log = logging.getLogger(__name__)


class Heartbeat:
    """Sends heartbeats until it is stopped; retries while Postgres is unavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._worker_id = uuid7()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._loop(), name="heartbeat")

    async def stop(self) -> None:
        """Stops sending, and deletes the row, so that the worker counts as gone at once."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1)
            with contextlib.suppress(Unavailable, asyncpg.PostgresError):
                async with use(self._pool) as connection:
                    await remove(connection, self._worker_id)

    async def _loop(self) -> None:
        while True:
            try:
                async with use(self._pool) as connection:
                    await beat(connection, self._worker_id)
            except Unavailable as error:
                log.debug("heartbeat: %s", error)
            except (
                Exception
            ) as error:  # keep going: without heartbeats a running worker counts as gone
                log.error("heartbeat: %s", without_texts(error))
            await asyncio.sleep(HEARTBEAT_INTERVAL)


async def beat(connection: Connection, worker_id: UUID) -> None:
    """Updates this worker's heartbeat, and deletes rows of workers killed more than an hour ago."""
    await connection.execute(
        """
        with killed as (
            select worker_id from worker_heartbeats
             where beat_at < clock_timestamp() - interval '1 hour' for update skip locked
        ), cleared as (
            delete from worker_heartbeats where worker_id in (select worker_id from killed)
        )
        insert into worker_heartbeats (worker_id) values ($1)
            on conflict (worker_id) do update set beat_at = clock_timestamp()
        """,
        worker_id,
    )


async def remove(connection: Connection, worker_id: UUID) -> None:
    """Deletes the row of a worker that has stopped."""
    await connection.execute("delete from worker_heartbeats where worker_id = $1", worker_id)


async def workers(connection: Connection) -> int:
    """How many workers have sent a heartbeat within HEARTBEAT_TIMEOUT."""
    count: int = await connection.fetchval(
        """
        select count(*) from worker_heartbeats
         where beat_at > clock_timestamp() - make_interval(secs => $1)
        """,
        HEARTBEAT_TIMEOUT,
    )
    return count
