"""Cross-origin requests: which pages of browsers may call the API."""

from fastapi import Request
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from api.http import errors

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")

ALLOWED = (
    "Accept",
    "Authorization",
    "Cache-Control",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Protocol-Version",
    "Pragma",
    "Traceparent",
    "Tracestate",
    "X-Hold-Token",
    "X-Request-ID",
)
EXPOSED = ("ETag", "Location", "Retry-After", "Event-Cursor", "WWW-Authenticate", "X-Request-ID")
"""Headers that pages of other origins may send (ALLOWED) and read (EXPOSED)."""


class Cors(CORSMiddleware):
    """Answers a refused preflight with a problem; Starlette's answer is plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        preflight = "origin" in headers and "access-control-request-method" in headers
        if not preflight or scope["method"] != "OPTIONS":
            return await super().__call__(scope, receive, send)
        answer = self.preflight_response(headers)
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
