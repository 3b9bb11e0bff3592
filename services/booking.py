"""The commands of a booking, each one idempotent function over a connection.

The API runs a command while its caller waits, and the booking's workflow runs it again: the second
run finds it in the audit trail and changes nothing. The SQL functions in db/bookings.py decide;
here the terms are read and the rules of domain/ are applied. services/moves.py moves a booking.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from db import appointments, booking_state, bookings, idempotency
from db.pool import Connection
from domain import schedules
from domain.actors import SYSTEM, Actor, Scope, scope
from domain.appointments import Change, Hold, Result, Via
from domain.booking import Outcome, Verb
from domain.clinic import BookingTerms
from domain.messages import BookingState
from domain.schedules import Reason
from services.cached_terms import CachedTerms
from services.retries import TermsChanged, retried


class TooLateToConfirm(Exception):
    """The visit began or the hold expired between hold and confirm; the hold is rolled back."""

    def __init__(self, server_time: datetime | None) -> None:
        self.server_time = server_time


async def hold(
    connection: Connection,
    command: Hold,
    actor: Actor,
    via: Via,
    cached_terms: CachedTerms | None = None,
) -> Result:
    """Holds the slot, or returns why not. A repeated id or key returns the booking as it is now,
    before any other check. An unknown dentist, type or patient is `NOT_FOUND`; for an agent, so is
    a patient whom it neither created nor acts for at commit time. `cached_terms` saves a round
    trip.
    """
    known = cached_terms or CachedTerms()
    return await retried(lambda: _hold(connection, command, actor, via, known))


async def book(
    connection: Connection,
    command: Hold,
    confirm: Change,
    actor: Actor,
    cached_terms: CachedTerms | None = None,
) -> Result:
    """Holds and confirms in one transaction."""
    seen, known = scope(actor, command.token), cached_terms or CachedTerms()

    async def both() -> Result:
        async with connection.transaction():
            held = await _hold(connection, command, actor, Via.API, known)
            if held.outcome is not Outcome.DONE:
                return held
            confirmed = await bookings.change(connection, confirm, actor, Via.API, seen)
            if confirmed.outcome is Outcome.EXPIRED:
                raise TooLateToConfirm(confirmed.server_time)
            return confirmed

    try:
        return await retried(both)
    except TooLateToConfirm as error:
        now = error.server_time
        return Result(Outcome.NOT_OFFERED, reason=Reason.PAST, server_time=now)


async def change(
    connection: Connection, command: Change, actor: Actor, via: Via, seen: Scope | None = None
) -> Result:
    """Runs one command on an existing booking: `confirm`, `extend`, `release`, `cancel` … `seen`
    limits which bookings the caller can see; null for all.
    """
    return await retried(lambda: bookings.change(connection, command, actor, via, seen or Scope()))


async def settle(connection: Connection, id: UUID, via: Via) -> tuple[BookingState | None, bool]:
    """Runs the transitions that are due by the database's clock. Returns the state after them (null
    without a booking) and whether any was due.
    """
    state, settled = await booking_state.state(connection, id), False
    while state and state.due_in is not None and state.due_in <= 0:
        if state.due == "end of visit":
            await booking_state.lapse(connection, id, via)
        else:
            await change(connection, Change(id, Verb.EXPIRE, None), SYSTEM, via)
        state, settled = await booking_state.state(connection, id), True
    return state, settled


async def _hold(
    connection: Connection, command: Hold, actor: Actor, via: Via, cached_terms: CachedTerms
) -> Result:
    """Tries the cached terms first; the database compares their version. If they are outdated, or
    would refuse the hold, reads the terms again and decides by those.
    """
    terms_key = command.dentist_id, command.appointment_type, actor
    booking_terms = cached_terms.known(*terms_key)
    if booking_terms and not _objection(booking_terms, command):
        if result := await _take(connection, command, booking_terms, actor, via):
            return result

    booking_terms = await cached_terms.read(connection, *terms_key)
    if booking_terms is None:
        refused = Result(Outcome.NOT_FOUND)
    elif reason := _objection(booking_terms, command):
        refused = Result(Outcome.NOT_OFFERED, reason=reason, server_time=booking_terms.now)
    elif result := await _take(connection, command, booking_terms, actor, via):
        return result
    else:
        raise TermsChanged
    return await _earlier(connection, command, actor) or refused


async def _earlier(connection: Connection, command: Hold, actor: Actor) -> Result | None:
    """The result of an earlier hold with this key or id; null if there was none."""
    if under_key := await idempotency.earlier(connection, command.key, scope(actor)):
        return under_key
    found = await appointments.get(connection, command.id, scope(actor))
    return Result(Outcome.REPEAT, found) if found else None


def _objection(booking_terms: BookingTerms, command: Hold) -> Reason | None:
    return schedules.refusal(
        booking_terms.hours,
        booking_terms.terms,
        command.starts_at,
        booking_terms.now,
        override=command.override,
    )


async def _take(
    connection: Connection, command: Hold, booking_terms: BookingTerms, actor: Actor, via: Via
) -> Result | None:
    """Null if the terms have changed, or the time is now outside lead time and horizon."""
    between = schedules.bookable_during(booking_terms.terms, command.starts_at)
    override = command.override and schedules.needs_override(
        booking_terms.hours, booking_terms.terms, command.starts_at, booking_terms.now
    )
    taken = replace(command, override=override)
    return await bookings.hold(connection, taken, booking_terms, between, actor, via)
