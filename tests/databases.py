"""A database for each test, copied from TEMPLATE."""

import asyncio
from threading import Thread
from typing import Any
from uuid import uuid4

import asyncpg

from tests.servers import TEMPLATE

CREATE = "create database {} template {} strategy file_copy owner chairtime"
DROP = "drop database {} with (force)"

NEXT_TRANSACTION = "select pg_snapshot_xmax(pg_current_snapshot())::text"
"""The number of the server's next transaction that writes: it stays while nobody writes."""

END_SESSIONS = """
    select count(*) filter (where not pg_terminate_backend(pid, 5000))
      from pg_stat_activity where datname = $1
"""
"""Waits for each to end; how many have not."""


class Databases:
    """Creates and drops databases over one connection, in a thread of its own, as the event loops
    of tests end with them. A database that nobody has written to is given to the next test.
    """

    def __init__(self, superuser_dsn: str) -> None:
        self._dsn = superuser_dsn
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="databases", daemon=True)
        self._thread.start()
        self._connection: Any = self._wait(asyncpg.connect(superuser_dsn))
        self._unchanged: tuple[str, str] | None = None
        """The last database, and the next transaction when it was made."""
        self._made: dict[str, str] = {}

    def take(self) -> str:
        """The name of a database that is as TEMPLATE."""
        if self._unchanged is not None:
            name, self._made[name] = self._unchanged
            self._unchanged = None
            return name
        name = f"test_{uuid4().hex[:12]}"
        self._execute(CREATE.format(name, TEMPLATE))
        self._made[name] = self._fetch(NEXT_TRANSACTION)
        return name

    def give_back(self, name: str) -> None:
        made = self._made.pop(name)
        if self._unchanged is None and self._is_unchanged(name, made):
            self._unchanged = name, made
        else:
            self._execute(DROP.format(name))

    def close(self) -> None:
        if self._unchanged is not None:
            self._execute(DROP.format(self._unchanged[0]))
        self._wait(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _is_unchanged(self, name: str, made: str) -> bool:
        return self._fetch(END_SESSIONS, name) == 0 and self._fetch(NEXT_TRANSACTION) == made

    def _execute(self, sql: str) -> None:
        self._wait(self._connection.execute(sql))

    def _fetch(self, sql: str, *arguments: object) -> Any:
        return self._wait(self._connection.fetchval(sql, *arguments))

    def _wait(self, asked: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(_awaited(asked), self._loop).result()


async def _awaited(asked: Any) -> Any:
    return await asked
