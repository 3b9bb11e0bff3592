"""Which bookings should have a running workflow, to compare with those that run in Temporal."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.pool import Connection
from domain.booking import LIVE, Status


@dataclass(frozen=True, slots=True)
class LiveBooking:
    """What a workflow's search attributes should show."""

    updated_at: datetime
    id: UUID
    status: Status
    starts_at: datetime


async def settled(
    connection: Connection, since: float, after: LiveBooking | None, limit: int
) -> list[LiveBooking]:
    """Bookings that should have a running workflow: live, not lapsed, unchanged for `since`
    seconds, and without an inbox row. In pages, oldest change first. (A scalar subquery,
    as an anti-join would read the whole inbox, which is large when it matters.)
    """
    rows = await connection.fetch(
        """
        select a.updated_at, a.id, a.status, a.starts_at from appointments a
         where a.status in ('held', 'pending_approval', 'booked', 'checked_in', 'in_treatment')
           and a.lapsed_at is null
           and a.updated_at < statement_timestamp() - make_interval(secs => $1)
           and ($2::timestamptz is null or (a.updated_at, a.id) > ($2, $3::uuid))
           and (select i.version from workflow_inbox i where i.appointment_id = a.id) is null
         order by a.updated_at, a.id limit $4
        """,
        since,
        after.updated_at if after else None,
        after.id if after else None,
        limit,
    )
    return [LiveBooking(**{**row, "status": Status(row["status"])}) for row in rows]


async def over(
    connection: Connection, ids: Collection[UUID], since: float
) -> tuple[set[UUID], set[UUID]]:
    """Which of these bookings have no row, and which ended more than `since` seconds ago and have
    no inbox row.
    """
    rows = await connection.fetch(
        """
        select a.id, (a.status <> all($3) or a.lapsed_at is not null)
               and a.updated_at < statement_timestamp() - make_interval(secs => $2)
               and (select i.version from workflow_inbox i where i.appointment_id = a.id) is null
               as ended
          from appointments a where a.id = any($1)
        """,
        list(ids),
        since,
        [str(status) for status in LIVE],
    )
    return set(ids) - {row["id"] for row in rows}, {row["id"] for row in rows if row["ended"]}
