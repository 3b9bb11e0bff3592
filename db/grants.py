"""Grants in Postgres: which agents may act for which patients."""

from uuid import UUID

from db.pool import Connection
from domain.people import GrantedAgent


async def of_patient(connection: Connection, patient_id: UUID) -> list[GrantedAgent]:
    """The agents granted by this patient, by name."""
    rows = await connection.fetch(
        """
        select p.id, p.full_name, g.granted_at
          from patient_grants g join profiles p on p.id = g.agent_id
         where g.patient_id = $1 order by p.full_name, p.id
        """,
        patient_id,
    )
    return [GrantedAgent(**row) for row in rows]


async def give(connection: Connection, patient_id: UUID, agent_id: UUID) -> bool:
    """Grants an agent. False if there is no such active agent. Repeating it changes nothing.
    Locks the agent's profile, as a change of its role revokes its grants.
    """
    status = await connection.execute(
        """
        insert into patient_grants as g (patient_id, agent_id)
        select $1, id from profiles where id = $2 and role = 'agent' and active for share
        on conflict (patient_id, agent_id) do update set granted_at = g.granted_at
        """,
        patient_id,
        agent_id,
    )
    return status.endswith(" 1")


async def take_back(connection: Connection, patient_id: UUID, agent_id: UUID) -> bool:
    """Revokes a grant. False if there was none. Waits for running holds that depend on it; no hold
    that depends on it succeeds afterwards.
    """
    status = await connection.execute(
        "delete from patient_grants where patient_id = $1 and agent_id = $2", patient_id, agent_id
    )
    return status.endswith(" 1")
