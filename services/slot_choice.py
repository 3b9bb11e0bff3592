"""Chooses a few of many free times: the first ones, or some spread over days and dentists."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from heapq import merge
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.clinic import BookingTerms

Start = tuple[datetime, BookingTerms]


@dataclass(slots=True)
class FreeStarts:
    """The free starts of one dentist in order, computed as they are read. They are read once."""

    booking_terms: BookingTerms
    starts: Iterator[datetime]
    zone: ZoneInfo
    """Of the days of `on`."""
    _by_day: dict[date, list[datetime]] | None = field(default=None, init=False)

    @property
    def dentist_id(self) -> UUID:
        return self.booking_terms.dentist_id

    def on(self, day: date) -> list[datetime]:
        """Those of one day that are not used up."""
        if self._by_day is None:
            self._by_day = defaultdict(list)
            for start in self.starts:
                self._by_day[start.astimezone(self.zone).date()].append(start)
        return self._by_day.get(day, [])


def first(dentists: Iterable[FreeStarts], most: int) -> list[Start]:
    """The first starts of all dentists, in order of time."""
    each = [_with_order(number, dentist) for number, dentist in enumerate(dentists)]
    return [(start, terms) for start, _, terms in islice(merge(*each), most)]


def spread(dentists: Sequence[FreeStarts], days: Sequence[date], most: int) -> list[Start]:
    """Up to `most` starts in order of time: of as many days as there are, evenly, each of the
    dentist and at the hour that were chosen least before.
    """
    chosen: list[Start] = []
    used, hours, times = Counter[UUID](), Counter[int](), Counter[date]()
    left = list(days)
    while left and len(chosen) < most:
        fewest = min(times[day] for day in left)
        for day in _evenly([day for day in left if times[day] == fewest], most - len(chosen)):
            least_used = sorted(dentists, key=lambda dentist: used[dentist.dentist_id])
            found = next((dentist for dentist in least_used if dentist.on(day)), None)
            if found is None:
                left.remove(day)
                continue
            starts = found.on(day)
            start = min(starts, key=lambda start: hours[start.hour])
            starts.remove(start)
            used[found.dentist_id] += 1
            hours[start.hour] += 1
            times[day] += 1
            chosen.append((start, found.booking_terms))
    return sorted(chosen, key=lambda each: (each[0], each[1].dentist_id))


def _with_order(number: int, dentist: FreeStarts) -> Iterator[tuple[datetime, int, BookingTerms]]:
    return ((start, number, dentist.booking_terms) for start in dentist.starts)


def _evenly(days: Sequence[date], most: int) -> list[date]:
    """All of them if they are few; else `most`, from the first to the last."""
    if len(days) <= most:
        return list(days)
    if most == 1:
        return [days[0]]
    return [days[round(n * (len(days) - 1) / (most - 1))] for n in range(most)]
