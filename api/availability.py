"""What is free, and the five-minute hold that keeps it."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from activities import booking
from api import offers
from api.commands import change, hold_answer, hold_command
from api.dependencies import Ask, Caller, Own
from api.errors import Problem
from api.requests import Day, Reserve, Slug
from db import clinics
from db.pool import use
from domain.appointments import Appointment, Via
from domain.booking import HOLD_QUOTA, Outcome, Verb
from domain.clinic import BoardSlot
from domain.schedules import day_of

router = APIRouter(prefix="/api/availability", tags=["availability"])

MAX_DAYS = 31


@router.get("/{dentist_id}/slots", response_model_exclude_none=True)
async def list_slots(
    dentist_id: UUID,
    caller: Caller,
    own: Own,
    appointment_type: Annotated[Slug, Query()],
    date: Annotated[Day | None, Query(description="A day of the clinic; today.")] = None,
    days: Annotated[int, Query(ge=1, le=MAX_DAYS)] = 1,
    tz: Annotated[str | None, Query(max_length=64, description="Formats only.")] = None,
    include: Annotated[Literal["free", "all"], Query()] = "free",
) -> list[BoardSlot]:
    """The slots of one dentist, day by day of the clinic. `include=all` shows held and booked ones
    too.
    """
    shown_in = offers.zone(tz) if tz else None
    async with use(own.pool) as connection:
        offer = await clinics.offer(connection, dentist_id, appointment_type, None)
        if offer is None:
            raise Problem("not_found", "There is no such dentist, or no such appointment type.")
        return await offers.slots(
            connection,
            dentist_id,
            offer,
            date or day_of(offer.hours, offer.now),
            days,
            shown_in,
            include_taken=include == "all",
        )


@router.post("/reserve", status_code=201, response_model_exclude_none=True)
async def reserve(body: Reserve, response: Response, ask: Ask, own: Own) -> Appointment:
    """Holds a slot for the type's hold time, five minutes as a rule. A repeat under the same key
    answers 200.
    """
    command = hold_command(body, ask, HOLD_QUOTA)
    async with use(own.pool) as connection:
        result = await booking.hold(connection, command, ask.actor, Via.API)
        if result.outcome is Outcome.DONE:
            own.committed()
        return await hold_answer(connection, command, result, response)


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
