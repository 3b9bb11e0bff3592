"""Hold routes: reserve, extend and release a slot."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.bookings.changing import change
from api.bookings.holding import hold_answer, hold_command
from api.bookings.requests import Reserve
from api.http.context import Context, State
from api.http.strict import StrictRoute
from domain.appointments import Appointment
from domain.booking import Verb

router = APIRouter(route_class=StrictRoute, prefix="/api/availability", tags=["availability"])


@router.post("/reserve", status_code=201, response_model_exclude_none=True)
async def reserve(body: Reserve, response: Response, context: Context, state: State) -> Appointment:
    """Holds a slot for the type's hold time, five minutes by default. A repeat with the same key
    answers 200.
    """
    command = await hold_command(
        state, body, context.actor, context.idempotency_key(body), holds=True
    )
    result = await state.holds.hold(command, context.actor)
    return await hold_answer(state, command, context.actor, result, response)


@router.post("/reserve/{id}/extend", response_model_exclude_none=True)
async def extend(id: UUID, response: Response, context: Context, state: State) -> Appointment:
    """Restarts the hold time from now; at most twice, and not after the deadline."""
    return await change(state, response, context, id, Verb.EXTEND)


@router.delete("/reserve/{id}", response_model_exclude_none=True)
async def release(id: UUID, response: Response, context: Context, state: State) -> Appointment:
    """Releases a held slot before its deadline."""
    return await change(state, response, context, id, Verb.RELEASE)
