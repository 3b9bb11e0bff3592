"""When the person would like to come, as a search and a filter."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from api.chatbot.models import MOST_DAYS, FindSlots, Weekday
from api.http.errors import Problem, invalid
from domain.clinic import BookingTerms
from domain.part_of_day import BETWEEN
from domain.schedules import PLAUSIBLE_YEARS, day_of
from domain.zones import ALL_DAY, ONE_DAY
from services.slot_search import Asked, Found

DAYS = 14
"""Days searched if neither date nor days are given."""

CLOCK = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])(:00)?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Bound(NamedTuple):
    """The earliest or latest start: a time of each day, or an instant; the latter included."""

    clock: time | None = None
    instant: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    asked: Asked
    zone: ZoneInfo | None
    """The person's; null: the clinic's."""
    not_before: Bound
    not_after: Bound
    weekdays: frozenset[int]

    @classmethod
    def of(cls, arguments: FindSlots, zone: ZoneInfo | None, terms: BookingTerms) -> Self:
        """Raises `validation_failed`."""
        spoken_in = zone or ZoneInfo(terms.hours.time_zone)
        not_before = _bound("not_before", arguments.not_before, spoken_in, time.min)
        not_after = _bound("not_after", arguments.not_after, spoken_in, time.max)
        today = day_of(terms.hours, terms.now)
        first = arguments.date or today
        days = arguments.days or (1 if arguments.date else DAYS)
        if not_before.instant and arguments.date is None:
            first = max(first, day_of(terms.hours, not_before.instant))
        if not_after.instant and arguments.days is None and arguments.date is None:
            last = day_of(terms.hours, not_after.instant)
            days = min(max((last - first) // ONE_DAY + 1, 1), MOST_DAYS)
        between = BETWEEN[arguments.part_of_day] if arguments.part_of_day else ALL_DAY
        weekdays = frozenset(list(Weekday).index(each) for each in arguments.weekdays or Weekday)
        return cls(Asked(first, days, between), zone, not_before, not_after, weekdays)

    def suit(self, found: Found) -> bool:
        slot, terms = found
        local = slot.starts_at.astimezone(self.zone or ZoneInfo(terms.hours.time_zone))
        clock = local.time()
        before, after = self.not_before, self.not_after
        return (
            local.weekday() in self.weekdays
            and (before.clock is None or clock >= before.clock)
            and (after.clock is None or clock <= after.clock)
            and (before.instant is None or slot.starts_at >= before.instant)
            and (after.instant is None or slot.starts_at <= after.instant)
        )


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
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=zone)
    if instant.year not in PLAUSIBLE_YEARS:
        raise invalid(name, "must be between the years 2000 and 2200")
    return Bound(instant=instant)


def _unreadable(name: str) -> Problem:
    return invalid(
        name,
        "must be a time of day such as 10:30, a date such as 2027-03-08, or a date and time such as"
        " 2027-03-08T10:30:00+01:00",
    )
