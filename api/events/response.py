"""The response of an event stream, and the limits for open streams."""

import asyncio
import random
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http import errors
from api.http.errors import Problem
from api.state import AppState
from domain.events import Cursor, Reader
from realtime import metrics
from realtime.following import follow

STAFF_SHARE = 0.2
"""Of the places for streams at a process."""

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""So that nobody on the way keeps a stream, or holds back what belongs to it."""


class EventStream(StreamingResponse):
    """A stream of ready-made frames. It ends when its reader goes, or is let go of."""

    media_type = "text/event-stream"

    def __init__(self, state: AppState, reader: Reader, at: Cursor, opening: bytes) -> None:
        self._life = asyncio.timeout(None)
        self._frames = follow(state.hub, state.pool, reader, at, opening, self._cut)
        super().__init__(self._frames, headers=HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begins the answer, with all that middleware adds to it; see Streams for the rest."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        self._request_id = scope["request_id"]
        scope["streams"].append(self)

    async def run(self, receive: Receive, send: Send) -> None:
        """Sends the frames. A bug is logged and goes no further, as in RequestTracking: the server
        would log its text. It then cuts the connection, because the answer is not complete.
        """
        try:
            async with self._life:
                await self._send_all(receive, send)
        except Exception as error:
            if not self._life.expired():
                errors.report(self._request_id, error)

    async def _send_all(self, receive: Receive, send: Send) -> None:
        async with aclosing(self._frames):
            leaving = asyncio.create_task(self._left(receive))
            try:
                async for data in self._frames:
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
            finally:
                leaving.cancel()

    async def _left(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._cut()

    def _cut(self) -> None:
        """Ends it in whatever it is waiting; the first time that it is called."""
        if self._life.when() is None:
            self._life.reschedule(0)


def admit(state: AppState, reader: Reader) -> None:
    """Raises `rate_limited` or `unavailable` where as many streams are open as there may be. The
    last STAFF_SHARE of the places is for staff, however many patients and agents there are.
    """
    settings, hub = state.settings, state.hub
    full = hub.health.streams >= settings.streams
    if not reader.actor.is_staff:
        open_to_all = settings.streams - int(settings.streams * STAFF_SHARE)
        full = full or hub.health.streams - hub.streams.of_staff >= open_to_all
    if full:
        metrics.REFUSED.labels(reason="total").inc()
        raise Problem(
            "unavailable",
            "The server's stream limit is reached; retry after Retry-After.",
            headers={"Retry-After": str(random.randint(2, 10))},
        )
    if settings.limited and hub.streams.of_person(reader.actor.id) >= settings.streams_per_caller:
        metrics.REFUSED.labels(reason="caller").inc()
        raise Problem(
            "rate_limited",
            f"You already have {settings.streams_per_caller} open streams; close one.",
            headers={"Retry-After": "5"},
        )


class Streams:
    """Runs a stream once all that wrapped its request has returned, and takes no memory any more:
    that is more than half of what an open stream would cost. To be the outermost middleware.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = tuple(scope)
        scope["streams"] = streams = list[EventStream]()
        await self._app(scope, receive, send)
        if streams:
            for name in set(scope).difference(given):
                del scope[name]
            await streams.pop().run(receive, send)
