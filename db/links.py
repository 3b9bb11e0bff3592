"""Linked patients, such as children: patients without a login, for whom a patient books."""

from uuid import UUID

from db import profiles
from db.pool import Connection
from domain.actors import Actor, Role
from domain.people import LINKED_PATIENTS, LinkedPatient


async def ids(connection: Connection, guardian_id: UUID) -> list[UUID]:
    """The linked patients."""
    rows = await connection.fetch(
        "select patient_id from patient_links where guardian_id = $1", guardian_id
    )
    return [row["patient_id"] for row in rows]


async def of_guardian(connection: Connection, guardian_id: UUID) -> list[LinkedPatient]:
    """The linked patients, by name."""
    rows = await connection.fetch(
        """
        select p.id, p.full_name, l.linked_at
          from patient_links l join profiles p on p.id = l.patient_id
         where l.guardian_id = $1 order by p.full_name, p.id
        """,
        guardian_id,
    )
    return [LinkedPatient(**row) for row in rows]


async def create(connection: Connection, id: UUID, guardian: Actor, full_name: str) -> bool:
    """Creates a patient who is linked to this one. False if the guardian is erased, or has created
    LINKED_PATIENTS who are not erased, unlinked ones included. Runs in the caller's transaction,
    which locks the guardian's profile.
    """
    await connection.execute("select from profiles where id = $1 for no key update", guardian.id)
    may = await connection.fetchval(
        """
        select g.erased_at is null and (
               select count(*) from profiles p where p.created_by = g.id
                  and p.created_as = 'patient' and p.erased_at is null) < $2
          from profiles g where g.id = $1
        """,
        guardian.id,
        LINKED_PATIENTS,
    )
    if not may:
        return False
    fields = {"role": Role.PATIENT, "full_name": full_name}
    await profiles.create(connection, id, fields, guardian)
    await connection.execute(
        "insert into patient_links (patient_id, guardian_id) values ($1, $2)", id, guardian.id
    )
    return True


async def rename(connection: Connection, id: UUID, guardian_id: UUID, full_name: str) -> bool:
    """Changes the name of a linked patient. False if there is no link. Runs in the caller's
    transaction: an erasure, which deletes the link, waits for the lock on the profile.
    """
    await profiles.lock(connection, id)
    if not await is_linked(connection, id, guardian_id):
        return False
    await profiles.update(connection, id, {"full_name": full_name})
    return True


async def has_live_visits(connection: Connection, id: UUID) -> bool:
    """Whether a visit of this patient is still ahead or under way."""
    found: bool = await connection.fetchval(
        """
        select exists (select from appointments a
                        where a.patient_id = $1 and is_live(a.status) and a.lapsed_at is null
                          and (a.status <> 'held' or a.hold_expires_at > clock_timestamp()))
        """,
        id,
    )
    return found


async def remove(connection: Connection, id: UUID, guardian_id: UUID) -> bool:
    """Removes the link. False if there was none. Waits for running holds that depend on it; no hold
    that depends on it succeeds afterwards.
    """
    status = await connection.execute(
        "delete from patient_links where patient_id = $1 and guardian_id = $2", id, guardian_id
    )
    return status.endswith(" 1")


async def is_linked(connection: Connection, id: UUID, guardian_id: UUID) -> bool:
    found: bool = await connection.fetchval(
        """
        select exists (select from patient_links where patient_id = $1 and guardian_id = $2)
        """,
        id,
        guardian_id,
    )
    return found
