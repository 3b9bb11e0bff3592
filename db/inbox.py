"""The workflow inbox: one row per booking with a change that is not yet sent to its workflow.

A trigger on `appointments` writes the row in the transaction of the change. Dispatchers lease rows,
send them to Temporal, and delete sent rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.pool import Connection
from domain.booking import LIVE, Status
from domain.messages import LOOK

CHANNEL = "realtime"
"""The relay notifies this channel of new events; each change that the API makes has an event."""

LONGEST_BACK_OFF = 600
"""Longest pause in seconds before a refused row is sent again."""

STUCK_AFTER = 10
"""Attempts after which a row counts as stuck."""

LEASED = """
    select o.appointment_id from workflow_inbox o
      join unnest($1::uuid[], $2::int[], $3::timestamptz[]) as m (id, version, leased_until)
        on o.appointment_id = m.id and o.not_before = m.leased_until
"""
"""Selects the rows still leased by these messages."""

LOCKED = "order by o.appointment_id for update of o"
"""Locks rows in one order, so that two statements never deadlock."""


@dataclass(frozen=True, slots=True)
class Message:
    """The latest change of one booking, leased to one dispatcher until `leased_until`, with the
    data of the booking that Temporal may store.
    """

    booking_id: UUID
    verb: str
    command_id: UUID | None
    actor: str
    version: int
    is_new: bool
    """No message about this booking has been sent before, so no workflow can exist."""
    leased_until: datetime
    status: Status
    clinic_id: UUID
    dentist_id: UUID
    starts_at: datetime
    appointment_type: str
    request_id: str | None = None
    """The request of the API that made the change."""
    traceparent: str | None = None
    """The trace of that request, if there is one."""

    @property
    def live(self) -> bool:
        return self.status in LIVE


@dataclass(frozen=True, slots=True)
class Backlog:
    depth: int
    oldest_seconds: float
    """Age of the oldest row that Temporal has not refused; 0 if there is none."""
    attempts: int
    """Highest number of refused attempts of any row."""

    @property
    def stuck(self) -> bool:
        """Whether Temporal keeps refusing a row, so that an operator must investigate."""
        return self.attempts >= STUCK_AFTER


async def claim(connection: Connection, limit: int, lease: timedelta) -> list[Message]:
    """Leases up to `limit` due rows to the caller, the longest due first. When the lease ends,
    other dispatchers may claim them. Runs in its own transaction, so no lock is held afterwards.
    """
    rows = await connection.fetch(
        """
        with claimed as (
            update workflow_inbox i set not_before = clock_timestamp() + $2::interval
             where i.appointment_id = any (array(
                   select o.appointment_id from workflow_inbox o
                    where o.not_before <= statement_timestamp()
                    order by o.not_before limit $1 for update skip locked))
            returning i.appointment_id, i.verb, i.command_id, i.actor, i.version, i.is_new,
                      i.request_id, i.traceparent, i.not_before as leased_until
        )
        select a.id as booking_id, c.verb, c.command_id, c.actor, c.version, c.is_new,
               c.request_id, c.traceparent, c.leased_until, a.status, a.clinic_id,
               a.dentist_id, a.starts_at, t.slug as appointment_type
          from claimed c
          join appointments a on a.id = c.appointment_id
          join appointment_types t on t.id = a.type_id
        """,
        limit,
        lease,
    )
    return [_message(row) for row in rows]


async def sent(connection: Connection, messages: Sequence[Message], lease: timedelta) -> None:
    """Deletes the rows of sent messages. If a booking has changed since the claim, its row stays
    and its lease ends at once, so that the later change is sent next; its wait counts from the
    claim.
    """
    if not messages:
        return
    keys = _columns(messages)
    status: str = await connection.execute(
        f"""
        delete from workflow_inbox where appointment_id in (
            {LEASED} where o.version = m.version {LOCKED})
        """,  # noqa: S608 - constants of ours
        *keys,
    )
    if status == f"DELETE {len(messages)}":
        return
    await connection.execute(
        f"""
        update workflow_inbox
           set not_before = clock_timestamp(), waiting_since = not_before - $4::interval,
               is_new = false, attempts = 0
         where appointment_id in ({LEASED} {LOCKED})
        """,  # noqa: S608 - constants of ours
        *keys,
        lease,
    )


async def release(connection: Connection, messages: Sequence[Message]) -> None:
    """Ends the lease of messages that could not reach Temporal, so that they are due
    again at once.
    """
    if not messages:
        return
    await connection.execute(
        f"""
        update workflow_inbox set not_before = clock_timestamp()
         where appointment_id in ({LEASED} {LOCKED})
        """,  # noqa: S608 - constants of ours
        *_columns(messages),
    )


async def refused(connection: Connection, messages: Sequence[Message]) -> None:
    """Counts an attempt, and backs off: 1 s, 2 s, 4 s … up to LONGEST_BACK_OFF."""
    if not messages:
        return
    await connection.execute(
        f"""
        update workflow_inbox
           set attempts = attempts + 1, not_before = clock_timestamp()
               + make_interval(secs => least($4, 2 ^ least(attempts, 20)))
         where appointment_id in ({LEASED} {LOCKED})
        """,  # noqa: S608 - constants of ours
        *_columns(messages),
        LONGEST_BACK_OFF,
    )


async def backlog(connection: Connection) -> Backlog:
    """The waiting rows, for health and metrics."""
    (row,) = await connection.fetch(
        """
        select count(*) as depth, coalesce(max(attempts), 0) as attempts,
               extract(epoch from clock_timestamp()
                       - min(waiting_since) filter (where attempts = 0))::float8 as oldest_seconds
          from workflow_inbox
        """
    )
    return Backlog(row["depth"], max(row["oldest_seconds"] or 0.0, 0.0), row["attempts"])


async def look(connection: Connection, bookings: Sequence[UUID]) -> int:
    """Queues a `look` for these bookings: their workflows read the row, and missing ones are
    started. A booking that already has an inbox row keeps it. Returns how many were queued.
    """
    queued = await connection.fetch(
        """
        insert into workflow_inbox (appointment_id, verb, actor, version, is_new)
        select a.id, $2, 'system', a.version, false
          from appointments a where a.id = any($1) order by a.id
            on conflict (appointment_id) do nothing
        returning appointment_id
        """,
        bookings,
        LOOK,
    )
    return len(queued)


def _columns(messages: Iterable[Message]) -> tuple[list[UUID], list[int], list[datetime]]:
    leased = [(m.booking_id, m.version, m.leased_until) for m in messages]
    return [m[0] for m in leased], [m[1] for m in leased], [m[2] for m in leased]


def _message(row: asyncpg.Record) -> Message:
    return Message(**{**row, "status": Status(row["status"])})
