"""The five-minute hold that keeps a slot."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.bookings.commands import attempted, change, hold_answer, hold_command
from api.bookings.requests import Reserve
from api.http.context import Ask, Own
from api.http.strict import StrictRoute
from db.pool import use
from domain.appointments import Appointment, Result, Via
from domain.booking import Verb
from services import booking

router = APIRouter(route_class=StrictRoute, prefix="/api/availability", tags=["availability"])


@router.post("/reserve", status_code=201, response_model_exclude_none=True)
async def reserve(body: Reserve, response: Response, ask: Ask, own: Own) -> Appointment:
    """Holds a slot for the type's hold time, five minutes as a rule. A repeat under the same key
    answers 200.
    """
    command = hold_command(own, body, ask, ask.idempotency_key(body), holds=True)

    async def hold() -> Result:
        async with use(own.pool) as connection:
            return await booking.hold(connection, command, ask.actor, Via.API, own.offers)

    result = await attempted(own, command, ask, hold)
    return await hold_answer(own, command, ask.actor, result, response)


@router.post("/reserve/{id}/extend", response_model_exclude_none=True)
async def extend(id: UUID, response: Response, ask: Ask, own: Own) -> Appointment:
    """Gives a hold its full time again, counted from now; at most twice, and not after its
    deadline.
    """
    return await change(own, response, ask, id, Verb.EXTEND)


@router.delete("/reserve/{id}", response_model_exclude_none=True)
async def release(id: UUID, response: Response, ask: Ask, own: Own) -> Appointment:
    """Gives a held slot back before its deadline."""
    return await change(own, response, ask, id, Verb.RELEASE)
