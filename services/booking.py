"""The commands of a booking. Each is one idempotent function over a connection, run by the API, by
the workflow, or by both: whoever comes second finds it done.
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
from domain.appointments import Change, Hold, Move, Pinned, Place, Result, Via
from domain.booking import BookingState, Outcome, Verb
from domain.clinic import BookingTerms
from domain.schedules import Reason
from services.cached_terms import CachedTerms

RACES = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""40001 and 40P01: nothing was written, and the same call may succeed."""

ATTEMPTS = 4

MOVE_ATTEMPTS = 20
"""Each attempt that fails means that another change of the booking or of the schedule succeeded."""


class OfferChanged(asyncpg.SerializationError):
    """What decides about a hold or a move changed between its reading and the command."""


class Begun(Exception):
    """The visit began, or its hold ran out, between hold and confirm: the hold is rolled back."""

    def __init__(self, server_time: datetime | None) -> None:
        self.server_time = server_time


async def hold(
    connection: Connection, command: Hold, actor: Actor, via: Via, offers: CachedTerms | None = None
) -> Result:
    """Holds the slot, or says why not. The same id or key again is answered with the booking as it
    is now, before anything else is judged. A dentist, type or patient that does not exist is
    `NOT_FOUND`; to an agent, so are patients whom it neither made nor acts for at the commit.
    `offers`: those read before, which save a round trip.
    """
    known = offers or CachedTerms()
    return await _again(lambda: _hold(connection, command, actor, via, known))


async def book(
    connection: Connection,
    command: Hold,
    confirm: Change,
    actor: Actor,
    offers: CachedTerms | None = None,
) -> Result:
    """Holds and confirms in one transaction: both or neither."""
    seen, known = scope(actor, command.token), offers or CachedTerms()

    async def both() -> Result:
        async with connection.transaction():
            held = await _hold(connection, command, actor, Via.API, known)
            if held.outcome is not Outcome.DONE:
                return held
            confirmed = await bookings.change(connection, confirm, actor, Via.API, seen)
            if confirmed.outcome is Outcome.EXPIRED:
                raise Begun(confirmed.server_time)
            return confirmed

    try:
        return await _again(both)
    except Begun as begun:
        now = begun.server_time
        return Result(Outcome.NOT_OFFERED, reason=Reason.PAST, server_time=now)


async def change(
    connection: Connection, command: Change, actor: Actor, via: Via, seen: Scope | None = None
) -> Result:
    """Carries out one later command: `confirm`, `extend`, `release`, `cancel` … `seen` narrows
    which bookings exist for this caller; null for those who see all.
    """
    return await _again(lambda: bookings.change(connection, command, actor, via, seen or Scope()))


async def reschedule(
    connection: Connection, command: Move, actor: Actor, via: Via, seen: Scope
) -> Result:
    """Moves a booking under its own id: own claims off and new ones on in one transaction, or all
    as before. A dentist or type that does not exist is `UNKNOWN`.
    """
    return await _again(lambda: _reschedule(connection, command, actor, via, seen), MOVE_ATTEMPTS)


async def settle(connection: Connection, id: UUID, via: Via) -> tuple[BookingState | None, bool]:
    """Carries out what is due by the database's clock. Returns the state after it, null without a
    booking, and whether anything was due.
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
    connection: Connection, command: Hold, actor: Actor, via: Via, offers: CachedTerms
) -> Result:
    """By the offer as it was read before, if the database finds it still in force; else, and before
    anybody is refused by hours or terms, by the offer as it is.
    """
    wish = command.dentist_id, command.appointment_type, actor
    offer = offers.known(*wish)
    if offer and not _objection(offer, command):
        if result := await _take(connection, command, offer, actor, via):
            return result

    offer = await offers.read(connection, *wish)
    if offer is None:
        refused = Result(Outcome.NOT_FOUND)
    elif reason := _objection(offer, command):
        refused = Result(Outcome.NOT_OFFERED, reason=reason, server_time=offer.now)
    elif result := await _take(connection, command, offer, actor, via):
        return result
    else:
        raise OfferChanged
    return await _earlier(connection, command, actor) or refused


async def _earlier(connection: Connection, command: Hold, actor: Actor) -> Result | None:
    """What an earlier hold under this key or id came to; null where there was none."""
    if under_key := await idempotency.earlier(connection, command.key, scope(actor)):
        return under_key
    found = await appointments.get(connection, command.id, scope(actor))
    return Result(Outcome.REPEAT, found) if found else None


def _objection(offer: BookingTerms, command: Hold) -> Reason | None:
    return schedules.refusal(
        offer.hours, offer.terms, command.starts_at, offer.now, override=command.override
    )


async def _take(
    connection: Connection, command: Hold, offer: BookingTerms, actor: Actor, via: Via
) -> Result | None:
    """Null where something else is offered by now, or the time is out of reach."""
    between = schedules.reached_from(offer.terms, command.starts_at)
    override = command.override and _needs_override(offer, command.starts_at)
    taken = replace(command, override=override)
    return await bookings.hold(connection, taken, offer, between, actor, via)


def _needs_override(offer: BookingTerms, starts_at: datetime) -> bool:
    return schedules.needs_override(offer.hours, offer.terms, starts_at, offer.now)


async def _reschedule(
    connection: Connection, command: Move, actor: Actor, via: Via, seen: Scope
) -> Result:
    """Judges the move by the booking and the offer as they are read here. Raises OfferChanged where
    the database finds another version of either.
    """
    if earlier := await idempotency.earlier(connection, command.key, seen):
        return earlier
    before = await appointments.pinned(connection, command.id, seen)
    if before is None:
        return Result(Outcome.NOT_FOUND)
    booking = before.appointment
    wish = command.wish(booking)
    if wish == Place(booking.dentist_id, booking.appointment_type, booking.starts_at):
        return await _edit(connection, command, before, actor, via, seen)

    offer = await clinics.offer(connection, wish.dentist_id, wish.appointment_type, actor)
    if offer is None and await _renamed(connection, before):
        raise OfferChanged
    refused = None
    if offer:
        offer = before.offer(offer)
        refused = schedules.refusal(
            offer.hours,
            offer.terms,
            wish.starts_at,
            offer.now,
            offer.kept_start,
            override=command.override,
        )
        override = command.override and _needs_override(offer, wish.starts_at)
        command = replace(command, override=override)
    moved = await bookings.move(connection, command, wish, offer, before, refused, actor, via, seen)
    if moved is None:
        raise OfferChanged
    return moved


async def _renamed(connection: Connection, before: Pinned) -> bool:
    """Whether the booking's type has another slug than when the booking was read."""
    now = await appointments.pinned(connection, before.appointment.id, Scope())
    return now is None or now.appointment.appointment_type != before.appointment.appointment_type


async def _edit(
    connection: Connection, command: Move, before: Pinned, actor: Actor, via: Via, seen: Scope
) -> Result:
    """A move to where the booking is already: at most its texts change. Raises OfferChanged where
    it is elsewhere by now.
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
        raise OfferChanged
    return edited


async def _again(run: Callable[[], Awaitable[Result]], attempts: int = ATTEMPTS) -> Result:
    for _ in range(attempts - 1):
        try:
            return await run()
        except RACES:
            continue
    return await run()
