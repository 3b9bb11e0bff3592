"""Translates a request for a slot to a command, and its result to an answer."""

from dataclasses import replace

from fastapi import Response
from uuid_utils.compat import uuid7

from api.bookings import permissions
from api.bookings.changing import successful
from api.bookings.holder_limits import limits_of
from api.bookings.refusal_details import another_time_helps, unknown_field, with_alternatives
from api.bookings.requests import Reserve
from api.http.answers import etag
from api.http.context import actor_id
from api.http.request_log import log_booking
from api.state import AppState
from db.patient_times import Taker
from domain.actors import Actor, Role
from domain.appointments import Appointment, Hold, Result
from domain.booking import Outcome
from domain.idempotency import Key
from services.alternatives import WantedSlot


async def hold_command(
    state: AppState,
    body: Reserve,
    actor: Actor,
    key: Key | None,
    *,
    holds: bool,
    conversation: bytes | None = None,
) -> Hold:
    """The hold command of this caller. `holds`: it stays a hold; otherwise it is booked directly.
    `conversation`: the hash of the one that it belongs to; nobody changes such a hold without its
    token, as it is for all holds of agents. Raises what `permissions` does.
    """
    id, is_agent = uuid7(), actor.role is Role.AGENT
    log_booking(id)
    await permissions.check(state, actor, body)
    return Hold(
        id=id,
        command_id=uuid7(),
        dentist_id=body.dentist_id,
        patient_id=await permissions.patient_id(state, actor, body),
        appointment_type=body.appointment_type,
        starts_at=body.starts_at,
        caller=actor_id(actor),
        notes=body.notes,
        key=key,
        limits=limits_of(state, actor, holds=holds, conversation=conversation),
        override=body.override,
        token=state.hold_tokens.of(id) if conversation or is_agent else None,
    )


async def held(state: AppState, command: Hold, actor: Actor, result: Result) -> Appointment:
    """The booking, with its hold token if the command has one. Raises the refusal, with
    alternatives if any.
    """
    wanted_slot = WantedSlot(command.dentist_id, command.appointment_type, command.starts_at)
    hidden = result.outcome is Outcome.NOT_VISIBLE and actor.role is Role.AGENT
    if result.outcome is Outcome.NOT_FOUND or hidden:  # to agents, both are an unknown patient
        raise await unknown_field(state, command.dentist_id, command.appointment_type)
    if another_time_helps(result.outcome):
        taker = Taker(command.patient_id, command.limits)
        raise await with_alternatives(state, result, wanted_slot, actor, taker)
    appointment = successful(result)
    log_booking(appointment.id)
    if command.token:
        appointment = replace(appointment, hold_token=state.hold_tokens.of(appointment.id))
    if result.outcome is Outcome.DONE:
        state.committed()
    return appointment


async def hold_answer(
    state: AppState, command: Hold, actor: Actor, result: Result, response: Response
) -> Appointment:
    """201 for a new booking, 200 for a repeat. Raises what `held` does."""
    appointment = await held(state, command, actor, result)
    if result.outcome is Outcome.DONE:
        response.headers["Location"] = f"/api/appointments/{appointment.id}"
    else:
        response.status_code = 200
    return etag(response, appointment)
