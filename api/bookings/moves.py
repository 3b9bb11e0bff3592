"""What is offered to an appointment that is to move."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.bookings.refusals import refusal
from api.http.errors import not_found
from db import appointments
from db.pool import Connection
from domain.actors import Actor, scope
from domain.appointments import Pinned, Result
from domain.booking import RULES, Outcome, Status, Verb
from domain.clinic import BookingTerms

MOVABLE = RULES[Verb.RESCHEDULE].moves.keys() | {Status.HELD}
"""A hold cannot move, but whoever is to give it up wants to know what is free then."""

Moving = Annotated[
    UUID | None,
    Query(
        description="An appointment to reschedule: its own terms apply, its slot counts as free."
        " Refused where its move would be refused whatever the time. A hold counts as released."
    ),
]


async def to_move(
    connection: Connection, caller: Actor, moving: UUID | None, offered: list[BookingTerms]
) -> list[BookingTerms]:
    """The offers as they are to the appointment that is to move. Raises `not_found` for one that
    the caller may not see, and what its move would be refused for wherever it went.
    """
    if moving is None:
        return offered
    before = await appointments.pinned(connection, moving, scope(caller))
    if before is None:
        raise not_found()
    if offered:
        _check_movable(before, caller, offered[0])
    return [before.offer(offer) for offer in offered]


def _check_movable(before: Pinned, caller: Actor, offer: BookingTerms) -> None:
    """Raises `invalid_transition` or `too_late_to_cancel`."""
    booking, latest = before.appointment, before.notice_deadline
    if booking.status not in MOVABLE:
        raise refusal(Result(Outcome.INVALID, booking))
    if not caller.is_staff and booking.status is not Status.HELD and latest < offer.now:
        too_late = Result(Outcome.TOO_LATE, booking, deadline=latest, server_time=offer.now)
        raise refusal(too_late)
