"""Translates requests to booking commands, and their results to answers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel
from uuid_utils.compat import uuid7

from api.bookings.refusals import refusal
from api.bookings.requests import Reserve, Update
from api.http.answers import refusing_text
from api.http.context import NO_VERSION, RequestContext, actor_id, expected
from api.http.errors import Problem, invalid
from api.state import AppState
from db import appointments, catalogue, clinics
from db.pool import Unavailable, use
from domain.actors import Actor, Role, scope
from domain.appointments import DONE, NO_TEXTS, Appointment, Change, Hold, Move, Result, Texts, Via
from domain.booking import Outcome, Verb
from domain.idempotency import Key
from domain.patient_limits import limits
from domain.rights import may_book_at
from domain.schedules import Reason
from services import booking, moves
from services.alternatives import WantedSlot
from services.coalescing import SlotKey

WITH_ALTERNATIVES = frozenset({Outcome.SLOT, Outcome.NOT_OFFERED, Outcome.NO_CHAIR})


def hold_command(
    state: AppState, body: Reserve, context: RequestContext, key: Key | None, *, holds: bool
) -> Hold:
    """The hold command of this caller. `holds`: it stays a hold; otherwise it is booked directly.
    Raises `forbidden` for a patient who names another patient, and for a dentist who names another
    dentist.
    """
    actor, id = context.actor, uuid7()
    _check_dentist(actor, body.dentist_id)
    _check_override(body, actor)
    return Hold(
        id=id,
        command_id=uuid7(),
        dentist_id=body.dentist_id,
        patient_id=_patient(body, actor),
        appointment_type=body.appointment_type,
        starts_at=body.starts_at,
        caller=actor_id(actor),
        notes=body.notes,
        key=key,
        limits=limits(by_staff=actor.is_staff, holds=holds),
        override=body.override,
        token=state.hold_tokens.of(id) if actor.role is Role.AGENT else None,
    )


async def attempted(
    state: AppState,
    command: Hold,
    context: RequestContext,
    attempt: Callable[[], Awaitable[Result]],
) -> Result:
    """Runs the hold. Without an Idempotency-Key, requests for the same slot are coalesced; with a
    key, only the database can tell whether it is a repeat.
    """
    if context.key:
        result = await attempt()
    else:
        wanted = command.dentist_id, command.appointment_type, command.starts_at
        result = await state.coalescer.attempt(SlotKey(*wanted, context.actor.is_staff), attempt)
    if result.outcome is Outcome.DONE:
        state.committed()
    return result.as_shown_to(context.actor)


async def hold_answer(
    state: AppState, command: Hold, actor: Actor, result: Result, response: Response
) -> Appointment:
    """201 for a new booking, 200 for a repeat. Raises the refusal, with alternatives if any."""
    if result.outcome is Outcome.NOT_VISIBLE and actor.role is Role.AGENT:
        # looks the same as an unknown patient
        result = replace(result, outcome=Outcome.NOT_FOUND)
    if result.outcome is Outcome.NOT_FOUND:
        raise await _unknown(state, command.dentist_id, command.appointment_type)
    if result.outcome in WITH_ALTERNATIVES:
        wanted_slot = WantedSlot(command.dentist_id, command.appointment_type, command.starts_at)
        raise await _refused(state, result, wanted_slot, actor)
    appointment = answer(result, response)
    if actor.role is Role.AGENT:
        appointment = replace(appointment, hold_token=state.hold_tokens.of(appointment.id))
    if result.outcome is Outcome.DONE:
        response.headers["Location"] = f"/api/appointments/{appointment.id}"
    return appointment


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
    """Runs a command on an existing booking and returns the booking as it is now."""
    command = Change(
        id=id,
        verb=verb,
        command_id=uuid7(),
        reason=reason,
        texts=texts,
        key=context.idempotency_key(body),
        expected_version=await _expected_version(state, context, id),
    )
    async with use(state.pool) as connection:
        seen = scope(context.actor, context.token)
        with refusing_text(command.texts):
            result = await booking.change(connection, command, context.actor, Via.API, seen)
    if result.outcome is Outcome.DONE:
        state.committed()
    if result.outcome is Outcome.EXPIRED and (late := result.appointment):
        wanted_slot = WantedSlot(late.dentist_id, late.appointment_type, late.starts_at)
        raise await _refused(state, result, wanted_slot, context.actor)
    return answer(result, response)


def move_command(id: UUID, body: Update, context: RequestContext, key: Key | None) -> Move:
    """The command `reschedule` of this caller. Raises `forbidden` for an override by others than
    staff, and for a dentist who moves it to another.
    """
    _check_dentist(context.actor, body.dentist_id)
    _check_override(body, context.actor)
    return Move(
        id=id,
        command_id=uuid7(),
        dentist_id=body.dentist_id,
        starts_at=body.starts_at,
        appointment_type=body.appointment_type,
        texts=body.texts,
        key=key,
        override=body.override,
    )


async def move(
    state: AppState, response: Response, context: RequestContext, command: Move
) -> Appointment:
    """Carries out a reschedule for a caller, or says what is in the way and which times are not."""
    command = replace(command, expected_version=await _expected_version(state, context, command.id))
    async with use(state.pool) as connection:
        seen = scope(context.actor, context.token)
        with refusing_text(command.texts):
            result = await moves.reschedule(connection, command, context.actor, Via.API, seen)
    result = result.as_shown_to(context.actor)
    if before := result.appointment:
        target = command.target(before)
        wanted_slot = WantedSlot(
            target.dentist_id, target.appointment_type, target.starts_at, command.id
        )
        if result.outcome is Outcome.UNKNOWN:
            if command.dentist_id is None and not await _bookable(state, before.dentist_id):
                raise refusal(Result(Outcome.NOT_OFFERED, reason=Reason.NOT_BOOKABLE), [])
            raise await _unknown(state, wanted_slot.dentist_id, wanted_slot.appointment_type)
        if result.outcome in WITH_ALTERNATIVES | {Outcome.EXPIRED}:
            raise await _refused(state, result, wanted_slot, context.actor)
    if result.outcome is Outcome.DONE:
        state.committed()
    return answer(result, response)


async def _expected_version(state: AppState, context: RequestContext, id: UUID) -> int | None:
    """The version to compare with. Of several named the one that the booking has, or none: then it
    is read first.
    """
    if not context.versions:
        return None if context.versions is None else NO_VERSION
    if len(context.versions) == 1:
        return next(iter(context.versions))
    async with use(state.pool) as connection:
        found = await appointments.get(connection, id, scope(context.actor, context.token))
    return expected(context.versions, found.version) if found else NO_VERSION


def answer(result: Result, response: Response) -> Appointment:
    """The booking, with its version as ETag. Raises the problem that any other outcome is."""
    if result.outcome not in DONE or result.appointment is None:
        raise refusal(result)
    response.headers["ETag"] = f'"{result.appointment.version}"'
    if result.outcome is not Outcome.DONE:
        response.status_code = 200  # nothing was created
    return result.appointment


async def _refused(
    state: AppState, result: Result, wanted_slot: WantedSlot, actor: Actor
) -> Problem:
    """The refusal, with alternatives and, if it blocks, the caller's own booking."""
    if result.outcome is not Outcome.SLOT:
        return refusal(result, await state.alternatives.near(wanted_slot, actor))
    wanted_slot = wanted_slot._replace(start_taken=True)
    others, mine = await asyncio.gather(
        state.alternatives.near(wanted_slot, actor),
        state.alternatives.own(wanted_slot, actor, scope(actor)),
    )
    return refusal(result, others, mine)


async def _bookable(state: AppState, dentist_id: UUID) -> bool:
    """True also if the database is unavailable; the hold is refused in any case."""
    try:
        async with use(state.pool) as connection:
            return dentist_id in {each.id for each in await clinics.dentists(connection)}
    except Unavailable:
        return True


async def _unknown(state: AppState, dentist_id: UUID, appointment_type: str) -> Problem:
    """The problem that names the unknown field of the body and where to find its values."""
    try:
        async with use(state.pool) as connection:
            at = {each.id: each.clinic_id for each in await clinics.dentists(connection)}
            known = await catalogue.types(connection, at[dentist_id]) if dentist_id in at else []
    except Unavailable:  # it is refused all the same
        why = "unknown dentist_id, appointment_type or patient_id"
        return invalid("dentist_id", why)
    slugs = [each.slug for each in known]
    if dentist_id not in at:
        why = "unknown or not bookable; see GET /api/profiles/dentists"
        return invalid("dentist_id", why)
    if appointment_type not in slugs:
        why = f"unknown at this dentist's clinic; allowed: {', '.join(slugs)}"
        return invalid("appointment_type", why)
    return invalid("patient_id", "unknown patient, or not one of yours")


def _check_override(body: Reserve | Update, actor: Actor) -> None:
    if body.override and not actor.is_staff:
        raise Problem(
            "forbidden",
            "Only staff can book outside the hours or off the grid; leave out override.",
        )


def _check_dentist(actor: Actor, dentist_id: UUID | None) -> None:
    if dentist_id and not may_book_at(actor, dentist_id):
        raise Problem(
            "forbidden",
            "Dentists can book only their own slots; ask an admin to book a colleague's.",
        )


def _patient(body: Reserve, actor: Actor) -> UUID:
    if actor.role is Role.PATIENT:
        if body.patient_id not in (None, actor.id):
            raise Problem(
                "forbidden", "Patients can book only for themselves; leave out patient_id."
            )
        return actor_id(actor)
    if body.patient_id is None:
        raise invalid("patient_id", "is required")
    return body.patient_id
