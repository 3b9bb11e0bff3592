"""The worker's health port: /livez and /readyz over HTTP for its supervisor, and /metrics."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

REQUEST_TIMEOUT = 2.0
"""Time-out in seconds of one probe."""

MAX_PROBES = 100
"""Maximum number of concurrent probes; further connections are closed without an answer."""

MAX_HEAD = 32 * 1024
"""Maximum size of a probe's request in bytes."""

HEAD = b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"

DROPPED = (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class HealthPort:
    """Answers probes, one per connection. Drops slow or large requests, and those
    above MAX_PROBES.
    """

    def __init__(self, ready: Callable[[], bool]) -> None:
        self._ready = ready
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self, host: str, port: int) -> int:
        """Starts listening, and returns the port, which the system chooses if `port` is 0."""
        self._server = await asyncio.start_server(self._connected, host, port, limit=MAX_HEAD)
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    def stop(self) -> None:
        if self._server:
            self._server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            with suppress(*DROPPED):
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    if self._open <= MAX_PROBES:
                        await self._answer(reader, writer)
        finally:
            self._open -= 1
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = b"".join(head.split(b" ")[1:2])
        ready = b"200 OK" if self._ready() else b"503 Service Unavailable"
        status = {b"/livez": b"200 OK", b"/readyz": ready, b"/metrics": b"200 OK"}.get(
            path, b"404 Not Found"
        )
        # in a thread, as the metrics of Temporal's SDK are read over a connection
        body = await asyncio.to_thread(generate_latest) if path == b"/metrics" else b""
        writer.write(HEAD % (status, CONTENT_TYPE_LATEST.encode(), len(body)) + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
