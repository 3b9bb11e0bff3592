"""Appointment routes: book, list, read and edit."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from uuid_utils.compat import uuid7

from api.bookings.changing import answer, change, move
from api.bookings.holding import hold_answer, hold_command
from api.bookings.requests import Create, Reserve, Update
from api.http import cursors
from api.http.answers import check_version, etag, existing
from api.http.body import Body
from api.http.context import Caller, Context, State
from api.http.cursors import PageCursor
from api.http.errors import Problem, invalid
from api.http.idempotency import claim_idempotency_key
from api.http.strict import StrictRoute
from api.http.values import LARGEST_INT, Digits, Instant, Listed, Slug
from db import appointments, events, idempotency
from db.appointments import AppointmentFilter
from db.pool import use
from domain.actors import scope
from domain.appointments import Appointment, Change, Result, Transition
from domain.booking import Status, Verb

router = APIRouter(route_class=StrictRoute, prefix="/api/appointments", tags=["appointments"])


@dataclass(frozen=True, slots=True)
class Page:
    items: list[Appointment]
    next_cursor: str | None = None


async def appointment_filter(
    status: Annotated[list[Status] | None, Query(), Listed] = None,
    dentist_id: Annotated[list[UUID] | None, Query(max_length=50), Listed] = None,
    patient_id: UUID | None = None,
    appointment_type: Annotated[Slug | None, Query()] = None,
    starts_from: Annotated[Instant | None, Query(alias="from")] = None,
    starts_to: Annotated[Instant | None, Query(alias="to")] = None,
    clinic_id: UUID | None = None,
    chair: Annotated[
        int | None, Query(ge=1, le=LARGEST_INT, description="Staff: the chair's `no`."), Digits
    ] = None,
    lapsed: Annotated[
        bool | None, Query(description="Whether nobody completed the visit in time.")
    ] = None,
) -> AppointmentFilter:
    return AppointmentFilter(
        tuple(status or ()),
        tuple(dentist_id or ()),
        patient_id,
        appointment_type,
        starts_from,
        starts_to,
        clinic_id,
        chair,
        lapsed,
    )


@router.post("", status_code=201, response_model_exclude_none=True)
async def create(body: Create, response: Response, context: Context, state: State) -> Appointment:
    """Books directly, or confirms the hold `reservation_id`. A repeat under the same key is 200."""
    if body.reservation_id is not None:
        if body.override:
            raise invalid(
                "override", "cannot be combined with reservation_id; leave it out", "combination"
            )
        await _check_same(body, body.reservation_id, context, state)
        texts = body.model_dump(include=body.model_fields_set & {"notes"})
        confirmed = await change(
            state, response, context, body.reservation_id, Verb.CONFIRM, body, texts=texts
        )
        response.headers["Location"] = f"/api/appointments/{confirmed.id}"
        return confirmed

    if body.dentist_id is None or body.starts_at is None or body.appointment_type is None:
        raise invalid(
            "body", "send dentist_id, starts_at and appointment_type, or reservation_id", "missing"
        )
    asked = Reserve.model_construct(**body.model_dump(exclude={"reservation_id"}))
    command = await hold_command(
        state, asked, context.actor, context.idempotency_key(body), holds=False
    )
    confirm = Change(command.id, Verb.CONFIRM, uuid7())
    result = await state.holds.book(command, confirm, context.actor)
    return await hold_answer(state, command, context.actor, result, response)


@router.get("", response_model_exclude_none=True)
async def list_appointments(
    response: Response,
    caller: Caller,
    state: State,
    filters: Annotated[AppointmentFilter, Depends(appointment_filter)],
    limit: Annotated[int, Query(ge=1, le=200), Digits] = 50,
    cursor: PageCursor = None,
) -> Page:
    """The caller's appointments, ordered by start; admins see all. A stream continues this list
    from its `Event-Cursor` header.
    """
    if filters.chair is not None and not caller.is_staff:
        raise Problem("forbidden", "Only staff can filter by chair; leave it out.")
    after = cursors.decode_instant(cursor) if cursor else None
    async with use(state.pool) as connection:
        response.headers["Event-Cursor"] = await events.cursor(connection)
        items = await appointments.page(connection, scope(caller), filters, after, limit + 1)
    last = items[limit - 1] if len(items) > limit else None
    return Page(
        items[:limit], cursors.encode(last.starts_at.isoformat(), last.id) if last else None
    )


@router.get("/{id}", response_model_exclude_none=True)
async def get(id: UUID, response: Response, caller: Caller, state: State) -> Appointment:
    """One appointment as it is now."""
    async with use(state.pool) as connection:
        return etag(response, existing(await appointments.get(connection, id, scope(caller))))


@router.get("/{id}/history", response_model_exclude_none=True)
async def history(id: UUID, caller: Caller, state: State) -> list[Transition]:
    """All changes of an appointment, oldest first."""
    async with use(state.pool) as connection:
        existing(await appointments.get(connection, id, scope(caller)))
        return await appointments.history(connection, id, scope(caller))


@router.put("/{id}", response_model_exclude_none=True)
async def update(
    id: UUID, body: Update, response: Response, context: Context, state: State
) -> Appointment:
    """Reschedules (`starts_at`, `dentist_id`, `appointment_type`) or edits (`notes`; by staff
    `staff_notes`). A refused move leaves the booking unchanged.
    """
    if "staff_notes" in body.model_fields_set and not context.actor.is_staff:
        raise Problem("forbidden", "Only staff can write staff_notes; leave it out.")
    changes = body
    if body.has_read_only:  # the caller sends the whole appointment; what is unchanged is left out
        if earlier := await _earlier(body, context, state):
            return answer(earlier, response)
        present = await get(id, response, context.actor, state)
        body.check(present)
        changed = body.changed(present) - {"override"}
        if not changed:
            return await _unchanged(body, response, context, state, present)
        changes = body.narrowed(changed | {"override"})
    if changes.moves:
        key = context.idempotency_key(body)
        return await move(state, response, context, id, changes, key)
    return await change(state, response, context, id, Verb.EDIT, body, texts=changes.texts)


async def _check_same(body: Create, reservation_id: UUID, context: Context, state: State) -> None:
    """Raises `not_found`, or `validation_failed` if the body differs from the hold. A repeat is not
    checked: the booking may have moved since.
    """
    if await _earlier(body, context, state):
        return
    async with use(state.pool) as connection:
        held = existing(await appointments.get(connection, reservation_id, scope(context.actor)))
    named = body.model_dump(exclude={"reservation_id", "override", "notes"}, exclude_none=True)
    for field, value in named.items():
        if getattr(held, field) != value:
            raise invalid(
                field,
                "differs from the reservation; leave it out, or send the same value",
                "combination",
            )


async def _earlier(body: Body, context: Context, state: State) -> Result | None:
    """The result of an earlier request with this key; null if there was none."""
    async with use(state.pool) as connection:
        key = context.idempotency_key(body)
        return await idempotency.earlier(connection, key, scope(context.actor, context.token))


async def _unchanged(
    body: Update, response: Response, context: Context, state: State, present: Appointment
) -> Appointment:
    """The answer to a PUT that changes nothing; it still claims the key."""
    check_version(context.versions, present.version)
    async with use(state.pool) as connection, connection.transaction():
        key = context.idempotency_key(body)
        await claim_idempotency_key(connection, response, key, str(present.id))
    return present
