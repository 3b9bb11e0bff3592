"""The route of the protocol. A request is complete in itself, so any API process can answer it."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from fastapi import APIRouter, Request
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from api.http import context
from api.http.context import State
from api.http.strict import StrictRoute, refuse_encoded, unambiguous
from api.mcp.exchange import Exchange, changes_of, exchange_of
from api.mcp.metadata import BearerOfMcp
from api.mcp.tools import TOOLS
from api.ops.health import VERSION
from db.tracebacks import without_texts
from mcp_server import server

logger = logging.getLogger(__name__)

LIBRARY = logging.getLogger("mcp")


class McpRoute(StrictRoute):
    passes_body_on = True


router = APIRouter(route_class=McpRoute, include_in_schema=False)


@router.post("/mcp")
async def mcp(request: Request, state: State, verified: BearerOfMcp) -> Exchange:
    """Tools for language models: the verbs of a conversation."""
    caller = await context.check_access(request, verified)
    refuse_encoded(request)
    body = await request.body()
    with suppress(ValueError, RecursionError):  # the library answers what it cannot read
        unambiguous(body)
    manager: StreamableHTTPSessionManager = request.app.state.mcp
    return Exchange(manager, state, caller, verified, request.scope["request_id"], body)


@asynccontextmanager
async def running() -> AsyncIterator[StreamableHTTPSessionManager]:
    """The library's manager of requests, while the context is open. It keeps no sessions, and
    answers with plain JSON; only clients that listen get a stream.
    """
    manager = StreamableHTTPSessionManager(
        server.create(TOOLS, exchange_of, VERSION, changes_of),
        json_response=True,
        stateless=True,
        max_request_body_size=sys.maxsize,  # the middleware BodyLimit has a lower limit
    )
    started, stopping = asyncio.Event(), asyncio.Event()

    async def run() -> None:  # in a task of its own, as its cancel scope demands
        async with manager.run():
            started.set()
            await stopping.wait()

    with _library_logs_no_texts():
        task = asyncio.create_task(run(), name="mcp")
        await started.wait()
        try:
            yield manager
        finally:
            stopping.set()
            await task


class LogWithoutTexts(logging.Handler):
    """Logs a record without the text of its exception, which may contain what a person wrote."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        trace = f"\n{without_texts(error)}" if error else ""
        logger.log(record.levelno, "%s: %s%s", record.name, record.getMessage(), trace)


@contextmanager
def _library_logs_no_texts() -> Iterator[None]:
    handler = LogWithoutTexts(logging.WARNING)
    LIBRARY.addHandler(handler)
    LIBRARY.propagate = False
    try:
        yield
    finally:
        LIBRARY.propagate = True
        LIBRARY.removeHandler(handler)
