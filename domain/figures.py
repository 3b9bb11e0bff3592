"""Rows of the dashboards: figures by day of a clinic, and by hour of the event log.

Rates are shares from 0 to 1, and null where they would be of nothing. How each figure is counted is
said at the views, in migrations/…_metrics.sql.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DayRange:
    """Calendar days from `first` to `last`, both included, of one clinic or of all."""

    first: date
    last: date
    clinic_id: UUID | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class BookedTime:
    """The time of one dentist that is booked on one day."""

    clinic_id: UUID
    dentist_id: UUID
    day: date
    visits: int
    booked_minutes: int
    no_show_minutes: int
    bookable: bool
    """Whether the dentist takes bookings now."""


@dataclass(frozen=True, slots=True)
class UtilisationDay:
    clinic_id: UUID
    dentist_id: UUID
    day: date
    visits: int
    """Visits that start on this day, without no-shows."""
    booked_minutes: int
    """Their time without buffers, and without no-shows."""
    no_show_minutes: int
    offered_minutes: int
    """Opening hours minus closed and blocked time, by the present schedule."""
    utilisation: float | None
    """Booked minutes divided by offered minutes. More than 1 if staff booked outside the hours."""


@dataclass(frozen=True, slots=True)
class HoldsDay:
    clinic_id: UUID
    day: date
    holds: int
    """Holds made on this day; visits that were booked directly count, too."""
    booked: int
    """Holds that were booked, also if they were cancelled later."""
    expired: int
    given_up: int
    """Released, or cancelled before they were booked."""
    declined: int
    open: int
    """Still held, or waiting for approval."""
    conversion_rate: float | None
    """Share of `booked` among the holds that are not open."""
    expiry_rate: float | None
    """Share of `expired` among the holds that are not open."""


@dataclass(frozen=True, slots=True)
class VisitsDay:
    clinic_id: UUID
    day: date
    attended: int
    """Visits whose patient was checked in."""
    no_shows: int
    cancelled: int
    """Cancelled after they were booked."""
    open: int
    """Booked, and nobody has said yet whether the patient came."""
    no_show_rate: float | None
    """Share of no-shows among the visits that were attended or are no-shows."""


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """How long before their start the visits of a day were booked."""

    clinic_id: UUID
    day: date
    visits: int
    mean_hours: float | None
    median_hours: float | None
    p90_hours: float | None


@dataclass(frozen=True, slots=True)
class LatencyHour:
    """The delay from changes to their numbers in the event log, during one hour."""

    hour: datetime
    events: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
