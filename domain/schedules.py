"""The terms of an appointment type, and the rules that decide whether a start is offered.
domain/search.py uses the same rules to find all starts that are offered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.hours import Hours as Hours
from domain.hours import open_intervals
from domain.zones import MIDNIGHT

WALK_IN = timedelta(minutes=30)
"""How long ago a visit may have begun for staff to still book it."""

PLAUSIBLE_YEARS = range(2000, 2201)
"""A visit in any other year is rejected as a mistake."""

BEGINNING_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)


class Reason(StrEnum):
    """Why a start cannot be booked, in the order of checks: the first that applies is returned."""

    NOT_BOOKABLE = "not_bookable"
    """The dentist takes no bookings any more. Only for moves that keep the dentist."""
    NOT_ONLINE = "not_online"
    """Only staff can book this type, at any time."""
    PAST = "past"
    """The start is before now; for staff, more than `WALK_IN` ago."""
    LEAD_TIME = "lead_time"
    """The start is closer than the type's lead time. Never for staff."""
    HORIZON = "horizon"
    """The start is farther away than the type's horizon. Never for staff."""
    CLOSED = "closed"
    """The dentist has no hours on that calendar day of the clinic."""
    OUTSIDE_HOURS = "outside_hours"
    """Part of the visit lies outside the hours. Buffers may."""
    OFF_GRID = "off_grid"
    """The start is not a multiple of the grid after local midnight."""
    HELD = "held"
    """The dentist's time is held. This reason and the next two come from claims, which `refusal`
    does not check."""
    BOOKED = "booked"
    """The dentist's time is booked."""
    NO_CHAIR = "no_chair"
    """The type needs a chair, and no chair of the clinic is free for the visit."""


OVERRIDABLE = frozenset({Reason.CLOSED, Reason.OUTSIDE_HOURS, Reason.OFF_GRID})
"""Reasons that staff can override."""


class State(StrEnum):
    """The present state of a slot."""

    FREE = "free"
    HELD = "held"
    BOOKED = "booked"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of an appointment type. Lead time, horizon and notice are elapsed time."""

    type_id: UUID
    slug: str
    duration: timedelta
    buffer_before: timedelta
    buffer_after: timedelta
    lead_time: timedelta
    horizon: timedelta
    hold_for: timedelta
    approval_for: timedelta
    cancel_notice: timedelta
    needs_chair: bool
    needs_approval: bool
    by_staff: bool = False
    """The caller is staff: no lead time and horizon apply, and walk-ins can be booked."""
    bookable: bool = True
    """Whether the caller may book the type: staff all types, others those bookable online."""


class Claim(NamedTuple):
    """A claim on a dentist or chair, `[starts_at, ends_at)`, its own buffers included; held or
    booked. A hold whose `held_until` has come counts as free, whether or not it was swept.
    """

    starts_at: datetime
    ends_at: datetime
    state: State
    held_until: datetime | None = None


class Span(NamedTuple):
    """The starts after one instant and before another, neither included."""

    after: datetime
    before: datetime


def day_of(hours: Hours, instant: datetime) -> date:
    """The clinic's calendar date at an instant. ValueError for a naive datetime."""
    return utc(instant).astimezone(ZoneInfo(hours.time_zone)).date()


def utc(instant: datetime) -> datetime:
    """The same instant in UTC. ValueError for a naive datetime, which is no instant."""
    return instant if instant.tzinfo is UTC else _aware(instant).astimezone(UTC)


def refusal(
    hours: Hours,
    terms: Terms,
    starts_at: datetime,
    now: datetime,
    kept_start: datetime | None = None,
    *,
    override: bool = False,
) -> Reason | None:
    """The first of `reasons_against` a visit; None if only claims can still block it.
    ValueError for naive datetimes.
    """
    return next(reasons_against(hours, terms, starts_at, now, kept_start, override=override), None)


def needs_override(hours: Hours, terms: Terms, starts_at: datetime, now: datetime) -> bool:
    """Whether a visit at `starts_at` is outside the hours or off the grid."""
    return any(reason in OVERRIDABLE for reason in reasons_against(hours, terms, starts_at, now))


def reasons_against(
    hours: Hours,
    terms: Terms,
    starts_at: datetime,
    now: datetime,
    kept_start: datetime | None = None,
    *,
    override: bool = False,
) -> Iterator[Reason]:
    """All reasons against a visit at `starts_at` except claims, in the order of `Reason`: not
    bookable online, at most one about lead time or horizon, one about the hours, and the grid.
    `kept_start`: the current start of a visit being moved, which lead time and horizon do not apply
    to. `override`: ignore hours and grid. ValueError for naive datetimes.
    """
    if not terms.bookable:
        yield Reason.NOT_ONLINE

    first, last = bookable_range(terms, now)
    if _aware(starts_at) == kept_start:
        pass
    elif starts_at < min(first, utc(now)):
        yield Reason.PAST
    elif starts_at < first:
        yield Reason.LEAD_TIME
    elif starts_at > last:
        yield Reason.HORIZON

    if override:
        return
    start = utc(starts_at)
    opened = open_intervals(hours, day_of(hours, start))
    if not opened:
        yield Reason.CLOSED
    elif not any(i.starts_at <= start <= i.ends_at - terms.duration for i in opened):
        yield Reason.OUTSIDE_HOURS
    wall = start.astimezone(ZoneInfo(hours.time_zone)).replace(tzinfo=None)
    if next_on_grid(hours, wall) != wall:
        yield Reason.OFF_GRID


def bookable_range(terms: Terms, now: datetime) -> tuple[datetime, datetime]:
    """The first and the last start that lead time and horizon allow. For staff: from WALK_IN ago,
    without end.
    """
    if terms.by_staff:
        return utc(now) - WALK_IN, END_OF_TIME
    return utc(now) + terms.lead_time, utc(now) + terms.horizon


def bookable_during(terms: Terms, starts_at: datetime) -> tuple[datetime, datetime]:
    """The first and the last instant at which `bookable_range` includes this start."""
    if terms.by_staff:
        return BEGINNING_OF_TIME, starts_at + WALK_IN
    return starts_at - terms.horizon, starts_at - terms.lead_time


def next_on_grid(hours: Hours, wall: datetime) -> datetime:
    """The first grid time at or after a local one."""
    step = timedelta(minutes=hours.grid_minutes)
    midnight = datetime.combine(wall.date(), MIDNIGHT)
    return midnight - (midnight - wall) // step * step


def active_claims(claims: Iterable[Claim], now: datetime) -> list[Claim]:
    """The active claims, in UTC and by start: without expired holds. ValueError for naive
    datetimes.
    """
    present = utc(now)
    counted = [
        claim
        for claim in map(_in_utc, claims)
        if claim.state is State.BOOKED or not claim.held_until or claim.held_until > present
    ]
    return sorted(counted, key=itemgetter(0))


def blocked_starts(terms: Terms, claim: Claim) -> Span:
    """The starts that a claim blocks, because the visit with its buffers would overlap it. Adjacent
    visits do not overlap.
    """
    before = terms.duration + terms.buffer_after
    return Span(claim.starts_at - before, claim.ends_at + terms.buffer_before)


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"naive datetime {instant.isoformat()}")
    return instant


def _in_utc(claim: Claim) -> Claim:
    starts_at, ends_at, state, until = claim
    if starts_at.tzinfo is ends_at.tzinfo is UTC:
        return claim
    return Claim(utc(starts_at), utc(ends_at), state, until and utc(until))
