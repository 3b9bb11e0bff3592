"""The dentists whom one can book: public, as on a clinic's door."""

from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from api import offers
from api.answers import one
from api.dependencies import Own
from api.strict import StrictRoute
from db import clinics
from db.pool import Connection, use
from domain.clinic import Dentist

router = APIRouter(route_class=StrictRoute, prefix="/api/profiles/dentists", tags=["profiles"])


@router.get("", response_model_exclude_none=True)
async def list_dentists(own: Own) -> list[Dentist]:
    """All dentists who can be booked, by name. No token is needed."""
    async with use(own.pool) as connection:
        return await _shown(connection, await clinics.dentists(connection))


@router.get("/{id}", response_model_exclude_none=True)
async def get_dentist(id: UUID, own: Own) -> Dentist:
    """One of them. No token is needed."""
    async with use(own.pool) as connection:
        found = [each for each in await clinics.dentists(connection) if each.id == id]
        return one(await _shown(connection, found))


async def _shown(connection: Connection, found: list[Dentist]) -> list[Dentist]:
    """With the time at which each is next free, by the clinic's clock."""
    free = await offers.next_free(connection, [dentist.id for dentist in found])
    return [
        replace(each, next_free_at=free[each.id].astimezone(ZoneInfo(each.time_zone)))
        if each.id in free
        else each
        for each in found
    ]
