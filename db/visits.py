"""Upcoming visits of dentists."""

from collections.abc import Sequence
from uuid import UUID

from db.appointment_rows import appointment, columns, joins
from db.pool import Connection
from domain.actors import Scope
from domain.appointments import Appointment
from domain.booking import LIVE
from domain.timetable import ScheduledVisit

STAFF = Scope()


async def upcoming(connection: Connection, dentist_ids: Sequence[UUID]) -> list[ScheduledVisit]:
    """The upcoming visits of these dentists, held slots included, by start."""
    rows = await connection.fetch(
        """
        select id, dentist_id, starts_at, ends_at
          from appointments
         where dentist_id = any($1) and status = any($2) and ends_at > now()
           and starts_at > now() - interval '2 days'
         order by starts_at, id
        """,
        dentist_ids,
        [str(status) for status in LIVE],
    )
    return [ScheduledVisit(*row) for row in rows]


async def full_appointments(
    connection: Connection, visits: Sequence[ScheduledVisit]
) -> list[Appointment]:
    """The appointments of these visits as staff see them, by start."""
    rows = await connection.fetch(
        f"""
        select clock_timestamp() as server_time, {columns(STAFF)}
          from appointments a {joins(STAFF)}
         where a.id = any($1) order by a.starts_at, a.id
        """,  # noqa: S608 - constants of ours
        [visit.id for visit in visits],
    )
    return [appointment(row, STAFF) for row in rows]
