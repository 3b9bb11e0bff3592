"""Utilisation of dentists: booked time divided by offered time."""

import asyncio
from collections.abc import Sequence

from db import figures, schedules
from db.pool import Pool, use
from domain.clinic import Schedule
from domain.figures import BookedTime, DayRange, UtilisationDay
from domain.offered import offered_minutes


async def by_dentist_and_day(pool: Pool, asked: DayRange) -> list[UtilisationDay]:
    """By day, then dentist."""
    async with use(pool) as connection:
        booked = await figures.booked_time(connection, asked)
        known = await schedules.of_clinics(connection, asked.clinic_id)
    # in a thread: expanding a year of hours takes milliseconds per dentist
    return await asyncio.to_thread(_utilisation, booked, known, asked)


def _utilisation(
    booked: Sequence[BookedTime], known: Sequence[Schedule], asked: DayRange
) -> list[UtilisationDay]:
    offered = {
        each.dentist_id: offered_minutes(each.hours, asked.first, asked.last) for each in known
    }
    return [_day(row, offered[row.dentist_id][row.day]) for row in booked]


def _day(row: BookedTime, offered: int) -> UtilisationDay:
    return UtilisationDay(
        row.clinic_id,
        row.dentist_id,
        row.day,
        row.visits,
        row.booked_minutes,
        row.no_show_minutes,
        offered,
        row.booked_minutes / offered if offered else None,
    )
