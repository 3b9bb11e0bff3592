"""Event streams (SSE): resumable, and limited to what the caller may see."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from pydantic import TypeAdapter

from api.auth.security import Verified
from api.events.response import EventStream, admit
from api.events.tickets import Opener, OpenerOrVisitor, spend
from api.events.topics import named_topics, reader_of
from api.http.answers import existing
from api.http.context import State
from api.http.errors import Problem
from api.http.limits import address
from api.http.strict import StrictRoute
from api.http.values import Listed
from api.state import AppState
from db import appointments
from db.pool import use
from domain.actors import VISITOR, scope
from domain.appointments import Appointment
from domain.events import Cursor, Reader, Topic, entity_topic
from realtime import frames

SNAPSHOT = TypeAdapter(Appointment)

router = APIRouter(route_class=StrictRoute, tags=["events"])

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The `id` of the last frame received."),
]
StartAfter = Annotated[
    str | None,
    Query(description="The start of a first connection: the `Event-Cursor` of a list."),
]


@router.get("/api/events", response_class=EventStream, status_code=200)
async def stream_events(
    request: Request,
    opener: OpenerOrVisitor,
    state: State,
    topics: Annotated[
        list[str] | None,
        Query(
            description="`appointments`, `appointments:<clinic id>`, `availability`,"
            " `availability:<dentist id>`, `profiles`; separated by commas, or"
            " repeated. Default: all of them, or those of the ticket.",
        ),
        Listed,
    ] = None,
    cursor: StartAfter = None,
    last_event_id: LastEventId = None,
) -> EventStream:
    """The events after the cursor, or from now on. The first frame is `ready`. `reset` before it
    means that the cursor cannot be continued: load again.

    Load a list first and start from its `Event-Cursor`; ignore versions that you already have.
    The topics `availability` and `availability:<dentist id>` need no token.
    """
    wanted = opener.topics if opener and topics is None else None
    named = wanted or await named_topics(state, topics)
    if opener is None:
        reader = Reader(VISITOR, named, source=address(request))
    else:
        reader = await _reader(state, opener, named)
    at, opening = await _start(state, last_event_id or cursor)
    return await _opened(state, opener, reader, at, opening + frames.ready(at, state.hub.now()))


@router.get("/api/appointments/{id}/events", response_class=EventStream, status_code=200)
async def stream_appointment(
    id: UUID,
    opener: Opener,
    state: State,
    cursor: StartAfter = None,
    last_event_id: LastEventId = None,
) -> EventStream:
    """The events of one appointment, after the cursor or from now on. The first frame is
    `snapshot`, its present state.
    """
    reader = await _reader(state, opener, frozenset({entity_topic(Topic.APPOINTMENTS, id)}))
    at, opening = await _start(state, last_event_id or cursor)
    async with use(state.pool) as connection:
        found = existing(await appointments.get(connection, id, scope(reader.actor)))
    snapshot = SNAPSHOT.dump_json(found, exclude_none=True).decode()
    return await _opened(
        state, opener, reader, at, opening + frames.frame("snapshot", snapshot, at)
    )


async def _opened(
    state: AppState, opener: Verified | None, reader: Reader, at: Cursor, opening: bytes
) -> EventStream:
    """The stream. Uses up the ticket, unless the stream is refused."""
    admit(state, reader)
    if opener:
        await spend(state, opener)
    return EventStream(state, reader, at, opening)


async def _reader(state: AppState, opener: Verified, topics: frozenset[str]) -> Reader:
    if opener.topics is not None and not topics <= opener.topics:
        raise Problem("forbidden", "This ticket is for other topics; request a ticket for these.")
    return await reader_of(state, opener.actor, topics, opener.expires)


async def _start(state: AppState, text: str | None) -> tuple[Cursor, bytes]:
    """The cursor to start from, and the first frames: `reset` if the given cursor is unknown."""
    here = state.hub.at
    if not text:
        return here, b""
    cursor = Cursor.parse(text)
    if cursor is not None and await state.hub.known(cursor, state.pool):
        return cursor, b""
    return here, frames.reset(here, frames.Reset.UNKNOWN)
