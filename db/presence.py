"""Which workers are there: each keeps one named connection, which ends when it does."""

import asyncio
import contextlib
import logging

from db.pool import UNAVAILABLE, Connection, connect

WORKER = "worker"

BEAT = 5.0
"""Seconds between two signs of life, and until the next attempt after a lost connection."""

log = logging.getLogger(__name__)


class Presence:
    """Shows that this worker is there, for as long as it is; survives Postgres' absence."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._loop(), name="presence")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1)

    async def _loop(self) -> None:
        while True:
            try:
                await self._show()
            except UNAVAILABLE as error:
                log.debug("presence: %r", error)
            await asyncio.sleep(BEAT)

    async def _show(self) -> None:
        connection = await connect(self._dsn, WORKER)
        try:
            while True:
                await connection.execute("select 1")
                await asyncio.sleep(BEAT)
        finally:
            with contextlib.suppress(*UNAVAILABLE):
                connection.terminate()


async def workers(connection: Connection) -> int:
    """How many workers are connected to this database."""
    count: int = await connection.fetchval(
        """
        select count(*) from pg_stat_activity
         where datname = current_database() and application_name = $1
        """,
        f"chairtime {WORKER}",
    )
    return count
