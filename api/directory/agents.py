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
    """Allows an agent to see the caller's profile and to book for them. The agent sees only the
    bookings that it made. Answers with all agents that may act for the caller.
    """
    async with use(state.pool) as connection:
        if not await grants.give(connection, actor_id(caller), agent_id):
            raise not_found()
        return await grants.of_patient(connection, actor_id(caller))


@router.delete("/{agent_id}")
async def revoke_agent(agent_id: UUID, caller: Caller, state: State) -> list[GrantedAgent]:
    """Revokes the grant. After the answer the agent cannot hold for the caller any more; its
    bookings stay. Answers with the remaining agents.
    """
    async with use(state.pool) as connection:
        if not await grants.take_back(connection, actor_id(caller), agent_id):
            raise not_found()
        return await grants.of_patient(connection, actor_id(caller))
