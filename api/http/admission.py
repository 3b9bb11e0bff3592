"""Counts a request against the rate limits before its body is read or its route found."""

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import security
from api.auth.security import Verifier
from api.events.topics import asks_for_public_topics
from api.http import errors
from api.http.errors import Problem
from api.http.limits import Limits, address

PROBES = frozenset({"/livez", "/readyz"})
"""Never limited: an orchestrator whose probe is refused would restart a healthy process."""

DENTISTS = "/api/profiles/dentists"
TYPES = "/api/appointment-types"
CLINICS = "/api/clinics"
EVENTS = "/api/events"
AVAILABILITY = "/api/availability/"
CONFIG = "/api/config"
FIND_SLOTS = "/api/chatbot/find_slots"
MCP = "/mcp"


class Admission:
    """Counts each request once: by caller if its token is valid, otherwise by address. A token in
    the cache of verified tokens is not checked against the address; all others are refused
    unverified once their address has sent too many wrong ones.
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
    token, path = security.token(request), request.scope["path"]
    if token:
        await _admit_token(request, limits, token)
    elif request.method == "GET" and path.endswith("/events") and "ticket" in request.query_params:
        await limits.check("guesses", address(request))  # the route verifies the ticket
        await limits.count("tickets", address(request))
    else:
        await limits.count("public" if _needs_no_token(request) else "failures", address(request))


async def _admit_token(request: Request, limits: Limits, token: str) -> None:
    verifier: Verifier = request.app.state.verifier
    verified = verifier.cached(token)
    if verified is None:
        await limits.check("guesses", address(request))
        try:
            verified = await verifier.verify(token)
        except Problem as refusal:
            request.scope["refused"] = refusal  # raised by the route, if it needs a token
            if refusal.body["code"] == "unauthenticated":
                return await limits.count_wrong_credentials(address(request))
            return await limits.count("public", address(request))  # the issuer's keys are missing
    await limits.count_caller(request, verified.actor)


def _needs_no_token(request: Request) -> bool:
    if request.method == "GET" and request.scope["path"] == EVENTS:
        return security.is_anonymous(request) and asks_for_public_topics(request)
    if request.method == "POST" and request.scope["path"] == FIND_SLOTS:
        return security.is_anonymous(request)
    return is_public(request.method, request.scope["path"])


def is_public(method: str, path: str) -> bool:
    """Whether a request needs no token, whatever its query."""
    if path == MCP:
        return False
    if not path.startswith("/api/") or path == CONFIG or f"{path}/".startswith(f"{DENTISTS}/"):
        return True
    times = path.startswith(AVAILABILITY) and path.endswith(("/slots", "/explain"))
    clinic = f"{path}/".startswith(f"{CLINICS}/") and not path.endswith("/exceptions")
    return method == "GET" and (times or clinic or f"{path}/".startswith(f"{TYPES}/"))
