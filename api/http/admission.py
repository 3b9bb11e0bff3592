"""Asks the rate limits before a request's token is verified, its body read or its route found."""

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import security
from api.auth.security import Verifier
from api.http import errors
from api.http.errors import Problem
from api.http.limits import Limits

PROBES = frozenset({"/livez", "/readyz"})
"""Never limited: their answer costs less than the count, and an orchestrator that is refused would
restart a healthy process.
"""

DENTISTS = "/api/profiles/dentists"
CONFIG = "/api/config"


class Admission:
    """Counts each request once, against the window of its caller or of its address. A token that
    was verified before skips the address. Whoever else has used up the address' window is refused
    unseen.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            return await self._app(scope, receive, send)
        request = Request(scope)
        try:
            await _admit(request)
        except Problem as refusal:
            return await errors.answer(request, refusal)(scope, receive, send)
        await self._app(scope, receive, send)


async def _admit(request: Request) -> None:
    """Raises `rate_limited`."""
    if request.scope.get("crowded"):
        raise Problem(
            "rate_limited",
            "Too many open requests from your address; wait for one to end.",
            headers={"Retry-After": "10"},
        )
    limits: Limits | None = getattr(request.app.state, "limits", None)
    if limits is None:
        return
    token = security.token(request)
    if token:
        await _admit_token(request, limits, token)
    elif shows_ticket(request):
        await limits.showed_ticket(request)
    elif is_public(request.scope["path"]):
        await limits.asked_publicly(request)
    else:
        await limits.refused(request)


async def _admit_token(request: Request, limits: Limits, token: str) -> None:
    verifier: Verifier = request.app.state.verifier
    verified = verifier.known(token)
    if verified is None:
        await limits.may_guess(request)
        try:
            verified = await verifier.verify(token)
        except Problem as refusal:
            request.scope["refused"] = refusal  # the route says so, or needs no token
            if refusal.body["code"] == "unauthenticated":
                await limits.guessed_wrong(request)
            else:  # nobody can tell whether it is valid, so it costs no more than a public request
                await limits.asked_publicly(request)
            return
    await limits.called(request, verified.actor)


def is_public(path: str) -> bool:
    """Whether a path needs no token."""
    return not path.startswith("/api/") or path == CONFIG or f"{path}/".startswith(f"{DENTISTS}/")


def shows_ticket(request: Request) -> bool:
    """Whether a ticket is shown where it counts: to open a stream. The route verifies it."""
    streams = request.method == "GET" and request.scope["path"].endswith("/events")
    return streams and "ticket" in request.query_params
