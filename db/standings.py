"""What the row of a caller says of their rights, and the rows that a first call makes."""

from collections.abc import Collection
from uuid import UUID

from db.pool import Connection
from domain.actors import Actor, Role
from domain.people import Standing


async def standing(connection: Connection, actor: Actor) -> Standing | None:
    """What the row of this caller says. A patient who was never here gets one now; the very first
    admin gets one too, or has been a patient until now. Null for all others without a row.
    """
    found = await _standing(connection, actor)
    if found is None and actor.id and actor.role is Role.PATIENT:
        await add_patient(connection, actor.id)
        return await _standing(connection, actor)
    if actor.role is Role.ADMIN and (found is None or found == Standing(Role.PATIENT, active=True)):
        if await connection.fetchval("select add_first_admin($1)", actor.id):
            return await _standing(connection, actor)
    return found


async def of(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Standing]:
    """What the rows of these people say; without those who have none."""
    rows = await connection.fetch(
        "select id, role, active from profiles where id = any($1)", list(ids)
    )
    return {row["id"]: Standing(Role(row["role"]), row["active"]) for row in rows}


async def add_patient(connection: Connection, id: UUID, full_name: str = "") -> None:
    """A patient's profile, and the resource that keeps them out of two places at once; once."""
    await connection.execute(
        """
        with profile as (
            insert into profiles (id, role, full_name) values ($1, 'patient', $2)
            on conflict do nothing
        )
        insert into resources (kind, profile_id) values ('patient', $1) on conflict do nothing
        """,
        id,
        full_name,
    )


async def _standing(connection: Connection, actor: Actor) -> Standing | None:
    row = await connection.fetchrow("select role, active from profiles where id = $1", actor.id)
    return Standing(Role(row["role"]), row["active"]) if row else None
