"""The public directory of dentists."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Response

from api.http.answers import existing
from api.http.context import State
from api.http.strict import StrictRoute
from api.state import AppState
from domain.clinic import Dentist
from services.directory import Directory, read_directory

router = APIRouter(route_class=StrictRoute, prefix="/api/profiles/dentists", tags=["profiles"])


@router.get("", response_model=list[Dentist], response_model_exclude_none=True)
async def list_dentists(state: State) -> Response:
    """All dentists who can be booked, by name, and when each is next free within 60 days. No token
    is needed. The answer is cached for two seconds.
    """
    found = await _directory(state)
    return Response(found.json, media_type="application/json")


@router.get("/{id}", response_model_exclude_none=True)
async def get_dentist(id: UUID, state: State) -> Dentist:
    """One of them. No token is needed. The answer is cached for two seconds."""
    return existing((await _directory(state)).dentists.get(id))


async def _directory(state: AppState) -> Directory:
    return await state.directory.get(None, partial(read_directory, state.pool))
