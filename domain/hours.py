"""Weekly hours and exceptions, expanded from the clinic's wall clock to UTC.

The rule: an instant is open when the local time shown at that instant lies in a window. So a time
that a DST gap skips does not exist, a repeated one is open both times, and a window that ends
inside a repeated hour closes in between. Postgres reads repeated times otherwise: only this module
expands wall time.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from operator import attrgetter
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)
MIDNIGHT = time()


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


@dataclass(frozen=True, slots=True)
class Hours:
    """A dentist's schedule in an IANA zone, on a grid counted from local midnight."""

    time_zone: str
    grid_minutes: int
    weekly: tuple[Window, ...]
    exceptions: tuple[ScheduleException, ...] = ()


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open time `[starts_at, ends_at)` in UTC."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """Half-open time in UTC over which a zone keeps one `offset`."""

    starts_at: datetime
    ends_at: datetime
    offset: timedelta


def day_stretches(hours: Hours, day: date) -> list[Stretch]:
    """The clinic's calendar day in UTC, in order, cut where the offset changes.

    One stretch of 24 h, except around DST; none for a date that the zone skipped.
    """
    return list(_showing(_stretches(hours, day), *_wall(day, MIDNIGHT, MIDNIGHT)))


def open_intervals(hours: Hours, day: date) -> list[Interval]:
    """The opening intervals that touch the clinic's calendar day: in order, merged, in UTC.

    They are whole: one may begin the day before or end the day after, so that a visit across
    midnight lies inside one. An unknown zone raises ZoneInfoNotFoundError.
    """
    stretches = _stretches(hours, day)
    dates = (day - ONE_DAY, day, day + ONE_DAY)
    opened = _merged(stretches, (wall for on in dates for wall in _opened(hours, on)))
    closed = _merged(stretches, (wall for on in dates for wall in _closed(hours, on)))
    today = list(_showing(stretches, *_wall(day, MIDNIGHT, MIDNIGHT)))
    return [
        part
        for part in _without(opened, closed)
        if any(part.starts_at < on.ends_at and on.starts_at < part.ends_at for on in today)
    ]


def _opened(hours: Hours, on: date) -> Iterator[tuple[datetime, datetime]]:
    special = [exception for exception in hours.exceptions if exception.on_date == on]
    if any(e.kind is ExceptionKind.CLOSED and e.starts is e.ends is None for e in special):
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
    last = on if starts < ends else on + ONE_DAY
    return datetime.combine(on, starts), datetime.combine(last, ends)


def _stretches(hours: Hours, day: date) -> list[Stretch]:
    """The zone's offsets over all that the windows of `day` and its neighbours can reach."""
    zone = ZoneInfo(hours.time_zone)
    found: list[Stretch] = []
    starts_at = datetime.combine(day - 2 * ONE_DAY, MIDNIGHT, UTC)
    offset = _offset(zone, starts_at)
    until = starts_at
    for _ in range(6):
        until += ONE_DAY
        if _offset(zone, until) != offset:
            change = _change(zone, until - ONE_DAY, offset)
            found.append(Stretch(starts_at, change, offset))
            starts_at, offset = change, _offset(zone, until)
    return [*found, Stretch(starts_at, until, offset)]


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _change(zone: ZoneInfo, since: datetime, offset: timedelta) -> datetime:
    """When the zone leaves an offset, to the second, within the day after `since`."""
    seconds = bisect_left(
        range(ONE_DAY // ONE_SECOND),
        True,
        key=lambda n: _offset(zone, since + n * ONE_SECOND) != offset,
    )
    return since + seconds * ONE_SECOND


def _showing(stretches: list[Stretch], starts: datetime, ends: datetime) -> Iterator[Stretch]:
    """The parts of the stretches in which the local clock shows a time in `[starts, ends)`."""
    for stretch in stretches:
        lower = max(stretch.starts_at, (starts - stretch.offset).replace(tzinfo=UTC))
        upper = min(stretch.ends_at, (ends - stretch.offset).replace(tzinfo=UTC))
        if lower < upper:
            yield Stretch(lower, upper, stretch.offset)


def _merged(stretches: list[Stretch], walls: Iterable[tuple[datetime, datetime]]) -> list[Interval]:
    merged: list[Interval] = []
    parts = [part for wall in walls for part in _showing(stretches, *wall)]
    for part in sorted(parts, key=attrgetter("starts_at")):
        if merged and part.starts_at <= merged[-1].ends_at:
            merged[-1] = Interval(merged[-1].starts_at, max(merged[-1].ends_at, part.ends_at))
        else:
            merged.append(Interval(part.starts_at, part.ends_at))
    return merged


def _without(opened: list[Interval], closed: list[Interval]) -> Iterator[Interval]:
    for interval in opened:
        starts_at = interval.starts_at
        for gap in closed:
            if gap.ends_at <= starts_at or interval.ends_at <= gap.starts_at:
                continue
            if starts_at < gap.starts_at:
                yield Interval(starts_at, gap.starts_at)
            starts_at = gap.ends_at
        if starts_at < interval.ends_at:
            yield Interval(starts_at, interval.ends_at)
