"""What wraps every request, as pure ASGI so that streams pass through untouched."""

import re
import time
from uuid import uuid4

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

MAX_BODY = 64 * 1024
"""Bytes of a request's body."""

REQUESTS = Counter(
    "chairtime_http_requests_total", "Requests answered.", ["method", "route", "status"]
)
SECONDS = Histogram(
    "chairtime_http_request_seconds",
    "From the request to the first byte of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)


class BodyLimit:
    """Refuses a body beyond MAX_BODY where it is read, so that the refusal is a problem like any
    other (the framework's own limit answers in plain text).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        left = MAX_BODY

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, "The body is larger than 64 KiB.")
            return message

        await self._app(scope, limited, send)


class RequestContext:
    """Gives each request an id, echoed as X-Request-ID, and counts its answer by route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = Headers(scope=scope).get("x-request-id", "")
        scope["request_id"] = request_id = given if REQUEST_ID.fullmatch(given) else str(uuid4())
        began = time.perf_counter()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
                _count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, answer)


def _count(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "none")
    REQUESTS.labels(scope["method"], route, status).inc()
    SECONDS.labels(scope["method"], route).observe(seconds)
