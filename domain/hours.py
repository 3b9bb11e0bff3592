"""Weekly hours and exceptions, expanded from the clinic's wall clock to UTC.

The rule: an instant is open when the local time shown at that instant lies in a window. So a time
that a DST gap skips does not exist, a repeated one is open both times, and a window that ends
inside a repeated hour closes in between. Postgres reads repeated times otherwise: only this module
and domain/zones.py expand wall time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from domain.zones import MIDNIGHT, ONE_DAY, Stretch, around, days, showing, wall


class ExceptionKind(StrEnum):
    """`open` adds time to the weekly hours; `closed` takes it away and wins."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Window:
    """Local hours `[starts, ends)`; they belong to the `weekday` (0 = Monday) they start on.

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
        """Whether the window starts on `day`."""
        valid = (self.valid_from or day) <= day <= (self.valid_to or day)
        return valid and self.weekday == day.weekday()


@dataclass(frozen=True, slots=True)
class ScheduleException:
    """One date's departure from the weekly hours; times as in `Window`, None as the day's own end.

    A day closed as a whole also loses what its own windows reach into the next day.
    """

    on_date: date
    starts: time | None
    ends: time | None
    kind: ExceptionKind
    reason: str | None = None
    """What staff wrote about it."""
    clinic_wide: bool = False

    @property
    def whole_day(self) -> bool:
        return self.starts is None and self.ends is None

    def wall(self) -> tuple[datetime, datetime]:
        return wall(self.on_date, self.starts or MIDNIGHT, self.ends or MIDNIGHT)


@dataclass(frozen=True, slots=True)
class Hours:
    """A dentist's schedule in an IANA zone, on a grid counted from local midnight."""

    time_zone: str
    grid_minutes: int
    weekly: tuple[Window, ...]
    exceptions: tuple[ScheduleException, ...] = ()


class Interval(NamedTuple):
    """Half-open time `[starts_at, ends_at)` in UTC."""

    starts_at: datetime
    ends_at: datetime


@lru_cache(maxsize=512)
def open_intervals(hours: Hours, first: date, last: date | None = None) -> tuple[Interval, ...]:
    """The opening intervals that touch the clinic's calendar days from `first` to `last` (`first`
    alone where null): in order, merged, in UTC.

    They are whole: one may begin the day before or end the day after, so that a visit across
    midnight lies inside one. An unknown zone raises ZoneInfoNotFoundError. Remembered: many ask for
    the same week, and equal hours have equal openings.
    """
    last = last or first
    zone = around(hours.time_zone, first, last)
    dates = [first + n * ONE_DAY for n in range(-1, (last - first).days + 2)]
    opened, closed = _walls(hours, dates)
    asked = _merged(days(hours.time_zone, first, last))
    return tuple(
        part
        for part in _without(_merged(showing(zone, opened)), _merged(showing(zone, closed)))
        if any(part.starts_at < on.ends_at and on.starts_at < part.ends_at for on in asked)
    )


def closing(hours: Hours, starts_at: datetime, ends_at: datetime) -> list[ScheduleException]:
    """The exceptions that take away some of the time `[starts_at, ends_at)`, given in UTC."""
    first, last = starts_at.date() - ONE_DAY, ends_at.date() + ONE_DAY
    zone = around(hours.time_zone, first, last)
    return [
        exception
        for exception in hours.exceptions
        if exception.kind is ExceptionKind.CLOSED
        and any(
            part.starts_at < ends_at and starts_at < part.ends_at
            for part in showing(zone, _taken_away(hours, exception))
        )
    ]


Walls = list[tuple[datetime, datetime]]


def _walls(hours: Hours, dates: Iterable[date]) -> tuple[Walls, Walls]:
    """What is opened on these dates, and what is closed, by the local clock."""
    opened: Walls = []
    closed: Walls = []
    special: dict[date, list[ScheduleException]] = defaultdict(list)
    for exception in hours.exceptions:
        special[exception.on_date].append(exception)
    weekly: dict[int, list[Window]] = defaultdict(list)
    for window in hours.weekly:
        weekly[window.weekday].append(window)
    for on in dates:
        shut = [e for e in special.get(on, ()) if e.kind is ExceptionKind.CLOSED]
        closed += (e.wall() for e in shut)
        if any(e.whole_day for e in shut):
            continue
        opened += (
            wall(on, w.starts, w.ends) for w in weekly.get(on.weekday(), ()) if w.applies_on(on)
        )
        opened += (e.wall() for e in special.get(on, ()) if e.kind is ExceptionKind.OPEN)
    return opened, closed


def _taken_away(hours: Hours, closed: ScheduleException) -> Walls:
    own = hours.weekly if closed.whole_day else ()
    on = closed.on_date
    return [closed.wall(), *(wall(on, w.starts, w.ends) for w in own if w.applies_on(on))]


def _merged(parts: Iterable[Stretch]) -> list[Interval]:
    merged: list[Interval] = []
    for starts_at, ends_at, _ in sorted(parts):
        if merged and starts_at <= merged[-1].ends_at:
            merged[-1] = Interval(merged[-1].starts_at, max(merged[-1].ends_at, ends_at))
        else:
            merged.append(Interval(starts_at, ends_at))
    return merged


def _without(opened: list[Interval], closed: list[Interval]) -> Iterator[Interval]:
    for starts_at, ends_at in opened:
        for gap in closed:
            if gap.ends_at <= starts_at or ends_at <= gap.starts_at:
                continue
            if starts_at < gap.starts_at:
                yield Interval(starts_at, gap.starts_at)
            starts_at = gap.ends_at
        if starts_at < ends_at:
            yield Interval(starts_at, ends_at)
