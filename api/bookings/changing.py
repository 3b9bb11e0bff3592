"""Runs a command on an existing booking, and translates its result to an answer."""

from uuid import UUID

from fastapi import Response
from pydantic import BaseModel
from uuid_utils.compat import uuid7

from api.bookings import permissions
from api.bookings.holder_limits import limits_of
from api.bookings.refusal_details import another_time_helps, unknown_field, with_alternatives
from api.bookings.refusals import refusal
from api.bookings.requests import Update
from api.http.answers import etag, refusing_text
from api.http.context import RequestContext
from api.http.request_log import log_booking
from api.state import AppState
from db import appointments
from db.patient_times import Taker
from db.pool import use
from domain.actors import Actor, scope
from domain.appointments import DONE, NO_TEXTS, Appointment, Change, Move, Result, Texts, Via
from domain.booking import Outcome, Verb
from domain.idempotency import Key
from services import booking, moves
from services.alternatives import WantedSlot

NO_VERSION = 0
"""A version that no row has."""


async def change(
    state: AppState,
    response: Response,
    context: RequestContext,
    id: UUID,
    verb: Verb,
    body: BaseModel | None = None,
    reason: str | None = None,
    texts: Texts = NO_TEXTS,
) -> Appointment:
    """Runs a command and returns the booking as it is now. Raises its refusal."""
    command = Change(
        id=id,
        verb=verb,
        command_id=uuid7(),
        reason=reason,
        texts=texts,
        key=context.idempotency_key(body),
        expected_version=await _expected_version(state, context, id),
    )
    return answer(await changed(state, command, context.actor, context.token), response)


async def changed(state: AppState, command: Change, actor: Actor, token: str | None) -> Result:
    """Runs the command. Raises `hold_expired` with alternatives; returns all other outcomes."""
    log_booking(command.id)
    async with use(state.pool) as connection:
        within = scope(actor, token)
        with refusing_text(command.texts):
            result = await booking.change(connection, command, actor, Via.API, within)
    if result.outcome is Outcome.EXPIRED and (late := result.appointment):
        wanted_slot = WantedSlot(late.dentist_id, late.appointment_type, late.starts_at)
        taker = Taker(late.patient_id, limits_of(state, actor))
        raise await with_alternatives(state, result, wanted_slot, actor, taker)
    if result.outcome is Outcome.DONE:
        state.committed()
    return result


async def move(
    state: AppState,
    response: Response,
    context: RequestContext,
    id: UUID,
    body: Update,
    key: Key | None,
) -> Appointment:
    """Reschedules a booking and returns it as it is now. Raises its refusal, with alternatives if
    any, and what `permissions` does.
    """
    await permissions.check(state, context.actor, body)
    command = Move(
        id=id,
        command_id=uuid7(),
        dentist_id=body.dentist_id,
        starts_at=body.starts_at,
        appointment_type=body.appointment_type,
        texts=body.texts,
        key=key,
        override=body.override,
        expected_version=await _expected_version(state, context, id),
    )
    return answer(await moved(state, command, context.actor, context.token), response)


async def moved(state: AppState, command: Move, actor: Actor, token: str | None) -> Result:
    """Runs the command. Raises refusals that name an unknown field or alternatives; all other
    outcomes are returned.
    """
    log_booking(command.id)
    async with use(state.pool) as connection:
        within = scope(actor, token)
        with refusing_text(command.texts):
            result = await moves.reschedule(connection, command, actor, Via.API, within)
    result = result.as_shown_to(actor)
    if before := result.appointment:
        to = command.target(before)
        if result.outcome is Outcome.UNKNOWN:
            same_dentist = command.dentist_id is None
            raise await unknown_field(
                state, to.dentist_id, to.appointment_type, same_dentist=same_dentist
            )
        if another_time_helps(result.outcome):
            wanted_slot = WantedSlot(to.dentist_id, to.appointment_type, to.starts_at, command.id)
            taker = Taker(before.patient_id)
            raise await with_alternatives(state, result, wanted_slot, actor, taker)
    if result.outcome is Outcome.DONE:
        state.committed()
    return result


def answer(result: Result, response: Response) -> Appointment:
    """The booking, with its version as ETag. Raises the problem of any other outcome."""
    appointment = successful(result)
    if result.outcome is not Outcome.DONE:
        response.status_code = 200  # nothing was created
    return etag(response, appointment)


def successful(result: Result) -> Appointment:
    """The booking of a command that has taken effect. Raises the problem of any other outcome."""
    if result.outcome not in DONE or result.appointment is None:
        raise refusal(result)
    return result.appointment


async def _expected_version(state: AppState, context: RequestContext, id: UUID) -> int | None:
    """The version that the command requires; null for any. If several are named, the present one
    is read first.
    """
    versions = context.versions
    if versions is None:
        return None
    if len(versions) < 2:
        return next(iter(versions), NO_VERSION)
    async with use(state.pool) as connection:
        found = await appointments.get(connection, id, scope(context.actor, context.token))
    return found.version if found and found.version in versions else NO_VERSION
