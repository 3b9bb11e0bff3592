"""The REST door: `POST /api/chatbot/<verb>`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Body, Request, Response
from pydantic_core import to_json

from api.chatbot import schemas
from api.chatbot.answering import answer
from api.chatbot.verbs import VERBS, ConversationVerb
from api.http.context import Caller, State
from api.http.errors import MEDIA_TYPE
from api.http.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, prefix="/api/chatbot", tags=["chatbot"])


def _route(verb: ConversationVerb) -> Callable[..., Awaitable[Response]]:
    async def run(
        request: Request,
        caller: Caller,
        state: State,
        arguments: Annotated[Any, Body(default_factory=dict)],
    ) -> Response:
        told = await answer(state, verb.name, caller, arguments)
        if told.document["ok"]:
            return Response(to_json(told.document), media_type="application/json")
        instance = {
            "instance": quote(request.scope["path"]),
            "request_id": request.scope["request_id"],
        }
        return Response(
            to_json(told.document | instance),
            status_code=told.status,
            headers=dict(told.headers),
            media_type=MEDIA_TYPE,
        )

    return run


def _documented(verb: ConversationVerb) -> dict[str, Any]:
    content = {"application/json": {"schema": schemas.inlined(verb.arguments)}}
    return {"required": True, "content": content}


for verb in VERBS.values():
    router.add_api_route(
        f"/{verb.name}",
        _route(verb),
        methods=["POST"],
        name=verb.name,
        description=verb.description,
        openapi_extra={"requestBody": _documented(verb)},
        responses={200: {"content": {"application/json": {"schema": schemas.ANSWER}}}},
    )
