"""Leader election by an advisory lock, which lasts as long as the leader's connection."""

from db.pool import Connection

RELAY = 0x63686169_72657631
RECONCILER = 0x63686169_7265636F


async def lead(connection: Connection, lock: int, idle_timeout: float) -> bool:
    """Tries to become the leader. Postgres ends a connection that is idle for `idle_timeout`
    seconds, so that a process that hangs, or whose network does, leads no longer: whoever leads or
    wants to must send a query more often than that.
    """
    leads: bool = await connection.fetchval(
        """
        select pg_try_advisory_lock($1)
          from (select set_config('idle_session_timeout', $2, false)) as first
        """,
        lock,
        str(int(idle_timeout * 1000)),
    )
    return leads


async def resign(connection: Connection, lock: int, channel: str) -> None:
    """Gives the lead away, and notifies those who wait for it on `channel`."""
    await connection.execute("select pg_advisory_unlock($1), pg_notify($2, '')", lock, channel)
