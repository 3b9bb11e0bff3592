"""Samples the database for the metrics, in every process, so that each shows what it sees."""

import asyncio
import contextlib
import logging
from functools import partial

from db import events, heartbeat, inbox, metrics, outbox
from db.pool import Connection, Pool, Unavailable, use
from db.tracebacks import without_texts

EVERY = 5.0
"""Seconds between two samples."""

log = logging.getLogger(__name__)


class Sampler:
    """Reads backlogs and counts every EVERY seconds. During an outage the gauges keep their last
    values, and `chairtime_database_up` is 0.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._task: asyncio.Task[None] | None = None
        metrics.POOL_LIMIT.set_function(pool.get_max_size)
        idle = metrics.POOL_CONNECTIONS.labels("idle")
        idle.set_function(pool.get_idle_size)
        metrics.POOL_CONNECTIONS.labels("used").set_function(partial(_used, pool))

    async def start(self) -> None:
        self._task = asyncio.create_task(self._loop(), name="sampler")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _loop(self) -> None:
        while True:
            try:
                async with use(self._pool) as connection:
                    await sample(connection)
                metrics.UP.set(1)
            except Unavailable:
                metrics.UP.set(0)
            except Exception as error:  # metrics must not end with a bug
                metrics.UP.set(0)
                log.error("sampling the database failed: %s", without_texts(error))
            await asyncio.sleep(EVERY)


async def sample(connection: Connection) -> None:
    """Sets the gauges of db/metrics.py."""
    waiting = await inbox.backlog(connection)
    metrics.INBOX.set(waiting.depth)
    metrics.INBOX_OLDEST.set(waiting.oldest_seconds)
    metrics.INBOX_ATTEMPTS.set(waiting.attempts)
    unnumbered = await outbox.backlog(connection)
    metrics.OUTBOX.set(unnumbered.depth)
    metrics.OUTBOX_OLDEST.set(unnumbered.oldest_seconds)
    metrics.LOG_HEAD.set((await events.position(connection)).head)
    metrics.WORKERS.set(await heartbeat.workers(connection))
    metrics.HOLDS_OPEN.set(await _holds_open(connection))


async def _holds_open(connection: Connection) -> int:
    count: int = await connection.fetchval(
        """
        select count(*) from appointments
         where status = 'held' and hold_expires_at > clock_timestamp()
        """
    )
    return count


def _used(pool: Pool) -> int:
    return pool.get_size() - pool.get_idle_size()
