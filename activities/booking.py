"""The commands of a booking. Each is one idempotent function over a connection, run by the API, by
the workflow, or by both: whoever comes second finds it done.
"""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from uuid import UUID

import asyncpg

from db import appointments, bookings, clinics
from db.pool import Connection
from domain import schedules
from domain.actors import SYSTEM, Actor, Role, Scope, scope
from domain.appointments import Change, Hold, Move, Result, Via
from domain.booking import BookingState, Outcome, Verb

RACES = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""40001 and 40P01: nothing was written, and the same call may succeed."""

ATTEMPTS = 4


async def hold(connection: Connection, command: Hold, actor: Actor, via: Via) -> Result:
    """Holds the slot, or says why not. The same id or key again is answered with the booking as it
    is now, before anything else is judged. A dentist, type or patient that does not exist is
    `NOT_FOUND`; to an agent, so are patients whom it neither made nor acts for at the commit.
    """

    async def whole() -> Result:
        async with connection.transaction() if actor.role is Role.AGENT else nullcontext():
            return await _hold(connection, command, actor, via)

    return await _again(whole)


async def book(connection: Connection, command: Hold, confirm: Change, actor: Actor) -> Result:
    """Holds and confirms in one transaction: both or neither."""
    maker = Scope(maker_id=command.caller, token=command.token)

    async def both() -> Result:
        async with connection.transaction():
            held = await _hold(connection, command, actor, Via.API)
            if held.outcome is not Outcome.DONE:
                return held
            return await bookings.change(connection, confirm, actor, Via.API, maker)

    return await _again(both)


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
    return await _again(lambda: _reschedule(connection, command, actor, via, seen))


async def settle(connection: Connection, id: UUID, via: Via) -> BookingState | None:
    """Carries out what is due by the database's clock, and returns the state after it; null without
    a booking.
    """
    state = await bookings.state(connection, id)
    while state and state.due_in is not None and state.due_in <= 0:
        if state.due == "end of visit":
            await bookings.lapse(connection, id, via)
        else:
            await change(connection, Change(id, Verb.EXPIRE, None), SYSTEM, via)
        state = await bookings.state(connection, id)
    return state


async def _hold(connection: Connection, command: Hold, actor: Actor, via: Via) -> Result:
    offer = await clinics.offer(
        connection,
        command.dentist_id,
        command.appointment_type,
        command.patient_id,
        actor,
    )
    if offer is None or offer.patient_no is None:
        refused = Result(Outcome.NOT_FOUND)
    elif reason := schedules.refusal(offer.hours, offer.terms, command.starts_at, offer.now):
        refused = Result(Outcome.NOT_OFFERED, reason=reason, server_time=offer.now)
    else:
        return await bookings.hold(connection, command, offer, actor, via)
    return await bookings.repeated(connection, command, scope(actor)) or refused


async def _reschedule(
    connection: Connection, command: Move, actor: Actor, via: Via, seen: Scope
) -> Result:
    before = await appointments.get(connection, command.id, seen)
    if before is None:
        return Result(Outcome.NOT_FOUND)
    offer = await clinics.offer(
        connection,
        command.dentist_id or before.dentist_id,
        command.appointment_type or before.appointment_type,
        before.patient_id,
        actor,
    )
    if offer is None:
        return Result(Outcome.UNKNOWN, before)
    starts_at = command.starts_at or before.starts_at
    refused = schedules.refusal(offer.hours, offer.terms, starts_at, offer.now)
    return await bookings.move(connection, command, offer, before, refused, actor, via, seen)


async def _again(run: Callable[[], Awaitable[Result]]) -> Result:
    for _ in range(ATTEMPTS - 1):
        try:
            return await run()
        except RACES:
            continue
    return await run()
