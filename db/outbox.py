"""The outbox of events; the relay's leader moves it into the event log."""

from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from db.pool import Connection, fetch_one


@dataclass(frozen=True, slots=True)
class Backlog:
    """Committed events that are not yet in the log."""

    depth: int
    """Exact up to 10,000; counting stops there."""
    oldest_seconds: float
    """Age of the oldest; 0 if there is none."""


async def wake_relay(connection: Connection) -> None:
    """Wakes the relay's leader in any process. The commit is asynchronous, as a lost notification
    only delays until the next poll.
    """
    await connection.execute(
        "select set_config('synchronous_commit', 'off', true), pg_notify('outbox', '')"
    )


async def become_relay(connection: Connection) -> None:
    """Takes the role chairtime_relay, if this login may: only it can move events into the log. The
    owner of the tables needs no role.
    """
    await connection.execute(
        """
        select set_config('role', r.rolname, false) from pg_roles r
         where r.rolname = 'chairtime_relay' and pg_has_role(r.oid, 'member')
           and has_schema_privilege(r.oid, 'chairtime', 'usage')
        """
    )


async def relay(connection: Connection, limit: int) -> int:
    """Moves up to `limit` committed events into the log, oldest first; returns how many."""
    moved: int = await connection.fetchval("select relay_batch($1)", limit)
    return moved


async def roll(connection: Connection, ahead: int, keep: timedelta) -> int:
    """Creates log partitions for the next `ahead` sequence numbers, and drops partitions whose
    events are all older than `keep`. Returns how many were dropped.
    """
    dropped: int = await connection.fetchval(
        "select realtime_roll(p_ahead => $1, p_keep => $2)", ahead, keep
    )
    return dropped


async def vacuum(connection: Connection) -> None:
    """Vacuums the space of moved events. Stops after 0.7 s, which raises; autovacuum
    does the rest.
    """
    await connection.execute("set statement_timeout = '700ms'")
    try:
        await connection.execute("vacuum (truncate off) outbox, chair_changes")
    except asyncpg.PostgresError:
        await connection.execute("reset statement_timeout")
        raise
    await connection.execute("reset statement_timeout")


async def backlog(connection: Connection) -> Backlog:
    """The number of waiting events, and the age of the oldest."""
    row = await fetch_one(
        connection,
        """
        select (select count(*) from (select from outbox limit 10000) o) as depth,
               coalesce((select extract(epoch from clock_timestamp() - occurred_at)::float8
                           from outbox order by id limit 1), 0) as oldest_seconds
        """,
    )
    return Backlog(**row)
