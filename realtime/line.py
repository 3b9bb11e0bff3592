"""A line of one's own to Postgres, for who listens or holds a lock as long as the process lives."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import asyncpg

from db.pool import connect

SILENCE = 1.0
"""Seconds after which a connection that does not answer is given up."""

LONGEST_SILENCE = 8.0
"""The same for work that was given up again and again, as Postgres is slow rather than away."""

BREATH = 0.003
"""Seconds between two looks: what happens meanwhile is looked at together, not once per commit."""

BACK_OFF = (0.05, 2.0)
"""Seconds before connecting again: the first pause, and the longest."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

logger = logging.getLogger(__name__)


class Line:
    """Runs `work` on a connection, and again on a new one whenever it fails, until stopped."""

    def __init__(self, dsn: str, name: str, work: Callable[[Connection], Awaitable[None]]) -> None:
        self.error: str | None = None
        """Why there is no connection; null once `work` called `well`."""
        self.stopping = False
        self._dsn = dsn
        self._name = name
        self._work = work
        self._patience = SILENCE
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.stopping = False
        self._task = asyncio.create_task(self._loop(), name=self._name)

    async def stop(self, grace: float = 0) -> None:
        """Tells `work`, which has that many seconds to end by itself; then the connection is
        dropped, and with it its locks.
        """
        self.stopping = True
        self.wake()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=grace)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self, *_: Any) -> None:
        """Ends a rest, the present or the next one. Takes whatever a listener is called with."""
        self._woken.set()

    async def rest(self, seconds: float) -> None:
        """Returns when woken, or after that time; never within BREATH."""
        await asyncio.sleep(BREATH)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    def answering(self) -> asyncio.Timeout:
        """The bound within which Postgres must answer, for each of the questions of `work`. It
        doubles with each session that came to nothing.
        """
        return asyncio.timeout(self._patience)

    def well(self) -> None:
        """To be called by `work` each time that the connection has answered."""
        self.error, self._patience = None, SILENCE

    async def _loop(self) -> None:
        pause, longest = BACK_OFF
        while not self.stopping:
            try:
                await self._session()
            except Exception as error:
                if self.error is None:
                    pause = BACK_OFF[0]
                    logger.warning("%s: %s: %s", self._name, type(error).__name__, error)
                self.error = type(error).__name__
                self._patience = min(self._patience * 2, LONGEST_SILENCE)
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, longest)

    async def _session(self) -> None:
        connection = await connect(self._dsn, self._name)
        try:
            connection.add_termination_listener(self.wake)
            await self._work(connection)
        finally:
            connection.terminate()
