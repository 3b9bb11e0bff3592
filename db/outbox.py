"""The outbox, and how the relay's leader moves it into the event log."""

from dataclasses import dataclass
from datetime import timedelta

from db.pool import Connection, fetch_one


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is committed and not yet in the log."""

    depth: int
    """Exact up to 10,000, where it stops counting."""
    oldest_seconds: float
    """Since the oldest was written; 0 where there is none."""


async def wake_relay(connection: Connection) -> None:
    """Wakes the relay's leader in whatever process it is. The commit does not wait for the disk:
    the relay polls, too.
    """
    await connection.execute(
        "select set_config('synchronous_commit', 'off', true), pg_notify('outbox', '')"
    )


async def relay(connection: Connection, limit: int) -> int:
    """Moves up to `limit` committed events into the log, oldest first; returns how many."""
    moved: int = await connection.fetchval("select relay_batch($1)", limit)
    return moved


async def roll(connection: Connection, ahead: int, keep: timedelta) -> int:
    """Sees to it that the next `ahead` numbers have a partition of the log to go to, and drops the
    partitions of which every event is older than `keep`; how many it dropped.
    """
    dropped: int = await connection.fetchval("select realtime_roll($1, $2)", ahead, keep)
    return dropped


async def tidy(connection: Connection) -> None:
    """Gives the room of moved events to those to come. Nobody waits for it, and it is not for long:
    what it cannot do within 0.7 s, which raises, is left to autovacuum.
    """
    await connection.execute("set statement_timeout = '700ms'")
    try:
        await connection.execute("vacuum (truncate off) outbox, chair_changes")
    finally:
        await connection.execute("reset statement_timeout")


async def backlog(connection: Connection) -> Backlog:
    """How much waits in the outbox, and for how long."""
    row = await fetch_one(
        connection,
        """
        select (select count(*) from (select from outbox limit 10000) o) as depth,
               coalesce((select extract(epoch from clock_timestamp() - occurred_at)::float8
                           from outbox order by id limit 1), 0) as oldest_seconds
        """,
    )
    return Backlog(**row)
