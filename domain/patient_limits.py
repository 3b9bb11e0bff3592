"""How much one patient may hold and book at a time."""

from dataclasses import dataclass
from datetime import timedelta

HOLD_QUOTA = 2
"""Live holds that one patient may have at a time."""

BOOKING_QUOTA = 10
"""Upcoming live visits that one patient may have, holds included. Bookings made by staff do not
count and are not limited.
"""

FREE_RELEASES = 1
"""Holds of overlapping time with one dentist that a patient may release or let expire within
RELEASE_WINDOW. After one more there is a cooldown as long as that hold was.
"""

RELEASE_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on what a patient already has when they hold or book; null: no limit."""

    holds: int | None = None
    bookings: int | None = None
    free_releases: int | None = None


def limits(*, by_staff: bool, holds: bool) -> Limits:
    """The limits for a new booking. `holds`: it is a hold; else it is booked at once."""
    return Limits(
        holds=HOLD_QUOTA if holds else None,
        bookings=None if by_staff else BOOKING_QUOTA,
        free_releases=FREE_RELEASES if holds and not by_staff else None,
    )
