"""The REST door: `POST /api/chatbot/<verb>`."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic_core import from_json, to_json

from api.chatbot import schemas
from api.chatbot.answering import Answer, answer
from api.chatbot.tools import TOOLS, Tool
from api.http import context
from api.http.context import State
from api.http.errors import MEDIA_TYPE
from api.http.strict import StrictRoute
from api.state import AppState
from domain.actors import VISITOR, Actor
from domain.rights import TOKEN_OPTIONAL

router = APIRouter(route_class=StrictRoute, prefix="/api/chatbot", tags=["chatbot"])


def _route(tool: Tool) -> Callable[..., Awaitable[Response]]:
    who = context.caller_or_visitor if tool.name in TOKEN_OPTIONAL else context.caller

    async def run(
        request: Request,
        caller: Annotated[Actor, Depends(who)],
        state: State,
        arguments: Annotated[Any, Body(default_factory=dict)],
    ) -> Response:
        answered: Answer | None
        if caller == VISITOR:
            answered = await _shared(state, tool, arguments)
        else:
            answering = answer(state, tool.name, caller, arguments)
            answered = await (while_connected(request, answering) if tool.read_only else answering)
        if answered is None:
            return Response()  # nobody reads it
        if answered.document["ok"]:
            return Response(to_json(answered.document), media_type="application/json")
        instance = {
            "instance": quote(request.scope["path"]),
            "request_id": request.scope["request_id"],
        }
        return Response(
            to_json(answered.document | instance),
            status_code=answered.status,
            headers=dict(answered.headers),
            media_type=MEDIA_TYPE,
        )

    return run


async def _shared(state: AppState, tool: Tool, arguments: object) -> Answer:
    """The answer to visitors without a token. Those who ask for the same share it for a moment."""

    async def read() -> bytes:
        answered = await answer(state, tool.name, VISITOR, arguments)
        return to_json((answered.document, answered.status, dict(answered.headers)))

    asked = arguments
    if isinstance(arguments, dict):
        asked = {name: arguments[name] for name in arguments if name != "conversation_id"}
    key = f"{tool.name} {json.dumps(asked, sort_keys=True)}"
    answered = Answer(*from_json(await state.public_answers.get(key, read)))
    if not answered.document["ok"]:
        state.public_answers.drop(key)
    return answered


async def while_connected(
    request: Request, answering: Coroutine[Any, Any, Answer]
) -> Answer | None:
    """The answer; null if the client disconnects first, which ends the wait."""
    task = asyncio.ensure_future(answering)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        gone.cancel()
        task.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _documented(tool: Tool) -> dict[str, Any]:
    content = {"application/json": {"schema": tool.schema}}
    return {"required": True, "content": content}


for tool in TOOLS.values():
    router.add_api_route(
        f"/{tool.name}",
        _route(tool),
        methods=["POST"],
        name=tool.name,
        description=tool.description,
        openapi_extra={"requestBody": _documented(tool)},
        responses={200: {"content": {"application/json": {"schema": schemas.ANSWER}}}},
    )
