"""Validation of a proposed schedule, and the visits that would no longer fit into it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import combinations
from typing import Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.hours import ExceptionKind, Hours, Interval, ScheduleException, Window, open_intervals
from domain.schedules import day_of, next_on_grid
from domain.zones import MIDNIGHT, ONE_DAY, wall

A_MONDAY = date(2001, 1, 1)

ENDS_ON_ITS_DATE = (
    "must be after starts, or 00:00 for the end of the day; for time after midnight, add an"
    " exception on the next date"
)


class Fault(NamedTuple):
    """A field, such as `weekly.2.ends`, and what is wrong with it: a code and a message."""

    field: str
    code: Literal["missing", "overlaps", "same_as_start", "before_start", "before_valid_from"]
    message: str


class ScheduledVisit(NamedTuple):
    """A live booking, to be checked against the hours."""

    id: UUID
    dentist_id: UUID
    starts_at: datetime
    ends_at: datetime


def faults(weekly: Sequence[Window], exceptions: Sequence[ScheduleException]) -> Iterator[Fault]:
    """All faults, in the order of the fields: invalid ends, windows that overlap another of the
    same days, and overlapping exceptions of the same kind. Closing open hours is not a fault.
    """
    for n, window in enumerate(weekly):
        yield from _in_window(f"weekly.{n}", window)
    for (m, one), (n, other) in combinations(enumerate(weekly), 2):
        if _overlap(one, other):
            yield Fault(f"weekly.{n}", "overlaps", f"overlaps weekly.{m}")
    for n, exception in enumerate(exceptions):
        yield from _in_exception(f"exceptions.{n}", exception)
    for (m, first), (n, second) in combinations(enumerate(exceptions), 2):
        same = first.on_date == second.on_date and first.kind is second.kind
        if same and _meet(first.wall(), second.wall()):
            message = f"overlaps exceptions.{m}, which is {first.kind} too"
            yield Fault(f"exceptions.{n}", "overlaps", message)


def with_own(
    hours: Hours, weekly: Iterable[Window], exceptions: Iterable[ScheduleException]
) -> Hours:
    """The hours with the dentist's own windows and exceptions replaced by these."""
    clinic = (e for e in hours.exceptions if e.clinic_wide)
    return replace(hours, weekly=tuple(weekly), exceptions=(*exceptions, *clinic))


def with_clinic_wide(hours: Hours, exceptions: Iterable[ScheduleException]) -> Hours:
    """The hours with the clinic-wide exceptions replaced by these."""
    own = (e for e in hours.exceptions if not e.clinic_wide)
    return replace(hours, exceptions=(*own, *exceptions))


def outside(
    hours: Hours, visits: Iterable[ScheduledVisit], *, on_grid: bool = False
) -> list[ScheduledVisit]:
    """The visits that do not lie fully within these hours; `on_grid`: also those that start off the
    grid.
    """
    zone = ZoneInfo(hours.time_zone)

    @cache
    def opened(day: date) -> tuple[Interval, ...]:
        return open_intervals(hours, day)

    def fits(visit: ScheduledVisit) -> bool:
        wall = visit.starts_at.astimezone(zone).replace(tzinfo=None)
        if on_grid and next_on_grid(hours, wall) != wall:
            return False
        return any(
            part.starts_at <= visit.starts_at and visit.ends_at <= part.ends_at
            for part in opened(day_of(hours, visit.starts_at))
        )

    return [visit for visit in visits if not fits(visit)]


def _in_window(field: str, window: Window) -> Iterator[Fault]:
    if window.starts == window.ends != MIDNIGHT:
        message = "equals starts; for a whole day use 00:00 to 00:00"
        yield Fault(f"{field}.ends", "same_as_start", message)
    if window.valid_from and window.valid_to and window.valid_to < window.valid_from:
        yield Fault(f"{field}.valid_to", "before_valid_from", "must not be before valid_from")


def _in_exception(field: str, exception: ScheduleException) -> Iterator[Fault]:
    """An exception ends on its date, and the kind `hours` needs both times."""
    if exception.kind is ExceptionKind.HOURS:
        for name in ("starts", "ends"):
            if getattr(exception, name) is None:
                yield Fault(f"{field}.{name}", "missing", "is required for the kind hours")
    starts, ends = exception.starts or MIDNIGHT, exception.ends or MIDNIGHT
    if ends <= starts and ends != MIDNIGHT:
        yield Fault(f"{field}.ends", "before_start", ENDS_ON_ITS_DATE)


def _overlap(one: Window, other: Window) -> bool:
    """Whether there is a night or day on which both are open at the same time."""
    for shift in (-1, 0, 1):
        if (one.weekday + shift) % 7 != other.weekday:
            continue
        nearby = _wall(one), _wall(other, shift)
        return _meet(*nearby) and _share_a_date(one, other, shift * ONE_DAY)
    return False


def _wall(window: Window, shift: int = 0) -> tuple[datetime, datetime]:
    return wall(A_MONDAY + shift * ONE_DAY, window.starts, window.ends)


def _share_a_date(one: Window, other: Window, shift: timedelta) -> bool:
    """Whether `one` starts on some date and `other` that many days later."""
    first = [one.valid_from, other.valid_from and other.valid_from - shift]
    last = [one.valid_to, other.valid_to and other.valid_to - shift]
    lower = max((day for day in first if day), default=None)
    upper = min((day for day in last if day), default=None)
    if lower is None or upper is None:
        return True
    return lower + timedelta(days=(one.weekday - lower.weekday()) % 7) <= upper


def _meet(one: tuple[datetime, datetime], other: tuple[datetime, datetime]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
