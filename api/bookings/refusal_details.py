"""Refusals that need a query: alternatives, the caller's own booking in the way, the unknown field
of a body. If the database is unavailable, the refusal is sent without them.
"""

import asyncio
from typing import assert_never
from uuid import UUID

from api.bookings.refusals import refusal
from api.http.errors import Problem, invalid
from api.state import AppState
from db import catalogue, clinics
from db.patient_times import Taker
from db.pool import Unavailable, use
from domain.actors import Actor, scope
from domain.appointments import Result
from domain.booking import Outcome
from domain.schedules import Reason
from services.alternatives import WantedSlot


def another_time_helps(outcome: Outcome) -> bool:
    """Whether a refused command may succeed at another time; only such refusals have alternatives.
    Limits on how much somebody holds or has booked are reached at any time.
    """
    match outcome:
        case Outcome.SLOT | Outcome.PATIENT_OVERLAP | Outcome.NO_CHAIR | Outcome.NOT_OFFERED:
            return True
        case Outcome.COOLDOWN | Outcome.DENTIST_DAY_QUOTA | Outcome.EXPIRED:
            return True
        case Outcome.QUOTA | Outcome.BOOKING_QUOTA:
            return False
        case Outcome.CONVERSATION_QUOTA | Outcome.AGENT_QUOTA:
            return False
        case Outcome.DONE | Outcome.REPEAT | Outcome.SAME | Outcome.KEY_REUSED:
            return False
        case Outcome.NOT_FOUND | Outcome.NOT_VISIBLE | Outcome.NOT_HOLDER | Outcome.INVALID:
            return False
        case Outcome.VERSION | Outcome.TOO_EARLY | Outcome.TOO_LATE | Outcome.EXTENDED_ENOUGH:
            return False
        case Outcome.MALFORMED | Outcome.UNKNOWN:
            return False
        case _ as never:
            assert_never(never)


async def with_alternatives(
    state: AppState, result: Result, wanted_slot: WantedSlot, actor: Actor, taker: Taker
) -> Problem:
    """The refusal, with alternatives that the taker can take and, if it blocks, the caller's own
    booking.
    """
    if result.outcome is not Outcome.SLOT:
        return refusal(result, await state.alternatives.near(wanted_slot, actor, taker))
    wanted_slot = wanted_slot._replace(start_taken=True)
    others, mine = await asyncio.gather(
        state.alternatives.near(wanted_slot, actor, taker),
        state.alternatives.own(wanted_slot, actor, scope(actor), taker.patient_id),
    )
    return refusal(result, others, mine)


async def unknown_field(
    state: AppState, dentist_id: UUID, appointment_type: str, *, same_dentist: bool = False
) -> Problem:
    """The problem that names the unknown field of the body and where to find its values.
    `same_dentist`: the body did not name the dentist, because the booking stays with them.
    """
    try:
        async with use(state.pool) as connection:
            at = {each.id: each.clinic_id for each in await clinics.dentists(connection)}
            known = await catalogue.types(connection, at[dentist_id]) if dentist_id in at else []
    except Unavailable:
        return invalid(
            "dentist_id", "unknown dentist_id, appointment_type or patient_id", "unknown"
        )
    slugs = [each.slug for each in known]
    if dentist_id not in at and same_dentist:
        return refusal(Result(Outcome.NOT_OFFERED, reason=Reason.NOT_BOOKABLE), [])
    if dentist_id not in at:
        return invalid(
            "dentist_id", "unknown or not bookable; see GET /api/profiles/dentists", "not_bookable"
        )
    if appointment_type not in slugs:
        why = f"unknown at this dentist's clinic; allowed: {', '.join(slugs)}"
        return invalid("appointment_type", why, "unknown")
    return invalid("patient_id", "unknown patient, or not one of yours", "unknown")
