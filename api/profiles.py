"""People: for now the dentists whom one can book."""

from fastapi import APIRouter

from api.dependencies import Caller, Own
from db import clinics
from db.pool import use
from domain.clinic import Dentist

router = APIRouter(prefix="/api/profiles", tags=["profiles"])


@router.get("/dentists")
async def list_dentists(caller: Caller, own: Own) -> list[Dentist]:
    """All dentists who can be booked, by name."""
    async with use(own.pool) as connection:
        return await clinics.dentists(connection)
