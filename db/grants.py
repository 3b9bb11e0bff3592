"""Which agents patients let act for them, in Postgres."""

from uuid import UUID

from db.pool import Connection
from domain.people import GrantedAgent


async def of_patient(connection: Connection, patient_id: UUID) -> list[GrantedAgent]:
    """The agents whom this patient lets act, by name."""
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
    """False where there is no such agent, or none that is active. Again, it stays as it was.
    Waits for a change of the agent's role: what takes the role takes back the grants.
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
    """False where it was not given. Waits for holds that rest on it; after it there are none."""
    status = await connection.execute(
        "delete from patient_grants where patient_id = $1 and agent_id = $2", patient_id, agent_id
    )
    return status.endswith(" 1")
