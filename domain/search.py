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
from domain.schedules import (
    Claim,
    Span,
    State,
    Terms,
    active_claims,
    blocked_starts,
    bookable_range,
    next_on_grid,
)
from domain.zones import ALL_DAY, ONE_DAY, OffsetPeriod, days


class Slot(NamedTuple):
    """A visit `[starts_at, ends_at)` in UTC, without buffers; `held_until` only while held."""

    starts_at: datetime
    ends_at: datetime
    state: State
    held_until: datetime | None = None


class StartRange(NamedTuple):
    """The starts from one instant to another, both included."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """The input of a slot search for one dentist and type at one moment. `chairless`: starts for
    which no chair is available; they are left out.
    """

    hours: Hours
    terms: Terms
    now: datetime
    claims: Iterable[Claim] = ()
    chairless: Sequence[Span] = ()
    kept_start: datetime | None = None
    """The current start of a visit being moved; lead time and horizon do not apply to it."""

    def free(
        self, first: date, last: date | None = None, between: tuple[time, time] = ALL_DAY
    ) -> Iterator[datetime]:
        """The free starts on the clinic's days from `first` to `last` (default: `first`), at local
        times in `between`, in order: `reasons_against` finds none, and no claim overlaps the visit
        with its buffers. ValueError for naive datetimes.
        """
        claims = active_claims(self.claims, self.now)
        taken = merged_spans(blocked_starts(self.terms, claim) for claim in claims)
        dates, possible = self._possible(first, last or first, between)
        return _on_grid(self.hours, dates, _outside(possible, taken))

    def slots(
        self, first: date, last: date | None = None, between: tuple[time, time] = ALL_DAY
    ) -> Iterator[Slot]:
        """The same with states, including starts that claims block, as booked or held."""
        claims = active_claims(self.claims, self.now)
        dates, possible = self._possible(first, last or first, between)
        return _with_states(self.terms, _on_grid(self.hours, dates, possible), claims)

    def _possible(
        self, first: date, last: date, between: tuple[time, time]
    ) -> tuple[Sequence[OffsetPeriod], list[StartRange]]:
        """The days to search, and the starts that hours, terms and chairs allow."""
        allowed_starts = self._allowed_starts()
        first = max(first, allowed_starts[0].first.date() - ONE_DAY)
        last = min(last, allowed_starts[-1].last.date() + ONE_DAY)
        if first > last or not self.terms.bookable:
            return (), []
        starts = (
            StartRange(max(opens, earliest), min(closes - self.terms.duration, latest))
            for opens, closes in open_intervals(self.hours, first, last)
            for earliest, latest in allowed_starts
        )
        allowed = [part for part in starts if part.first <= part.last]
        return days(self.hours.time_zone, first, last, between), _outside(allowed, self.chairless)

    def _allowed_starts(self) -> list[StartRange]:
        """The starts within lead time and horizon, and `kept_start`; in order and disjoint."""
        allowed, kept = StartRange(*bookable_range(self.terms, self.now)), self.kept_start
        if kept is None or allowed.first <= kept <= allowed.last:
            return [allowed]
        return sorted([allowed, StartRange(kept, kept)])


def claims_interval(hours: Hours, terms: Terms, first: date, last: date) -> Interval | None:
    """The time in which claims can block visits that start on these days of the clinic; null if its
    zone skipped all of them.
    """
    dates = days(hours.time_zone, first, last)
    if not dates:
        return None
    after = terms.duration + terms.buffer_after
    return Interval(dates[0].starts_at - terms.buffer_before, dates[-1].ends_at + after)


def merged_spans(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, overlapping ones merged. Adjacent spans stay separate, as the start
    between them is free.
    """
    merged: list[Span] = []
    for after, before in sorted(spans):
        if merged and after < merged[-1].before:
            merged[-1] = Span(merged[-1].after, max(merged[-1].before, before))
        else:
            merged.append(Span(after, before))
    return merged


def _outside(starts: Iterable[StartRange], spans: Sequence[Span]) -> list[StartRange]:
    """The starts outside the spans. All arguments are in order and disjoint."""
    left: list[StartRange] = []
    position = 0
    for first, last in starts:
        while position < len(spans) and spans[position].before <= first:
            position += 1
        for after, before in islice(spans, position, None):
            if after >= last:
                break
            if first <= after:
                left.append(StartRange(first, after))
            first = before
        if first <= last:
            left.append(StartRange(first, last))
    return left


def _on_grid(
    hours: Hours, local_days: Iterable[OffsetPeriod], starts: Sequence[StartRange]
) -> Iterator[datetime]:
    """The grid times of these days among these starts, which are in order and disjoint."""
    step = timedelta(minutes=hours.grid_minutes)
    position = 0
    for begins, ends, offset in local_days:
        while position < len(starts) and starts[position].last < begins:
            position += 1
        for first, last in islice(starts, position, None):
            if first >= ends:
                break
            wall = (max(begins, first) + offset).replace(tzinfo=None)
            start = (next_on_grid(hours, wall) - offset).replace(tzinfo=UTC)
            while start <= last and start < ends:
                yield start
                start += step


def _with_states(terms: Terms, starts: Iterable[datetime], claims: list[Claim]) -> Iterator[Slot]:
    """The state of each start; both starts and claims in order."""
    blocked = [blocked_starts(terms, claim) for claim in claims]
    position = 0
    for start in starts:
        while position < len(blocked) and blocked[position].before <= start:
            position += 1
        reached = bisect_left(blocked, start, position, key=itemgetter(0))
        blocking = [claims[n] for n in range(position, reached) if start < blocked[n].before]
        yield _slot(start, start + terms.duration, blocking)


def _slot(start: datetime, end: datetime, blocking: list[Claim]) -> Slot:
    if not blocking:
        return Slot(start, end, State.FREE)
    if any(claim.state is State.BOOKED for claim in blocking):
        return Slot(start, end, State.BOOKED)
    held_until = max((claim.held_until for claim in blocking if claim.held_until), default=None)
    return Slot(start, end, State.HELD, held_until)
