"""One connection of a client, within bounds: how much it sends, how fast, and how many there are.

uvicorn bounds none of these: one endless request line would stall the process and fill its memory.
"""

import asyncio
from typing import Self
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.http import errors
from api.http.addresses import Places, Trusted, customer
from api.http.errors import Problem
from api.http.middleware import ALWAYS, BODY_SECONDS, DATA

MAX_HEAD = 32 * 1024
"""Bytes of a request line with its headers; also of what frames a body (chunk sizes, trailers)."""

MAX_HEADERS = 100

MAX_HELD = 512 * 1024
"""Bytes of pipelined requests that wait for the answer to an earlier one."""

HEAD_SECONDS = 10.0
"""From the first byte of a head, or from the beginning of the connection, to the head's end."""

MARGIN = 2.0
"""Seconds after BODY_SECONDS in which the application answers 408 to a body that is late."""

LINGER = 1.0
"""Seconds in which a refused client can read why. What it sends meanwhile is thrown away; closing
at once would reset the connection and take the answer with it.
"""

PIECE = 4096
"""Bytes parsed at a time: requests are only counted between two pieces."""

RETRY = {"Retry-After": "10"}


class Connection(HttpToolsProtocol):
    """Refuses heads that are too large (414, 431) or too slow (408), and connections beyond the cap
    of their address or of the server. Closes the connection when the rest of a body is late.

    Tells every unanswered request when its reader is gone. uvicorn tells only the latest, which may
    wait behind an event stream; the stream would outlive its reader.
    """

    places: Places | None = None
    """For the connections of each address; null where they are not limited."""
    trusted: Trusted = Trusted(())
    """Proxies, whose own connections are not limited."""
    most: int = 10_000
    """Connections of the server in all."""

    url = b""

    _address: str | None = None
    _clock: asyncio.TimerHandle | None = None
    _closed_to_input = False
    _fault: Problem | None = None
    _held = b""
    _in_body = False
    _size = 0
    """Bytes of the present head that were parsed."""
    _received = 0
    """Bytes of the present head, or of what frames the present body."""

    @classmethod
    def bounded(cls, most: int, places: Places | None, trusted: Trusted) -> type[Self]:
        """This class with bounds that all connections of one server share."""
        return type(cls.__name__, (cls,), {"most": most, "places": places, "trusted": trusted})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._unanswered: list[RequestResponseCycle] = []
        if len(self.connections) > self.most:
            self._turn_away(
                Problem(
                    "unavailable",
                    "The server's connection limit is reached; retry after Retry-After.",
                    headers=RETRY,
                )
            )
        elif not self._take_place():
            self._turn_away(
                Problem(
                    "rate_limited",
                    f"Your address already has {self.places and self.places.most} connections open;"
                    " close or reuse one.",
                    headers=RETRY,
                )
            )
        else:
            self._clock = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        if self.places and self._address:
            self.places.free(self._address)
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses a piece at a time, and nothing while pipelined requests wait for their turn."""
        data, self._held = self._held + data, b""
        for at in range(0, len(data), PIECE):
            if self._closed_to_input or self.transport.is_closing():
                return
            if self.pipeline:
                return self._hold(data[at:])
            self._parse(data[at : at + PIECE])
        if not self.transport.is_closing():
            self._start_clock()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._size = 0
        self._received = self._received or 1

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._grow(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:
            return  # a trailer: it must not pass for a header
        super().on_header(name, value)
        self._grow(len(name) + len(value) + len(": \r\n"))

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._unanswered.append(self.cycle)
        self._in_body, self._received = True, 0
        self._stop_clock()
        if self.parser.should_upgrade():  # refused, and the parser reads nothing after it
            self.cycle.keep_alive = False
            self._closed_to_input = True

    def on_body(self, body: bytes) -> None:
        self._received -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_body, self._received = False, 0
        self._stop_clock()

    def on_response_complete(self) -> None:
        if self._unanswered:
            self._unanswered.pop(0)
        super().on_response_complete()
        if not self.transport.is_closing():
            self.data_received(b"")

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn for whatever the parser, or a method above, has refused."""
        self._refuse(self._fault or Problem("validation_failed", msg, status=400))

    def _take_place(self) -> bool:
        if self.places is None or self.client is None or self.client[0] in self.trusted:
            return True
        address = customer(self.client[0])
        if not self.places.take(address):
            return False
        self._address = address
        return True

    def _parse(self, piece: bytes) -> None:
        self._received += len(piece)
        super().data_received(piece)
        if self._received > MAX_HEAD and not self._closed_to_input:
            self._refuse(self._too_large())

    def _hold(self, data: bytes) -> None:
        if len(data) > MAX_HELD:
            return self.transport.close()
        self._held = data
        self.flow.pause_reading()

    def _grow(self, count: int) -> None:
        self._size += count
        if self._size > MAX_HEAD or len(self.headers) > MAX_HEADERS:
            self._fault = self._too_large()
            raise ValueError("the head is too large")

    def _too_large(self) -> Problem:
        if not self._in_body and 2 * len(self.url) > MAX_HEAD:
            return Problem(
                "uri_too_long", f"The request line is longer than {MAX_HEAD} bytes; shorten it."
            )
        limits = f"{MAX_HEADERS} headers or {MAX_HEAD} bytes of headers"
        return Problem("headers_too_large", f"The request has more than {limits}; send fewer.")

    def _start_clock(self) -> None:
        """For a head or body that has begun and is not complete, unless it waits for its turn."""
        begun = self._in_body or self._received > 0
        if begun and self._clock is None and not self.pipeline:
            seconds = BODY_SECONDS + MARGIN if self._in_body else HEAD_SECONDS
            self._clock = self.loop.call_later(seconds, self._too_slow)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _too_slow(self) -> None:
        self._clock = None
        if self._in_body or self._received == 0:
            self.transport.close()
        else:
            detail = f"The headers took longer than {HEAD_SECONDS:.0f} seconds to arrive; retry."
            self._refuse(Problem("request_timeout", detail))

    def _refuse(self, problem: Problem) -> None:
        """Answers and closes. Only closes while a request is being answered: what is written would
        appear inside of that answer.
        """
        if self._unanswered:
            return self.transport.close()
        self._closed_to_input = True
        self._stop_clock()
        self.transport.write(_written(problem))
        self.transport.write_eof()
        self._clock = self.loop.call_later(LINGER, self.transport.abort)

    def _turn_away(self, problem: Problem) -> None:
        self._closed_to_input = True
        self.transport.write(_written(problem))
        self.transport.close()


def _written(problem: Problem) -> bytes:
    """The whole answer, as bytes."""
    request_id = str(uuid4())
    body = errors.shown(problem, "", request_id)
    headers = {
        "Content-Type": errors.MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Request-ID": request_id,
        **(problem.headers or {}),
    }
    lines = [f"HTTP/1.1 {problem.status} {problem.body['title']}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"{name.decode()}: {value.decode()}" for name, value in ALWAYS + DATA]
    return "\r\n".join([*lines, "", ""]).encode() + body
