"""A dedicated connection to Postgres, for LISTEN or a session lock, that reconnects when it is
lost.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import asyncpg

from db.pool import OUTAGES, UNAVAILABLE, Unavailable, connect
from db.tracebacks import without_texts

QUERY_TIMEOUT = 1.0
"""Seconds after which a query counts as failed, and the connection is closed."""

LONGEST_QUERY_TIMEOUT = 8.0
"""The limit that QUERY_TIMEOUT grows to when sessions fail in a row, in case Postgres
is only slow.
"""

DEBOUNCE = 0.003
"""Shortest time in seconds between two rounds of work, so that one round handles
several commits.
"""

BACK_OFF = (0.05, 2.0)
"""Seconds before reconnecting: the first pause and the longest."""

DedicatedConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

logger = logging.getLogger(__name__)


class ReconnectingConnection:
    """Runs `work` on a connection, and starts it again on a new one when it fails,
    until stopped.
    """

    def __init__(
        self,
        dsn: str,
        name: str,
        work: Callable[[DedicatedConnection], Awaitable[None]],
        *,
        debounce: float = DEBOUNCE,
    ) -> None:
        self.error: str | None = None
        """The name of the exception that ended the last session. Null once `work` calls `healthy`.
        """
        self.stopping = False
        self._dsn = dsn
        self._name = name
        self._work = work
        self._debounce = debounce
        self._query_timeout = QUERY_TIMEOUT
        self._lost = False
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts without waiting for Postgres; connects as soon as it is available."""
        self.stopping = False
        self._task = asyncio.create_task(self._loop(), name=self._name)

    async def stop(self, drain: float = 0) -> None:
        """Asks `work` to end, waits up to `drain` seconds, and closes the connection, which
        releases its locks.
        """
        self.stopping = True
        self.wake()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=drain)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self, *_: Any) -> None:
        """Ends the current or the next `wait`. Accepts the arguments of a listener."""
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Returns when woken, or after `seconds`; never before the debounce time."""
        await asyncio.sleep(self._debounce)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    def query_timeout(self) -> asyncio.Timeout:
        """The time-out for each query of `work`. It doubles with each session that fails before it
        is healthy.
        """
        return asyncio.timeout(self._query_timeout)

    def healthy(self) -> None:
        """To be called by `work` after each successful round: resets error and time-out."""
        self.error, self._query_timeout = None, QUERY_TIMEOUT

    async def _loop(self) -> None:
        pause, longest = BACK_OFF
        while not self.stopping:
            try:
                await self._session()
            except Exception as error:
                if self.error is None:
                    pause = BACK_OFF[0]
                self._report(error)
                self.error = type(error).__name__
                self._query_timeout = min(self._query_timeout * 2, LONGEST_QUERY_TIMEOUT)
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, longest)

    def _report(self, error: Exception) -> None:
        """Logs an outage once by its name, other errors with a traceback, unless the session before
        ended in the same way. Error messages are left out: the driver's may contain a row.
        """
        outages, bugs = _classify(error, self._lost)
        if bugs and self.error != type(error).__name__:
            logger.error("%s failed: %s", self._name, "\n".join(bugs))
        elif not bugs and self.error is None:
            logger.warning("%s: %s", self._name, ", ".join(outages))

    async def _session(self) -> None:
        self._lost = True
        connection = await connect(self._dsn, self._name)
        try:
            connection.add_termination_listener(self.wake)
            await self._work(connection)
        finally:
            self._lost = connection.is_closed()
            connection.terminate()


def _classify(error: BaseException, lost: bool) -> tuple[list[str], list[str]]:
    """The names of the outages in an error, which may be a task group's, and the tracebacks of all
    other errors. Errors of the system and the driver are an outage only if the connection is
    `lost`.
    """
    if isinstance(error, BaseExceptionGroup):
        parts = [_classify(each, lost) for each in error.exceptions]
        return [n for names, _ in parts for n in names], [t for _, texts in parts for t in texts]
    if isinstance(error, UNAVAILABLE if lost else (Unavailable, TimeoutError, *OUTAGES)):
        return [type(error).__name__], []
    return [], [without_texts(error)]
