"""What is offered, day by day in every zone of the tz database, against a count of instants.

`make sweep` goes through every day of ten years; the tests through the days around each change of
an offset, and three days of each year.
"""

import random
import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from domain.hours import ExceptionKind, Hours, ScheduleException, Window
from domain.schedules import Terms
from domain.search import SlotSearch

FIRST, LAST = date(2018, 1, 1), date(2027, 12, 31)
A_DAY, A_MINUTE = timedelta(days=1), timedelta(minutes=1)
STEP = 15 * A_MINUTE
"""All times of the schedules are multiples of it, and so are all offsets of these years."""

SEEDED_DAYS_A_YEAR = 3
PROCESSES = 2


class Zone(NamedTuple):
    """A zone, with the names of others that had the same offsets all these years."""

    name: str
    same: tuple[str, ...]
    changes: tuple[tuple[datetime, timedelta], ...]
    """When the offset became what: the first is where the years begin."""

    def around_changes(self) -> set[date]:
        """The local dates on both sides of each change, and the days before and after."""
        sides = [
            (at + offset).date()
            for n, (at, new) in enumerate(self.changes)
            if n
            for offset in (new, self.changes[n - 1][1])
        ]
        days = {day + n * A_DAY for day in sides for n in (-1, 0, 1)}
        return {day for day in days if FIRST <= day <= LAST}

    def seeded(self) -> set[date]:
        chance = random.Random(self.name)
        return {
            date(year, 1, 1) + chance.randrange(365) * A_DAY
            for year in range(FIRST.year, LAST.year + 1)
            for _ in range(SEEDED_DAYS_A_YEAR)
        }


def zones() -> list[Zone]:
    """All zones, those with equal offsets once."""
    names: dict[tuple[tuple[datetime, timedelta], ...], list[str]] = {}
    for name in sorted(available_timezones()):
        names.setdefault(tuple(_changes(ZoneInfo(name))), []).append(name)
    return [Zone(found[0], tuple(found[1:]), changes) for changes, found in names.items()]


def mismatches(zone: str, days: Iterable[date]) -> list[str]:
    """Where the search and the count differ; empty if all is well."""
    local = ZoneInfo(zone)
    found = []
    for day in sorted(days):
        hours, terms = _schedule(zone, day)
        now = datetime.combine(day, time(), UTC) - 3 * A_DAY
        offered = list(SlotSearch(hours, terms, now).free(day))
        counted = list(_counted(hours, terms.duration, local, day))
        if offered != counted:
            odd = sorted(set(offered) ^ set(counted))
            found.append(f"{zone} {day} {hours} {terms.duration}: {odd}")
    return found


def _counted(hours: Hours, duration: timedelta, zone: ZoneInfo, day: date) -> Iterator[datetime]:
    """The starts of the day for which the clinic is open at every instant of the visit."""
    opened, closed, own = _walls(hours, day)
    instant = datetime.combine(day, time(), UTC) - 15 * 60 * A_MINUTE
    steps = [instant + n * STEP for n in range(54 * 4 + 2 + duration // STEP)]
    walls = [at.astimezone(zone).replace(tzinfo=None) for at in steps]

    def is_open(wall: datetime) -> bool:
        def shown(walls: Walls) -> bool:
            return any(a <= wall < b for a, b in walls)

        general = shown(opened) and not shown(closed[True])
        return (general or shown(own)) and not shown(closed[False])

    throughout = [
        is_open(walls[n])
        if walls[n + 1] - walls[n] == STEP
        else all(is_open(_wall(steps[n] + m * A_MINUTE, zone)) for m in range(15))
        for n in range(len(steps) - 1)
    ]
    grid, needed = hours.grid_minutes, duration // STEP
    for n, wall in enumerate(walls[: -needed - 1]):
        on_grid = wall.date() == day and (wall.hour * 60 + wall.minute) % grid == 0
        if on_grid and all(throughout[n : n + needed]):
            yield steps[n]


Walls = list[tuple[datetime, datetime]]


def _walls(hours: Hours, day: date) -> tuple[Walls, dict[bool, Walls], Walls]:
    """Which local times are open; which are closed, by whether it is the whole clinic; and which a
    dentist opens all the same.
    """
    opened: Walls = []
    own: Walls = []
    closed: dict[bool, Walls] = {True: [], False: []}
    for on in (day + n * A_DAY for n in range(-2, 3)):
        special = [e for e in hours.exceptions if e.on_date == on]
        shut = [e for e in special if e.kind is ExceptionKind.CLOSED]
        extra = [e for e in special if e.kind is not ExceptionKind.CLOSED]
        replaced = {e.clinic_wide for e in extra if e.kind is ExceptionKind.HOURS}
        whole = {e.clinic_wide for e in shut if e.starts is e.ends is None}
        for each in shut:
            closed[each.clinic_wide].append(_span(on, each))
        if False not in whole:
            own += [_span(on, e) for e in extra if not e.clinic_wide]
        if not whole and False not in replaced:
            opened += [_span(on, e) for e in extra if e.clinic_wide]
        if not whole and not replaced:
            opened += [_span(on, w) for w in hours.weekly if w.weekday == on.weekday()]
    return opened, closed, own


def _span(on: date, times: Window | ScheduleException) -> tuple[datetime, datetime]:
    first = datetime.combine(on, times.starts or time())
    last = datetime.combine(on, times.ends or time())
    return first, last if first < last else last + A_DAY


def _schedule(zone: str, day: date) -> tuple[Hours, Terms]:
    """Hours with nights, breaks, closed and extra times, drawn by zone and day."""
    chance = random.Random(f"{zone} {day}")

    def a_time() -> time:
        return time(
            chance.choice([0, 1, 2, 3, 4, 8, 13, 20, 22, 23]), chance.choice([0, 15, 30, 45])
        )

    weekly = [
        Window((day.weekday() + n) % 7, a_time(), a_time()) for n in (-1, 0, 0, 1) for _ in range(2)
    ]
    exceptions = [
        ScheduleException(
            day + chance.choice([-1, 0, 0, 1]) * A_DAY,
            chance.choice([None, a_time()]),
            chance.choice([None, a_time()]),
            chance.choice(list(ExceptionKind)),
            clinic_wide=chance.choice([True, False]),
        )
        for _ in range(chance.choice([0, 0, 1, 2, 3]))
    ]
    hours = Hours(zone, chance.choice([15, 30, 45, 60, 75]), tuple(weekly), tuple(exceptions))
    long = timedelta(days=30)
    lasts = chance.choice([1, 2, 4, 8]) * STEP
    rest = (timedelta(),) * 3
    return hours, Terms(UUID(int=1), "visit", lasts, *rest, long, STEP, STEP, STEP, False, False)


def _changes(zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta]]:
    """Each change of the offset, to the minute; looked for every twelve hours."""
    at, end = (datetime.combine(day, time(), UTC) for day in (FIRST, LAST))
    offset = at.astimezone(zone).utcoffset()
    yield at, offset
    while at < end:
        later = at + A_DAY / 2
        if (new := later.astimezone(zone).utcoffset()) != offset:
            minutes = bisect_left(
                range(720),
                True,
                key=lambda n, at=at, old=offset: (
                    (at + n * A_MINUTE).astimezone(zone).utcoffset() != old
                ),
            )
            yield at + minutes * A_MINUTE, new
            offset = new
        at = later


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _every_day(zone: Zone) -> list[str]:
    return mismatches(zone.name, (FIRST + n * A_DAY for n in range((LAST - FIRST).days + 1)))


def main() -> None:
    """Every day of every zone."""
    every = zones()
    with ProcessPoolExecutor(PROCESSES) as pool:
        for n, (zone, found) in enumerate(
            zip(every, pool.map(_every_day, every), strict=True), start=1
        ):
            print(
                f"{n}/{len(every)} {zone.name} and {len(zone.same)} more: {len(found)} mismatches"
            )
            if found:
                sys.exit("\n".join(found[:5]))


if __name__ == "__main__":
    main()
