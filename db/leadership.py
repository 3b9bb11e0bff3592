"""Leader election by an advisory lock, which lasts as long as the leader's connection."""

from db.pool import Connection

TRANSACTION_TIMEOUT = 9.0
"""Seconds; longer than any query of a leader may take. While the driver prepares a query, the
session is in a transaction, so `idle_session_timeout` would not end it. For Postgres 17 and later;
before, such a leader stays until TCP finds that its network is gone.
"""

RELAY = 0x63686169_72657631
RECONCILER = 0x63686169_7265636F
WEBHOOKS = 0x63686169_77656268


async def lead(connection: Connection, lock: int, idle_timeout: float) -> bool:
    """Tries to become the leader. Postgres closes a connection that is idle for `idle_timeout`
    seconds, so that a process that hangs or loses its network also loses the lead. Leaders and
    followers must therefore send queries more often than that.
    """
    leads: bool = await connection.fetchval(
        """
        select pg_try_advisory_lock($1)
          from (select set_config('idle_session_timeout', $2, false),
                       case when current_setting('server_version_num')::int >= 170000
                            then set_config('transaction_timeout', $3, false) end) as first
        """,
        lock,
        str(int(idle_timeout * 1000)),
        str(int(TRANSACTION_TIMEOUT * 1000)),
    )
    return leads


async def resign(connection: Connection, lock: int, channel: str) -> None:
    """Gives up the lead, and notifies followers on `channel`."""
    await connection.execute("select pg_advisory_unlock($1), pg_notify($2, '')", lock, channel)
