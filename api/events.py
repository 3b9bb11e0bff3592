"""Event streams (SSE): what happens, to those who may see it, from where they left off."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query
from pydantic import TypeAdapter

from api.dependencies import Caller, Own
from api.errors import invalid, not_found
from api.event_stream import EventStream
from api.parts import Parts
from db import appointments
from db.pool import use
from domain.actors import scope
from domain.appointments import Appointment
from domain.events import Cursor, Reader, Topic, about, interest
from realtime import frames

EVERYTHING = ",".join(Topic)
SNAPSHOT = TypeAdapter(Appointment)

router = APIRouter(tags=["events"])

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The `id` of the last frame that was received."),
]
StartAfter = Annotated[
    str | None,
    Query(description="The same for a first connection: the `Event-Cursor` of a list."),
]


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
