"""The response of an event stream, and the limits for open streams."""

import asyncio
import random
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http import errors
from api.http.errors import Problem
from api.state import AppState
from db.log_context import log_context
from domain.events import Cursor, Reader
from realtime import metrics
from realtime.following import follow

STAFF_SHARE = 0.2
"""Share of a process's streams that is reserved for staff."""

VISITORS_SHARE = 0.1
"""Share of a process's streams that visitors without a token can open together."""

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""So that proxies neither cache nor buffer a stream."""


class EventStream(StreamingResponse):
    """A stream of encoded frames. It ends when the client disconnects or the hub ends it."""

    media_type = "text/event-stream"

    def __init__(self, state: AppState, reader: Reader, at: Cursor, opening: bytes) -> None:
        self._timeout = asyncio.timeout(None)
        self._frames = follow(state.hub, state.pool, reader, at, opening, self._cut)
        super().__init__(self._frames, headers=HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the headers through the middleware; Streams then calls `run`."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        self._request_id = scope["request_id"]
        scope["streams"].append(self)

    async def run(self, receive: Receive, send: Send) -> None:
        """Sends the frames. Unexpected errors are logged here, as in RequestTracking, because
        uvicorn would log their text. uvicorn then closes the connection.
        """
        with log_context(request_id=self._request_id):
            try:
                async with self._timeout:
                    await self._send_all(receive, send)
            except Exception as error:
                if not self._timeout.expired():
                    errors.report(self._request_id, error)

    async def _send_all(self, receive: Receive, send: Send) -> None:
        async with aclosing(self._frames):
            disconnect = asyncio.create_task(self._wait_for_disconnect(receive))
            try:
                async for data in self._frames:
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
            finally:
                disconnect.cancel()

    async def _wait_for_disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._cut()

    def _cut(self) -> None:
        """Ends the stream, whatever it waits for. Further calls do nothing."""
        if self._timeout.when() is None:
            self._timeout.reschedule(0)


def admit(state: AppState, reader: Reader) -> None:
    """Raises `rate_limited` or `unavailable` if the caller or the process has too many streams
    open. STAFF_SHARE of the process's streams is reserved for staff; visitors share VISITORS_SHARE,
    and each of their addresses has the limit of one caller.
    """
    settings, hub = state.settings, state.hub
    full = hub.health.streams >= settings.streams
    if not reader.actor.is_staff:
        open_to_all = settings.streams - int(settings.streams * STAFF_SHARE)
        full = full or hub.health.streams - hub.streams.of_staff >= open_to_all
    if reader.source is not None:
        open_to_visitors = max(1, int(settings.streams * VISITORS_SHARE))
        full = full or hub.streams.of_visitors >= open_to_visitors
    if full:
        metrics.REFUSED.labels(reason="total").inc()
        raise Problem(
            "unavailable",
            "The server's stream limit is reached; retry after Retry-After.",
            headers={"Retry-After": str(random.randint(2, 10))},
        )
    if settings.limited and _of_same_caller(state, reader) >= settings.streams_per_caller:
        metrics.REFUSED.labels(reason="caller").inc()
        whose = "You already have" if reader.source is None else "Your address already has"
        raise Problem(
            "rate_limited",
            f"{whose} {settings.streams_per_caller} open streams; close one.",
            headers={"Retry-After": "5"},
        )


def _of_same_caller(state: AppState, reader: Reader) -> int:
    streams = state.hub.streams
    if reader.source is None:
        return streams.of_person(reader.actor.id)
    return streams.of_source(reader.source)


class Streams:
    """Runs a stream after the middleware and route of its request have returned, which frees more
    than half of the memory of an open stream. It must be the outermost middleware.
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
