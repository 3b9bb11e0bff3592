"""Routes for the steps that staff take: approve or decline a request, and the steps of a visit."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from fastapi import APIRouter, Response

from api.bookings.changing import change
from api.http.context import Context, State
from api.http.strict import StrictRoute
from domain.appointments import Appointment
from domain.booking import Verb

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
