"""Where receptionists work."""

from collections.abc import Sequence
from uuid import UUID

from db.pool import Connection
from domain.actors import Actor, Role


async def works_at(connection: Connection, actor: Actor, clinic_id: UUID) -> bool:
    """Whether this receptionist works at the clinic; false for an unknown clinic."""
    found: bool = await connection.fetchval(
        "select works_at(p_desk_id => $1, p_clinic_id => $2)", actor.id, clinic_id
    )
    return found


async def works_with(connection: Connection, actor: Actor, dentist_id: UUID) -> bool | None:
    """Whether this receptionist works at the dentist's clinic; null for an unknown dentist."""
    found: bool | None = await connection.fetchval(
        """
        select works_at(p_desk_id => $1, p_clinic_id => clinic_id)
          from dentists where profile_id = $2
        """,
        actor.id,
        dentist_id,
    )
    return found


async def set_clinics(
    connection: Connection, id: UUID, role: Role, clinic_ids: Sequence[UUID]
) -> None:
    """Replaces the clinics of a receptionist; other roles have none. Runs in the caller's
    transaction, before the profile's row is updated, whose event names them.
    ForeignKeyViolationError: no such clinic.
    """
    await connection.execute("delete from staff_clinics where profile_id = $1", id)
    if role is Role.DESK:
        await connection.execute(
            "insert into staff_clinics select $1, unnest($2::uuid[])", id, list(clinic_ids)
        )
