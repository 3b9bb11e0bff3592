"""Chair availability, by the number of chairs in use at each instant: visits that have not begun
can be moved to other chairs (by `plan_chairs` in migrations/).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import NamedTuple

from domain.schedules import Claim, Span, State, Terms, active_claims, blocked_starts, utc
from domain.search import merged_spans

ALWAYS = Span(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class Chair(NamedTuple):
    """An active chair and its claims."""

    claims: Sequence[Claim] = ()
    kept_until: datetime | None = None
    """Until when its visits cannot move, because one is checked in or in treatment."""


def starts_without_chair(terms: Terms, chairs: Sequence[Chair], now: datetime) -> list[Span]:
    """The starts for which no chair is available; none if the type needs no chair. That is: at some
    instant of the visit or its buffers every chair is in use, or kept for a checked-in visit, and
    no single chair is free for all of it.
    """
    if not terms.needs_chair:
        return []
    if not chairs:
        return [ALWAYS]
    claims = [active_claims(chair.claims, now) for chair in chairs]
    in_use = (_in_use(chair, taken, now) for chair, taken in zip(chairs, claims, strict=True))
    refused = merged_spans(
        blocked_starts(terms, Claim(*full, State.BOOKED)) for full in _in_all(in_use)
    )
    if not any(chair.kept_until for chair in chairs):
        return refused
    return list(
        _common(
            refused,
            _in_all(merged_spans(blocked_starts(terms, c) for c in each) for each in claims),
        )
    )


def chair_may_be_free_at(
    terms: Terms, chairs: Sequence[Chair], start: datetime, now: datetime
) -> datetime | None:
    """When enough holds may have expired to free a chair for this start; null if holds are not the
    cause.
    """
    ends = {claim.held_until for chair in chairs for claim in active_claims(chair.claims, now)} - {
        None
    }
    for end in sorted(end for end in ends if end):
        if not is_inside(starts_without_chair(terms, chairs, end), start):
            return end
    return None


def is_inside(spans: Iterable[Span], start: datetime) -> bool:
    """Whether a start lies in one of the spans."""
    return any(after < start < before for after, before in spans)


def _in_use(chair: Chair, claims: Iterable[Claim], now: datetime) -> list[Span]:
    """The times at which no visit can be moved to this chair, as half-open spans."""
    kept = chair.kept_until and Span(utc(now), utc(chair.kept_until))
    times = [Span(claim.starts_at, claim.ends_at) for claim in claims]
    return merged_spans([*times, kept] if kept and kept.after < kept.before else times)


def _in_all(each: Iterable[Sequence[Span]]) -> Sequence[Span]:
    return reduce(lambda some, others: list(_common(some, others)), each)


def _common(some: Sequence[Span], others: Sequence[Span]) -> Iterator[Span]:
    """What lies in both; each in order and disjoint."""
    n = m = 0
    while n < len(some) and m < len(others):
        after = max(some[n].after, others[m].after)
        before = min(some[n].before, others[m].before)
        if after < before:
            yield Span(after, before)
        if some[n].before < others[m].before:
            n += 1
        else:
            m += 1
