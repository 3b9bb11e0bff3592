"""What the body of a booking request may say, by the caller's role."""

from uuid import UUID

from api.bookings.requests import Reserve, Update
from api.http.context import actor_id
from api.http.errors import Problem, invalid
from api.state import AppState
from db import links, profiles, staff
from db.pool import use
from domain.actors import Actor, Role
from domain.rights import may_book_at


async def check(state: AppState, actor: Actor, body: Reserve | Update) -> None:
    """Raises `forbidden` for a dentist who names a colleague, for a receptionist who names a
    dentist of another clinic, and for an override by anybody but staff.
    """
    if actor.role is Role.DESK:
        if body.dentist_id:
            await _check_clinic(state, actor, body.dentist_id)
    elif body.dentist_id and not may_book_at(actor, body.dentist_id):
        raise Problem(
            "forbidden",
            "Dentists can book only their own slots; ask an admin to book a colleague's.",
        )
    if body.override and not actor.is_staff:
        raise Problem(
            "forbidden",
            "Only staff can book outside the hours or off the grid; leave out override.",
        )


async def patient_id(state: AppState, actor: Actor, body: Reserve) -> UUID:
    """The patient to book for: a patient's own id, or the one in the body. Raises `forbidden` for a
    patient who names another one that is not linked, and `validation_failed` if it is missing, or
    not known to a receptionist.
    """
    if actor.role is Role.PATIENT:
        if body.patient_id in (None, actor.id):
            return actor_id(actor)
        async with use(state.pool) as connection:
            if await links.is_linked(connection, body.patient_id, actor_id(actor)):
                return body.patient_id
        raise Problem(
            "forbidden",
            "Patients can book only for themselves and linked patients; leave out patient_id.",
        )
    if body.patient_id is None:
        raise invalid("patient_id", "is required", "missing")
    if actor.role is Role.DESK:
        async with use(state.pool) as connection:
            if await profiles.get(connection, body.patient_id, actor) is None:
                raise invalid("patient_id", "unknown patient, or not one of yours", "unknown")
    return body.patient_id


async def _check_clinic(state: AppState, desk: Actor, dentist_id: UUID) -> None:
    """Raises `forbidden` for a dentist of a clinic where the receptionist does not work."""
    async with use(state.pool) as connection:
        if await staff.works_with(connection, desk, dentist_id) is False:
            raise Problem(
                "forbidden",
                "Receptionists can book only at their clinics; ask an admin for another clinic.",
            )
