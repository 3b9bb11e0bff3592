"""Answers the protocol's requests: the tools, and bookings as resources."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    ResourceTemplate,
    TextResourceContents,
)
from pydantic import ValidationError
from pydantic_core import to_json

from mcp_server import tools
from mcp_server.listening import Context
from mcp_server.tools import Document, ToolSpec
from mcp_server.uris import TEMPLATE, booking_id

BOOKING_TEMPLATE = ResourceTemplate(
    uri_template=TEMPLATE,
    name="booking",
    title="A booking",
    description="The same JSON as get_booking. Listen to it to learn that a hold expired.",
    mime_type="application/json",
)

SUBSCRIPTIONS = frozenset({"resources/subscribe", "resources/unsubscribe", "subscriptions/listen"})
NOT_SERVED = (
    "{method} is not served here. To learn of a change, call the tool get_booking with"
    " wait_seconds (at most 25) and known_version, again and again; over HTTP, clients of protocol"
    " 2026-07-28 can use subscriptions/listen."
)


class Door(Protocol):
    """How a request reaches the verbs, as one caller."""

    async def answer(self, verb: str, arguments: Mapping[str, Any]) -> Document:
        """The answer of a verb, or its refusal; `ok` distinguishes them."""
        ...

    def report(self, error: Exception) -> MCPError:
        """Logs an unexpected error, and returns what the client is told."""
        ...


class Handlers:
    """One method per request of the protocol. `door_of` finds the door of a request."""

    def __init__(self, specs: Sequence[ToolSpec], door_of: Callable[[Context], Door]) -> None:
        self._by_name = {spec.name: spec for spec in specs}
        self._listed = ListToolsResult(tools=[spec.tool() for spec in specs])
        self._door_of = door_of

    def arguments(self, tool: str) -> Document | None:
        """The schema of a tool's arguments; null for an unknown tool."""
        return self._by_name[tool].arguments if tool in self._by_name else None

    async def list_tools(
        self, ctx: Context, params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return self._listed

    async def call_tool(self, ctx: Context, params: CallToolRequestParams) -> CallToolResult:
        if params.name not in self._by_name:
            raise MCPError(INVALID_PARAMS, f"Unknown tool; tools: {', '.join(self._by_name)}.")
        door = self._door_of(ctx)
        return tools.result(await door.answer(params.name, params.arguments or {}))

    async def list_resources(
        self, ctx: Context, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        return ListResourcesResult(resources=[])

    async def list_templates(
        self, ctx: Context, params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return ListResourceTemplatesResult(resource_templates=[BOOKING_TEMPLATE])

    async def read_resource(
        self, ctx: Context, params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        asked = {"uri": params.uri}
        id = booking_id(params.uri)
        if id is None:
            raise MCPError(
                INVALID_PARAMS, f"Unknown resource; the only ones are {TEMPLATE}.", asked
            )
        document = await self._door_of(ctx).answer("get_booking", {"booking_id": str(id)})
        if not document["ok"]:
            raise MCPError(INVALID_PARAMS, document["detail"], asked | document)
        text = to_json(document).decode()
        return ReadResourceResult(
            contents=[TextResourceContents(uri=params.uri, mime_type="application/json", text=text)]
        )

    async def guard(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Middleware: says what to use in place of subscriptions, and reports unexpected errors."""
        try:
            return await call_next(ctx)
        except ValidationError:
            raise
        except MCPError as refusal:
            if refusal.code == METHOD_NOT_FOUND and ctx.method in SUBSCRIPTIONS:
                why = NOT_SERVED.format(method=ctx.method)
                raise MCPError(METHOD_NOT_FOUND, why, ctx.method) from None
            raise
        except Exception as error:
            raise self._door_of(ctx).report(error) from None
