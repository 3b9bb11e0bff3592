"""What wraps every request, as pure ASGI so that streams pass through untouched."""

import asyncio
import re
import time
from collections.abc import Collection
from uuid import uuid4

from fastapi import FastAPI, Request
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http import errors
from api.http.admission import Admission

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

MAX_BODY = 64 * 1024
"""Bytes of a request's body."""

BODY_SECONDS = 10.0
"""From the end of a request's headers to the end of its body."""

REQUESTS = Counter(
    "chairtime_http_requests_total", "Requests answered.", ["method", "route", "status"]
)
SECONDS = Histogram(
    "chairtime_http_request_seconds",
    "From the request to the first byte of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)

TOO_SLOW = f"The body took longer than {BODY_SECONDS:.0f} seconds to arrive; send it again."
CLOSE = {"Connection": "close"}

ALLOWED = (
    "Accept",
    "Authorization",
    "Cache-Control",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "Last-Event-ID",
    "Pragma",
    "Traceparent",
    "Tracestate",
    "X-Hold-Token",
    "X-Request-ID",
)
EXPOSED = ("ETag", "Location", "Retry-After", "Event-Cursor", "X-Request-ID")
"""Headers that pages of other origins may send, and may read."""

Raw = tuple[tuple[bytes, bytes], ...]

ALWAYS: Raw = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
)
DATA: Raw = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
PAGES: Raw = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
        b" object-src 'none'",
    ),
)
DOCS: Raw = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
        b" img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
    ),
)
HTTPS: Raw = ((b"strict-transport-security", b"max-age=31536000"),)


def install(app: FastAPI, origins: Collection[str]) -> None:
    """Wraps the app; `origins` are those whose pages may call it. What comes last here is
    outermost, so that every answer has its headers, refusals and crashes too.
    """
    app.add_middleware(BodyLimit)
    app.add_middleware(Admission)
    app.add_middleware(RequestTracking)
    if origins:
        app.add_middleware(
            Cors,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST", "PUT", "DELETE"),
            allow_headers=ALLOWED,
            expose_headers=EXPOSED,
        )
    app.add_middleware(SecurityHeaders)


class Cors(CORSMiddleware):
    """Says as a problem why a preflight is refused; the framework does so in plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(scope=scope) if scope["type"] == "http" else Headers()
        asks = scope["type"] == "http" and scope["method"] == "OPTIONS" and "origin" in asked
        if not asks or "access-control-request-method" not in asked:
            return await super().__call__(scope, receive, send)
        answer = self.preflight_response(asked)
        if answer.status_code != 200:
            why = bytes(answer.body).decode().replace("CORS ", "")
            problem = errors.Problem(
                "validation_failed",
                f"{why}: see docs/api.md for the allowed origins, methods and headers.",
                status=400,
                headers={"Vary": "Origin"},
            )
            answer = errors.answer(Request(scope), problem)
        await answer(scope, receive, send)


class Head:
    """Answers HEAD as GET without the content. To be the outermost middleware: the others, and the
    routes, see a GET whose scope says `head`.
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


class SecurityHeaders:
    """Tells browsers what an answer is not to be used for; what a route has set itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        wanted = _wanted(scope["path"], scope["scheme"])

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [(name.lower(), value) for name, value in message.get("headers", ())]
                names = {name for name, _ in given}
                message["headers"] = given + [pair for pair in wanted if pair[0] not in names]
            await send(message)

        await self._app(scope, receive, answer)


def _wanted(path: str, scheme: str) -> Raw:
    if path.startswith("/api/"):
        found = ALWAYS + DATA
    elif path.startswith("/docs"):
        found = ALWAYS + DOCS
    else:
        found = ALWAYS + PAGES
    return found + HTTPS if scheme == "https" else found


class BodyLimit:
    """Refuses a body that is larger than MAX_BODY or slower than BODY_SECONDS where it is read, so
    that the refusal is a problem like any other.
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
    """Gives each request an id, echoed as X-Request-ID, and counts its answer by route. A bug is
    logged and answered here, and goes no further: the server would log its text, which may be
    personal. An answer that had begun is cut off by the server, because it is not complete.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = Headers(scope=scope).get("x-request-id", "")
        scope["request_id"] = request_id = given if REQUEST_ID.fullmatch(given) else str(uuid4())
        began = time.perf_counter()

        began_answer = False

        async def answer(message: Message) -> None:
            nonlocal began_answer
            if message["type"] == "http.response.start":
                began_answer = True
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
                _count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            pass  # nobody is there to be answered
        except Exception as error:
            problem = errors.unexpected(Request(scope), error)
            if not began_answer:
                await problem(scope, receive, answer)


def _count(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path_format", "none")
    REQUESTS.labels(scope["method"], route, status).inc()
    SECONDS.labels(scope["method"], route).observe(seconds)
