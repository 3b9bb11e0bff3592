"""From a request to a command, and from its result to an answer; what the booking routes share."""

from uuid import UUID

from fastapi import Response
from uuid_utils.compat import uuid7

from activities import booking
from api.dependencies import actor_id, command_id, fingerprint, key_hash
from api.errors import Problem, invalid, refusal
from api.offers import alternatives
from api.parts import Parts
from api.requests import Reserve
from db.pool import Connection, use
from domain.actors import Actor, Role, scope
from domain.appointments import DONE, Appointment, Change, Hold, Result, Via
from domain.booking import Outcome, Verb

OFFER_OTHERS = frozenset({Outcome.SLOT, Outcome.NOT_OFFERED, Outcome.NO_CHAIR})


def hold_command(body: Reserve, actor: Actor, key: str | None, quota: int | None) -> Hold:
    """The command `hold` of this caller. Raises `forbidden` for a patient who names another."""
    patient_id = _patient(body, actor)
    return Hold(
        id=uuid7(),
        command_id=command_id(actor, key, Verb.HOLD),
        dentist_id=body.dentist_id,
        patient_id=patient_id,
        appointment_type=body.appointment_type,
        starts_at=body.starts_at,
        caller=actor_id(actor),
        notes=body.notes,
        key_hash=key_hash(key),
        fingerprint=fingerprint(
            key,
            dentist=body.dentist_id,
            patient=patient_id,
            type=body.appointment_type,
            starts_at=body.starts_at,
            notes=body.notes,
            held=quota is not None,
        ),
        quota=quota,
    )


async def hold_answer(
    connection: Connection, command: Hold, result: Result, response: Response
) -> Appointment:
    """201 for a new booking, 200 for a repeat; else the refusal, with other times if they help."""
    if result.outcome is Outcome.NOT_FOUND:
        raise invalid("dentist_id", "no such dentist, appointment type or patient")
    if result.outcome in OFFER_OTHERS:
        raise refusal(result, await alternatives(connection, command))
    appointment = answer(result, response)
    response.status_code = 201 if result.outcome is Outcome.DONE else 200
    if result.outcome is Outcome.DONE:
        response.headers["Location"] = f"/api/appointments/{appointment.id}"
    return appointment


async def change(own: Parts, response: Response, actor: Actor, command: Change) -> Appointment:
    """Carries out a later command for a caller and answers with the booking as it is now."""
    async with use(own.pool) as connection:
        result = await booking.change(connection, command, actor, Via.API, scope(actor))
    if result.outcome is Outcome.DONE:
        own.committed()
    return answer(result, response)


def change_command(
    id: UUID,
    verb: Verb,
    actor: Actor,
    key: str | None,
    version: int | None = None,
    reason: str | None = None,
    note: str | None = None,
) -> Change:
    return Change(
        id=id,
        verb=verb,
        command_id=command_id(actor, key, verb),
        reason=reason,
        note=note,
        fingerprint=fingerprint(key, id=id, reason=reason, note=note),
        expected_version=version,
    )


def answer(result: Result, response: Response) -> Appointment:
    """The booking, with its version as ETag. Raises the problem that any other outcome is."""
    if result.outcome not in DONE or result.appointment is None:
        raise refusal(result)
    response.headers["ETag"] = f'"{result.appointment.version}"'
    return result.appointment


def _patient(body: Reserve, actor: Actor) -> UUID:
    if actor.role is Role.PATIENT:
        if body.patient_id not in (None, actor.id):
            raise Problem("forbidden", "A patient can book for themselves only.")
        return actor_id(actor)
    if body.patient_id is None:
        raise invalid("patient_id", "say whom this is for")
    return body.patient_id
