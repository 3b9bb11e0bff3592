"""One span per request."""

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, use_span
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.request_log import NO_ROUTE, route_of
from db.trace_context import PROPAGATOR

TRACED = ("/api/", "/mcp")
"""How the paths of traced requests begin: no health checks, no files."""


class TracedRequests:
    """Traces each request until its answer begins; a caller's trace is continued. The span has
    method, route and status: paths, queries, headers and addresses may be about a person.
    """

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(TRACED):
            return await self._app(scope, receive, send)
        method = scope["method"]
        span = self._tracer.start_span(
            method,
            PROPAGATOR.extract(Headers(scope=scope)),
            SpanKind.SERVER,
            {"http.request.method": method},
        )

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                route, status = route_of(scope), message["status"]
                if route != NO_ROUTE:
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(Status(StatusCode.ERROR))
                span.end()
            await send(message)

        with use_span(span, record_exception=False):
            try:
                await self._app(scope, receive, answer)
            finally:
                if span.is_recording():  # not answered, as the client disconnected
                    span.end()
