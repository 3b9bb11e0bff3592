"""Weekly hours and exceptions in Postgres. Triggers increment a schedule's version and publish the
change.
"""

from collections.abc import Sequence
from datetime import date, time
from uuid import UUID

import asyncpg

from db.pool import Connection
from domain.clinic import Schedule
from domain.hours import ExceptionKind, Hours, ScheduleException, Window

EXCEPTION = """
    jsonb_build_array(e.on_date, e.starts, e.ends, e.kind, e.reason, e.resource_no is null)
"""

RECENT = "and e.on_date > current_date - 7"

HOURS = f"""
    c.time_zone, c.slot_grid_minutes,
    (select jsonb_agg(jsonb_build_array(w.weekday, w.starts, w.ends, w.valid_from, w.valid_to)
                      order by w.weekday, w.starts, w.id)
       from weekly_hours w where w.resource_no = d.resource_no) as weekly,
    (select jsonb_agg({EXCEPTION} order by e.on_date, e.starts nulls first, e.id)
       from schedule_exceptions e
      where e.clinic_id = d.clinic_id and coalesce(e.resource_no = d.resource_no, true)
        {RECENT}) as exceptions
"""  # noqa: S608 - constants of ours
"""Columns for `hours`, of a dentist `d` and a clinic `c`. Exceptions older than a week are left
out.
"""


def hours(row: asyncpg.Record) -> Hours:
    """The hours in a row with the columns HOURS."""
    return Hours(
        row["time_zone"],
        row["slot_grid_minutes"],
        tuple(_window(*window) for window in row["weekly"] or ()),
        tuple(_exception(*exception) for exception in row["exceptions"] or ()),
    )


async def of(connection: Connection, dentist_id: UUID) -> Schedule | None:
    """The schedule of one dentist; null if there is no such dentist."""
    found = await _schedules(connection, "d.profile_id = $1", dentist_id)
    return found[0] if found else None


async def of_clinic(connection: Connection, clinic_id: UUID) -> list[Schedule]:
    """The schedules of all dentists of a clinic."""
    return await _schedules(connection, "d.clinic_id = $1", clinic_id)


async def of_clinics(connection: Connection, clinic_id: UUID | None) -> list[Schedule]:
    """The schedules of all dentists, of one clinic or of all."""
    return await _schedules(connection, "($1::uuid is null or d.clinic_id = $1)", clinic_id)


async def lock(connection: Connection, dentist_id: UUID) -> bool:
    """Locks this dentist's schedule and profile against changes until the end of the transaction.
    True if the dentist has been erased.
    """
    erased = await connection.fetchval(
        "select erased_at is not null from profiles where id = $1 for share", dentist_id
    )
    await connection.execute(
        "select from dentists where profile_id = $1 for no key update", dentist_id
    )
    return bool(erased)


async def replace_own(
    connection: Connection,
    schedule: Schedule,
    weekly: Sequence[Window],
    exceptions: Sequence[ScheduleException],
) -> None:
    """Replaces all of a dentist's own hours and exceptions; those of the clinic stay. Runs in the
    caller's transaction.
    """
    await connection.execute("delete from weekly_hours where resource_no = $1", schedule.dentist_no)
    await connection.executemany(
        """
        insert into weekly_hours (resource_no, weekday, starts, ends, valid_from, valid_to)
        values ($1, $2, $3, $4, $5, $6)
        """,
        [
            (schedule.dentist_no, w.weekday, w.starts, w.ends, w.valid_from, w.valid_to)
            for w in weekly
        ],
    )
    await connection.execute(
        "delete from schedule_exceptions where resource_no = $1", schedule.dentist_no
    )
    await _add(connection, schedule.clinic_id, schedule.dentist_no, exceptions)


async def exceptions(
    connection: Connection, clinic_id: UUID, *, locked: bool = False
) -> tuple[int, list[ScheduleException]] | None:
    """The version and the clinic-wide exceptions of a clinic; null if there is no such clinic.
    `locked` locks them against changes until the end of the transaction.
    """
    row = await connection.fetchrow(
        f"""
        select c.exceptions_version,
               (select jsonb_agg({EXCEPTION} order by e.on_date, e.starts nulls first, e.id)
                  from schedule_exceptions e
                 where e.clinic_id = c.id and e.resource_no is null) as exceptions
          from clinics c where c.id = $1 {"for no key update" if locked else ""}
        """,  # noqa: S608 - constants of ours
        clinic_id,
    )
    if row is None:
        return None
    return row["exceptions_version"], [_exception(*each) for each in row["exceptions"] or ()]


async def replace_exceptions(
    connection: Connection, clinic_id: UUID, exceptions: Sequence[ScheduleException]
) -> None:
    """Replaces the clinic-wide exceptions; those of single dentists stay. Runs in the caller's
    transaction.
    """
    await connection.execute(
        "update clinics set exceptions_version = exceptions_version + 1 where id = $1", clinic_id
    )
    await connection.execute(
        "delete from schedule_exceptions where clinic_id = $1 and resource_no is null", clinic_id
    )
    await _add(connection, clinic_id, None, exceptions)


async def _schedules(connection: Connection, which: str, id: UUID | None) -> list[Schedule]:
    rows = await connection.fetch(
        f"""
        select d.profile_id, d.resource_no, d.clinic_id, d.schedule_version, d.schedule_updated_at,
               {HOURS.replace(RECENT, "")}
          from dentists d join clinics c on c.id = d.clinic_id
         where {which} order by d.profile_id
        """,  # noqa: S608 - constants of ours
        id,
    )
    return [
        Schedule(
            row["profile_id"],
            row["resource_no"],
            row["clinic_id"],
            hours(row),
            row["schedule_version"],
            row["schedule_updated_at"],
        )
        for row in rows
    ]


async def _add(
    connection: Connection,
    clinic_id: UUID,
    resource_no: int | None,
    exceptions: Sequence[ScheduleException],
) -> None:
    await connection.executemany(
        """
        insert into schedule_exceptions
               (clinic_id, resource_no, on_date, starts, ends, kind, reason)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        [
            (clinic_id, resource_no, e.on_date, e.starts, e.ends, str(e.kind), e.reason)
            for e in exceptions
        ],
    )


def _window(
    weekday: int, starts: str, ends: str, valid_from: str | None, valid_to: str | None
) -> Window:
    return Window(
        weekday,
        time.fromisoformat(starts),
        time.fromisoformat(ends),
        date.fromisoformat(valid_from) if valid_from else None,
        date.fromisoformat(valid_to) if valid_to else None,
    )


def _exception(
    on_date: str,
    starts: str | None,
    ends: str | None,
    kind: str,
    reason: str | None,
    clinic_wide: bool,
) -> ScheduleException:
    return ScheduleException(
        date.fromisoformat(on_date),
        time.fromisoformat(starts) if starts else None,
        time.fromisoformat(ends) if ends else None,
        ExceptionKind(kind),
        reason,
        clinic_wide,
    )
