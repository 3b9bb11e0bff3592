"""A network between us and Postgres that can be cut, or swallow everything without a word."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        self._server = (parts.hostname, parts.port)
        self._parts = parts
        self._pipes: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._mute: set[asyncio.StreamWriter] = set()
        self.ends_pass = asyncio.Event()
        """While it is not set, what was sent passes, and the end of a connection does not."""
        self.ends_pass.set()
        self.ended = asyncio.Event()
        """Some connection was ended, by either side."""
        self.dsn = dsn

    def swallow(self) -> None:
        """From now on nothing passes on the connections that are open, and none is closed. New ones
        are not affected.
        """
        self._mute |= self._writers

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._server)
        self._writers |= {writer, back}
        for source, sink in ((reader, back), (there, writer)):
            self._pipes.add(asyncio.create_task(self._pipe(source, sink)))

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                if sink not in self._mute:
                    sink.write(data)
        self.ended.set()
        await self.ends_pass.wait()
        if sink not in self._mute:
            sink.close()

    async def stop(self) -> None:
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)
        for writer in self._writers:
            writer.close()

    def listens(self, port: int) -> None:
        at = f"{self._parts.username}@127.0.0.1:{port}"
        self.dsn = urlunsplit(self._parts._replace(netloc=at))


@asynccontextmanager
async def proxy(dsn: str) -> AsyncIterator[Proxy]:
    """Its `dsn` is the way through it."""
    between = Proxy(dsn)
    server = await asyncio.start_server(between.connected, "127.0.0.1", 0)
    between.listens(server.sockets[0].getsockname()[1])
    try:
        yield between
    finally:
        server.close()
        await between.stop()
