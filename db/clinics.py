"""Bookable dentists, and the booking terms that apply to a hold, in Postgres."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from db import schedules
from db.pool import Connection, fetch_one
from domain.actors import Actor
from domain.clinic import BookingTerms, Dentist
from domain.schedules import Terms

BOOKING_TERMS = f"""
    select d.clinic_id, d.profile_id as dentist_id, d.resource_no as dentist_no,
           statement_timestamp() as now,
           t.id as type_id, t.slug, t.duration, t.buffer_before, t.buffer_after, t.lead_time,
           t.horizon, t.hold_for, t.approval_for, t.cancel_notice, t.needs_chair,
           t.needs_approval, t.bookable_online,
           b.stamp, {schedules.HOURS}
      from dentists d join clinics c on c.id = d.clinic_id
      join lateral (
           select * from appointment_types t
            where t.clinic_id = d.clinic_id
              and (t.slug = lower($1) or ($1::text is null and t.bookable_online))
            order by t.duration, t.slug limit 1) t on true
      join booking_terms b on b.dentist_id = d.profile_id and b.type_id = t.id
"""  # noqa: S608 - constants of ours


async def dentists(connection: Connection) -> list[Dentist]:
    """All bookable dentists, by name."""
    rows = await connection.fetch(
        """
        select d.profile_id as id, p.full_name, d.specialty, d.clinic_id, c.time_zone, d.bio
          from dentists d
          join profiles p on p.id = d.profile_id join clinics c on c.id = d.clinic_id
         where d.bookable and p.active order by p.full_name, d.profile_id
        """
    )
    return [Dentist(**row) for row in rows]


async def names(connection: Connection, clinic_id: UUID, dentist_id: UUID) -> tuple[str, str]:
    """The names of a clinic and a dentist; that of an erased dentist is empty."""
    row = await fetch_one(
        connection,
        """
        select c.name, p.full_name from clinics c, profiles p where c.id = $1 and p.id = $2
        """,
        clinic_id,
        dentist_id,
    )
    return row["name"], row["full_name"]


async def booking_terms(
    connection: Connection,
    dentist_id: UUID,
    appointment_type: str,
    asker: Actor | None = None,
) -> BookingTerms | None:
    """The booking terms of this dentist and type for `asker` (null = anyone); null if there is no
    such dentist or type.
    """
    row = await connection.fetchrow(
        f"{BOOKING_TERMS} where d.profile_id = $2", appointment_type, dentist_id
    )
    return _booking_terms(row, asker) if row else None


async def all_booking_terms(
    connection: Connection,
    appointment_type: str | None = None,
    asker: Actor | None = None,
    *,
    dentist_ids: Sequence[UUID] | None = None,
    clinic_id: UUID | None = None,
    specialty: str | None = None,
) -> list[BookingTerms]:
    """The booking terms for `asker` (null = anyone) of all dentists that match the filters, by id.
    Each under the given type of its clinic, or if null under the shortest type bookable online.
    Dentists whose clinic has no such type are left out.
    """
    rows = await connection.fetch(
        f"""
        {BOOKING_TERMS}
         where ($2::uuid[] is null or d.profile_id = any($2))
           and ($3::uuid is null or d.clinic_id = $3)
           and ($4::text is null or lower(d.specialty) = lower($4))
         order by d.profile_id
        """,
        appointment_type,
        dentist_ids,
        clinic_id,
        specialty,
    )
    return [_booking_terms(row, asker) for row in rows]


def _booking_terms(row: asyncpg.Record, asker: Actor | None) -> BookingTerms:
    return BookingTerms(
        clinic_id=row["clinic_id"],
        dentist_id=row["dentist_id"],
        dentist_no=row["dentist_no"],
        stamp=row["stamp"],
        terms=_terms(row, staff=asker is not None and asker.is_staff),
        hours=schedules.hours(row),
        now=row["now"],
    )


def _terms(row: asyncpg.Record, *, staff: bool) -> Terms:
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
        by_staff=staff,
        bookable=row["bookable_online"] or staff,
    )
