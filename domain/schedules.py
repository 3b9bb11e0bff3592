"""When a dentist works: weekly hours and exceptions, from the clinic's wall clock to UTC.

The one rule (DESIGN, section 6): an instant is open when the local time shown at that instant lies
in a window. So a time that a DST gap skips does not exist, a repeated one is open both times, and a
window that ends inside a repeated hour closes in between. Postgres reads repeated times otherwise;
only this module expands wall time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
MIDNIGHT = time()


class ExceptionKind(StrEnum):
    """`open` adds time to the weekly hours; `closed` takes it away and wins."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Window:
    """Local opening hours `[starts, ends)` on one weekday (0 = Monday), the day they start on.

    `ends` at or before `starts` is on the next day: 22:00 to 02:00 crosses midnight, an `ends` of
    00:00 is midnight, 00:00 to 00:00 is 24 h. Valid on days from `valid_from` to `valid_to`, both
    included; None is without bound.
    """

    weekday: int
    starts: time
    ends: time
    valid_from: date | None = None
    valid_to: date | None = None

    def applies_on(self, day: date) -> bool:
        """Whether a window starts on `day`."""
        return (
            self.weekday == day.weekday()
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class ScheduleException:
    """One date's departure from the weekly hours; times as in `Window`.

    A missing `starts` or `ends` is the midnight at that end of the date; both missing, the whole
    day. A day closed as a whole also loses what its own windows reach into the next day.
    """

    on_date: date
    starts: time | None
    ends: time | None
    kind: ExceptionKind

    @property
    def closes_day(self) -> bool:
        """Whether nothing that starts on the date takes place."""
        return self.kind is ExceptionKind.CLOSED and self.starts is None and self.ends is None


@dataclass(frozen=True, slots=True)
class Hours:
    """A dentist's schedule in the clinic's zone (IANA name) and on the clinic's grid."""

    time_zone: str
    grid_minutes: int
    weekly: tuple[Window, ...]
    exceptions: tuple[ScheduleException, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What an appointment type asks for.

    `lead_time` and `horizon` are elapsed time from now to the start; `cancel_notice` likewise from
    a cancellation. Buffers are claimed around the visit and may lie outside the hours.
    """

    type_id: UUID
    slug: str
    duration: timedelta
    buffer_before: timedelta
    buffer_after: timedelta
    lead_time: timedelta
    horizon: timedelta
    hold_for: timedelta
    approval_for: timedelta
    cancel_notice: timedelta
    needs_chair: bool
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open time `[starts_at, ends_at)` in UTC."""

    starts_at: datetime
    ends_at: datetime

    def contains(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether `[starts_at, ends_at)` lies inside."""
        return self.starts_at <= starts_at and ends_at <= self.ends_at


@dataclass(frozen=True, slots=True)
class Stretch(Interval):
    """Time over which a zone keeps one `offset` from UTC."""

    offset: timedelta


def utc(instant: datetime) -> datetime:
    """The same instant in UTC. A naive datetime is no instant: ValueError."""
    if instant.utcoffset() is None:
        raise ValueError(f"naive datetime: {instant.isoformat()}")
    return instant.astimezone(UTC)


def day_of(hours: Hours, instant: datetime) -> date:
    """The clinic's calendar date at an instant. Naive: ValueError."""
    return utc(instant).astimezone(ZoneInfo(hours.time_zone)).date()


def day_stretches(hours: Hours, day: date) -> list[Stretch]:
    """The clinic's calendar day in UTC, in order, cut where the offset changes.

    One stretch of 24 h, except on DST nights; none for a date that the zone skipped.
    """
    return _shown(_stretches(hours.time_zone, day), *_wall(day, MIDNIGHT, MIDNIGHT))


def open_intervals(hours: Hours, day: date) -> list[Interval]:
    """The opening intervals that touch the clinic's calendar day: in order, merged, in UTC.

    They are whole, not cut at midnight: one may begin the day before or end the day after, so that
    a visit across midnight finds itself inside.
    An unknown zone raises ZoneInfoNotFoundError.
    """
    stretches = _stretches(hours.time_zone, day)
    dates = (day - ONE_DAY, day, day + ONE_DAY)
    opened = _merged(stretches, (wall for on in dates for wall in _opened(hours, on)))
    closed = _merged(stretches, (wall for on in dates for wall in _closed(hours, on)))
    today = _shown(stretches, *_wall(day, MIDNIGHT, MIDNIGHT))
    return [
        part
        for part in _without(opened, closed)
        if any(part.starts_at < on.ends_at and on.starts_at < part.ends_at for on in today)
    ]


def _opened(hours: Hours, on: date) -> Iterator[tuple[datetime, datetime]]:
    special = [exception for exception in hours.exceptions if exception.on_date == on]
    if any(exception.closes_day for exception in special):
        return
    for window in hours.weekly:
        if window.applies_on(on):
            yield _wall(on, window.starts, window.ends)
    for exception in special:
        if exception.kind is ExceptionKind.OPEN:
            yield _wall(on, exception.starts or MIDNIGHT, exception.ends or MIDNIGHT)


def _closed(hours: Hours, on: date) -> Iterator[tuple[datetime, datetime]]:
    for exception in hours.exceptions:
        if exception.on_date == on and exception.kind is ExceptionKind.CLOSED:
            yield _wall(on, exception.starts or MIDNIGHT, exception.ends or MIDNIGHT)


def _wall(on: date, starts: time, ends: time) -> tuple[datetime, datetime]:
    """Naive local times; the end is on the next day when it does not come after the start."""
    until = on if starts < ends else on + ONE_DAY
    return datetime.combine(on, starts), datetime.combine(until, ends)
