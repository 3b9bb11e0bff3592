"""Weekly hours and exceptions, expanded from the clinic's wall clock to UTC.

The rule: an instant is open when the local time shown at that instant lies in a window. So a time
that a DST gap skips does not exist, a repeated one is open both times, and a window that ends
inside a repeated hour closes in between. Postgres reads repeated times otherwise: only this module
and domain/zones.py expand wall time.

Which rule decides about an instant, the first that applies:

1. A dentist's own `closed`: not open.
2. A dentist's own `open` or `hours`: open, also on a day on which the clinic is closed.
3. The clinic's `closed`: not open.
4. The clinic's `open` or `hours`: open, unless the dentist has `hours` of their own on that date.
5. A weekly window: open, unless the date it starts on has `hours`, or is closed as a whole.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from domain.zones import (
    MIDNIGHT,
    ONE_DAY,
    OffsetPeriod,
    days,
    offset_periods,
    showing_local_times,
    wall,
)


class ExceptionKind(StrEnum):
    """`open` adds time to the weekly hours, `closed` takes it away, `hours` replace them."""

    OPEN = "open"
    CLOSED = "closed"
    HOURS = "hours"


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
    """An exception to the weekly hours on one date. Times as in `Window`; None: the day's start or
    end. On a day closed as a whole, its windows are also closed past midnight.
    """

    on_date: date
    starts: time | None
    ends: time | None
    kind: ExceptionKind
    reason: str | None = None
    """A note by staff."""
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

    They are not cut at midnight, so that a visit across midnight lies inside one. An unknown zone
    raises ZoneInfoNotFoundError. Cached, as many callers search the same week.
    """
    last = last or first
    zone = offset_periods(hours.time_zone, first, last)
    dates = [first + n * ONE_DAY for n in range(-1, (last - first).days + 2)]
    walls = _walls(hours, dates)
    opened, closed, own_opened, own_closed = (
        _merged(showing_local_times(zone, each)) for each in walls
    )
    general = _merged([*_subtract(opened, closed), *own_opened])
    asked = _merged(days(hours.time_zone, first, last))
    return tuple(
        part
        for part in _subtract(general, own_closed)
        if any(part.starts_at < on.ends_at and on.starts_at < part.ends_at for on in asked)
    )


def closing(hours: Hours, starts_at: datetime, ends_at: datetime) -> list[ScheduleException]:
    """The exceptions that take away some of the time `[starts_at, ends_at)`, given in UTC."""
    first, last = starts_at.date() - ONE_DAY, ends_at.date() + ONE_DAY
    zone = offset_periods(hours.time_zone, first, last)
    dates = [first + n * ONE_DAY for n in range((last - first).days + 1)]
    own = _merged(showing_local_times(zone, _walls(hours, dates).own_opened))
    return [
        exception
        for exception in hours.exceptions
        if exception.kind is ExceptionKind.CLOSED
        and any(
            part.starts_at < ends_at and starts_at < part.ends_at
            for part in _subtract(
                _merged(showing_local_times(zone, _taken_away(hours, exception))),
                own if exception.clinic_wide else [],
            )
        )
    ]


Wall = tuple[datetime, datetime]


class Walls(NamedTuple):
    """Windows in local time: opened by the weekly hours or the clinic, closed by the clinic, opened
    by the dentist, and closed by the dentist.
    """

    opened: list[Wall]
    closed: list[Wall]
    own_opened: list[Wall]
    own_closed: list[Wall]


def _walls(hours: Hours, dates: Iterable[date]) -> Walls:
    """The local windows of these dates, by the rules 1 to 5."""
    found = Walls([], [], [], [])
    special: dict[date, list[ScheduleException]] = defaultdict(list)
    for exception in hours.exceptions:
        special[exception.on_date].append(exception)
    weekly: dict[int, list[Window]] = defaultdict(list)
    for window in hours.weekly:
        weekly[window.weekday].append(window)
    for on in dates:
        day = _Day.of(special.get(on, ()))
        found.closed.extend(e.wall() for e in day.closed if e.clinic_wide)
        found.own_closed.extend(e.wall() for e in day.closed if not e.clinic_wide)
        if not day.dentist_closed:
            found.own_opened.extend(e.wall() for e in day.opened if not e.clinic_wide)
        if day.dentist_closed or day.clinic_closed:
            continue
        if not day.replaced_by_own:
            found.opened.extend(e.wall() for e in day.opened if e.clinic_wide)
        if not day.replaced:
            windows = (w for w in weekly.get(on.weekday(), ()) if w.applies_on(on))
            found.opened.extend(wall(on, w.starts, w.ends) for w in windows)
    return found


class _Day(NamedTuple):
    """The exceptions of one date, and which hours of the day they replace."""

    closed: list[ScheduleException]
    opened: list[ScheduleException]
    dentist_closed: bool
    """The dentist is away all day."""
    clinic_closed: bool
    """The clinic is closed all day."""
    replaced: bool
    """Other hours replace the weekly hours."""
    replaced_by_own: bool
    """The dentist's own hours replace the weekly hours."""

    @classmethod
    def of(cls, exceptions: Iterable[ScheduleException]) -> "_Day":
        closed = [e for e in exceptions if e.kind is ExceptionKind.CLOSED]
        opened = [e for e in exceptions if e.kind is not ExceptionKind.CLOSED]
        hours = [e for e in opened if e.kind is ExceptionKind.HOURS]
        return cls(
            closed,
            opened,
            dentist_closed=any(e.whole_day and not e.clinic_wide for e in closed),
            clinic_closed=any(e.whole_day and e.clinic_wide for e in closed),
            replaced=bool(hours),
            replaced_by_own=any(not e.clinic_wide for e in hours),
        )


def _taken_away(hours: Hours, closed: ScheduleException) -> list[Wall]:
    own = hours.weekly if closed.whole_day else ()
    on = closed.on_date
    return [closed.wall(), *(wall(on, w.starts, w.ends) for w in own if w.applies_on(on))]


def _merged(parts: Iterable[OffsetPeriod | Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for starts_at, ends_at in sorted(part[:2] for part in parts):
        if merged and starts_at <= merged[-1].ends_at:
            merged[-1] = Interval(merged[-1].starts_at, max(merged[-1].ends_at, ends_at))
        else:
            merged.append(Interval(starts_at, ends_at))
    return merged


def _subtract(opened: list[Interval], closed: list[Interval]) -> Iterator[Interval]:
    for starts_at, ends_at in opened:
        for gap in closed:
            if gap.ends_at <= starts_at or ends_at <= gap.starts_at:
                continue
            if starts_at < gap.starts_at:
                yield Interval(starts_at, gap.starts_at)
            starts_at = gap.ends_at
        if starts_at < ends_at:
            yield Interval(starts_at, ends_at)
