"""Access to the tools of admins that a proxy serves below /tools: Temporal's Web UI, dashboards."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import security
from api.auth.security import Verified
from api.http.context import Caller
from api.http.errors import Problem
from api.http.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["operations"])

COOKIE = "chairtime_tools"
PATH = "/tools"

MAX_COOKIE = 4000
"""Bytes of a token; browsers drop cookies that are longer than 4096 bytes in all."""


@router.post("/api/admin/tools", status_code=204)
async def open_tools(
    request: Request, caller: Caller, verified: Annotated[Verified, Depends(security.bearer)]
) -> Response:
    """Puts the token of this request into a cookie for the paths below `/tools`, because a browser
    sends no `Authorization` when it follows a link. It ends with the token.
    """
    token = security.token(request) or ""
    if len(token) > MAX_COOKIE:
        raise Problem(
            "forbidden",
            f"The token is longer than a cookie may be ({MAX_COOKIE} bytes); use one with fewer"
            " claims.",
        )
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE,
        token,
        path=PATH,
        expires=datetime.fromtimestamp(verified.expires, UTC),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.get("/api/admin/tools", status_code=204)
async def check_tools(caller: Caller) -> Response:
    """Whether the caller may use the tools below `/tools`. A proxy asks at each request for one
    (forward-auth), with the token of the cookie, and passes a refusal on.
    """
    return Response(status_code=204)
