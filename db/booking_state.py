"""The state of a booking for its workflow, and the changes that are due by the clock."""

from collections.abc import Iterable
from uuid import UUID

from db.pool import Connection
from domain.appointments import Via
from domain.booking import LAPSE_AFTER, Status
from domain.booking_state import state_of
from domain.messages import BookingState, Step

RECENT = 5
"""Number of transitions shown in the details of a booking's workflow."""


async def state(connection: Connection, id: UUID) -> BookingState | None:
    """The state of a booking for its workflow, with deadlines relative to the database's clock."""
    row = await connection.fetchrow(
        """
        select a.id, a.status, a.version, a.clinic_id, a.dentist_id, a.starts_at, a.ends_at,
               a.hold_expires_at, a.approval_expires_at, a.lapsed_at, clock_timestamp() as now,
               (select jsonb_agg(jsonb_build_array(t.verb, t.to_status, date_trunc('second', t.at))
                                 order by t.version)
                  from (select * from appointment_transitions
                         where appointment_id = a.id order by version desc limit $2) t) as recent
          from appointments a where a.id = $1
        """,
        id,
        RECENT,
    )
    if row is None:
        return None
    recent = [Step(*step) for step in row["recent"]]
    return state_of(**{**row, "status": Status(row["status"]), "recent": recent})


async def carried_out(
    connection: Connection, id: UUID, command_ids: Iterable[UUID]
) -> dict[UUID, str]:
    """Which of these commands have already been carried out on the booking, with their verbs."""
    rows = await connection.fetch(
        """
        select command_id, verb from appointment_transitions
         where appointment_id = $1 and command_id = any($2)
        """,
        id,
        list(command_ids),
    )
    return {row["command_id"]: row["verb"] for row in rows}


async def lapse(connection: Connection, id: UUID, via: Via) -> None:
    """Flags a visit that was not completed within LAPSE_AFTER of its end. Repeating it changes
    nothing.
    """
    await connection.execute(
        """
        update appointments
           set lapsed_at = clock_timestamp(), version = version + 1, updated_at = clock_timestamp(),
               command_id = null, verb = 'lapse', actor = 'system', via = $2, reason = null
         where id = $1 and lapsed_at is null and status in ('booked', 'checked_in', 'in_treatment')
           and ends_at + $3 <= clock_timestamp()
        """,
        id,
        str(via),
        LAPSE_AFTER,
    )


async def expire_overdue(connection: Connection, grace: float, limit: int) -> list[float]:
    """Expires up to `limit` holds that are overdue by more than `grace` seconds. Returns how many
    seconds after its deadline each was expired.
    """
    overdue = await connection.fetch(
        """
        select id from appointments
         where status = 'held'
           and hold_expires_at <= clock_timestamp() - make_interval(secs => $1)
         order by hold_expires_at limit $2
        """,
        grace,
        limit,
    )
    if not overdue:
        return []
    ids = [row["id"] for row in overdue]
    await connection.execute("select expire_overdue(p_ids => $1)", ids)
    expired = await connection.fetch(
        """
        select extract(epoch from t.at - a.hold_expires_at)::float8 as seconds
          from appointment_transitions t join appointments a on a.id = t.appointment_id
         where t.appointment_id = any($1) and t.verb = 'expire' and t.via = 'sweep'
        """,
        ids,
    )
    return [row["seconds"] for row in expired]


async def count_overdue(connection: Connection, grace: float) -> int:
    """How many holds are overdue by more than `grace` seconds."""
    count: int = await connection.fetchval(
        """
        select count(*) from appointments
         where status = 'held'
           and hold_expires_at <= clock_timestamp() - make_interval(secs => $1)
        """,
        grace,
    )
    return count
