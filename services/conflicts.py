"""Bookings that a change of hours, time zone or grid would leave outside the hours."""

from collections.abc import Mapping
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from db import visits
from db.pool import Connection
from domain.appointments import Appointment
from domain.hours import Hours
from domain.timetable import outside

MOST_CONFLICTS = 1000
"""Conflicts listed in one answer; the total counts all of them."""


class Conflicts(NamedTuple):
    first: list[Appointment]
    """Ordered by start."""
    total: int


async def under(
    connection: Connection, hours: Mapping[UUID, Hours], *, on_grid: bool = False
) -> Conflicts:
    """The upcoming live bookings that would lie outside these hours, by dentist. `on_grid`: also
    those that would start off the grid.
    """
    dentist = attrgetter("dentist_id")
    booked = sorted(await visits.upcoming(connection, list(hours)), key=dentist)
    by_dentist = groupby(booked, key=dentist)
    left = [
        visit for id, theirs in by_dentist for visit in outside(hours[id], theirs, on_grid=on_grid)
    ]
    left.sort(key=lambda visit: (visit.starts_at, visit.id))
    return Conflicts(await visits.full_appointments(connection, left[:MOST_CONFLICTS]), len(left))
