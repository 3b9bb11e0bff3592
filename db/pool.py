"""Connections: one pool per process, and dedicated ones for LISTEN and session locks."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from db import metrics
from db.builtin_types import CachingConnection
from db.outages import OutageLog

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

SCHEMA = "chairtime"
"""The schema of all tables, views and functions; first in each connection's search_path."""

ACQUIRE_TIMEOUT = 1.2
"""Seconds that a caller waits for a pooled connection."""

QUERY_TIMEOUT = 1.8
"""Seconds for acquiring a connection and using it, before the database counts as unavailable. It is
longer than ACQUIRE_TIMEOUT, so that time is left for the query: a query that is given up costs its
connection, and the next caller has to open a new one.
"""

CLOSE_TIMEOUT = 2.0
"""Seconds for the connections of a pool to end what they do."""

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
    "idle_in_transaction_session_timeout": "30000",  # a hung process must not keep row locks
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
"""Settings of each connection; times in milliseconds, those of keepalives in seconds."""

OUTAGES = (
    asyncpg.PostgresConnectionError,  # class 08, and connections that break
    asyncpg.InsufficientResourcesError,  # 53: no memory, disk or connection left
    asyncpg.OperatorInterventionError,  # 57: shut down, starting up, or the statement took too long
    asyncpg.PostgresSystemError,  # 58
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a replica, until it has taken over
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,  # these two after the last retry
)
"""Errors of a Postgres that cannot serve now. Any other error of Postgres is our bug."""

MISUSE = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Errors of the driver, both for a lost connection and for wrong use."""


OUTAGE = OutageLog(logging.getLogger(__name__), "the database is unavailable")


class Unavailable(Exception):
    """The database is unreachable or too slow; whether a statement took effect is unknown."""


UNAVAILABLE = (Unavailable, OSError, TimeoutError, *OUTAGES, *MISUSE)
"""Errors of a dedicated connection (`connect`) if Postgres is unreachable or too slow. `use` raises
Unavailable instead.
"""


async def create_pool(dsn: str, size: int) -> Pool:
    """A pool of at most `size` connections. They are opened on demand, so that a process can start
    without Postgres.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        timeout=QUERY_TIMEOUT,
        command_timeout=2 * QUERY_TIMEOUT,  # longer than the limit of `use`, which applies first
        max_inactive_connection_lifetime=600,  # opening one takes 30 ms
        connection_class=CachingConnection,
        init=_prepare_pooled,
        reset=_skip_reset,
        server_settings={"application_name": "chairtime"},
    )


async def close(pool: Pool) -> None:
    """Closes it; connections that Postgres does not close in time are dropped."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await pool.close()


@asynccontextmanager
async def use(pool: Pool) -> AsyncIterator[Connection]:
    """A pooled connection for one command or query, for QUERY_TIMEOUT seconds in total. Raises
    Unavailable if Postgres is unreachable or too slow, which is logged here; other errors in the
    block pass through.
    """
    began = asyncio.get_running_loop().time()
    try:
        async with deadline(began + ACQUIRE_TIMEOUT) as limit, _acquired(pool) as connection:
            limit.reschedule(began + QUERY_TIMEOUT)
            try:
                yield connection
            except (TimeoutError, asyncio.CancelledError):
                if not _lost(connection):
                    connection.terminate()  # a reset would wait for a server that may hang
                raise
            except MISUSE as error:
                if _lost(connection):
                    raise Unavailable(type(error).__name__) from error
                raise
    except OUTAGES as error:
        OUTAGE.failed(type(error).__name__)
        raise Unavailable(type(error).__name__) from error
    except Unavailable as error:
        OUTAGE.failed(str(error))
        raise
    OUTAGE.worked()


@asynccontextmanager
async def deadline(at: float) -> AsyncIterator[asyncio.Timeout]:
    """Raises Unavailable if the block is not done at this time of the event loop. A TimeoutError
    that the block raises itself passes through.
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
    """The row of a query that always returns exactly one."""
    row = await connection.fetchrow(query, *args)
    if row is None:
        raise LookupError("the query returned no row")
    return row


async def connect(dsn: str, name: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A dedicated connection, for LISTEN or a session lock. `name` shows in pg_stat_activity."""
    connection = await asyncpg.connect(
        dsn,
        timeout=QUERY_TIMEOUT,
        command_timeout=5,
        connection_class=CachingConnection,
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
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        connection = await pool.acquire()
    except (OSError, TimeoutError) as error:
        raise Unavailable(type(error).__name__) from error
    except asyncio.CancelledError:
        if clock() - began >= ACQUIRE_TIMEOUT:
            metrics.POOL_TIMEOUTS.inc()
        raise
    finally:
        metrics.POOL_WAIT.observe(clock() - began)
    try:
        yield connection
    finally:
        await pool.release(connection)


def _lost(connection: Any) -> bool:
    """Whether a connection in use has been closed. The pool takes a closed one back at once, and
    the driver then raises as if it had been released.
    """
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


async def _prepare_pooled(connection: Any) -> None:
    await _prepare(connection, POOLED)


async def _prepare(connection: Any, settings: dict[str, str]) -> None:
    """Sets session parameters by statements: session poolers (PgBouncer, Supavisor) refuse or drop
    parameters in the startup message.
    """
    await connection.execute(";".join(f"set {name} = {value}" for name, value in settings.items()))
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )


async def _skip_reset(connection: Any) -> None:
    """Does nothing: no session state is ever changed on a pooled connection."""
