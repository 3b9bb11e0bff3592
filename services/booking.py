"""The commands of a booking: `hold`, which creates it, and `change`, which runs every other verb
but `reschedule` (services/moves.py). Each is one idempotent function over a connection.

The API runs a command while its caller waits. The same commit puts it into the workflow inbox, from
where it reaches the booking's workflow, which runs it again: that run finds the command id in the
audit trail and changes nothing. So it is harmless if the workflow gets a command twice.

A hold is checked twice: first here against the *booking terms* (the appointment type's terms and
the dentist's hours, usually cached), then in SQL (db/bookings.py, `booking_hold`), which claims the
time and refuses terms that have changed since they were read.
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
from services import metrics
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
    """Holds the slot, or returns why not. A repeat (same booking id or idempotency key) returns the
    booking as it is now, even if the slot could not be held any more. An unknown dentist, type or
    patient is `NOT_FOUND`; for an agent, so is a patient whom it neither created nor acts for at
    commit time. `cached_terms` saves a round trip.
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
    within, known = scope(actor, command.token), cached_terms or CachedTerms()

    async def both() -> Result:
        async with connection.transaction():
            held = await _hold(connection, command, actor, Via.API, known)
            if held.outcome is not Outcome.DONE:
                return held
            confirmed = await bookings.change(connection, confirm, actor, Via.API, within)
            if confirmed.outcome is Outcome.EXPIRED:
                raise TooLateToConfirm(confirmed.server_time)
            return confirmed

    try:
        return await retried(both)
    except TooLateToConfirm as error:
        now = error.server_time
        return Result(Outcome.NOT_OFFERED, reason=Reason.PAST, server_time=now)


async def change(
    connection: Connection, command: Change, actor: Actor, via: Via, within: Scope | None = None
) -> Result:
    """Runs one command on an existing booking: `confirm`, `extend`, `release`, `cancel` … `within`:
    the bookings that the caller may see; null for all.
    """
    visible = within or Scope()
    result = await retried(lambda: bookings.change(connection, command, actor, via, visible))
    return metrics.count(command.verb, via, result)


async def act_on_deadlines(
    connection: Connection, id: UUID, via: Via
) -> tuple[BookingState | None, bool]:
    """Expires a hold or approval request, or lapses a visit, whose deadline has passed by the
    database's clock. Returns the state afterwards (null without a booking), and whether a deadline
    had passed.
    """
    state, any_passed = await booking_state.state(connection, id), False
    while state and state.due_in is not None and state.due_in <= 0:
        if state.due == "end of visit":
            await booking_state.lapse(connection, id, via)
        else:
            expired = await change(connection, Change(id, Verb.EXPIRE, None), SYSTEM, via)
            if state.due == "hold" and expired.outcome is Outcome.DONE:
                metrics.HOLD_LATENESS.observe(-state.due_in)
        state, any_passed = await booking_state.state(connection, id), True
    return state, any_passed


async def _hold(
    connection: Connection, command: Hold, actor: Actor, via: Via, cached_terms: CachedTerms
) -> Result:
    """Tries the cached terms first. If they refuse the hold, or the database finds them outdated,
    reads the terms again and decides by those. A refusal is returned only if the command is not a
    repeat; where the terms allow the hold, `booking_hold` checks that.
    """
    terms_key = command.dentist_id, command.appointment_type, actor
    booking_terms = cached_terms.known(*terms_key)
    if booking_terms and not _refusal(booking_terms, command):
        if result := await _hold_under(connection, command, booking_terms, actor, via):
            return result

    booking_terms = await cached_terms.read(connection, *terms_key)
    if booking_terms is None:
        refused = Result(Outcome.NOT_FOUND)
    elif reason := _refusal(booking_terms, command):
        refused = Result(Outcome.NOT_OFFERED, reason=reason, server_time=booking_terms.now)
    elif result := await _hold_under(connection, command, booking_terms, actor, via):
        return result
    else:
        raise TermsChanged
    return await _earlier_hold(connection, command, actor) or refused


async def _earlier_hold(connection: Connection, command: Hold, actor: Actor) -> Result | None:
    """The result of an earlier hold with this key or id; null if there was none."""
    if under_key := await idempotency.earlier(connection, command.key, scope(actor)):
        return under_key
    found = await appointments.get(connection, command.id, scope(actor))
    return Result(Outcome.REPEAT, found) if found else None


def _refusal(booking_terms: BookingTerms, command: Hold) -> Reason | None:
    """Why these terms do not allow the hold; null if they do."""
    return schedules.refusal(
        booking_terms.hours,
        booking_terms.terms,
        command.starts_at,
        booking_terms.now,
        override=command.override,
    )


async def _hold_under(
    connection: Connection, command: Hold, booking_terms: BookingTerms, actor: Actor, via: Via
) -> Result | None:
    """Holds the slot if these terms are still valid. Null, without any change, if they have changed
    or the start is no longer within lead time and horizon.
    """
    between = schedules.bookable_during(booking_terms.terms, command.starts_at)
    override = command.override and schedules.needs_override(
        booking_terms.hours, booking_terms.terms, command.starts_at, booking_terms.now
    )
    recorded = replace(command, override=override)  # recorded only where it was needed
    return await bookings.hold(connection, recorded, booking_terms, between, actor, via)
