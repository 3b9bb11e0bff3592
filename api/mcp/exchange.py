"""One request to /mcp: its caller, and how it reaches the verbs and the hub."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any
from uuid import UUID

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.auth.security import Verified
from api.chatbot.answering import answer
from api.chatbot.routes import while_connected
from api.chatbot.tools import TOOLS
from api.events.response import admit
from api.events.topics import reader_of
from api.http import errors
from api.http.errors import Problem
from api.state import AppState
from domain.actors import Actor
from domain.events import Topic, entity_topic
from mcp_server.listening import Changes, Context
from mcp_server.tools import Document
from realtime.following import follow_changes


class Exchange(Response):
    """The answer of the protocol's library to one request. It ends when the client leaves, and
    when the hub ends its stream.
    """

    def __init__(
        self,
        manager: StreamableHTTPSessionManager,
        state: AppState,
        caller: Actor,
        verified: Verified,
        request_id: str,
        body: bytes,
    ) -> None:
        super().__init__()
        self._sent = body
        self._manager = manager
        self._state = state
        self._caller = caller
        self._verified = verified
        self._request_id = request_id
        self._timeout = asyncio.timeout(None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["exchange"] = self
        self._http = Request(scope, receive)
        try:
            async with self._timeout:
                await self._manager.asgi_app(scope, _replayed(self._sent, receive), send)
        except TimeoutError:
            if not self._timeout.expired():
                raise

    async def answer(self, verb: str, arguments: Mapping[str, Any]) -> Document:
        """The document of POST /api/chatbot/<verb>."""
        answering = answer(self._state, verb, self._caller, dict(arguments))
        answered = await (while_connected(self._http, answering) if waits(verb) else answering)
        if answered is None:
            return {"ok": False}  # nobody reads it
        if answered.document["ok"]:
            return answered.document
        about = {"instance": f"/api/chatbot/{verb}", "request_id": self._request_id}
        return answered.document | about

    async def changes(self, ids: frozenset[UUID]) -> Changes:
        topics = frozenset(entity_topic(Topic.APPOINTMENTS, id) for id in ids)
        reader = await reader_of(self._state, self._caller, topics, self._verified.expires)
        try:
            admit(self._state, reader)
        except Problem as refusal:
            raise protocol_error(refusal) from None
        following = follow_changes(self._state.hub, self._state.pool, reader, self._cut)
        async with aclosing(following) as found:
            async for changed in found:
                yield ids if changed is None else changed & ids

    def report(self, error: Exception) -> MCPError:
        errors.report(self._request_id, error)
        return MCPError(
            INTERNAL_ERROR,
            "Internal error; if it persists, report the request_id.",
            {"request_id": self._request_id},
        )

    def _cut(self) -> None:
        """Ends the answer, whatever it waits for. Further calls do nothing."""
        if self._timeout.when() is None:
            self._timeout.reschedule(0)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Receives the body, which was read before, and then what follows it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


def waits(verb: str) -> bool:
    """Whether the verb may wait for a change, and can be ended without an effect."""
    return verb in TOOLS and TOOLS[verb].read_only


def exchange_of(ctx: Context) -> Exchange:
    """The exchange that a request of the protocol came in."""
    request: Request = ctx.request  # type: ignore[assignment]  # null only without HTTP
    found: Exchange = request.scope["exchange"]
    return found


def changes_of(ctx: Context, ids: frozenset[UUID]) -> Changes:
    return exchange_of(ctx).changes(ids)


def protocol_error(refusal: Problem) -> MCPError:
    """A problem as an error of the protocol, for requests that are no tool calls."""
    return MCPError(INTERNAL_ERROR, str(refusal), refusal.body)
