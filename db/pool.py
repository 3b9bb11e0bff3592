"""Connections: one pool per process, and dedicated ones for those that listen or hold a lock."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

SCHEMA = "chairtime"
"""Where all tables, views and functions are; first in each connection's search_path."""

QUEUE = 1.2
"""Seconds that a caller waits for a connection."""

PATIENCE = 1.8
"""Seconds that a caller gives the database in all, the queue included, before it is `unavailable`.
Whoever has a connection has enough left to use it: to give up in mid-query costs the connection,
and the next caller the making of one.
"""

SESSION = {
    "search_path": f"{SCHEMA}, pg_temp",
    "timezone": "'UTC'",
    "jit": "off",
}
POOLED = SESSION | {
    "statement_timeout": "1800",
    "idle_in_transaction_session_timeout": "10000",
}
DEDICATED = SESSION | {
    "idle_in_transaction_session_timeout": "30000",  # who hangs keeps no rows for ever
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
"""What is set on each connection; times in milliseconds, those of keepalives in seconds."""

UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What is raised where Postgres is not there, or not in time; whether a statement took effect is
then unknown.
"""


async def create_pool(dsn: str, size: int) -> Pool:
    """A pool of at most `size` connections, made as needed, so that a process starts without
    Postgres.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        timeout=PATIENCE,
        command_timeout=PATIENCE,
        max_inactive_connection_lifetime=600,  # a new one costs its first caller 30 ms
        init=_prepare_pooled,
        reset=_keep,
        server_settings={"application_name": "chairtime"},
    )


@asynccontextmanager
async def use(pool: Pool) -> AsyncIterator[Connection]:
    """A connection for one command or query, within PATIENCE in all. Raises one of UNAVAILABLE
    otherwise.
    """
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout_at(began + QUEUE) as limit:
        async with pool.acquire() as connection:
            limit.reschedule(began + PATIENCE)
            try:
                yield connection
            except (TimeoutError, asyncio.CancelledError):
                connection.terminate()  # a reset would wait for the server that does not answer
                raise


async def fetch_one(connection: Connection, query: str, *args: object) -> asyncpg.Record:
    """The one row of a query that always has one."""
    row = await connection.fetchrow(query, *args)
    if row is None:
        raise LookupError("the query came back without its row")
    return row


async def connect(dsn: str, name: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection of one's own, for LISTEN or a session lock. `name` shows in pg_stat_activity."""
    connection = await asyncpg.connect(
        dsn,
        timeout=PATIENCE,
        command_timeout=5,
        server_settings={"application_name": f"chairtime {name}"},
    )
    try:
        await _prepare(connection, DEDICATED)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _prepare_pooled(connection: Any) -> None:
    await _prepare(connection, POOLED)


async def _prepare(connection: Any, settings: dict[str, str]) -> None:
    """Sets the session up by statements: session poolers (PgBouncer, Supavisor) refuse or drop
    parameters that are sent when connecting.
    """
    await connection.execute(";".join(f"set {name} = {value}" for name, value in settings.items()))
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )


async def _keep(connection: Any) -> None:
    """Nothing to reset: no session state is ever changed on a pooled connection."""
