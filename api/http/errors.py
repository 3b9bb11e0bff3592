"""Errors as problem+json (RFC 9457): the codes and their HTTP status."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from api.http.faults import Code, Fault, fault
from api.http.wording import explained
from db.log_context import add_to_log
from db.pool import Unavailable
from db.tracebacks import without_texts

logger = logging.getLogger(__name__)

STATUS: Mapping[str, int] = {
    "validation_failed": 422,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "slot_unavailable": 409,
    "slot_not_offered": 409,
    "patient_overlap": 409,
    "ambiguous_dentist": 409,
    "unknown_dentist": 409,
    "read_back_changed": 409,
    "invalid_transition": 409,
    "too_late_to_cancel": 409,
    "hold_expired": 410,
    "version_conflict": 412,
    "payload_too_large": 413,
    "uri_too_long": 414,
    "unsupported_media_type": 415,
    "idempotency_key_reused": 422,
    "hold_quota": 429,
    "booking_quota": 429,
    "hold_cooldown": 429,
    "conversation_quota": 429,
    "agent_quota": 429,
    "dentist_day_quota": 429,
    "rate_limited": 429,
    "headers_too_large": 431,
    "internal_error": 500,
    "unavailable": 503,
}
"""The HTTP status of each code. Codes are stable; titles are for people."""

CODES = {status: code for code, status in reversed(list(STATUS.items()))} | {
    400: "validation_failed"
}
"""The code for errors that FastAPI and Starlette raise."""

MEDIA_TYPE = "application/problem+json"

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Problem(Exception):
    """An error answer: a code of STATUS, a sentence for people, and further fields."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status or STATUS[code]
        self.headers = headers
        self.body = {
            "type": "about:blank",
            "title": code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": detail,
            "code": code,
            **{k: v for k, v in extra.items() if v is not None},
        }


def validation_failed(faults: Sequence[Fault]) -> Problem:
    """A `validation_failed` for these faults."""
    first = faults[0]
    detail = f"{first['field']}: {first['message']}"
    return Problem("validation_failed", detail, errors=list(faults))


def invalid(field: str, message: str, code: Code = "invalid") -> Problem:
    """A `validation_failed` for one field of the body or query."""
    return validation_failed([fault(field, code, message)])


def not_found() -> Problem:
    """For rows that do not exist and rows that the caller may not see; the answer is the same."""
    return Problem("not_found", "Not found, or you may not see it; check the id.")


def database_unavailable(how: str = "repeat the same call") -> Problem:
    """`how`: what to do, in words that fit what was called."""
    return Problem(
        "unavailable", f"The database is unavailable; {how}.", headers={"Retry-After": "1"}
    )


def _how_to_repeat(request: Request) -> str:
    if request.url.path.startswith(("/api/chatbot/", "/mcp")):
        return "repeat the same call"
    if request.method in ("GET", "HEAD"):
        return "repeat the request"
    return "repeat with the same Idempotency-Key"


def validation(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """The problem for what pydantic found wrong."""
    explanations = [explained(error) for error in errors]
    malformed = any(error["type"] == "json_invalid" for error in errors)
    first = explanations[0] if explanations else fault("body", "invalid", "not valid")
    return Problem(
        "validation_failed",
        f"{first['field']}: {first['message']}",
        status=400 if malformed else 422,
        errors=explanations,
    )


def install(app: FastAPI) -> None:
    """Answers all errors with problem+json, without tracebacks or messages of the driver."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def wrong_input(request: Request, error: RequestValidationError) -> Response:
        return answer(request, validation(error.errors()))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        code = CODES.get(error.status_code, "internal_error")
        detail, headers = str(error.detail), error.headers
        if error.status_code == 405:
            headers = {"Allow": ", ".join(_methods(request))}
            detail = f"Method not allowed; allowed: {headers['Allow']}."
        if error.status_code == 404:
            known = error.detail not in (None, "Not Found")
            detail = str(error.detail) if known else "Unknown path; see /docs."
        return answer(request, Problem(code, detail, status=error.status_code, headers=headers))

    @app.exception_handler(Unavailable)
    async def unavailable(request: Request, error: Unavailable) -> Response:
        return answer(request, database_unavailable(_how_to_repeat(request)))


def answer(request: Request, problem: Problem) -> Response:
    """The problem as an answer to this request, with its code in the log."""
    add_to_log(code=problem.body["code"])
    return Response(
        body(problem, quote(request.scope["path"]), request.scope.get("request_id")),
        status_code=problem.status,
        headers=dict(problem.headers or {}),
        media_type=MEDIA_TYPE,
    )


def body(problem: Problem, instance: str, request_id: str | None) -> bytes:
    """The body of the answer."""
    return to_json(problem.body | {"instance": instance, "request_id": request_id})


def unexpected(request: Request, error: Exception) -> Response:
    """Logs an unhandled exception and returns the answer to it."""
    report(request.scope["request_id"], error)
    return answer(
        request, Problem("internal_error", "Internal error; if it persists, report the request_id.")
    )


def report(request_id: str, error: Exception) -> None:
    """Logs an unhandled exception with its traceback and the request id."""
    logger.error("request %s failed: %s", request_id, without_texts(error))


def _methods(request: Request) -> list[str]:
    """All methods of this path; Starlette lists those of one route only. GET includes HEAD, except
    for streams.
    """
    routes = request.app.router.routes
    found = [
        method
        for method in METHODS
        if any(r.matches({**request.scope, "method": method})[0] is Match.FULL for r in routes)
    ]
    if "GET" not in found or is_stream(request.scope.get("route")):
        return found
    return ["GET", "HEAD", *found[1:]]


def is_stream(route: object) -> bool:
    """Whether the route answers with an event stream."""
    kind = getattr(route, "response_class", None)
    return getattr(kind, "media_type", None) == "text/event-stream"
