"""Maintenance by the relay's leader: creates and drops partitions of the log, and vacuums the
outbox.
"""

import asyncio
import logging
from datetime import timedelta

import asyncpg

from db import outbox
from db.reconnecting import DedicatedConnection
from db.tracebacks import without_texts

AHEAD = 1000
"""Sequence numbers ahead for which partitions exist; a batch without one creates it."""

PERIOD = 60.0
"""Seconds between two checks of the partitions."""

VACUUM_AFTER = 10_000
"""Number of moved events after which the outbox is vacuumed, which takes a few milliseconds."""

logger = logging.getLogger(__name__)


class Upkeep:
    """Lives as long as the leader's connection. Errors of Postgres are logged and retried later;
    the relay continues.
    """

    def __init__(self, connection: DedicatedConnection, keep: timedelta) -> None:
        self._connection = connection
        self._keep = keep
        self._checked_at = float("-inf")
        self._moved = 0

    async def after(self, moved: int) -> None:
        """To be called after each round of the relay, with the number of events it moved."""
        self._moved += moved
        try:
            await self._roll_partitions()
            await self._vacuum()
        except asyncpg.PostgresError as error:
            logger.warning("upkeep: %s", without_texts(error))

    async def _roll_partitions(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._checked_at < PERIOD:
            return
        self._checked_at = now
        if dropped := await outbox.roll(self._connection, AHEAD, self._keep):
            logger.info("upkeep: partitions dropped: %d", dropped)

    async def _vacuum(self) -> None:
        if self._moved >= VACUUM_AFTER:
            self._moved = 0
            await outbox.vacuum(self._connection)
