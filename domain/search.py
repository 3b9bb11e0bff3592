"""Slot search: the starts on the grid that the hours and terms allow, minus those blocked by
claims.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from domain.hours import Hours, Interval, open_intervals
from domain.schedules import Busy, Span, State, Terms, live, next_on_grid, reach, shadow
from domain.zones import ALL_DAY, ONE_DAY, Stretch, days


class Slot(NamedTuple):
    """A visit `[starts_at, ends_at)` in UTC, without buffers; `held_until` only while held."""

    starts_at: datetime
    ends_at: datetime
    state: State
    held_until: datetime | None = None


class Starts(NamedTuple):
    """The starts from one instant to another, both included."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Diary:
    """The input of a slot search for one dentist and type at one moment. `chairless`: starts for
    which no chair is available; they are left out.
    """

    hours: Hours
    terms: Terms
    now: datetime
    busy: Iterable[Busy] = ()
    chairless: Sequence[Span] = ()
    kept_start: datetime | None = None
    """The current start of a visit being moved; lead time and horizon do not apply to it."""

    def free(
        self, first: date, last: date | None = None, between: tuple[time, time] = ALL_DAY
    ) -> Iterator[datetime]:
        """When a visit may start on the clinic's days from `first` to `last` (`first` alone where
        null), at local times in `between`: `objections` has nothing against it and no claim
        overlaps.

        In order of time; a visit claims its buffers too. ValueError, at once, for naive datetimes.
        """
        claims = live(self.busy, self.now)
        taken = joined(shadow(self.terms, claim) for claim in claims)
        dates, possible = self._possible(first, last or first, between)
        return _on_grid(self.hours, dates, _less(possible, taken))

    def slots(
        self, first: date, last: date | None = None, between: tuple[time, time] = ALL_DAY
    ) -> Iterator[Slot]:
        """The same, and what would be free but for the dentist's claims, as booked or held."""
        claims = live(self.busy, self.now)
        dates, possible = self._possible(first, last or first, between)
        return _judged(self.terms, _on_grid(self.hours, dates, possible), claims)

    def _possible(
        self, first: date, last: date, between: tuple[time, time]
    ) -> tuple[Sequence[Stretch], list[Starts]]:
        """The days to look at, and the starts that hours, terms and chairs allow."""
        in_reach = self._in_reach()
        first = max(first, in_reach[0].first.date() - ONE_DAY)
        last = min(last, in_reach[-1].last.date() + ONE_DAY)
        if first > last or not self.terms.bookable:
            return (), []
        starts = (
            Starts(max(opens, earliest), min(closes - self.terms.duration, latest))
            for opens, closes in open_intervals(self.hours, first, last)
            for earliest, latest in in_reach
        )
        allowed = [part for part in starts if part.first <= part.last]
        return days(self.hours.time_zone, first, last, between), _less(allowed, self.chairless)

    def _in_reach(self) -> list[Starts]:
        """What lead time and horizon allow, and the start that is kept; in order and disjoint."""
        allowed, kept = Starts(*reach(self.terms, self.now)), self.kept_start
        if kept is None or allowed.first <= kept <= allowed.last:
            return [allowed]
        return sorted([allowed, Starts(kept, kept)])


def concerned(hours: Hours, terms: Terms, first: date, last: date) -> Interval | None:
    """The time in which claims can block visits that start on these days of the clinic; null if its
    zone skipped all of them.
    """
    dates = days(hours.time_zone, first, last)
    if not dates:
        return None
    after = terms.duration + terms.buffer_after
    return Interval(dates[0].starts_at - terms.buffer_before, dates[-1].ends_at + after)


def joined(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, overlapping ones merged. Adjacent spans stay separate, as the start
    between them is free.
    """
    joined: list[Span] = []
    for after, before in sorted(spans):
        if joined and after < joined[-1].before:
            joined[-1] = Span(joined[-1].after, max(joined[-1].before, before))
        else:
            joined.append(Span(after, before))
    return joined


def _less(starts: Iterable[Starts], spans: Sequence[Span]) -> list[Starts]:
    """The starts outside the spans. All arguments are in order and disjoint."""
    left: list[Starts] = []
    passed = 0
    for first, last in starts:
        while passed < len(spans) and spans[passed].before <= first:
            passed += 1
        for after, before in islice(spans, passed, None):
            if after >= last:
                break
            if first <= after:
                left.append(Starts(first, after))
            first = before
        if first <= last:
            left.append(Starts(first, last))
    return left


def _on_grid(
    hours: Hours, pieces: Iterable[Stretch], starts: Sequence[Starts]
) -> Iterator[datetime]:
    """The grid times in both pieces and starts, which are in order and disjoint."""
    step = timedelta(minutes=hours.grid_minutes)
    passed = 0
    for begins, ends, offset in pieces:
        while passed < len(starts) and starts[passed].last < begins:
            passed += 1
        for first, last in islice(starts, passed, None):
            if first >= ends:
                break
            wall = (max(begins, first) + offset).replace(tzinfo=None)
            start = (next_on_grid(hours, wall) - offset).replace(tzinfo=UTC)
            while start <= last and start < ends:
                yield start
                start += step


def _judged(terms: Terms, starts: Iterable[datetime], claims: list[Busy]) -> Iterator[Slot]:
    """The state of each start; both starts and claims in order."""
    shadows = [shadow(terms, claim) for claim in claims]
    passed = 0
    for start in starts:
        while passed < len(shadows) and shadows[passed].before <= start:
            passed += 1
        reached = bisect_left(shadows, start, passed, key=itemgetter(0))
        blocking = [claims[n] for n in range(passed, reached) if start < shadows[n].before]
        yield _slot(start, start + terms.duration, blocking)


def _slot(start: datetime, end: datetime, blocking: list[Busy]) -> Slot:
    if not blocking:
        return Slot(start, end, State.FREE)
    if any(claim.state is State.BOOKED for claim in blocking):
        return Slot(start, end, State.BOOKED)
    held_until = max((claim.held_until for claim in blocking if claim.held_until), default=None)
    return Slot(start, end, State.HELD, held_until)
