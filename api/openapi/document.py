"""The OpenAPI document, with examples, and its page, which works offline."""

from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from pydantic_core import to_json
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from api.http.errors import STATUS
from api.http.faults import CODES
from api.openapi.events import EVENT, WEBHOOK_EVENT, WEBHOOKS
from api.openapi.example_bodies import EXAMPLES, FRAMES
from api.openapi.example_problems import problems
from domain.rights import PUBLIC, TOKEN_OPTIONAL

ASSETS = Path(fastapi_offline.__file__).with_name("static")

DESCRIPTION = """
Hold a slot, confirm it in time, follow it live. The steps of a patient:

1. `GET /api/profiles/me` with `Authorization: Bearer` and a token of the clinic's issuer: the first
   request creates the profile. In development, `chairtime token --role patient` prints a token.
2. `GET /api/profiles/dentists` and `GET /api/appointment-types`: choose a dentist and a type.
3. `GET /api/availability/{dentist_id}/slots`, or `/api/availability/slots` for all dentists.
4. `POST /api/availability/reserve` with a slot's `starts_at`: it is held until `hold_expires_at`.
5. `POST /api/appointments/{id}/confirm`. (`POST /api/appointments` does 4 and 5 at once.)
6. `PUT /api/appointments/{id}` moves it, `POST /api/appointments/{id}/cancel` cancels it.

Every refusal is a problem (RFC 9457, `application/problem+json`) with a stable `code`. A POST, PUT
or DELETE may have an `Idempotency-Key`: repeats with the same key have one effect. `ETag` is the
version; send it as `If-Match`, and the request is refused if the row has changed meanwhile. Streams
are server-sent events: load a list, start from its `Event-Cursor`, resume with `Last-Event-ID`.
"""

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal. Further fields depend on its code.",
    "required": ["type", "title", "status", "detail", "code", "instance", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": list(STATUS)},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string", "enum": list(CODES)},
                    "message": {"type": "string"},
                    "limit": {
                        "type": "integer",
                        "description": "The bound that was passed.",
                    },
                },
            },
        },
        "blocking": {"type": "string", "enum": ["held", "booked"]},
        "held_until": {"type": "string", "format": "date-time"},
        "alternatives": {"type": "array", "items": {"$ref": "#/components/schemas/BoardSlot"}},
        "reason": {"type": "string"},
        "current": {"type": "string"},
        "allowed": {"type": "array", "items": {"type": "string"}},
        "deadline": {"type": "string", "format": "date-time"},
        "not_before": {"type": "string", "format": "date-time"},
        "hold_expires_at": {"type": "string", "format": "date-time"},
        "server_time": {"type": "string", "format": "date-time"},
        "version": {"type": "integer"},
    },
}

STREAM: dict[str, Any] = {
    "schema": {
        "type": "string",
        "description": "Frames; the `data` of each event that has a `kind` is an `Event`.",
        "examples": [FRAMES],
    }
}


router = APIRouter(include_in_schema=False)


def install(app: FastAPI) -> None:
    """Serves the document at /openapi.json and its page at /docs, without external assets."""
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's own way
    app.mount("/docs/assets", StaticFiles(directory=ASSETS), name="docs-assets")
    app.router.routes.extend(router.routes)


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    state = request.app.state
    if not hasattr(state, "openapi"):  # to write it takes milliseconds
        state.openapi = to_json(request.app.openapi())
    return Response(state.openapi, media_type="application/json")


@router.get("/docs")
async def docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Chairtime",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="data:,",
    )


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=DESCRIPTION,
            routes=app.routes,
        )
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas.update(Problem=PROBLEM, Event=EVENT, WebhookEvent=WEBHOOK_EVENT)
        for name, examples in EXAMPLES.items():
            schemas[name] = schemas[name] | {"examples": examples}
        document["webhooks"] = WEBHOOKS
        document["components"] |= {
            "examples": {code: {"value": body} for code, body in problems().items()},
            "responses": {"Refused": _refused()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        }
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _finish(path, operation)
        app.openapi_schema = document
    return app.openapi_schema


def _finish(path: str, operation: dict[str, Any]) -> None:
    """Adds what all operations have in common: security and the answer of refusals."""
    if not path.startswith("/api"):
        return
    if operation["operationId"] not in PUBLIC:
        without: list[dict[str, list[str]]] = [{}]
        is_optional = operation["operationId"] in TOKEN_OPTIONAL
        operation["security"] = [{"bearer": []}, *(without if is_optional else [])]
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    for parameter in operation.get("parameters", ()):
        _never_null(parameter["schema"])
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = {"$ref": "#/components/responses/Refused"}
    if "201" in operation["responses"] and "Idempotency-Key" in names:
        again = operation["responses"]["201"] | {"description": "A repeat: the same, as it is now."}
        operation["responses"]["200"] = again
    content = operation["responses"].get("200", {}).get("content", {})
    if "text/event-stream" in content:
        content["text/event-stream"] = STREAM


def _never_null(schema: dict[str, Any]) -> None:
    """Removes null from the schema of a parameter: it can only be left out."""
    given = [each for each in schema.pop("anyOf", ()) if each != {"type": "null"}]
    schema |= given[0] if len(given) == 1 else {}


def _refused() -> dict[str, Any]:
    """The answer of all refusals, with an example of each code."""
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in STATUS}
    schema = {"$ref": "#/components/schemas/Problem"}
    wait = {"description": "Seconds until it may succeed.", "schema": {"type": "integer"}}
    return {
        "description": "A problem; see its `code`.",
        "headers": {"Retry-After": wait},
        "content": {"application/problem+json": {"schema": schema, "examples": examples}},
    }
