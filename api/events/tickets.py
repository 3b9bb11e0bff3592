"""Tickets for browsers: EventSource cannot send headers, so it sends a ticket in the URL. A ticket
opens one stream, once, within a minute; a ticket in a log is useless.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.auth import security
from api.auth.security import Verified
from api.events.topics import asks_for_public_topics, named_topics
from api.http import context
from api.http.answers import existing
from api.http.body import Body
from api.http.context import Caller, State
from api.http.errors import Problem
from api.http.limits import Limits, address
from api.http.strict import StrictRoute
from api.state import AppState
from db import appointments, tickets
from db.pool import use
from domain.actors import scope
from domain.events import MAX_TOPICS, Topic, entity_topic

LASTS = timedelta(seconds=60)

TopicName = Annotated[str, StringConstraints(min_length=1, max_length=80)]

TicketQuery = Annotated[
    str | None,
    Query(max_length=100, description="Instead of `Authorization`: see `buy_ticket`."),
]

router = APIRouter(route_class=StrictRoute, tags=["events"])


class Wanted(Body):
    """What the ticket is for: `topics` or one appointment; by default all topics."""

    topics: Annotated[list[TopicName], Field(min_length=1, max_length=MAX_TOPICS)] | None = None
    appointment_id: UUID | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if self.topics is not None and self.appointment_id is not None:
            raise PydanticCustomError("combination", "send topics or appointment_id, not both")
        return self


@dataclass(frozen=True, slots=True)
class Ticket:
    ticket: str
    """To be sent once as `?ticket=`."""
    expires_at: datetime
    """A stream must be opened before this time."""


@router.post("/api/events/tickets", status_code=201)
async def buy_ticket(
    body: Wanted, caller: Caller, token: Annotated[Verified, Depends(security.bearer)], state: State
) -> Ticket:
    """A ticket for one stream: `/api/events` with these topics, or that of one appointment. The
    stream ends when the token of this request expires.
    """
    ticket = secrets.token_urlsafe(32)
    topics = await named_topics(state, body.topics)
    async with use(state.pool) as connection:
        if body.appointment_id:
            existing(await appointments.get(connection, body.appointment_id, scope(caller)))
            topics = frozenset({entity_topic(Topic.APPOINTMENTS, body.appointment_id)})
        expires_at = await tickets.add(
            connection, _hash(ticket), caller, topics, token.expires, LASTS
        )
    return Ticket(ticket, expires_at)


async def opener(request: Request, state: State, ticket: TicketQuery = None) -> Verified:
    """The caller of a stream, by token or ticket. Does not use up the ticket: see `spend`. Raises
    `unauthenticated`, also for a used ticket, `forbidden` and `rate_limited`.
    """
    if ticket is None:
        verified = await security.bearer(request)
    else:
        verified = await _verify_ticket(request, state, ticket)
    actor = await context.check_access(request, verified)
    return replace(verified, actor=actor)


async def opener_or_visitor(
    request: Request, state: State, ticket: TicketQuery = None
) -> Verified | None:
    """The same; null for public topics without token and ticket. Wrong ones are always refused."""
    if ticket is None and security.is_anonymous(request) and asks_for_public_topics(request):
        return None
    return await opener(request, state, ticket)


async def spend(state: AppState, opener: Verified) -> None:
    """Uses up the ticket, if there is one. To be called last, when nothing else can refuse the
    stream. Raises `unauthenticated` if another request has used it meanwhile.
    """
    if opener.ticket is None:
        return
    async with use(state.pool) as connection:
        if not await tickets.use_up(connection, opener.ticket):
            raise _no_ticket()


Opener = Annotated[Verified, Depends(opener)]
OpenerOrVisitor = Annotated[Verified | None, Depends(opener_or_visitor)]


async def _verify_ticket(request: Request, state: AppState, ticket: str) -> Verified:
    """What the ticket says. Counts the request against the rate limits."""
    limits: Limits | None = request.app.state.limits
    hashed = _hash(ticket)
    async with use(state.pool) as connection:
        found = await tickets.find(connection, hashed)
    if found is None:
        if limits:
            await limits.count_wrong_credentials(address(request))
        raise _no_ticket()
    if limits:
        await limits.count_caller(request, found.actor)
    return Verified(found.actor, found.until, topics=found.topics, ticket=hashed)


def _no_ticket() -> Problem:
    return Problem(
        "unauthenticated",
        "The ticket is invalid, used or expired; request a new one.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "replace")).digest()
