"""Appointments: book, confirm, read, cancel."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from activities import booking
from api.commands import change, change_command, hold_answer, hold_command
from api.dependencies import Caller, IfMatch, Key, Own
from api.errors import invalid, not_found
from api.requests import Cancel, Code, Create, Reserve
from db import appointments, events
from db.pool import use
from domain.actors import scope
from domain.appointments import Appointment
from domain.booking import Outcome, Verb

router = APIRouter(prefix="/api/appointments", tags=["appointments"])


@dataclass(frozen=True, slots=True)
class Page:
    items: list[Appointment]
    next_cursor: str | None = None


@router.post("", status_code=201, response_model_exclude_none=True)
async def create(
    body: Create, response: Response, caller: Caller, own: Own, key: Key = None
) -> Appointment:
    """Books at once, or confirms the hold named by `reservation_id`. A repeat under the same key
    answers 200.
    """
    if body.reservation_id is not None:
        return await _confirm_hold(body, body.reservation_id, response, caller, own, key)

    if body.dentist_id is None or body.starts_at is None or body.appointment_type is None:
        raise invalid("body", "dentist_id, starts_at and appointment_type, or a reservation_id")
    asked = Reserve.model_construct(**body.model_dump(exclude={"reservation_id"}))
    command = hold_command(asked, caller, key, quota=None)
    confirm = change_command(command.id, Verb.CONFIRM, caller, key)
    async with use(own.pool) as connection:
        result = await booking.book(connection, command, confirm, caller)
        if result.outcome is Outcome.DONE:
            own.committed()
        return await hold_answer(connection, command, result, response)


@router.get("", response_model_exclude_none=True)
async def list_appointments(
    response: Response,
    caller: Caller,
    own: Own,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Page:
    """One's own appointments by start, staff see all. Streams continue this list from its
    `Event-Cursor` header.
    """
    after = _decoded(cursor) if cursor else None
    async with use(own.pool) as connection:
        response.headers["Event-Cursor"] = await events.cursor(connection)
        items = await appointments.page(connection, scope(caller), after, limit + 1)
    more = len(items) > limit
    return Page(items[:limit], _encoded(items[limit - 1]) if more else None)


@router.get("/{id}", response_model_exclude_none=True)
async def get(id: UUID, response: Response, caller: Caller, own: Own) -> Appointment:
    """One appointment as it is now."""
    async with use(own.pool) as connection:
        found = await appointments.get(connection, id, scope(caller))
    if found is None:
        raise not_found()
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.post("/{id}/confirm", response_model_exclude_none=True)
async def confirm(
    id: UUID,
    response: Response,
    caller: Caller,
    own: Own,
    version: IfMatch,
    key: Key = None,
) -> Appointment:
    """Turns a hold into a booking, before its deadline."""
    return await change(
        own, response, caller, change_command(id, Verb.CONFIRM, caller, key, version)
    )


@router.post("/{id}/cancel", response_model_exclude_none=True)
async def cancel(
    id: UUID,
    body: Cancel,
    response: Response,
    caller: Caller,
    own: Own,
    version: IfMatch,
    key: Key = None,
) -> Appointment:
    """Cancels softly: the slot is free again, the appointment stays on record."""
    command = change_command(id, Verb.CANCEL, caller, key, version, body.reason, body.note)
    return await change(own, response, caller, command)


@router.delete("/{id}", response_model_exclude_none=True)
async def delete(
    id: UUID,
    response: Response,
    caller: Caller,
    own: Own,
    version: IfMatch,
    reason: Annotated[Code | None, Query()] = None,
    key: Key = None,
) -> Appointment:
    """The same as `cancel`, with a code alone: free text does not belong into a URL."""
    command = change_command(id, Verb.CANCEL, caller, key, version, reason)
    return await change(own, response, caller, command)


async def _confirm_hold(
    body: Create,
    reservation_id: UUID,
    response: Response,
    caller: Caller,
    own: Own,
    key: str | None,
) -> Appointment:
    async with use(own.pool) as connection:
        held = await appointments.get(connection, reservation_id, scope(caller))
    if held is None:
        raise not_found()
    named = body.model_dump(exclude={"reservation_id"}, exclude_none=True)
    for field, value in named.items():
        if getattr(held, field) != value:
            raise invalid(field, "differs from the reservation")
    command = change_command(reservation_id, Verb.CONFIRM, caller, key)
    result = await change(own, response, caller, command)
    response.status_code = 201
    return result


def _encoded(last: Appointment) -> str:
    return base64.urlsafe_b64encode(f"{last.starts_at.isoformat()}|{last.id}".encode()).decode()


def _decoded(cursor: str) -> tuple[datetime, UUID]:
    try:
        starts_at, _, id_ = base64.urlsafe_b64decode(cursor).decode().partition("|")
        instant = datetime.fromisoformat(starts_at)
        if instant.tzinfo is None:
            raise ValueError("naive")
        return instant, UUID(id_)
    except (ValueError, binascii.Error):
        raise invalid("cursor", "not a cursor of this list") from None
