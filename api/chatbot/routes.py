"""The REST door: `POST /api/chatbot/<verb>`."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Body, Request, Response
from pydantic_core import to_json

from api.chatbot import schemas
from api.chatbot.answering import Answer, answer
from api.chatbot.tools import TOOLS, Tool
from api.http.context import Caller, State
from api.http.errors import MEDIA_TYPE
from api.http.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, prefix="/api/chatbot", tags=["chatbot"])


def _route(tool: Tool) -> Callable[..., Awaitable[Response]]:
    async def run(
        request: Request,
        caller: Caller,
        state: State,
        arguments: Annotated[Any, Body(default_factory=dict)],
    ) -> Response:
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
