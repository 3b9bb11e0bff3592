"""Where a client of /mcp gets a token (RFC 9728)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.auth import security
from api.auth.security import Verified
from api.http.context import State
from api.http.errors import Problem
from api.http.strict import StrictRoute
from api.mcp import hosts
from settings import Settings

PATH = "/.well-known/oauth-protected-resource/mcp"

router = APIRouter(route_class=StrictRoute, include_in_schema=False)


@router.get(PATH)
async def protected_resource(request: Request, state: State) -> dict[str, Any]:
    """The resource, and the issuer of its tokens. The local issuer of development has no address;
    its tokens come from `chairtime token`.
    """
    hosts.check(request, state.settings)
    base = hosts.base_url(request, state.settings)
    issuer = state.settings.jwt_issuer
    return {
        "resource": f"{base}/mcp",
        **({"authorization_servers": [issuer]} if issuer else {}),
        "bearer_methods_supported": ["header"],
        "resource_name": "Chairtime",
        "resource_documentation": f"{base}/docs",
    }


async def verified(request: Request, state: State) -> Verified:
    """What the token says. A refusal says where to get a token."""
    hosts.check(request, state.settings)
    try:
        return await security.bearer(request)
    except Problem as refusal:
        if refusal.body["code"] != "unauthenticated":
            raise
        raise _unauthenticated(request, state.settings) from None


BearerOfMcp = Annotated[Verified, Depends(verified)]


def _unauthenticated(request: Request, settings: Settings) -> Problem:
    problem = security.unauthenticated()
    error = 'error="invalid_token", ' if "authorization" in request.headers else ""
    url = f"{hosts.base_url(request, settings)}{PATH}"
    problem.headers = {"WWW-Authenticate": f'Bearer {error}resource_metadata="{url}"'}
    return problem
