"""Explains why a start is offered or not, by the same rules as the search, with their causes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.chairs import Chair, chair_may_be_free_at, refused_at, without_chair
from domain.clinic import BookingTerms
from domain.hours import Interval, ScheduleException, closing, open_intervals
from domain.schedules import (
    Busy,
    Reason,
    State,
    Terms,
    day_of,
    live,
    objections,
    reach,
    shadow,
    utc,
)
from domain.zones import days


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason, and what it rests on; null or empty where that plays no part."""

    reason: Reason
    earliest: datetime | None = None
    """What the lead time allows."""
    latest: datetime | None = None
    """What the horizon allows."""
    held_until: datetime | None = None
    """When what is in the way may end by itself."""
    hours: tuple[Interval, ...] | None = None
    """All opening hours of that day."""
    exceptions: tuple[ScheduleException, ...] = ()
    """What takes hours away from the visit or, where all is closed, from the day."""


def explain(
    offer: BookingTerms, starts_at: datetime, busy: Iterable[Busy], chairs: Sequence[Chair]
) -> list[Finding]:
    """All reasons against a visit, in the order of Reason; empty means that it is offered."""
    start = utc(starts_at)
    said = objections(offer.hours, offer.terms, start, offer.now, offer.kept_start)
    return [
        *(_finding(offer, start, reason) for reason in said),
        *_taken(offer, start, busy),
        *_chairless(offer, start, chairs),
    ]


def _finding(offer: BookingTerms, start: datetime, reason: Reason) -> Finding:
    earliest, latest = reach(offer.terms, offer.now)
    match reason:
        case Reason.PAST | Reason.LEAD_TIME:
            return Finding(reason, earliest=earliest)
        case Reason.HORIZON:
            return Finding(reason, latest=latest)
        case Reason.CLOSED | Reason.OUTSIDE_HOURS:
            return _closed(offer, start, reason)
        case _:
            return Finding(reason)


def _closed(offer: BookingTerms, start: datetime, reason: Reason) -> Finding:
    day = day_of(offer.hours, start)
    lost = Interval(start, start + offer.terms.duration)
    if reason is Reason.CLOSED:
        whole = days(offer.hours.time_zone, day, day)
        lost = Interval(whole[0].starts_at, whole[-1].ends_at)
    opened = open_intervals(offer.hours, day)
    return Finding(reason, hours=opened, exceptions=tuple(closing(offer.hours, *lost)))


def _taken(offer: BookingTerms, start: datetime, busy: Iterable[Busy]) -> Iterator[Finding]:
    blocking = _blocking(offer.terms, start, live(busy, offer.now))
    if any(claim.state is State.HELD for claim in blocking):
        yield Finding(Reason.HELD, held_until=_ends(blocking))
    if any(claim.state is State.BOOKED for claim in blocking):
        yield Finding(Reason.BOOKED)


def _chairless(offer: BookingTerms, start: datetime, chairs: Sequence[Chair]) -> Iterator[Finding]:
    if refused_at(without_chair(offer.terms, chairs, offer.now), start):
        free_at = chair_may_be_free_at(offer.terms, chairs, start, offer.now)
        yield Finding(Reason.NO_CHAIR, held_until=free_at)


def _blocking(terms: Terms, start: datetime, claims: Iterable[Busy]) -> list[Busy]:
    spans = ((shadow(terms, claim), claim) for claim in claims)
    return [claim for (after, before), claim in spans if after < start < before]


def _ends(claims: Iterable[Busy]) -> datetime | None:
    """When the last hold among these claims expires."""
    return max((claim.held_until for claim in claims if claim.held_until), default=None)
