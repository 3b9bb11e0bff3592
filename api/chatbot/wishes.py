"""When the person would like to come, as a search and a filter."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from api.chatbot.models import MOST_DAYS, FindSlots, Weekday
from api.http.errors import Problem, invalid
from domain.clinic import BookingTerms
from domain.part_of_day import BETWEEN
from domain.schedules import PLAUSIBLE_YEARS
from domain.zones import ALL_DAY, MIDNIGHT, ONE_DAY
from services.slot_search import Asked

DAYS = 14
"""Days searched if neither date nor days are given."""

CLOCK = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])(:00)?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MINUTE = timedelta(minutes=1)


class Bound(NamedTuple):
    """The earliest or latest start: a time of each day, or an instant; the latter included."""

    clock: time | None = None
    instant: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """Days and times of day are those of the zone in which the person is spoken to."""

    first: date
    days: int
    between: tuple[time, time]
    weekdays: frozenset[int]
    not_before: datetime | None = None
    not_after: datetime | None = None
    zone: ZoneInfo | None = None
    """Null: each clinic's own."""

    @classmethod
    def of(cls, arguments: FindSlots, zone: ZoneInfo | None, terms: BookingTerms) -> Self:
        """Raises `validation_failed`."""
        spoken = zone or ZoneInfo(terms.hours.time_zone)
        earliest = _bound("not_before", arguments.not_before, spoken, time.min)
        latest = _bound("not_after", arguments.not_after, spoken, time.max)
        first, days = _days(arguments, terms.now.astimezone(spoken).date(), earliest, latest)
        part = BETWEEN[arguments.part_of_day] if arguments.part_of_day else ALL_DAY
        return cls(
            first,
            days,
            _narrowed(part, earliest.clock, latest.clock),
            frozenset(list(Weekday).index(each) for each in arguments.weekdays or Weekday),
            earliest.instant,
            latest.instant,
            zone,
        )

    def asked(self) -> Asked:
        """The search that finds all starts that suit, and others."""
        if self.zone:  # its days overlap with three days of the clinic
            return Asked(self.first - ONE_DAY, self.days + 2)
        return Asked(self.first, self.days, self.between)

    def later(self, first: date, days: int) -> Self:
        """The same wishes for other days."""
        return replace(self, first=first, days=days)

    def possible(self) -> Sequence[date]:
        """The days on which the person would come."""
        if self.between[1] != MIDNIGHT and self.between[0] >= self.between[1]:
            return ()
        days = (self.first + n * ONE_DAY for n in range(self.days))
        return [day for day in days if day.weekday() in self.weekdays]

    def suit(self, start: datetime, terms: BookingTerms) -> bool:
        """Whether a start that `asked` has found is wanted."""
        if self.not_before and start < self.not_before:
            return False
        if self.not_after and start > self.not_after:
            return False
        local = start.astimezone(self.zone or ZoneInfo(terms.hours.time_zone))
        if local.weekday() not in self.weekdays:
            return False
        if not self.zone:
            return True
        begins, ends = self.between
        clock = local.time()
        in_time = begins <= clock and (ends == MIDNIGHT or clock < ends)
        return in_time and self.first <= local.date() < self.first + self.days * ONE_DAY


def _days(arguments: FindSlots, today: date, earliest: Bound, latest: Bound) -> tuple[date, int]:
    """The first day and how many to search."""
    first, days = arguments.date or today, arguments.days
    if earliest.instant and arguments.date is None:
        first = max(first, earliest.instant.date())
    if days is None and latest.instant and arguments.date is None:
        last = latest.instant.date()
        days = min(max((last - first) // ONE_DAY + 1, 1), MOST_DAYS)
    return first, days or (1 if arguments.date else DAYS)


def _narrowed(
    part: tuple[time, time], not_before: time | None, not_after: time | None
) -> tuple[time, time]:
    """The part of the day between these times, of which the last one is included."""
    begins, ends = part
    if not_before:
        begins = max(begins, not_before)
    if not_after and not_after < time(23, 59):
        after = (datetime.combine(date.min, not_after) + MINUTE).time()
        ends = after if ends == MIDNIGHT else min(ends, after)
    return begins, ends


def _bound(name: str, text: str | None, zone: ZoneInfo, clock: time) -> Bound:
    """`clock`: the time of day that a bare date means."""
    if text is None:
        return Bound()
    given = text.strip()
    if found := CLOCK.fullmatch(given):
        return Bound(clock=time(int(found[1]), int(found[2])))
    try:
        if DATE.fullmatch(given):
            instant = datetime.combine(date.fromisoformat(given), clock, zone)
        else:
            instant = datetime.fromisoformat(given)
    except ValueError:
        raise _unreadable(name) from None
    if instant.year not in PLAUSIBLE_YEARS:
        raise invalid(name, "must be between the years 2000 and 2200")
    local = instant.replace(tzinfo=zone) if instant.tzinfo is None else instant.astimezone(zone)
    return Bound(instant=local)


def _unreadable(name: str) -> Problem:
    return invalid(
        name,
        "must be a time of day such as 10:30, a date such as 2027-03-08, or a date and time such as"
        " 2027-03-08T10:30:00+01:00",
    )
