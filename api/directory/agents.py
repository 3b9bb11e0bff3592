"""Agents that may act for a patient: list, grant, revoke."""

from uuid import UUID

from fastapi import APIRouter

from api.http.context import Caller, State, actor_id
from api.http.errors import not_found
from api.http.strict import StrictRoute
from db import grants
from db.pool import use
from domain.people import GrantedAgent

router = APIRouter(route_class=StrictRoute, prefix="/api/profiles/me/agents", tags=["profiles"])


@router.get("")
async def list_agents(caller: Caller, state: State) -> list[GrantedAgent]:
    """The agents that may act for the caller, by name."""
    async with use(state.pool) as connection:
        return await grants.of_patient(connection, actor_id(caller))


@router.put("/{agent_id}")
async def grant_agent(agent_id: UUID, caller: Caller, state: State) -> list[GrantedAgent]:
    """Lets an agent see the caller's profile and book for them; of their bookings it sees its own
    alone. Answers with all that may.
    """
    async with use(state.pool) as connection:
        if not await grants.give(connection, actor_id(caller), agent_id):
            raise not_found()
        return await grants.of_patient(connection, actor_id(caller))


@router.delete("/{agent_id}")
async def revoke_agent(agent_id: UUID, caller: Caller, state: State) -> list[GrantedAgent]:
    """Takes that back: once it is answered, the agent holds nothing new for the caller. What it has
    booked stays. Answers with those that still may.
    """
    async with use(state.pool) as connection:
        if not await grants.take_back(connection, actor_id(caller), agent_id):
            raise not_found()
        return await grants.of_patient(connection, actor_id(caller))
