"""Linked patients of a patient, such as children: list, create, rename, remove."""

from uuid import UUID

from fastapi import APIRouter, Response
from uuid_utils.compat import uuid7

from api.http.body import Body
from api.http.context import Caller, Creation, State, actor_id
from api.http.errors import Problem, not_found
from api.http.idempotency import claim_idempotency_key
from api.http.strict import StrictRoute
from api.http.texts import Name
from db import links
from db.pool import use
from domain.people import LINKED_PATIENTS, LinkedPatient

router = APIRouter(route_class=StrictRoute, prefix="/api/profiles/me/patients", tags=["profiles"])


class LinkedPatientName(Body):
    """What is asked about a patient without a login, for whom the caller books."""

    full_name: Name


@router.get("")
async def list_linked_patients(caller: Caller, state: State) -> list[LinkedPatient]:
    """The patients for whom the caller books besides themselves, by name."""
    async with use(state.pool) as connection:
        return await links.of_guardian(connection, actor_id(caller))


@router.post("", status_code=201)
async def create_linked_patient(
    body: LinkedPatientName, response: Response, context: Creation, state: State
) -> list[LinkedPatient]:
    """Creates a patient whom the caller sees and books for with `patient_id`. Answers with all
    linked patients; a repeat with the same key answers 200.
    """
    guardian, id = actor_id(context.actor), uuid7()
    key = context.idempotency_key(body)
    async with use(state.pool) as connection, connection.transaction():
        if not await claim_idempotency_key(connection, response, key, str(id)):
            if not await links.create(connection, id, context.actor, body.full_name):
                raise Problem(
                    "forbidden",
                    f"You have added {LINKED_PATIENTS} patients, which is the limit;"
                    " ask the clinic.",
                )
        found = await links.of_guardian(connection, guardian)
    state.committed()
    return found


@router.put("/{patient_id}")
async def rename_linked_patient(
    patient_id: UUID, body: LinkedPatientName, caller: Caller, state: State
) -> list[LinkedPatient]:
    """Corrects the name of a linked patient. Answers with all linked patients."""
    guardian = actor_id(caller)
    async with use(state.pool) as connection, connection.transaction():
        if not await links.rename(connection, patient_id, guardian, body.full_name):
            raise not_found()
        found = await links.of_guardian(connection, guardian)
    state.committed()
    return found


@router.delete("/{patient_id}")
async def remove_linked_patient(
    patient_id: UUID, caller: Caller, state: State
) -> list[LinkedPatient]:
    """Removes the link: the caller no longer sees this patient or their visits, which the clinic
    keeps. Refused while a visit is ahead. Answers with the remaining linked patients.
    """
    guardian = actor_id(caller)
    async with use(state.pool) as connection, connection.transaction():
        if not await links.remove(connection, patient_id, guardian):
            raise not_found()
        if await links.has_live_visits(connection, patient_id):
            raise Problem("forbidden", "This patient still has appointments; cancel them first.")
        return await links.of_guardian(connection, guardian)
