"""The event log in pages. Clients that cannot stream can poll it."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.events.topics import named_topics, reader_of
from api.http.context import Caller, State
from api.http.strict import StrictRoute
from api.http.values import Digits, Listed
from api.state import AppState
from db.pool import QUERY_TIMEOUT, deadline
from domain.events import Cursor, Event, Kind, Reader
from realtime import frames
from realtime.frames import Reset
from realtime.replay import TooOld, between

router = APIRouter(route_class=StrictRoute, tags=["events"])


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event, as a stream would send it."""

    id: str
    """The cursor after it."""
    event: Kind
    data: dict[str, Any]
    """An `Event`."""


@dataclass(frozen=True, slots=True)
class EventLog:
    """The events after a cursor, in order."""

    items: list[LoggedEvent]
    next: str
    """`after` of the next request, also if there are no more events yet."""
    more: bool
    """Whether there may be more events already."""
    reset: Reset | None
    """The cursor cannot be continued: load the lists again, then continue from `next`."""


@router.get("/api/events/log", response_model=EventLog)
async def read_event_log(
    caller: Caller,
    state: State,
    after: Annotated[
        str | None, Query(description="`next` of the page before, or a list's `Event-Cursor`.")
    ] = None,
    topics: Annotated[
        list[str] | None,
        Query(description="As for the stream: separated by commas, or repeated. Default: all."),
        Listed,
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000), Digits] = 100,
) -> Response:
    """The events that a stream would send from this cursor, with the same rights. Without a cursor:
    no events, and the present end of the log in `next`.
    """
    reader = await reader_of(state, caller, await named_topics(state, topics))
    here = state.hub.at
    if after is None:
        return _page(state, [], here)
    at = Cursor.parse(after)
    if at is None or not await state.hub.known(at, state.pool):
        return _page(state, [], here, reset=Reset.UNKNOWN)
    return await _after(state, reader, at, here, limit)


async def _after(state: AppState, reader: Reader, at: Cursor, here: Cursor, limit: int) -> Response:
    """The page of events between two cursors."""
    found: list[Event] = []
    try:
        latest = asyncio.get_running_loop().time() + QUERY_TIMEOUT
        async with deadline(latest):  # includes the wait behind other readers
            async for piece in between(state.hub, state.pool, reader, at.seq, here.seq):
                found += piece
                if len(found) > limit:
                    end = Cursor(at.epoch, found[limit - 1].seq)
                    return _page(state, found[:limit], end, more=True)
    except TooOld:
        return _page(state, [], here, reset=Reset.TOO_OLD)
    return _page(state, found, max(at, here, key=lambda place: place.seq))


def _page(
    state: AppState,
    found: list[Event],
    end: Cursor,
    *,
    more: bool = False,
    reset: Reset | None = None,
) -> Response:
    """An EventLog, with the entities as Postgres wrote them."""
    now = state.hub.now()
    items = ",".join(
        f'{{"id":"{end.epoch}:{item.seq}","event":"{item.kind}","data":{frames.data(item, now)}}}'
        for item in found
    )
    why = f'"{reset}"' if reset else "null"
    head = f'"next":"{end}","more":{str(more).lower()},"reset":{why}'
    return Response(f'{{"items":[{items}],{head}}}', media_type="application/json")
