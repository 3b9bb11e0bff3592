"""uvicorn's HTTP protocol with limits: size and time of a request, and number of connections.
Without them one endless request line would stall the process and fill its memory.
"""

import asyncio
from typing import Self

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.http import connection_refusals
from api.http.addresses import AddressLimiter, TrustedProxies, limit_key
from api.http.connection_refusals import MAX_HEAD, MAX_HEADERS, head_too_large, head_too_slow
from api.http.errors import Problem
from api.http.middleware import BODY_SECONDS

MAX_PIPELINED = 512 * 1024
"""Bytes of pipelined requests that wait for the answer to an earlier one."""

HEAD_SECONDS = 10.0
"""From the first byte of a head, or from the start of the connection, to the end of the head."""

MARGIN = 2.0
"""Seconds after BODY_SECONDS in which the application can answer 408."""

LINGER = 1.0
"""Seconds in which a refused client can read the answer. Its data is discarded; closing at once
would reset the connection, and the answer would be lost.
"""

PIECE = 4096
"""Bytes parsed at a time: the limits are checked between two pieces."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses heads that are too large (414, 431) or too slow (408), and connections beyond the
    limit of their address or of the server. Closes the connection if a body is late.

    Notifies all unanswered requests when the client disconnects. uvicorn notifies only the latest.
    """

    open_connections = AddressLimiter(None)
    trusted_proxies = TrustedProxies(())
    """Their own connections are not limited."""
    max_connections = 10_000
    url = b""

    _address: str | None = None
    _timer: asyncio.TimerHandle | None = None
    _reads_nothing = False
    _problem: Problem | None = None
    _pipelined = b""
    _in_body = False
    _size = 0  # parsed bytes of the present head
    _received = 0  # bytes of the present head, or of chunk sizes and trailers of the body

    @classmethod
    def with_limits(
        cls, max_connections: int, open_connections: AddressLimiter, trusted_proxies: TrustedProxies
    ) -> type[Self]:
        """This class with limits that all connections of one server share."""
        limits = {"open_connections": open_connections, "trusted_proxies": trusted_proxies}
        return type(cls.__name__, (cls,), {"max_connections": max_connections, **limits})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._unanswered: list[RequestResponseCycle] = []
        if len(self.connections) > self.max_connections:
            self._reject(connection_refusals.server_full())
        elif not self._acquire():
            self._reject(connection_refusals.address_full(self.open_connections.most))
        else:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._address:
            self.open_connections.release(self._address)
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses a piece at a time, and nothing while a pipelined request waits."""
        data, self._pipelined = self._pipelined + data, b""
        for at in range(0, len(data), PIECE):
            if self._reads_nothing or self.transport.is_closing():
                return
            if self.pipeline:
                return self._keep_for_later(data[at:])
            self._parse(data[at : at + PIECE])
        if not self.transport.is_closing():
            self._start_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._size = 0
        self._received = self._received or 1

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:
            return  # a trailer, which must not be taken for a header
        super().on_header(name, value.rstrip(b" \t"))  # RFC 9110, 5.5; the parser strips the left
        self._count(len(name) + len(value) + len(": \r\n"))

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._unanswered.append(self.cycle)
        self._in_body, self._received = True, 0
        self._stop_timer()
        if self.parser.should_upgrade():  # ignored, and the parser reads nothing after it
            self.cycle.keep_alive = False
            self._reads_nothing = True

    def on_body(self, body: bytes) -> None:
        self._received -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_body, self._received = False, 0
        self._stop_timer()

    def on_response_complete(self) -> None:
        if self._unanswered:
            self._unanswered.pop(0)
        super().on_response_complete()
        if not self.transport.is_closing():
            self.data_received(b"")

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn if the parser or one of the callbacks above has raised an error."""
        self._refuse(self._problem or Problem("validation_failed", msg, status=400))

    def _acquire(self) -> bool:
        if self.client is None or self.client[0] in self.trusted_proxies:
            return True
        address = limit_key(self.client[0])
        if not self.open_connections.acquire(address):
            return False
        self._address = address
        return True

    def _parse(self, piece: bytes) -> None:
        self._received += len(piece)
        super().data_received(piece)
        if self._received > MAX_HEAD and not self._reads_nothing:
            self._refuse(head_too_large(b"" if self._in_body else self.url))

    def _keep_for_later(self, data: bytes) -> None:
        if len(data) > MAX_PIPELINED:
            return self.transport.close()
        self._pipelined = data
        self.flow.pause_reading()

    def _count(self, count: int) -> None:
        self._size += count
        if self._size > MAX_HEAD or len(self.headers) > MAX_HEADERS:
            self._problem = head_too_large(self.url)
            raise ValueError("the head is too large")

    def _start_timer(self) -> None:
        """For a head or body that has begun and is incomplete, unless a pipelined request waits."""
        begun = self._in_body or self._received > 0
        if begun and self._timer is None and not self.pipeline:
            seconds = BODY_SECONDS + MARGIN if self._in_body else HEAD_SECONDS
            self._timer = self.loop.call_later(seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._in_body or self._received == 0:
            self.transport.close()
        else:
            self._refuse(head_too_slow(HEAD_SECONDS))

    def _refuse(self, problem: Problem) -> None:
        """Answers and closes. Only closes if another request is being answered: the refusal would
        appear inside that answer.
        """
        if self._unanswered:
            return self.transport.close()
        self._reads_nothing = True
        self._stop_timer()
        self.transport.write(connection_refusals.encode(problem))
        self.transport.write_eof()
        self._timer = self.loop.call_later(LINGER, self.transport.abort)

    def _reject(self, problem: Problem) -> None:
        self._reads_nothing = True
        self.transport.write(connection_refusals.encode(problem))
        self.transport.close()
