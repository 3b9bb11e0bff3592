"""Explains why a time is offered or not."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from db import claims
from db.pool import Connection
from domain.clinic import BookingTerms
from domain.explain import Finding, explain
from domain.hours import ScheduleException
from domain.schedules import Reason, day_of
from domain.zones import ONE_DAY


@dataclass(frozen=True, slots=True)
class Open:
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ClosedBy:
    """A schedule exception that closes this time ("HH:MM"); without times, the whole day."""

    on_date: date
    clinic_wide: bool
    starts: str | None = None
    ends: str | None = None
    reason: str | None = None
    """Shown to staff; shown to everyone if the whole clinic is closed."""


@dataclass(frozen=True, slots=True)
class Because:
    """One reason; fields that do not apply are absent."""

    reason: Reason
    detail: str
    earliest: datetime | None = None
    latest: datetime | None = None
    held_until: datetime | None = None
    """When the hold that blocks this time expires."""
    hours: list[Open] | None = None
    """All opening hours of the day."""
    closed_by: list[ClosedBy] | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    dentist_id: UUID
    appointment_type: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    """The clinic's zone, IANA."""
    offered: bool
    reasons: list[Because]
    """In the order in which a hold is checked; empty if the time is offered."""


async def explain_time(
    connection: Connection,
    booking_terms: BookingTerms,
    starts_at: datetime,
    tz: ZoneInfo | None,
    moving: UUID | None,
    *,
    private: bool,
) -> Explanation:
    """The explanation with times in `tz`, or in the clinic's zone. Claims of `moving`, an
    appointment, do not count. `private`: for staff.
    """
    taken = await claims.between(
        connection,
        [booking_terms.dentist_no],
        [booking_terms.clinic_id] if booking_terms.terms.needs_chair else [],
        starts_at - 2 * ONE_DAY,
        starts_at + 2 * ONE_DAY,
        moving,
    )
    dentist_claims = taken.dentists.get(booking_terms.dentist_no, [])
    chair_claims = taken.chairs.get(booking_terms.clinic_id, [])
    findings = explain(booking_terms, starts_at, dentist_claims, chair_claims)
    zone = tz or ZoneInfo(booking_terms.hours.time_zone)
    reasons = [_because(booking_terms, starts_at, finding, zone, private) for finding in findings]
    return Explanation(
        booking_terms.dentist_id,
        booking_terms.terms.slug,
        starts_at.astimezone(zone),
        (starts_at + booking_terms.terms.duration).astimezone(zone),
        booking_terms.hours.time_zone,
        not reasons,
        reasons,
    )


def _because(
    booking_terms: BookingTerms,
    starts_at: datetime,
    finding: Finding,
    zone: ZoneInfo,
    private: bool,
) -> Because:
    def local(instant: datetime | None) -> datetime | None:
        return instant.astimezone(zone) if instant else None

    hours = [Open(a.astimezone(zone), b.astimezone(zone)) for a, b in finding.hours or ()]
    return Because(
        finding.reason,
        _words(booking_terms, starts_at, finding),
        local(finding.earliest),
        local(finding.latest),
        finding.held_until,
        None if finding.hours is None else hours,
        [_closed_by(e, private) for e in finding.exceptions] or None,
    )


def _closed_by(exception: ScheduleException, private: bool) -> ClosedBy:
    reason = exception.reason if private or exception.clinic_wide else None
    return ClosedBy(
        exception.on_date,
        exception.clinic_wide,
        _clock(exception.starts),
        _clock(exception.ends),
        reason,
    )


def _words(booking_terms: BookingTerms, starts_at: datetime, finding: Finding) -> str:
    terms = booking_terms.terms
    match finding.reason:
        case Reason.NOT_BOOKABLE:
            return "This dentist does not take bookings."
        case Reason.NOT_ONLINE:
            return f"A {terms.slug} can be booked only by staff; ask the clinic."
        case Reason.PAST:
            return "This time is in the past."
        case Reason.LEAD_TIME:
            return f"A {terms.slug} must be booked at least {_long(terms.lead_time)} ahead."
        case Reason.HORIZON:
            return f"A {terms.slug} can be booked at most {_long(terms.horizon)} ahead."
        case Reason.CLOSED:
            day = day_of(booking_terms.hours, starts_at)
            why = "is closed" if finding.exceptions else "has no hours"
            return f"The dentist {why} on {day:%A}, {day}."
        case Reason.OUTSIDE_HOURS:
            return f"The {_long(terms.duration)} of the visit do not fit into the opening hours."
        case Reason.OFF_GRID:
            return f"Visits start every {booking_terms.hours.grid_minutes} minutes from midnight."
        case Reason.HELD:
            return "This time is held and may become free again."
        case Reason.BOOKED:
            return "This time is booked."
        case Reason.NO_CHAIR:
            return "The clinic has no free chair at this time."
        case _:
            assert_never(finding.reason)


def _long(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    figures = {"d": minutes // 1440, "h": minutes // 60 % 24, "min": minutes % 60}
    return " ".join(f"{n} {unit}" for unit, n in figures.items() if n) or "0 min"


def _clock(local: time | None) -> str | None:
    return f"{local:%H:%M}" if local else None
