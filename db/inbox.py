"""The inbox: commands that a booking's workflow must still hear of. Written by the trigger on
`appointments`, emptied by the dispatchers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

import asyncpg

from db.pool import Connection
from domain.appointments import state_of
from domain.booking import LIVE, Status
from domain.messages import Seen

LOOK = "look"
"""Not a command: the workflow shall look at the booking's row."""

BELL = "realtime"
"""The channel that the relay notifies of new events: whatever the API puts into the inbox has one.
"""

ROWS = 50
"""Rows of one booking that are taken at a time; the others follow."""

RECONCILER = 0x63686169_7265636F
"""The advisory lock of the one who reconciles."""

LONGEST_DELAY = 600
"""Seconds that a refused row waits at most before it is tried again."""

STUCK_AFTER = 10
"""Attempts after which a row is called stuck."""


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    verb: str
    command_id: UUID | None
    actor: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """One booking's rows in the order of their commits, and what Temporal may know of it."""

    booking_id: UUID
    seen: Seen
    appointment_type: str
    starts_at: datetime
    rows: list[Row]

    @property
    def live(self) -> bool:
        return self.seen.state.status in LIVE


@dataclass(frozen=True, slots=True)
class Backlog:
    depth: int
    oldest_seconds: float
    """How long ago the oldest command was committed that nobody has refused; 0 without one."""
    attempts: int
    """How often the most refused row was refused."""

    @property
    def stuck(self) -> bool:
        """Whether Temporal refuses something for good: somebody has to look."""
        return self.attempts >= STUCK_AFTER


async def lead(connection: Connection) -> bool:
    """Tries to become the one who reconciles, for as long as this connection lives."""
    leads: bool = await connection.fetchval("select pg_try_advisory_lock($1)", RECONCILER)
    return leads


async def take(connection: Connection, bookings: int) -> list[Parcel]:
    """Up to `bookings` bookings whose oldest row is due, each with its rows. They are the caller's
    own until its transaction ends: the lock on the oldest row stands for the booking, and as nobody
    takes a later row first, two dispatchers never send rows of one booking side by side.
    """
    rows = await connection.fetch(
        """
        with heads as materialized (
            select i.id, i.appointment_id
              from workflow_inbox i
             where i.not_before <= statement_timestamp()
               and i.id = (select min(o.id) from workflow_inbox o
                            where o.appointment_id = i.appointment_id)
             order by i.not_before, i.id
             limit $1 for update skip locked
        )
        select r.id, r.verb, r.command_id, r.actor,
               a.id as booking_id, a.clinic_id, a.dentist_id, a.starts_at,
               a.status, a.version, a.hold_expires_at, a.approval_expires_at, a.ends_at,
               a.lapsed_at, clock_timestamp() as now, t.slug as appointment_type
          from heads h
          join lateral (select * from workflow_inbox o
                         where o.appointment_id = h.appointment_id order by o.id limit $2) r on true
          join appointments a on a.id = h.appointment_id
          join appointment_types t on t.id = a.type_id
         order by h.id, r.id
        """,
        bookings,
        ROWS,
    )
    return [_parcel(list(group)) for _, group in groupby(rows, key=lambda row: row["booking_id"])]


async def delete(connection: Connection, ids: Sequence[int]) -> None:
    """Forgets what was sent: exactly these, as others may have come since."""
    await connection.execute("delete from workflow_inbox where id = any($1)", ids)


async def refused(connection: Connection, ids: Sequence[int]) -> None:
    """Counts an attempt, and puts these off: 1 s, 2 s, 4 s … up to LONGEST_DELAY."""
    await connection.execute(
        """
        update workflow_inbox
           set attempts = attempts + 1, not_before = clock_timestamp()
               + make_interval(secs => least($2, 2 ^ least(attempts, 20)))
         where id = any($1)
        """,
        ids,
        LONGEST_DELAY,
    )


async def backlog(connection: Connection) -> Backlog:
    """What still waits, for health and metrics."""
    (row,) = await connection.fetch(
        """
        select count(*) as depth, coalesce(max(i.attempts), 0) as attempts,
               (select extract(epoch from clock_timestamp() - coalesce(t.at, o.not_before))::float8
                  from workflow_inbox o
                  left join appointment_transitions t
                         on t.appointment_id = o.appointment_id and t.command_id = o.command_id
                 where o.attempts = 0
                 order by o.id limit 1) as oldest_seconds
          from workflow_inbox i
        """
    )
    return Backlog(row["depth"], max(row["oldest_seconds"] or 0.0, 0.0), row["attempts"])


async def unheard(
    connection: Connection, since: float, after: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[datetime, UUID]]:
    """Bookings that should have a workflow by now: live and not lapsed, unchanged for `since`
    seconds, with nothing in the inbox. Pages of (updated_at, id), oldest first.
    """
    rows = await connection.fetch(
        """
        select a.updated_at, a.id from appointments a
         where a.status in ('held', 'pending_approval', 'booked', 'checked_in', 'in_treatment')
           and a.lapsed_at is null
           and a.updated_at < statement_timestamp() - make_interval(secs => $1)
           and ($2::timestamptz is null or (a.updated_at, a.id) > ($2, $3::uuid))
           and not exists (select from workflow_inbox i where i.appointment_id = a.id)
         order by a.updated_at, a.id limit $4
        """,
        since,
        *(after or (None, None)),
        limit,
    )
    return [(row["updated_at"], row["id"]) for row in rows]


async def look(connection: Connection, bookings: Sequence[UUID]) -> int:
    """Asks the workflows of these to look at their rows, unless they hear of something anyway; how
    many were asked.
    """
    asked = await connection.fetch(
        """
        insert into workflow_inbox (appointment_id, verb, actor)
        select b.id, $2, 'system' from unnest($1::uuid[]) b (id)
         where not exists (select from workflow_inbox i where i.appointment_id = b.id)
        returning id
        """,
        bookings,
        LOOK,
    )
    return len(asked)


def _parcel(rows: list[asyncpg.Record]) -> Parcel:
    first = rows[0]
    return Parcel(
        first["booking_id"],
        _seen(first),
        first["appointment_type"],
        first["starts_at"],
        [Row(row["id"], row["verb"], row["command_id"], row["actor"]) for row in rows],
    )


def _seen(row: asyncpg.Record) -> Seen:
    state = state_of(
        row["booking_id"],
        Status(row["status"]),
        row["version"],
        row["hold_expires_at"],
        row["approval_expires_at"],
        row["ends_at"],
        row["lapsed_at"],
        row["now"],
        row["clinic_id"],
        row["dentist_id"],
        row["starts_at"],
    )
    return Seen(state, row["now"].timestamp())
