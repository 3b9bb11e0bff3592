"""What the body of a booking request may say, by the caller's role."""

from uuid import UUID

from api.bookings.requests import Reserve, Update
from api.http.context import actor_id
from api.http.errors import Problem, invalid
from domain.actors import Actor, Role
from domain.rights import may_book_at


def check(actor: Actor, body: Reserve | Update) -> None:
    """Raises `forbidden` for a dentist who names a colleague, and for an override by anybody but
    staff.
    """
    if body.dentist_id and not may_book_at(actor, body.dentist_id):
        raise Problem(
            "forbidden",
            "Dentists can book only their own slots; ask an admin to book a colleague's.",
        )
    if body.override and not actor.is_staff:
        raise Problem(
            "forbidden",
            "Only staff can book outside the hours or off the grid; leave out override.",
        )


def patient_id(actor: Actor, body: Reserve) -> UUID:
    """The patient to book for: a patient's own id, or the one in the body. Raises `forbidden` for a
    patient who names another one, and `validation_failed` if it is missing.
    """
    if actor.role is Role.PATIENT:
        if body.patient_id not in (None, actor.id):
            raise Problem(
                "forbidden", "Patients can book only for themselves; leave out patient_id."
            )
        return actor_id(actor)
    if body.patient_id is None:
        raise invalid("patient_id", "is required")
    return body.patient_id
