"""The bookings that other hours, another zone or another grid leave outside."""

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
"""That one answer has; it counts them all."""


class Conflicts(NamedTuple):
    first: list[Appointment]
    """By start."""
    total: int


async def under(
    connection: Connection, hours: Mapping[UUID, Hours], *, on_grid: bool = False
) -> Conflicts:
    """The live bookings to come that lie outside their dentist's hours, if these were theirs.
    `on_grid`: also those that start off the grid.
    """
    dentist = attrgetter("dentist_id")
    booked = sorted(await visits.upcoming(connection, list(hours)), key=dentist)
    by_dentist = groupby(booked, key=dentist)
    left = [
        visit for id, theirs in by_dentist for visit in outside(hours[id], theirs, on_grid=on_grid)
    ]
    left.sort(key=lambda visit: (visit.starts_at, visit.id))
    return Conflicts(await visits.full_appointments(connection, left[:MOST_CONFLICTS]), len(left))
