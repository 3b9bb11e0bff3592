"""The event log in Postgres: the outbox's way into it, and the reads."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from db.pool import Connection
from domain.events import Cursor, Event, Reader

LEADER = 0x63686169_72657631
"""The advisory lock of whoever relays."""

COLUMNS = """
    seq, topic, kind, entity_id, version, audience, payload::text as payload, occurred_at,
    sequenced_at
"""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the log ends: its epoch, the last number given, and the database's clock."""

    epoch: str
    head: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is committed and not yet in the log."""

    depth: int
    """Exact up to 10,000, where it stops counting."""
    oldest_seconds: float
    """Since the oldest was written; 0 where there is none."""


async def lead(connection: Connection, silence: float) -> bool:
    """Tries to become the one who relays, for as long as this connection lives. Where somebody is
    who has asked Postgres for nothing for `silence` seconds, as its process or its network hangs,
    that connection is ended first.
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
           and a.state = 'idle' and a.state_change < clock_timestamp() - make_interval(secs => $2)
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


async def relay(connection: Connection, limit: int) -> int:
    """Moves up to `limit` committed events into the log, oldest first; how many it were."""
    moved: int = await connection.fetchval("select moved from relay_batch($1)", limit)
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
        await connection.execute("vacuum (truncate off) outbox")
    finally:
        await connection.execute("reset statement_timeout")


async def backlog(connection: Connection) -> Backlog:
    """How much waits in the outbox, and for how long."""
    row = await connection.fetchrow(
        """
        select (select count(*) from (select from outbox limit 10000) o) as depth,
               coalesce((select extract(epoch from clock_timestamp() - occurred_at)::float8
                           from outbox order by id limit 1), 0) as oldest_seconds
        """
    )
    return Backlog(**_one(row))


async def position(connection: Connection) -> Position:
    """The end of the log at this moment."""
    row = await connection.fetchrow(
        "select epoch, head, clock_timestamp() as now from realtime_epoch"
    )
    return Position(**_one(row))


async def cursor(connection: Connection) -> str:
    """The value of `Event-Cursor`. Read it before the rows it goes with: a stream that starts there
    then lacks nothing, though it may bring a version that the rows have already.
    """
    row = _one(await connection.fetchrow("select epoch, head from realtime_epoch"))
    return str(Cursor(row["epoch"], row["head"]))


async def after(connection: Connection, seq: int, limit: int) -> list[Event]:
    """The next events of the log, in order."""
    rows = await connection.fetch(
        f"select {COLUMNS} from realtime_events where seq > $1 order by seq limit $2",  # noqa: S608
        seq,
        limit,
    )
    return [_event(row) for row in rows]


async def missed(
    connection: Connection, reader: Reader, seq: int, until: int, limit: int
) -> list[Event]:
    """The first of a reader's events with `seq` < number <= `until`, in order. There may be others
    among them: `Reader.wants` decides, here the search is only narrowed.
    """
    whole = [topic for topic in reader.topics if ":" not in topic]
    entities = [UUID(topic.partition(":")[2]) for topic in reader.topics if ":" in topic]
    followed = "(topic = any($3::text[]) or entity_id = any($4))"
    if not whole:  # so that the index on entity_id can be used
        followed = "$3::text[] is not null and entity_id = any($4)"
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from realtime_events
         where seq > $1 and seq <= $2 and {followed}
           and ($5::uuid is null or audience is null or $5 = any(audience))
         order by seq limit $6
        """,  # noqa: S608 - COLUMNS and the condition are ours
        seq,
        until,
        whole,
        entities,
        None if reader.actor.sees_all else reader.actor.id,
        limit,
    )
    return [_event(row) for row in rows]


async def oldest(connection: Connection) -> int:
    """The lowest number that the log has or will have: who needs an earlier one comes too late."""
    seq: int = await connection.fetchval(
        """
        select coalesce((select seq from realtime_events order by seq limit 1),
                        (select head + 1 from realtime_epoch))
        """
    )
    return seq


async def _locked(connection: Connection) -> bool:
    locked: bool = await connection.fetchval("select pg_try_advisory_lock($1)", LEADER)
    return locked


def _event(row: Any) -> Event:
    audience = row["audience"]
    return Event(
        seq=row["seq"],
        topic=row["topic"],
        kind=row["kind"],
        entity_id=row["entity_id"],
        version=row["version"],
        audience=None if audience is None else frozenset(audience),
        payload=row["payload"],
        occurred_at=row["occurred_at"],
        sequenced_at=row["sequenced_at"],
    )


def _one(row: Any) -> dict[str, Any]:
    """The row of a query that always has one, unless half of a backup was restored."""
    if row is None:
        raise LookupError("realtime_epoch is empty: run the migrations")
    return dict(row)
