"""Connections: one pool per process, and dedicated ones for those that listen or hold a lock."""

import json
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

ACQUIRE_TIMEOUT = 1.5
"""Seconds that a caller waits for a connection before it is told `unavailable`."""

COMMAND_TIMEOUT = 1.8
"""Seconds that one statement may take on a pooled connection."""

Connection = asyncpg.Connection | PoolConnectionProxy

UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.QueryCanceledError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
)
"""What is raised where Postgres is not there, or not in time; whether a statement took effect is then unknown."""


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )


async def create_pool(dsn: str, size: int) -> asyncpg.Pool:
    """A pool of at most `size` connections; its first one is made on first use, so that a process starts without Postgres."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        timeout=ACQUIRE_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        max_inactive_connection_lifetime=60,
        init=_prepare,
        server_settings={
            "application_name": "chairtime",
            "timezone": "UTC",
            "jit": "off",
            "statement_timeout": "2000",
            "lock_timeout": "1800",
            "idle_in_transaction_session_timeout": "10000",
        },
    )


async def connect(dsn: str, name: str) -> asyncpg.Connection:
    """A connection of one's own, for LISTEN or a session lock. `name` shows in pg_stat_activity."""
    connection = await asyncpg.connect(
        dsn,
        timeout=ACQUIRE_TIMEOUT,
        command_timeout=5,
        server_settings={
            "application_name": f"chairtime {name}",
            "timezone": "UTC",
            "jit": "off",
            "tcp_keepalives_idle": "30",
            "tcp_keepalives_interval": "10",
            "tcp_keepalives_count": "3",
        },
    )
    await _prepare(connection)
    return connection
