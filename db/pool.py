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

OUTAGES = (
    asyncpg.PostgresConnectionError,  # class 08, and connections that break
    asyncpg.InsufficientResourcesError,  # 53: no memory, disk or connection left
    asyncpg.OperatorInterventionError,  # 57: shut down, starting up, or the statement took too long
    asyncpg.PostgresSystemError,  # 58
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a replica, until it has taken over
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,  # these two after all repeats
)
"""What Postgres says when it cannot serve now. Everything else that it says is a bug of ours."""

MISUSE = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver says of a connection that is lost, and of a caller who misuses it."""


class Unavailable(Exception):
    """The database is not there, or not in time; whether a statement took effect is unknown."""


UNAVAILABLE = (Unavailable, OSError, TimeoutError, *OUTAGES, *MISUSE)
"""What a connection of one's own (`connect`) raises where Postgres is not there, or not in time.
`use` raises Unavailable instead.
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
        command_timeout=2 * PATIENCE,  # the limit of `use` comes first
        max_inactive_connection_lifetime=600,  # a new one costs its first caller 30 ms
        init=_prepare_pooled,
        reset=_keep,
        server_settings={"application_name": "chairtime"},
    )


@asynccontextmanager
async def use(pool: Pool) -> AsyncIterator[Connection]:
    """A connection for one command or query, within PATIENCE in all. Raises Unavailable where
    Postgres is not there or not in time; whatever else happens in the block is not touched.
    """
    began = asyncio.get_running_loop().time()
    try:
        async with deadline(began + QUEUE) as limit, _acquired(pool) as connection:
            limit.reschedule(began + PATIENCE)
            try:
                yield connection
            except (TimeoutError, asyncio.CancelledError):
                if not _lost(connection):
                    connection.terminate()  # a reset would wait for the server, which may hang
                raise
            except MISUSE as error:
                if _lost(connection):
                    raise Unavailable(type(error).__name__) from error
                raise
    except OUTAGES as error:
        raise Unavailable(type(error).__name__) from error


@asynccontextmanager
async def deadline(at: float) -> AsyncIterator[asyncio.Timeout]:
    """Raises Unavailable in a block that waits for the database beyond this time of the loop; a
    TimeoutError of the block's own is not touched.
    """
    limit = asyncio.timeout_at(at)
    try:
        async with limit:
            yield limit
    except TimeoutError as error:
        if limit.expired():
            raise Unavailable(type(error).__name__) from error
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


@asynccontextmanager
async def _acquired(pool: Pool) -> AsyncIterator[Connection]:
    try:
        connection = await pool.acquire()
    except (OSError, TimeoutError) as error:
        raise Unavailable(type(error).__name__) from error
    try:
        yield connection
    finally:
        await pool.release(connection)


def _lost(connection: Any) -> bool:
    """Whether a connection that is in use is closed; the pool takes it back at that moment, and
    the driver then answers as if it had been released.
    """
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


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
