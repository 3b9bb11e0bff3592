"""The commands of a booking. Each is one idempotent function over a connection. The API, the
workflow or both run it; the second run finds the command already applied.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg

from db import appointments, bookings, clinics, idempotency
from db.pool import Connection
from domain import schedules
from domain.actors import SYSTEM, Actor, Scope, scope
from domain.appointments import AppointmentWithPolicy, Change, Hold, Move, MoveTarget, Result, Via
from domain.booking import BookingState, Outcome, Verb
from domain.clinic import BookingTerms
from domain.schedules import Reason
from services.cached_terms import CachedTerms

RETRIED_ERRORS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""SQLSTATE 40001 and 40P01: nothing was written, and a retry may succeed."""

ATTEMPTS = 4

MOVE_ATTEMPTS = 20
"""A move fails only because another change of the booking or schedule was committed."""


class TermsChanged(asyncpg.SerializationError):
    """The booking terms changed between reading them and running the command."""


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
    return await _again(lambda: _hold(connection, command, actor, via, known))


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
        return await _again(both)
    except TooLateToConfirm as error:
        now = error.server_time
        return Result(Outcome.NOT_OFFERED, reason=Reason.PAST, server_time=now)


async def change(
    connection: Connection, command: Change, actor: Actor, via: Via, seen: Scope | None = None
) -> Result:
    """Runs one command on an existing booking: `confirm`, `extend`, `release`, `cancel` … `seen`
    limits which bookings the caller can see; null for all.
    """
    return await _again(lambda: bookings.change(connection, command, actor, via, seen or Scope()))


async def reschedule(
    connection: Connection, command: Move, actor: Actor, via: Via, seen: Scope
) -> Result:
    """Moves a booking and keeps its id. Replaces its claims in one transaction. An unknown dentist
    or type is `UNKNOWN`.
    """
    return await _again(lambda: _reschedule(connection, command, actor, via, seen), MOVE_ATTEMPTS)


async def settle(connection: Connection, id: UUID, via: Via) -> tuple[BookingState | None, bool]:
    """Runs the transitions that are due by the database's clock. Returns the state after them (null
    without a booking) and whether any was due.
    """
    state, settled = await bookings.state(connection, id), False
    while state and state.due_in is not None and state.due_in <= 0:
        if state.due == "end of visit":
            await bookings.lapse(connection, id, via)
        else:
            await change(connection, Change(id, Verb.EXPIRE, None), SYSTEM, via)
        state, settled = await bookings.state(connection, id), True
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
    override = command.override and _needs_override(booking_terms, command.starts_at)
    taken = replace(command, override=override)
    return await bookings.hold(connection, taken, booking_terms, between, actor, via)


def _needs_override(booking_terms: BookingTerms, starts_at: datetime) -> bool:
    return schedules.needs_override(
        booking_terms.hours, booking_terms.terms, starts_at, booking_terms.now
    )


async def _reschedule(
    connection: Connection, command: Move, actor: Actor, via: Via, seen: Scope
) -> Result:
    """Decides by the booking and the terms as read here. Raises TermsChanged if the database finds
    another version of either.
    """
    if earlier := await idempotency.earlier(connection, command.key, seen):
        return earlier
    before = await appointments.get_with_policy(connection, command.id, seen)
    if before is None:
        return Result(Outcome.NOT_FOUND)
    booking = before.appointment
    target = command.target(booking)
    if target == MoveTarget(booking.dentist_id, booking.appointment_type, booking.starts_at):
        return await _edit(connection, command, before, actor, via, seen)

    booking_terms = await clinics.booking_terms(
        connection, target.dentist_id, target.appointment_type, actor
    )
    if booking_terms is None and await _renamed(connection, before):
        raise TermsChanged
    refused = None
    if booking_terms:
        booking_terms = before.terms_after_move(booking_terms)
        refused = schedules.refusal(
            booking_terms.hours,
            booking_terms.terms,
            target.starts_at,
            booking_terms.now,
            booking_terms.kept_start,
            override=command.override,
        )
        override = command.override and _needs_override(booking_terms, target.starts_at)
        command = replace(command, override=override)
    moved = await bookings.move(
        connection, command, target, booking_terms, before, refused, actor, via, seen
    )
    if moved is None:
        raise TermsChanged
    return moved


async def _renamed(connection: Connection, before: AppointmentWithPolicy) -> bool:
    """Whether the slug of the booking's type changed since the booking was read."""
    now = await appointments.get_with_policy(connection, before.appointment.id, Scope())
    return now is None or now.appointment.appointment_type != before.appointment.appointment_type


async def _edit(
    connection: Connection,
    command: Move,
    before: AppointmentWithPolicy,
    actor: Actor,
    via: Via,
    seen: Scope,
) -> Result:
    """Handles a move to the present place: only the texts may change. Raises TermsChanged if the
    booking has moved since.
    """
    at = before.appointment.version
    edit = Change(
        command.id,
        Verb.EDIT,
        command.command_id,
        texts=command.texts,
        key=command.key,
        expected_version=at if command.expected_version is None else command.expected_version,
    )
    edited = await bookings.change(connection, edit, actor, via, seen)
    if edited.outcome is Outcome.VERSION and command.expected_version in (None, at):
        raise TermsChanged
    return edited


async def _again(run: Callable[[], Awaitable[Result]], attempts: int = ATTEMPTS) -> Result:
    for _ in range(attempts - 1):
        try:
            return await run()
        except RETRIED_ERRORS:
            continue
    return await run()
