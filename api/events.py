"""Event streams (SSE): what happens, to those who may see it, from where they left off."""

from typing import Annotated
from uuid import UUID

import anyio
from fastapi import APIRouter, Header, Query
from pydantic import TypeAdapter
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import AppStatus, SendTimeoutError
from starlette.types import Receive, Scope, Send

from api.dependencies import Caller, Own
from api.errors import invalid, not_found
from api.parts import Parts
from db import appointments
from db.pool import use
from domain.actors import scope
from domain.appointments import Appointment
from domain.events import Cursor, Reader, Topic, about, interest
from realtime import frames, metrics
from realtime.following import follow

STALLED = 20.0
"""Seconds that one write may take before its reader is given up."""

EVERYTHING = ",".join(Topic)
SNAPSHOT = TypeAdapter(Appointment)
HEARTBEAT = ServerSentEvent(comment="hb", sep="\n")

# On shutdown the hub ends the streams; the library would cut them off before their `bye`.
AppStatus.enable_automatic_graceful_drain = False

router = APIRouter(tags=["events"])

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The `id` of the last frame that was received."),
]
StartAfter = Annotated[
    str | None,
    Query(description="The same for a first connection: the `Event-Cursor` of a list."),
]


class EventStream(EventSourceResponse):
    """A stream of ready-made frames, which is let go of when its reader does not read."""

    media_type = "text/event-stream"

    def __init__(self, own: Parts, reader: Reader, at: Cursor, opening: bytes) -> None:
        self._life = anyio.CancelScope()
        super().__init__(
            follow(own.hub, own.pool, reader, at, opening, self._life.cancel),
            ping=frames.HEARTBEAT_SECONDS,
            ping_message_factory=lambda: HEARTBEAT,
            sep="\n",
            send_timeout=STALLED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._life:
            try:
                await super().__call__(scope, receive, send)
            except SendTimeoutError:
                metrics.EVICTED.labels(reason="stalled").inc()


@router.get("/api/events", response_class=EventStream, status_code=200)
async def stream_events(
    caller: Caller,
    own: Own,
    topics: Annotated[
        str,
        Query(
            max_length=4000,
            description="`appointments`, `availability`, `availability:<dentist id>`; by commas.",
        ),
    ] = EVERYTHING,
    cursor: StartAfter = None,
    last_event_id: LastEventId = None,
) -> EventStream:
    """What happens from the cursor on, or from now on. First `ready`; `reset` before it means that
    the cursor is of no use: load again.

    Load a list first and start from its `Event-Cursor`; ignore versions that you have.
    """
    try:
        reader = Reader(caller, interest(topics.split(",")))
    except ValueError as error:
        raise invalid("topics", str(error)) from None
    at, opening = await _place(own, last_event_id or cursor)
    return EventStream(own, reader, at, opening + frames.ready(at, own.hub.now()))


@router.get("/api/appointments/{id}/events", response_class=EventStream, status_code=200)
async def stream_appointment(
    id: UUID,
    caller: Caller,
    own: Own,
    cursor: StartAfter = None,
    last_event_id: LastEventId = None,
) -> EventStream:
    """One appointment: first `snapshot`, its present state; then what happens to it from the cursor
    on, or from now on.
    """
    at, opening = await _place(own, last_event_id or cursor)
    async with use(own.pool) as connection:
        found = await appointments.get(connection, id, scope(caller))
    if found is None:
        raise not_found()
    state = SNAPSHOT.dump_json(found, exclude_none=True).decode()
    reader = Reader(caller, frozenset({about(Topic.APPOINTMENTS, id)}))
    return EventStream(own, reader, at, opening + frames.frame("snapshot", state, at))


async def _place(own: Parts, text: str | None) -> tuple[Cursor, bytes]:
    """Where a stream goes on, and what comes first: `reset` where the reader was elsewhere."""
    here = own.hub.at
    if not text:
        return here, b""
    cursor = Cursor.parse(text)
    if cursor is not None and await own.hub.known(cursor, own.pool):
        return cursor, b""
    return here, frames.reset(here, frames.Reset.UNKNOWN)
