"""Slot search for an appointment that is to be rescheduled."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.auth.security import unauthenticated
from api.bookings.refusals import refusal
from api.http.answers import existing
from db import appointments
from db.pool import Connection
from domain.actors import Actor, scope
from domain.appointments import Result
from domain.booking import RULES, Outcome, Status, Verb
from domain.clinic import BookingTerms
from domain.policy import AppointmentWithPolicy

MOVABLE = RULES[Verb.RESCHEDULE].transitions.keys() | {Status.HELD}
"""A hold cannot be moved, but its caller may search for times that are free once it is released."""

Moving = Annotated[
    UUID | None,
    Query(
        description="An appointment to reschedule: its own terms apply, and its slot counts as"
        " free. Refused if it cannot be moved to any time. A hold counts as released."
    ),
]


async def to_move(
    connection: Connection,
    caller: Actor | None,
    moving: UUID | None,
    terms_list: list[BookingTerms],
) -> list[BookingTerms]:
    """The terms as they apply to the appointment `moving`. Raises `not_found` if the caller may not
    see it, and the refusal if it cannot be moved to any time.
    """
    if moving is None:
        return terms_list
    if caller is None:
        raise unauthenticated()
    before = existing(await appointments.get_with_policy(connection, moving, scope(caller)))
    if terms_list:
        _check_movable(before, caller, terms_list[0])
    return [before.terms_after_move(booking_terms) for booking_terms in terms_list]


def _check_movable(
    before: AppointmentWithPolicy, caller: Actor, booking_terms: BookingTerms
) -> None:
    """Raises `invalid_transition` or `too_late_to_cancel`."""
    booking, latest = before.appointment, before.notice_deadline
    if booking.status not in MOVABLE:
        raise refusal(Result(Outcome.INVALID, booking))
    if not caller.is_staff and booking.status is not Status.HELD and latest < booking_terms.now:
        too_late = Result(Outcome.TOO_LATE, booking, deadline=latest, server_time=booking_terms.now)
        raise refusal(too_late)
