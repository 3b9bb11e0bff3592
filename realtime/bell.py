"""The doorbell: tells the relay's leader, wherever it is, that there is something in the outbox."""

import asyncio
import contextlib
import logging

from db import outbox
from db.pool import Pool, use

REST = 0.002
"""Seconds between two rings: what is rung for meanwhile is rung for at once."""

logger = logging.getLogger(__name__)


class Bell:
    """Rings outside of any business transaction, which it would serialise. A ring may get lost:
    the relay looks by itself every second.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._mute = False

    async def start(self) -> None:
        self._task = asyncio.create_task(self._loop(), name="bell")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def ring(self) -> None:
        """To be called after a commit. Returns at once and never fails."""
        self._rung.set()

    async def _loop(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            await self._notify()
            await asyncio.sleep(REST)

    async def _notify(self) -> None:
        try:
            async with use(self._pool) as connection:
                await outbox.ring(connection)
        except Exception as error:
            if not self._mute:
                logger.warning("bell: %s: %s", type(error).__name__, error)
            self._mute = True
        else:
            self._mute = False
