"""What lies before dentists, whoever booked it."""

from collections.abc import Sequence
from uuid import UUID

from db import appointments
from db.pool import Connection
from domain.actors import Scope
from domain.appointments import Appointment
from domain.booking import LIVE


async def ahead(connection: Connection, dentist_ids: Sequence[UUID]) -> list[Appointment]:
    """What these dentists have before them, held slots too, by start; 1,000 at most."""
    rows = await connection.fetch(
        f"""
        select clock_timestamp() as server_time, {appointments.COLUMNS}
          from appointments a {appointments.NAMES}
         where a.dentist_id = any($1) and a.status = any($2) and a.ends_at > now()
           and a.starts_at > now() - interval '2 days'
         order by a.starts_at, a.id limit 1000
        """,  # noqa: S608 - constants of ours
        dentist_ids,
        [str(status) for status in LIVE],
    )
    return [appointments.appointment(row, Scope()) for row in rows]
