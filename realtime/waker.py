"""Notifies the relay's leader, in any process, that there are events in the outbox."""

import asyncio
import contextlib
import logging

from db import outbox
from db.pool import Pool, Unavailable, use
from db.tracebacks import without_texts

COALESCE = 0.002
"""Shortest time in seconds between two notifications; one covers all changes in between."""

logger = logging.getLogger(__name__)


class RelayWaker:
    """Sends notifications outside of business transactions, whose commits NOTIFY would serialise. A
    lost notification only causes a delay, as the relay polls too.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    async def start(self) -> None:
        self._task = asyncio.create_task(self._loop(), name="relay waker")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """To be called after a commit. Returns at once and never fails."""
        self._wanted.set()

    async def _loop(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._notify()
            await asyncio.sleep(COALESCE)

    async def _notify(self) -> None:
        try:
            async with use(self._pool) as connection:
                await outbox.wake_relay(connection)
        except Unavailable:
            pass  # db/pool.py has logged it
        except Exception as error:
            if not self._failing:
                logger.warning("relay waker: %s", without_texts(error))
            self._failing = True
        else:
            self._failing = False
