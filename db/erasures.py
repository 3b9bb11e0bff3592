"""What is taken out of the records for good: all that a person wrote, or is known by."""

from uuid import UUID

from db import profiles
from db.pool import Connection, fetch_one
from domain.actors import Actor
from domain.people import Erased


async def erase(connection: Connection, id: UUID, actor: Actor) -> Erased | None:
    """Blanks what is personal, and ends what they granted or were granted; null without such a
    profile. Again, it finds nothing left. Raises profiles.LastAdmin.
    """
    async with profiles.keeping_an_admin(), connection.transaction():
        await connection.execute(  # first: it waits for holds, which need the bookings
            "delete from patient_grants where $1 in (patient_id, agent_id)", id
        )
        row = await fetch_one(connection, "select * from profile_erase($1, $2)", id, str(actor))
    return Erased(**row) if row["profile"] else None
