"""Erasure of personal data: what a person wrote, and what identifies them."""

import contextlib
from uuid import UUID

import asyncpg

from db import profiles
from db.pool import Connection, fetch_one
from domain.actors import Actor
from domain.people import Erased

ATTEMPTS = 4

TEXT_OF_ERASED = "CT011"
"""SQLSTATE raised by the trigger `refuse_text_of_erased`."""


async def erase(connection: Connection, id: UUID, actor: Actor) -> Erased | None:
    """Blanks a person's personal data, and deletes grants to and by them. The linked patients of a
    patient are erased with them. Null if there is no such profile. Repeating it changes nothing.
    Raises profiles.LastAdmin.
    """
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(asyncpg.DeadlockDetectedError):
            return await _erase(connection, id, actor)
    return await _erase(connection, id, actor)


async def _erase(connection: Connection, id: UUID, actor: Actor) -> Erased | None:
    async with profiles.keeping_an_admin(), connection.transaction():
        await connection.execute(  # first, as it waits for running holds, which lock bookings
            "delete from patient_grants where patient_id = $1 or agent_id = $1", id
        )
        erased = await _erase_profile(connection, id, actor)
        linked = await connection.fetch(  # now that no more can be added
            "delete from patient_links where guardian_id = $1 or patient_id = $1 returning *", id
        )
        for other in sorted({each["patient_id"] for each in linked} - {id}):
            also = await _erase_profile(connection, other, actor)
            erased = erased.plus(also) if erased and also else erased
    return erased


async def _erase_profile(connection: Connection, id: UUID, actor: Actor) -> Erased | None:
    row = await fetch_one(
        connection, "select * from profile_erase(p_id => $1, p_actor => $2)", id, str(actor)
    )
    return Erased(**row) if row["profile"] is not None else None
