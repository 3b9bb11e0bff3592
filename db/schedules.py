"""Hours, exceptions and claims in Postgres: what a dentist's time is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

import asyncpg

from db.pool import Connection
from domain.hours import ExceptionKind, Hours, ScheduleException, Window
from domain.schedules import Busy, State

EXCEPTION = """
    jsonb_build_array(e.on_date, e.starts, e.ends, e.kind, e.reason, e.resource_no is null)
"""

HOURS = f"""
    c.time_zone, c.slot_grid_minutes,
    (select jsonb_agg(jsonb_build_array(w.weekday, w.starts, w.ends, w.valid_from, w.valid_to)
                      order by w.weekday, w.starts, w.id)
       from weekly_hours w where w.resource_no = d.resource_no) as weekly,
    (select jsonb_agg({EXCEPTION})
       from schedule_exceptions e
      where e.clinic_id = d.clinic_id and coalesce(e.resource_no = d.resource_no, true)
        and e.on_date > current_date - 7) as exceptions
"""  # noqa: S608 - constants of ours
"""Columns for `hours`, of a dentist `d` and a clinic `c`. Exceptions of the past are left out."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The active claims that touch an interval, by dentist, and by clinic for each of its chairs:
    all chairs in use are there, those without a claim too.
    """

    dentists: dict[int, list[Busy]]
    chairs: dict[UUID, list[list[Busy]]]


def hours(row: asyncpg.Record) -> Hours:
    """The hours that the columns HOURS are."""
    return Hours(
        row["time_zone"],
        row["slot_grid_minutes"],
        tuple(_window(*window) for window in row["weekly"] or ()),
        tuple(_exception(*exception) for exception in row["exceptions"] or ()),
    )


async def claims(
    connection: Connection,
    dentist_nos: Sequence[int],
    clinic_ids: Sequence[UUID],
    starts: datetime,
    ends: datetime,
) -> Claims:
    """The claims on these dentists and on the chairs of these clinics, buffers included; one query
    however many they are.
    """
    rows = await connection.fetch(
        """
        with asked as (
            select no, null::uuid as clinic_id from unnest($1::int[]) no
             union all
            select r.no, r.clinic_id from resources r
             where r.clinic_id = any($2::uuid[]) and r.kind = 'chair' and r.active
        )
        select q.no, q.clinic_id, s.starts, s.ends, s.held
          from asked q cross join lateral (
               select array_agg(lower(s.during)) as starts, array_agg(upper(s.during)) as ends,
                      array_agg(a.hold_expires_at) as held
                 from slot_reservations s
                 left join appointments a on a.id = s.appointment_id and a.status = 'held'
                where s.active and s.during && tstzrange($3, $4)
                  and int4range(s.resource_no, s.resource_no, '[]') && int4range(q.no, q.no, '[]')
               ) s
        """,
        dentist_nos,
        clinic_ids,
        starts,
        ends,
    )
    found = Claims({}, {id: [] for id in clinic_ids})
    for no, clinic_id, *arrays in rows:
        busy = [_busy(*claim) for claim in zip(*(a or () for a in arrays), strict=True)]
        if clinic_id is None:
            found.dentists[no] = busy
        else:
            found.chairs[clinic_id].append(busy)
    return found


def _busy(starts_at: datetime, ends_at: datetime, held_until: datetime | None) -> Busy:
    return Busy(starts_at, ends_at, State.HELD if held_until else State.BOOKED, held_until)


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
