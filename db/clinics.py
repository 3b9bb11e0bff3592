"""Clinics, dentists, types and hours in Postgres."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Connection
from domain.clinic import Dentist, Offer
from domain.hours import Hours, Window
from domain.schedules import Busy, State, Terms


async def dentists(connection: Connection) -> list[Dentist]:
    """All dentists who can be booked, by name."""
    rows = await connection.fetch(
        """
        select d.profile_id as id, p.full_name, d.specialty, d.clinic_id, c.time_zone
          from dentists d
          join profiles p on p.id = d.profile_id join clinics c on c.id = d.clinic_id
         where d.bookable and p.active order by p.full_name, d.profile_id
        """
    )
    return [Dentist(**row) for row in rows]


async def offer(
    connection: Connection, dentist_id: UUID, appointment_type: str, patient_id: UUID | None
) -> Offer | None:
    """What decides about a hold with this dentist; null where there is no such dentist or no such
    type.
    """
    row = await connection.fetchrow(
        """
        select d.clinic_id, d.resource_no as dentist_no, c.time_zone, c.slot_grid_minutes,
               clock_timestamp() as now,
               t.id as type_id, t.slug, t.duration, t.buffer_before, t.buffer_after, t.lead_time,
               t.horizon, t.hold_for, t.approval_for, t.cancel_notice, t.needs_chair,
               t.needs_approval,
               (select r.no from resources r
                 where r.profile_id = $3 and r.kind = 'patient' and r.active) as patient_no,
               (select jsonb_agg(jsonb_build_array(
                           w.weekday, w.starts, w.ends, w.valid_from, w.valid_to))
                  from weekly_hours w where w.resource_no = d.resource_no) as weekly
          from dentists d join clinics c on c.id = d.clinic_id
          join appointment_types t on t.clinic_id = d.clinic_id and t.slug = lower($2)
         where d.profile_id = $1 and d.bookable
        """,
        dentist_id,
        appointment_type,
        patient_id,
    )
    if row is None:
        return None
    return Offer(
        clinic_id=row["clinic_id"],
        dentist_no=row["dentist_no"],
        patient_no=row["patient_no"],
        terms=_terms(row),
        hours=Hours(
            row["time_zone"],
            row["slot_grid_minutes"],
            tuple(_window(*window) for window in row["weekly"] or ()),
        ),
        now=row["now"],
    )


async def busy(
    connection: Connection, resource_no: int, starts: datetime, ends: datetime
) -> list[Busy]:
    """The active claims on one resource that touch an interval, buffers included."""
    rows = await connection.fetch(
        """
        select lower(s.during) as starts_at, upper(s.during) as ends_at,
               a.status, a.hold_expires_at
          from slot_reservations s join appointments a on a.id = s.appointment_id
         where s.active and s.during && tstzrange($2, $3)
           and int4range(s.resource_no, s.resource_no, '[]') && int4range($1, $1, '[]')
         order by lower(s.during)
        """,
        resource_no,
        starts,
        ends,
    )
    return [_busy(row) for row in rows]


async def add_patient(connection: Connection, id: UUID, full_name: str = "") -> None:
    """A patient's profile, and the resource that keeps them out of two places at once; once."""
    await connection.execute(
        """
        with profile as (
            insert into profiles (id, role, full_name) values ($1, 'patient', $2)
            on conflict do nothing
        )
        insert into resources (kind, profile_id) values ('patient', $1) on conflict do nothing
        """,
        id,
        full_name,
    )


def _terms(row: asyncpg.Record) -> Terms:
    return Terms(
        type_id=row["type_id"],
        slug=row["slug"],
        duration=row["duration"],
        buffer_before=row["buffer_before"],
        buffer_after=row["buffer_after"],
        lead_time=row["lead_time"],
        horizon=row["horizon"],
        hold_for=row["hold_for"],
        approval_for=row["approval_for"],
        cancel_notice=row["cancel_notice"],
        needs_chair=row["needs_chair"],
        needs_approval=row["needs_approval"],
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


def _busy(row: Any) -> Busy:
    held = row["status"] == "held"
    return Busy(
        row["starts_at"],
        row["ends_at"],
        State.HELD if held else State.BOOKED,
        row["hold_expires_at"] if held else None,
    )
