"""Dependencies of routes: the caller, the state of the process, conditions of the request."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request
from pydantic import BaseModel, BeforeValidator, StringConstraints, WithJsonSchema

from api.auth import security
from api.auth.security import Verified
from api.http.errors import Problem
from api.http.read_only import AcceptsReadOnly
from api.http.request_log import log_caller
from api.state import AppState
from domain.actors import VISITOR, Actor
from domain.idempotency import Key
from domain.people import disagreement
from domain.rights import Right, right

TAG = r'(W/)?"[!#-~]*"'
ETAGS = rf"^(\*|[0-9]{{1,9}}|[ ,]*{TAG}( *,[ ,]*{TAG})*[ ,]*)$"
"""One or more ETags, a bare version or *. RFC 9110, 5.6.1 allows empty list entries."""
ANY_ETAGS = ETAGS.replace("#-~", "#-~\u0080-\u00ff")
"""What is accepted; the OpenAPI document says ASCII only."""
STRONG = re.compile(r'(W/)?"([^"]*)"')


async def app_state(request: Request) -> AppState:
    """Async like all dependencies here, because FastAPI runs plain functions in a thread. They call
    one another directly, because each nested dependency costs 20 µs.
    """
    found: AppState = request.app.state.app_state
    return found


State = Annotated[AppState, Depends(app_state)]


async def caller(request: Request) -> Actor:
    """The actor of the token. Raises `unauthenticated`, or `forbidden` as `check_access` does."""
    return await check_access(request, await security.bearer(request))


async def caller_or_visitor(request: Request) -> Actor:
    """The same; VISITOR for who sends no token. A wrong token is refused."""
    return VISITOR if security.is_anonymous(request) else await caller(request)


async def visitor(request: Request) -> Actor | None:
    """The caller of a public route; null for everybody whose token or account gives no rights."""
    if security.token(request) is None:
        return None
    try:
        verified = await security.bearer(request)
    except Problem:  # the route needs no token, so a wrong one is no reason to refuse
        return None
    actor, why = await account(request, verified)
    return None if why else actor


async def account(request: Request, verified: Verified) -> tuple[Actor, str | None]:
    """The actor, and why the account gives no rights (null if it does). Who was invited acts as the
    profile that they claimed, with its role unless the token names one. Creates a patient's profile
    on their first call.
    """
    state, actor = await app_state(request), verified.actor
    email = None if verified.names_role else verified.email
    status = await state.accounts.status(actor, email)
    if status and status.claimed:
        actor = Actor(actor.role if verified.names_role else status.role, status.claimed)
    return actor, disagreement(actor, status)


async def check_access(request: Request, verified: Verified) -> Actor:
    """The actor. Raises `forbidden` if the account is inactive or has another role than the token,
    or if the role has no right to this route.
    """
    actor, why = await account(request, verified)
    log_caller(request, actor)
    if why is not None:
        raise Problem("forbidden", why)
    if right(request.scope["route"].name, actor.role) is Right.NONE:
        raise Problem("forbidden", f"Not allowed for the role {actor.role}.")
    return actor


def _versions(given: list[str]) -> frozenset[int] | None:
    """The versions in `If-Match` (RFC 9110, 13.1.1): strong tags such as `"7"`, or a bare 7; null
    for `*`. A weak tag matches nothing.
    """
    text = ", ".join(given).strip()
    if not re.fullmatch(ANY_ETAGS, text):
        raise ValueError('must be an ETag such as "7", a list of them, or *')
    if text == "*":
        return None
    if text.isdigit():
        return frozenset({int(text)})
    strong = [tag for weak, tag in STRONG.findall(text) if not weak]
    return frozenset(int(tag) for tag in strong if re.fullmatch("[1-9][0-9]{0,8}", tag))


Caller = Annotated[Actor, Depends(caller)]
Visitor = Annotated[Actor | None, Depends(visitor)]
IfMatch = Annotated[
    Annotated[
        frozenset[int] | None,
        BeforeValidator(_versions),
        WithJsonSchema({"type": "string", "pattern": ETAGS}),
    ],
    Header(
        alias="If-Match",
        description="The version (ETag) to change; refused if it has changed since.",
    ),
]
KeyHeader = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=255)] | None,
    Header(
        alias="Idempotency-Key",
        description="Makes a request safe to repeat: the same key has one effect.",
    ),
]
HoldToken = Annotated[
    Annotated[str, StringConstraints(max_length=64)] | None,
    Header(alias="X-Hold-Token", description="An agent's `hold_token` of this booking."),
]


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The caller of a change and its conditions."""

    actor: Actor
    route: str
    """Method and path template."""
    named: tuple[Mapping[str, Any], list[tuple[str, str]]]
    """Parameters of path and query."""
    key: str | None = field(repr=False)
    versions: frozenset[int] | None = None
    """Versions that the change accepts; null for any."""
    token: str | None = field(default=None, repr=False)

    def idempotency_key(self, body: BaseModel | None = None) -> Key | None:
        """The Idempotency-Key with the fingerprint of path, query and the fields of the body. The
        fingerprint includes the key, so that the request cannot be guessed from it.
        """
        if not self.key:
            return None
        fields = body.model_dump(mode="json", exclude_unset=True) if body else {}
        if isinstance(body, AcceptsReadOnly):
            fields |= body.read_only
        whole = json.dumps([self.key, self.named, fields], sort_keys=True, default=str)
        return Key(actor_id(self.actor), self.route, _sha256(self.key), _sha256(whole))


async def creation_context(
    request: Request, actor: Caller, key: KeyHeader = None
) -> RequestContext:
    """For routes that create something under an Idempotency-Key, without version or hold token."""
    route = f"{request.method} {request.scope['route'].path}"
    return RequestContext(
        actor, route, (request.path_params, request.query_params.multi_items()), key
    )


async def request_context(
    request: Request,
    actor: Caller,
    versions: IfMatch = None,
    key: KeyHeader = None,
    token: HoldToken = None,
) -> RequestContext:
    return replace(await creation_context(request, actor, key), versions=versions, token=token)


Context = Annotated[RequestContext, Depends(request_context)]
Creation = Annotated[RequestContext, Depends(creation_context)]


def actor_id(actor: Actor) -> UUID:
    """The id of an authenticated actor."""
    if actor.id is None:
        raise ValueError(f"{actor} has no id")
    return actor.id


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
