"""The outbox and its way into the log: what the relay's leader asks of Postgres."""

from dataclasses import dataclass
from datetime import timedelta

from db import events
from db.pool import Connection, fetch_one
from domain.events import Event

LEADER = 0x63686169_72657631
"""The advisory lock of whoever relays."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is committed and not yet in the log."""

    depth: int
    """Exact up to 10,000, where it stops counting."""
    oldest_seconds: float
    """Since the oldest was written; 0 where there is none."""


async def lead(connection: Connection, silence: float) -> bool:
    """Tries to become the one who relays, for as long as this connection lives. Where somebody is
    whom Postgres has waited for for `silence` seconds, as its process or its network hangs, that
    connection is ended first.
    """
    if await _locked(connection):
        return True
    deposed = await connection.fetchval(
        """
        select bool_or(pg_terminate_backend(a.pid, 500))
          from pg_locks l join pg_stat_activity a on a.pid = l.pid
         where l.locktype = 'advisory' and l.granted and l.objsubid = 1
           and l.database = (select oid from pg_database where datname = current_database())
           and l.classid = ($1::bigint >> 32)::oid and l.objid = ($1::bigint & 4294967295)::oid
           and a.wait_event_type = 'Client'  -- whether between two questions or amid one
           and a.state_change < clock_timestamp() - make_interval(secs => $2)
        """,
        LEADER,
        silence,
    )
    return bool(deposed) and await _locked(connection)


async def resign(connection: Connection) -> None:
    """Gives the lead away, and wakes those who wait for it."""
    await connection.execute(f"select pg_advisory_unlock({LEADER}), pg_notify('resigned', '')")


async def ring(connection: Connection) -> None:
    """Wakes the relay, wherever it is. Nobody need wait for the disk: the relay's own poll covers a
    bell that a crash takes with it.
    """
    await connection.execute(
        "select set_config('synchronous_commit', 'off', true), pg_notify('outbox', '')"
    )


async def relay(connection: Connection, limit: int) -> list[Event]:
    """Moves up to `limit` committed events into the log, oldest first, and returns them."""
    rows = await connection.fetch(f"select {events.COLUMNS} from relay_batch($1)", limit)  # noqa: S608
    return [events.event(row) for row in rows]


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


async def _locked(connection: Connection) -> bool:
    locked: bool = await connection.fetchval("select pg_try_advisory_lock($1)", LEADER)
    return locked
