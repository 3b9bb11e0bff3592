"""Routes by which the web app signs in at the local issuer. Only `create_app` in development
includes them; elsewhere these paths do not exist.
"""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from api.auth import development
from api.http import errors
from api.http.context import State
from api.http.strict import StrictRoute
from db import demo
from db.pool import use

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1"}


class TokenRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    profile_id: UUID


@dataclass(frozen=True, slots=True)
class Token:
    access_token: str
    expires_in: int


@router.get("/api/development/people")
async def list_people(request: Request, state: State) -> list[demo.Person]:
    """Some people of each role, to sign in as."""
    _check_host(request)
    async with use(state.pool) as connection:
        return await demo.people(connection)


@router.post("/api/development/tokens")
async def issue_token(request: Request, state: State, body: TokenRequest) -> Token:
    """A token for one of these people."""
    _check_host(request)
    async with use(state.pool) as connection:
        found = {person.id: person for person in await demo.people(connection)}
    person = found.get(body.profile_id)
    if person is None:
        raise errors.not_found()
    key = development.private_key(state.settings.development_key)
    token = development.sign(key, person.id, person.role, development.LIFETIME)
    return Token(token, development.LIFETIME)


def _check_host(request: Request) -> None:
    """Refuses a page of another origin whose host name was pointed at this machine."""
    if request.url.hostname not in LOOPBACK:
        raise errors.Problem(
            "forbidden", "Tokens of development are issued to this machine only; use localhost."
        )
