"""Refusals that need a query: alternatives, the caller's own booking in the way, the unknown field
of a body. If the database is unavailable, the refusal is sent without them.
"""

import asyncio
from uuid import UUID

from api.bookings.refusals import refusal
from api.http.errors import Problem, invalid
from api.state import AppState
from db import catalogue, clinics
from db.pool import Unavailable, use
from domain.actors import Actor, scope
from domain.appointments import Result
from domain.booking import Outcome
from domain.schedules import Reason
from services.alternatives import WantedSlot

WITH_ALTERNATIVES = frozenset({Outcome.SLOT, Outcome.NOT_OFFERED, Outcome.NO_CHAIR})


async def with_alternatives(
    state: AppState, result: Result, wanted_slot: WantedSlot, actor: Actor, patient_id: UUID
) -> Problem:
    """The refusal, with alternatives and, if it blocks, the caller's own booking. `patient_id`: for
    whom the slot was wanted.
    """
    if result.outcome is not Outcome.SLOT:
        return refusal(result, await state.alternatives.near(wanted_slot, actor))
    wanted_slot = wanted_slot._replace(start_taken=True)
    others, mine = await asyncio.gather(
        state.alternatives.near(wanted_slot, actor),
        state.alternatives.own(wanted_slot, actor, scope(actor), patient_id),
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
