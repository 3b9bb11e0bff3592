"""What may be held: the terms of a type, the one predicate, and the slots that follow from it."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from operator import attrgetter
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.hours import ONE_DAY, day_stretches, open_intervals
from domain.hours import Hours as Hours
from domain.hours import Window as Window


class Reason(StrEnum):
    """Why a start is not offered, in the order of judgement: the first that applies is given."""

    PAST = "past"
    """It has begun; a start at `now` has not."""
    LEAD_TIME = "lead_time"
    """Sooner than the type's lead time from now; exactly that far is offered."""
    HORIZON = "horizon"
    """Later than the type's horizon from now; exactly that far is offered."""
    CLOSED = "closed"
    """No hours at all on that calendar day of the clinic."""
    OUTSIDE_HOURS = "outside_hours"
    """Not all of the visit lies in the hours. Buffers may lie outside."""
    OFF_GRID = "off_grid"
    """Its local time is no whole number of grid steps after local midnight."""
    NO_CHAIR = "no_chair"
    """No chair is free. Only the claim can tell; `refusal` never says so."""


class State(StrEnum):
    """What a slot is at this moment."""

    FREE = "free"
    HELD = "held"
    BOOKED = "booked"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a type asks for. Lead time, horizon and notice are elapsed time before the start."""

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


@dataclass(frozen=True, slots=True)
class Busy:
    """A claim on the dentist, `[starts_at, ends_at)`, its own buffers included; held or booked.

    A hold whose `held_until` has come counts as free, whether or not it was swept.
    """

    starts_at: datetime
    ends_at: datetime
    state: State
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A visit `[starts_at, ends_at)` in UTC, without buffers; `held_until` only while held."""

    starts_at: datetime
    ends_at: datetime
    state: State
    held_until: datetime | None = None


def day_of(hours: Hours, instant: datetime) -> date:
    """The clinic's calendar date at an instant. ValueError for a naive one."""
    return utc(instant).astimezone(ZoneInfo(hours.time_zone)).date()


def utc(instant: datetime) -> datetime:
    """The same instant in UTC. ValueError for a naive datetime, which is no instant."""
    return _aware(instant).astimezone(UTC)


def refusal(hours: Hours, terms: Terms, starts_at: datetime, now: datetime) -> Reason | None:
    """Why a visit may not be held at `starts_at`; None where it may, if its time is not taken.

    The order is that of `Reason`. ValueError for naive datetimes.
    """
    first, last = _reach(terms, now)
    if _aware(starts_at) < utc(now):
        return Reason.PAST
    if starts_at < first:
        return Reason.LEAD_TIME
    if starts_at > last:
        return Reason.HORIZON

    start = utc(starts_at)
    opened = open_intervals(hours, day_of(hours, start))
    if not opened:
        return Reason.CLOSED
    if not any(i.starts_at <= start <= i.ends_at - terms.duration for i in opened):
        return Reason.OUTSIDE_HOURS
    wall = start.astimezone(ZoneInfo(hours.time_zone)).replace(tzinfo=None)
    return None if _next_on_grid(hours, wall) == wall else Reason.OFF_GRID


def offered(
    hours: Hours,
    terms: Terms,
    day: date,
    busy: Iterable[Busy],
    now: datetime,
    *,
    include_taken: bool = False,
) -> Iterator[Slot]:
    """The starts on the clinic's calendar `day` that `refusal` allows and no claim overlaps.

    In order of time; a visit claims its buffers too. `include_taken` adds those that a claim
    overlaps, as booked or held. ValueError, at once, for naive datetimes.
    """
    claims = sorted(_live(busy, utc(now)), key=attrgetter("starts_at"))
    slots = _judged(terms, _starts(hours, terms, day, now), claims)
    return (slot for slot in slots if include_taken or slot.state is State.FREE)


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"naive datetime {instant.isoformat()}")
    return instant


def _reach(terms: Terms, now: datetime) -> tuple[datetime, datetime]:
    """The first and the last instant that lead time and horizon allow."""
    return utc(now) + terms.lead_time, utc(now) + terms.horizon


def _next_on_grid(hours: Hours, wall: datetime) -> datetime:
    """The first grid time at or after a local one."""
    step = timedelta(minutes=hours.grid_minutes)
    midnight = datetime.combine(wall.date(), time())
    return midnight - (midnight - wall) // step * step


def _starts(hours: Hours, terms: Terms, day: date, now: datetime) -> Iterator[datetime]:
    """All starts on `day` that `refusal` allows, in order."""
    first, last = _reach(terms, now)
    if not first.date() - ONE_DAY <= day <= last.date() + ONE_DAY:
        return
    step = timedelta(minutes=hours.grid_minutes)
    opened = open_intervals(hours, day)
    for stretch in day_stretches(hours, day):
        for interval in opened:
            earliest = max(stretch.starts_at, interval.starts_at, first)
            latest = min(interval.ends_at - terms.duration, last)
            wall = (earliest + stretch.offset).replace(tzinfo=None)
            start = (_next_on_grid(hours, wall) - stretch.offset).replace(tzinfo=UTC)
            while start <= latest and start < stretch.ends_at:
                yield start
                start += step


def _live(busy: Iterable[Busy], now: datetime) -> Iterator[Busy]:
    for claim in busy:
        until = claim.held_until and utc(claim.held_until)
        if claim.state is State.BOOKED or until is None or until > now:
            yield Busy(utc(claim.starts_at), utc(claim.ends_at), claim.state, until)


def _judged(terms: Terms, starts: Iterable[datetime], claims: list[Busy]) -> Iterator[Slot]:
    """The state of each start; both starts and claims in order."""
    passed = 0
    for start in starts:
        end = start + terms.duration
        claimed_from, claimed_to = start - terms.buffer_before, end + terms.buffer_after
        while passed < len(claims) and claims[passed].ends_at <= claimed_from:
            passed += 1
        reached = bisect_left(claims, claimed_to, passed, key=attrgetter("starts_at"))
        blocking = [claim for claim in claims[passed:reached] if claim.ends_at > claimed_from]
        yield _slot(start, end, blocking)


def _slot(start: datetime, end: datetime, blocking: list[Busy]) -> Slot:
    if not blocking:
        return Slot(start, end, State.FREE)
    if any(claim.state is State.BOOKED for claim in blocking):
        return Slot(start, end, State.BOOKED)
    held_until = max((claim.held_until for claim in blocking if claim.held_until), default=None)
    return Slot(start, end, State.HELD, held_until)
