"""Time zones: periods of constant UTC offset, and conversion of local times to UTC."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)
MIDNIGHT = time()
ALL_DAY = (MIDNIGHT, MIDNIGHT)


NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
"""Names in the zone directory that are not places."""


class OffsetPeriod(NamedTuple):
    """Half-open time in UTC over which a zone keeps one `offset`."""

    starts_at: datetime
    ends_at: datetime
    offset: timedelta


@cache
def names() -> frozenset[str]:
    """All IANA zones, without the variants under `posix/` and `right/` and without names that
    depend on the machine.
    """
    found = available_timezones() - NO_PLACES
    return frozenset(name for name in found if not name.startswith(("posix/", "right/")))


def named(name: str) -> ZoneInfo:
    """The IANA zone with exactly this name. ValueError for any other text."""
    if name not in names():
        raise ValueError("not an IANA time zone; use a name such as Europe/Berlin")
    return ZoneInfo(name)


def wall(on: date, starts: time, ends: time) -> tuple[datetime, datetime]:
    """A local window that starts on a date; `ends` at or before `starts` is on the next day."""
    last = on if starts < ends else on + ONE_DAY
    return datetime.combine(on, starts), datetime.combine(last, ends)


def showing_local_times(
    periods: Iterable[OffsetPeriod], walls: Iterable[tuple[datetime, datetime]]
) -> Iterator[OffsetPeriod]:
    """The parts of the periods in which the local clock shows a time in one of the half-open
    windows: two for a repeated time, none for a skipped one.
    """
    for starts, ends in walls:
        for period in periods:
            lower = max(period.starts_at, (starts - period.offset).replace(tzinfo=UTC))
            upper = min(period.ends_at, (ends - period.offset).replace(tzinfo=UTC))
            if lower < upper:
                yield OffsetPeriod(lower, upper, period.offset)


@lru_cache(maxsize=1024)
def days(
    time_zone: str, first: date, last: date, between: tuple[time, time] = ALL_DAY
) -> tuple[OffsetPeriod, ...]:
    """The local days from `first` to `last`, or a window of each, in order of time, cut at each
    local midnight and where the offset changes.

    A day is one period of 24 h, except at DST changes; none for a date that the zone skipped.
    """
    dates = (first + n * ONE_DAY for n in range((last - first).days + 1))
    parts = showing_local_times(
        offset_periods(time_zone, first, last), (wall(on, *between) for on in dates)
    )
    return tuple(sorted(parts))


@lru_cache(maxsize=1024)
def offset_periods(time_zone: str, first: date, last: date) -> tuple[OffsetPeriod, ...]:
    """The zone's periods of constant offset from two days before `first` to three days after
    `last`. An unknown zone raises ZoneInfoNotFoundError.
    """
    zone = ZoneInfo(time_zone)
    found: list[OffsetPeriod] = []
    starts_at = until = datetime.combine(first - 2 * ONE_DAY, MIDNIGHT, UTC)
    offset = _offset(zone, starts_at)
    for _ in range((last - first).days + 6):
        until += ONE_DAY
        if _offset(zone, until) != offset:
            change = _change(zone, until - ONE_DAY, offset)
            found.append(OffsetPeriod(starts_at, change, offset))
            starts_at, offset = change, _offset(zone, until)
    return (*found, OffsetPeriod(starts_at, until, offset))


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
