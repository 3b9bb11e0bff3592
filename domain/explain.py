"""Explains why a start is offered or not, by the same rules as the search, with their causes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.chairs import Chair, chair_may_be_free_at, is_inside, starts_without_chair
from domain.clinic import BookingTerms
from domain.hours import Interval, ScheduleException, closing, open_intervals
from domain.schedules import (
    Claim,
    Reason,
    State,
    Terms,
    active_claims,
    blocked_starts,
    bookable_range,
    day_of,
    reasons_against,
    utc,
)
from domain.zones import days


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason with its causes; null or empty where they do not apply."""

    reason: Reason
    earliest: datetime | None = None
    """The first start that the lead time allows."""
    latest: datetime | None = None
    """The last start that the horizon allows."""
    held_until: datetime | None = None
    """When the hold that blocks the start expires."""
    hours: tuple[Interval, ...] | None = None
    """All opening hours of that day."""
    exceptions: tuple[ScheduleException, ...] = ()
    """The exceptions that close hours of the visit, or of the day if all of it is closed."""


def explain(
    booking_terms: BookingTerms,
    starts_at: datetime,
    claims: Iterable[Claim],
    chairs: Sequence[Chair],
) -> list[Finding]:
    """All reasons against a visit, in the order of Reason; empty if it can be booked."""
    start = utc(starts_at)
    reasons = reasons_against(
        booking_terms.hours, booking_terms.terms, start, booking_terms.now, booking_terms.kept_start
    )
    return [
        *(_finding(booking_terms, start, reason) for reason in reasons),
        *_taken(booking_terms, start, claims),
        *_chairless(booking_terms, start, chairs),
    ]


def _finding(booking_terms: BookingTerms, start: datetime, reason: Reason) -> Finding:
    earliest, latest = bookable_range(booking_terms.terms, booking_terms.now)
    match reason:
        case Reason.PAST | Reason.LEAD_TIME:
            return Finding(reason, earliest=earliest)
        case Reason.HORIZON:
            return Finding(reason, latest=latest)
        case Reason.CLOSED | Reason.OUTSIDE_HOURS:
            return _closed(booking_terms, start, reason)
        case _:
            return Finding(reason)


def _closed(booking_terms: BookingTerms, start: datetime, reason: Reason) -> Finding:
    day = day_of(booking_terms.hours, start)
    lost = Interval(start, start + booking_terms.terms.duration)
    if reason is Reason.CLOSED:
        whole = days(booking_terms.hours.time_zone, day, day)
        lost = Interval(whole[0].starts_at, whole[-1].ends_at)
    opened = open_intervals(booking_terms.hours, day)
    return Finding(reason, hours=opened, exceptions=tuple(closing(booking_terms.hours, *lost)))


def _taken(
    booking_terms: BookingTerms, start: datetime, claims: Iterable[Claim]
) -> Iterator[Finding]:
    blocking = _blocking(booking_terms.terms, start, active_claims(claims, booking_terms.now))
    if any(claim.state is State.HELD for claim in blocking):
        yield Finding(Reason.HELD, held_until=_ends(blocking))
    if any(claim.state is State.BOOKED for claim in blocking):
        yield Finding(Reason.BOOKED)


def _chairless(
    booking_terms: BookingTerms, start: datetime, chairs: Sequence[Chair]
) -> Iterator[Finding]:
    if is_inside(starts_without_chair(booking_terms.terms, chairs, booking_terms.now), start):
        free_at = chair_may_be_free_at(booking_terms.terms, chairs, start, booking_terms.now)
        yield Finding(Reason.NO_CHAIR, held_until=free_at)


def _blocking(terms: Terms, start: datetime, claims: Iterable[Claim]) -> list[Claim]:
    spans = ((blocked_starts(terms, claim), claim) for claim in claims)
    return [claim for (after, before), claim in spans if after < start < before]


def _ends(claims: Iterable[Claim]) -> datetime | None:
    """When the last hold among these claims expires."""
    return max((claim.held_until for claim in claims if claim.held_until), default=None)
