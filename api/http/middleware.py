"""Middleware, as pure ASGI so that streams are not buffered."""

import asyncio
import time
from collections.abc import Collection
from uuid import uuid4

from fastapi import FastAPI, Request
from opentelemetry.trace import Tracer
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http import errors
from api.http.admission import Admission
from api.http.cors import ALLOWED, EXPOSED, METHODS, Cors
from api.http.request_log import CLIENT_GONE, count_request, log_request
from api.http.security_headers import SecurityHeaders
from api.http.traced import TracedRequests
from db.log_context import REQUEST_ID, log_context

MAX_BODY = 64 * 1024
"""Bytes of a request body."""

BODY_SECONDS = 10.0
"""From the end of a request's headers to the end of its body."""

TOO_SLOW = f"The body took longer than {BODY_SECONDS:.0f} seconds to arrive; send it again."
CLOSE = {"Connection": "close"}


def install(app: FastAPI, origins: Collection[str], tracer: Tracer | None = None) -> None:
    """Wraps the app; pages of `origins` may call it. The last is outermost, so that all answers,
    including internal errors, have its headers.
    """
    app.add_middleware(BodyLimit)
    app.add_middleware(Admission)
    app.add_middleware(RequestTracking)
    if tracer:
        app.add_middleware(TracedRequests, tracer=tracer)
    if origins:
        app.add_middleware(
            Cors,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=ALLOWED,
            expose_headers=EXPOSED,
        )
    app.add_middleware(SecurityHeaders)


class Head:
    """Answers HEAD like GET, without the body. It must be the outermost middleware: the others and
    the routes see a GET, with `head` in its scope.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await self._app(scope, receive, send)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET", "head": True}, receive, answer)


class BodyLimit:
    """Refuses a body that is larger than MAX_BODY or slower than BODY_SECONDS when it is read, so
    that the error handlers answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        left = MAX_BODY
        latest = asyncio.get_running_loop().time() + BODY_SECONDS
        more = True

        async def limited() -> Message:
            nonlocal left, more
            try:
                async with asyncio.timeout_at(latest if more else None):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, TOO_SLOW, headers=CLOSE) from None
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, "The body is larger than 64 KiB; send a smaller one.")
            more = message.get("more_body", False)
            return message

        await self._app(scope, limited, send)


class RequestTracking:
    """Gives each request an id, echoed as X-Request-ID; counts its answer by route, and logs it in
    one line. Unexpected errors are logged and answered here: uvicorn would log their text, which
    may contain personal data. uvicorn closes the connection if the answer had begun.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = Headers(scope=scope).get("x-request-id", "")
        scope["request_id"] = request_id = given if REQUEST_ID.fullmatch(given) else str(uuid4())
        began = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
                count_request(scope, status, time.perf_counter() - began)
            await send(message)

        with log_context(request_id=request_id) as fields:
            try:
                await self._app(scope, receive, answer)
            except ClientDisconnect:
                pass  # the client is gone
            except Exception as error:
                problem = errors.unexpected(Request(scope), error)
                if not status:
                    await problem(scope, receive, answer)
            finally:
                seconds = time.perf_counter() - began
                log_request(scope, fields, status or CLIENT_GONE, seconds)
