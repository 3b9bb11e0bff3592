"""The event of a stream, and the request that brings it to a webhook."""

from typing import Any

from api.openapi.example_bodies import HAPPENED
from domain.events import Kind
from domain.webhooks import PING, RESET

Schema = dict[str, Any]

EVENT: Schema = {
    "type": "object",
    "description": "The `data` of a stream's event, and the entity's ids, codes and times. "
    "`version` is null for slots. It contains no names, notes or other personal data.",
    "required": ["seq", "kind", "entity_id", "version", "occurred_at", "server_time"],
    "properties": {
        "seq": {"type": "integer"},
        "kind": {"type": "string", "enum": list(Kind)},
        "entity_id": {"type": "string", "format": "uuid"},
        "version": {"type": ["integer", "null"]},
        "occurred_at": {"type": "string", "format": "date-time"},
        "server_time": {"type": "string", "format": "date-time"},
    },
    "additionalProperties": True,
}

WEBHOOK_EVENT: Schema = EVENT | {
    "description": "An `Event`, or a message about the endpoint itself: "
    f"`{PING}` is a test, `{RESET}` says that events are missing.",
    "properties": EVENT["properties"] | {"kind": {"type": "string", "enum": [*Kind, PING, RESET]}},
}


def _header(name: str, schema: Schema, description: str) -> Schema:
    given = {"name": name, "in": "header", "required": True}
    return given | {"schema": schema, "description": description}


HEADERS = [
    _header(
        "webhook-id",
        {"type": "string", "format": "uuid"},
        "The same for each attempt at this event and endpoint: ignore an id that you have.",
    ),
    _header(
        "webhook-timestamp",
        {"type": "string", "pattern": "^[0-9]+$"},
        "When this attempt was signed, in seconds since 1970.",
    ),
    _header(
        "webhook-signature",
        {"type": "string", "pattern": "^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)?$"},
        "`v1,` and the base64 of an HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>` with"
        " the endpoint's secret (Standard Webhooks). After a rotation there are two for some time.",
    ),
]

WEBHOOKS: Schema = {
    "event": {
        "post": {
            "operationId": "webhook_event",
            "summary": "An event, sent to the URL of a webhook",
            "description": "Sent at least once. Verify the signature over the body as it came.",
            "tags": ["webhooks"],
            "parameters": HEADERS,
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"$ref": "#/components/schemas/WebhookEvent"},
                        "examples": {"booked": {"value": HAPPENED}},
                    }
                },
            },
            "responses": {
                "2XX": {"description": "Taken. The body is not read."},
                "410": {"description": "No longer wanted: the endpoint is switched off."},
                "429": {"description": "Tried again after `Retry-After`, at most an hour."},
                "503": {"description": "Tried again after `Retry-After`, at most an hour."},
                "default": {"description": "Tried again. Redirects are not followed."},
            },
        }
    }
}
