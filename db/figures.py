"""Reads the views for dashboards."""

from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.pool import Connection, fetch_one
from domain.figures import BookedTime, DayRange, HoldsDay, LatencyHour, LeadTimes, VisitsDay


class Counted(NamedTuple):
    clinics: int
    dentists: int


async def counted(connection: Connection, clinic_id: UUID | None) -> Counted:
    """The number of clinics and dentists, of one clinic or of all."""
    row = await fetch_one(
        connection,
        """
        select (select count(*) from clinics c
                 where $1::uuid is null or c.id = $1) as clinics,
               (select count(*) from dentists d
                 where $1::uuid is null or d.clinic_id = $1) as dentists
        """,
        clinic_id,
    )
    return Counted(**row)


async def booked_time(connection: Connection, asked: DayRange) -> list[BookedTime]:
    """By day and dentist. Dentists who take no bookings any more have only days with bookings."""
    rows = await _by_day(connection, "booked_time", asked, "dentist_id")
    found = [BookedTime(**row) for row in rows]
    return [row for row in found if row.bookable or row.booked_minutes or row.no_show_minutes]


async def hold_outcomes(connection: Connection, asked: DayRange) -> list[HoldsDay]:
    return [HoldsDay(**row) for row in await _by_day(connection, "hold_outcomes", asked)]


async def visit_outcomes(connection: Connection, asked: DayRange) -> list[VisitsDay]:
    return [VisitsDay(**row) for row in await _by_day(connection, "visit_outcomes", asked)]


async def lead_times(connection: Connection, asked: DayRange) -> list[LeadTimes]:
    return [LeadTimes(**row) for row in await _by_day(connection, "lead_times", asked)]


async def event_latency(connection: Connection, asked: DayRange) -> list[LatencyHour]:
    """By hour, for as long as the event log is kept; the days are those of UTC."""
    rows = await connection.fetch(
        """
        select * from event_latency
         where hour >= start_of_day(p_day => $1::date, p_time_zone => 'UTC')
           and hour < start_of_day(p_day => $2::date + 1, p_time_zone => 'UTC') order by hour
        """,
        asked.first,
        asked.last,
    )
    return [LatencyHour(**row) for row in rows]


async def _by_day(
    connection: Connection, view: str, asked: DayRange, then_by: str = "clinic_id"
) -> list[asyncpg.Record]:
    """The condition on the clinic is left out for all clinics, so that an index can be used."""
    of_clinic, args = ("and clinic_id = $3", [asked.clinic_id]) if asked.clinic_id else ("", [])
    return await connection.fetch(
        f"""
        select * from {view} where day between $1 and $2 {of_clinic} order by day, {then_by}
        """,  # noqa: S608 - constants of ours
        asked.first,
        asked.last,
        *args,
    )
