"""Account status (role and active flag) of callers, and the rows created by a first call."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

import asyncpg

from db.pool import Connection
from domain.actors import Actor, Role
from domain.people import AccountStatus

STATUS = """
    select p.id, p.role, p.active,
           array(select s.clinic_id from staff_clinics s where s.profile_id = p.id) as clinic_ids
      from profiles p
"""


async def claim_invitation(connection: Connection, login: UUID, email: str) -> None:
    """Gives a login with this verified e-mail address the profile that waits for it, if any; the
    rules are in the function in migrations/.
    """
    await connection.execute(
        "select claim_invitation(p_subject => $1, p_email => $2)", login, email
    )


async def get_or_create(connection: Connection, actor: Actor) -> AccountStatus | None:
    """The account status of a caller, that of the claimed profile if they were invited. Creates the
    profile of a patient on their first call. The very first admin gets a profile, or their patient
    profile becomes an admin's. Null for everyone else without a profile.
    """
    found = await _get(connection, actor)
    if found is None and actor.id and actor.role is Role.PATIENT:
        await add_patient(connection, actor.id)
        return await _get(connection, actor)
    if actor.role is Role.ADMIN and (
        found is None or found == AccountStatus(Role.PATIENT, active=True)
    ):
        if await connection.fetchval("select add_first_admin($1)", actor.id):
            return await _get(connection, actor)
    return found


async def of_people(connection: Connection, ids: Collection[UUID]) -> dict[UUID, AccountStatus]:
    """The account status of these people; those without a profile are left out."""
    rows = await connection.fetch(f"{STATUS} where p.id = any($1)", list(ids))
    return {row["id"]: _status(row) for row in rows}


async def add_patient(connection: Connection, id: UUID, full_name: str = "") -> None:
    """Inserts a patient's profile, and the resource that prevents overlapping visits, unless they
    exist.
    """
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


async def _get(connection: Connection, actor: Actor) -> AccountStatus | None:
    row = await connection.fetchrow(
        f"""
        {STATUS}
         where p.id = coalesce((select l.profile_id from logins l where l.subject = $1), $1)
        """,  # noqa: S608 - constants of ours
        actor.id,
    )
    if row is None:
        return None
    return replace(_status(row), claimed=row["id"] if row["id"] != actor.id else None)


def _status(row: asyncpg.Record) -> AccountStatus:
    return AccountStatus(Role(row["role"]), row["active"], frozenset(row["clinic_ids"]))
