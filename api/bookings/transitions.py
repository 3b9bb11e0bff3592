"""Routes for the transitions of an appointment: confirm, cancel, and the steps that staff take."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.bookings.changing import change
from api.bookings.requests import Cancel, Confirm
from api.http.context import Context, State
from api.http.strict import StrictRoute
from domain.appointments import NO_TEXTS, Appointment
from domain.booking import CancelReason, Verb

router = APIRouter(route_class=StrictRoute, prefix="/api/appointments", tags=["appointments"])

STEPS: Mapping[Verb, str] = {
    Verb.APPROVE: "Staff: approves a pending appointment before its deadline.",
    Verb.DECLINE: "Staff: declines a pending appointment and frees its slot.",
    Verb.CHECK_IN: "Staff: checks the patient in.",
    Verb.START: "Staff: starts the treatment.",
    Verb.COMPLETE: "Staff: completes the treatment.",
    Verb.NO_SHOW: "Staff: marks the patient as not having come.",
}
"""Verbs that need only the booking's id, each with its route's description."""


@router.post("/{id}/confirm", response_model_exclude_none=True)
async def confirm(
    id: UUID, response: Response, context: Context, state: State, body: Confirm | None = None
) -> Appointment:
    """Confirms a hold before its deadline. The body is optional and may contain notes."""
    texts = body.model_dump(include=body.model_fields_set) if body else NO_TEXTS
    return await change(state, response, context, id, Verb.CONFIRM, body, texts=texts)


@router.post("/{id}/cancel", response_model_exclude_none=True)
async def cancel(
    id: UUID, response: Response, context: Context, state: State, body: Cancel | None = None
) -> Appointment:
    """Cancels: the slot becomes free, the appointment stays on record. The body is optional."""
    why = body or Cancel()
    texts = {"cancel_note": why.note} if why.note else NO_TEXTS
    return await change(state, response, context, id, Verb.CANCEL, why, why.reason, texts)


@router.delete("/{id}", response_model_exclude_none=True)
async def delete(
    id: UUID,
    response: Response,
    context: Context,
    state: State,
    reason: Annotated[CancelReason | None, Query()] = None,
) -> Appointment:
    """Cancels like `cancel`, with a reason code only; free text does not belong in a URL."""
    return await change(state, response, context, id, Verb.CANCEL, reason=reason)


def _step(verb: Verb) -> Callable[..., Awaitable[Appointment]]:
    async def step(id: UUID, response: Response, context: Context, state: State) -> Appointment:
        return await change(state, response, context, id, verb)

    return step


for verb, does in STEPS.items():
    router.add_api_route(
        f"/{{id}}/{verb.replace('_', '-')}",
        _step(verb),
        methods=["POST"],
        name=verb,
        description=does,
        response_model_exclude_none=True,
    )
